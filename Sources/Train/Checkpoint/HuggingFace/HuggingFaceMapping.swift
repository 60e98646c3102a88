/// A weight of GPT-NeoX and the tensors of transformers that it is made of.
struct WeightMapping: Sendable {
  /// GPT-NeoX's name.
  var name: String
  /// The tensors there, with their rows.
  var parts: [Part]
  /// The numbers of a row; 1 for vectors.
  var width: Int
  /// How the parts make up the weight.
  var layout = WeightLayout()
  /// Whether the rows are those of the vocabulary, of which GPT-NeoX may have more.
  var isVocabulary = false
  /// Whether GPT-NeoX's model has no such weight, so that it is zero there.
  var isZero = false

  struct Part: Sendable {
    var name: String
    var rows: Int
  }

  /// The shape of the weight.
  var shape: [Int] {
    let rows = parts.reduce(0) { $0 + $1.rows }
    return isVector ? [rows] : [rows, width]
  }

  var isVector = false
}

/// All the weights of a model by their names in GPT-NeoX and in transformers.
struct HuggingFaceMapping {
  private(set) var weights: [WeightMapping] = []
  private let settings: HuggingFaceSettings

  init(_ config: HuggingFaceConfig) {
    settings = config.settings
    switch config.architecture {
    case .gptNeoX: addGPTNeoX()
    case .gpt2: addGPT2()
    case .llama, .mistral: addLlama()
    }
  }

  // MARK: - Families

  private mutating func addGPTNeoX() {
    let hidden = settings.hiddenSize
    matrix("sequential.0.word_embeddings", [("gpt_neox.embed_in", settings.vocabularySize)], hidden)
    markVocabulary()
    for layer in 0..<settings.layerCount {
      let here = "sequential.\(layer + 2)."
      let there = "gpt_neox.layers.\(layer)."
      for norm in ["input_layernorm", "post_attention_layernorm"] {
        self.norm(here + norm, there + norm)
      }
      linear(
        here + "attention.query_key_value", [(there + "attention.query_key_value", 3 * hidden)],
        hidden, bias: settings.hasAttentionBias)
      linear(
        here + "attention.dense", [(there + "attention.dense", hidden)], hidden,
        bias: settings.hasAttentionBias)
      addMLP(here, there + "mlp.dense_h_to_4h", there + "mlp.dense_4h_to_h", WeightLayout())
    }
    norm("sequential.\(settings.layerCount + 3).norm", "gpt_neox.final_layer_norm")
    addHead("embed_out")
  }

  private mutating func addGPT2() {
    let hidden = settings.hiddenSize
    let turned = WeightLayout(isTransposed: true)
    matrix("sequential.0.word_embeddings", [("transformer.wte", settings.vocabularySize)], hidden)
    markVocabulary()
    matrix(
      "sequential.0.position_embeddings", [("transformer.wpe", settings.maximumPositions)], hidden)
    for layer in 0..<settings.layerCount {
      let here = "sequential.\(layer + 2)."
      let there = "transformer.h.\(layer)."
      norm(here + "input_layernorm", there + "ln_1")
      norm(here + "post_attention_layernorm", there + "ln_2")
      linear(
        here + "attention.query_key_value", [(there + "attn.c_attn", 3 * hidden)], hidden,
        WeightLayout(isTransposed: true, interleavedHeads: settings.headCount), bias: true,
        isBiasZero: !settings.hasAttentionBias)
      linear(
        here + "attention.dense", [(there + "attn.c_proj", hidden)], hidden, turned, bias: true,
        isBiasZero: !settings.hasAttentionBias)
      addMLP(here, there + "mlp.c_fc", there + "mlp.c_proj", turned)
    }
    norm("sequential.\(settings.layerCount + 3).norm", "transformer.ln_f")
    addHead("lm_head")
  }

  private mutating func addLlama() {
    let hidden = settings.hiddenSize
    let keys = settings.keyValueHeadCount * settings.headSize
    let isGrouped = settings.keyValueHeadCount != settings.headCount
    let layout = WeightLayout(interleavedHeads: isGrouped ? 0 : settings.headCount)
    matrix(
      "sequential.0.word_embeddings", [("model.embed_tokens", settings.vocabularySize)], hidden)
    markVocabulary()
    for layer in 0..<settings.layerCount {
      let here = "sequential.\(layer + 2)."
      let there = "model.layers.\(layer)."
      for norm in ["input_layernorm", "post_attention_layernorm"] {
        self.norm(here + norm, there + norm)
      }
      linear(
        here + "attention.query_key_value",
        [
          (there + "self_attn.q_proj", hidden), (there + "self_attn.k_proj", keys),
          (there + "self_attn.v_proj", keys),
        ], hidden, layout, bias: settings.hasAttentionBias)
      linear(
        here + "attention.dense", [(there + "self_attn.o_proj", hidden)], hidden,
        bias: settings.hasAttentionBias)
      let width = settings.feedForwardSize
      linear(
        here + "mlp.linear1", [(there + "mlp.up_proj", width), (there + "mlp.gate_proj", width)],
        hidden, bias: settings.hasMLPBias)
      linear(
        here + "mlp.linear2", [(there + "mlp.down_proj", hidden)], width,
        bias: settings.hasMLPBias)
    }
    norm("sequential.\(settings.layerCount + 3).norm", "model.norm")
    addHead("lm_head")
  }

  // MARK: - Pieces

  private mutating func addMLP(
    _ here: String, _ first: String, _ second: String, _ layout: WeightLayout
  ) {
    let width = settings.feedForwardSize
    let hidden = settings.hiddenSize
    linear(
      here + "mlp.linear1", [(first, width)], hidden, layout, bias: true,
      isBiasZero: !settings.hasMLPBias)
    linear(
      here + "mlp.linear2", [(second, hidden)], width, layout, bias: true,
      isBiasZero: !settings.hasMLPBias)
  }

  private mutating func addHead(_ there: String) {
    guard !settings.isTied else { return }
    matrix(
      "sequential.\(settings.layerCount + 4).final_linear", [(there, settings.vocabularySize)],
      settings.hiddenSize)
    markVocabulary()
  }

  private mutating func matrix(
    _ here: String, _ parts: [(String, Int)], _ width: Int, _ layout: WeightLayout = WeightLayout()
  ) {
    weights.append(
      WeightMapping(
        name: here + ".weight", parts: parts.map { .init(name: $0.0 + ".weight", rows: $0.1) },
        width: width, layout: layout))
  }

  private mutating func linear(
    _ here: String, _ parts: [(String, Int)], _ width: Int, _ layout: WeightLayout = WeightLayout(),
    bias: Bool, isBiasZero: Bool = false
  ) {
    matrix(here, parts, width, layout)
    guard bias else { return }
    var mapping = WeightMapping(
      name: here + ".bias", parts: parts.map { .init(name: $0.0 + ".bias", rows: $0.1) }, width: 1,
      layout: layout)
    mapping.layout.isTransposed = false
    mapping.isVector = true
    mapping.isZero = isBiasZero
    weights.append(mapping)
  }

  private mutating func norm(_ here: String, _ there: String) {
    let names =
      settings.norm == .rmsnorm
      ? [(".scale", ".weight")] : [(".weight", ".weight"), (".bias", ".bias")]
    for (mine, theirs) in names {
      var mapping = WeightMapping(
        name: here + mine, parts: [.init(name: there + theirs, rows: settings.hiddenSize)],
        width: 1)
      mapping.isVector = true
      weights.append(mapping)
    }
  }

  private mutating func markVocabulary() { weights[weights.count - 1].isVocabulary = true }
}
