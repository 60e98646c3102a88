/// The classes of transformers that a model can be exchanged with.
package enum HuggingFaceArchitecture: String, Sendable, CaseIterable {
  case gptNeoX = "GPTNeoXForCausalLM"
  case gpt2 = "GPT2LMHeadModel"
  case llama = "LlamaForCausalLM"
  case mistral = "MistralForCausalLM"

  var modelType: String {
    switch self {
    case .gptNeoX: "gpt_neox"
    case .gpt2: "gpt2"
    case .llama: "llama"
    case .mistral: "mistral"
    }
  }
}

/// The settings of a model that its exchange with transformers depends on, as plain values; each
/// names the key of GPT-NeoX that it comes from.
package struct HuggingFaceSettings: Sendable, Equatable {
  /// `norm`.
  package enum Norm: String, Sendable {
    case layernorm
    case rmsnorm
  }

  /// `pos_emb`.
  package enum Positions: String, Sendable {
    case rotary
    case learned
  }

  /// `num_layers`.
  package var layerCount: Int
  /// `hidden_size`.
  package var hiddenSize: Int
  /// `num_attention_heads`.
  package var headCount: Int
  /// `num_kv_heads`; as many as heads where it is unset.
  package var keyValueHeadCount: Int
  /// The width between the two layers of the MLP: the columns of `linear2`.
  package var feedForwardSize: Int
  /// The padded vocabulary.
  package var vocabularySize: Int
  /// `max_position_embeddings`.
  package var maximumPositions: Int
  /// `norm`.
  package var norm: Norm
  /// `layernorm_epsilon` or `rms_norm_epsilon`.
  package var normEpsilon: Double
  /// `pos_emb`.
  package var positions: Positions
  /// `rotary_pct`.
  package var rotaryFraction: Double = 1
  /// `rotary_emb_base`.
  package var rotaryBase: Double = 10_000
  /// `activation`: `gelu`, `relu`, `silu`, `mish`, or with gates `swiglu`, `geglu`, `reglu`, `glu`.
  package var activation: String
  /// Whether GELU is the tanh form (`bias_gelu_fusion`).
  package var usesTanhGELU = false
  /// `gpt_j_residual`.
  package var isParallel: Bool
  /// Not `no_weight_tying`.
  package var isTied: Bool
  /// `use_bias_in_attn_linear`.
  package var hasAttentionBias: Bool
  /// `use_bias_in_mlp`.
  package var hasMLPBias: Bool
  /// `sliding_window_width`: how far back a token sees, itself not counted; `nil` without limit.
  package var window: Int?

  /// A model with the settings that every model has.
  package init(
    layerCount: Int, hiddenSize: Int, headCount: Int, keyValueHeadCount: Int? = nil,
    feedForwardSize: Int, vocabularySize: Int, maximumPositions: Int, norm: Norm,
    normEpsilon: Double, positions: Positions, activation: String, isParallel: Bool, isTied: Bool,
    hasAttentionBias: Bool, hasMLPBias: Bool
  ) {
    self.layerCount = layerCount
    self.hiddenSize = hiddenSize
    self.headCount = headCount
    self.keyValueHeadCount = keyValueHeadCount ?? headCount
    self.feedForwardSize = feedForwardSize
    self.vocabularySize = vocabularySize
    self.maximumPositions = maximumPositions
    self.norm = norm
    self.normEpsilon = normEpsilon
    self.positions = positions
    self.activation = activation == "swish" ? "silu" : activation
    self.isParallel = isParallel
    self.isTied = isTied
    self.hasAttentionBias = hasAttentionBias
    self.hasMLPBias = hasMLPBias
  }

  /// Whether the MLP has gates.
  package var isGated: Bool { ["swiglu", "geglu", "reglu", "glu"].contains(activation) }

  /// The width of a head.
  package var headSize: Int { hiddenSize / max(1, headCount) }

  /// Where these settings differ from a configuration's: one line a key, for a person.
  ///
  /// The vocabulary and the positions may be larger there: rows are added.
  package func differences(from configured: HuggingFaceSettings) -> [String] {
    var lines: [String] = []
    func compare<Value: Equatable>(_ key: String, _ here: Value, _ there: Value) {
      if here != there { lines.append("\(key) is \(here) in the model and \(there) configured") }
    }
    compare("num_layers", layerCount, configured.layerCount)
    compare("hidden_size", hiddenSize, configured.hiddenSize)
    compare("num_attention_heads", headCount, configured.headCount)
    compare("num_kv_heads", keyValueHeadCount, configured.keyValueHeadCount)
    compare("the width of the MLP", feedForwardSize, configured.feedForwardSize)
    compare("norm", norm.rawValue, configured.norm.rawValue)
    compare("the epsilon of the norms", normEpsilon, configured.normEpsilon)
    compare("pos_emb", positions.rawValue, configured.positions.rawValue)
    if positions == .rotary, configured.positions == .rotary {
      compare("rotary_pct", rotaryFraction, configured.rotaryFraction)
      compare("rotary_emb_base", rotaryBase, configured.rotaryBase)
    }
    compare("activation", activation, configured.activation)
    if activation == "gelu" {
      compare("bias_gelu_fusion", usesTanhGELU, configured.usesTanhGELU)
    }
    compare("gpt_j_residual", isParallel, configured.isParallel)
    compare("no_weight_tying", !isTied, !configured.isTied)
    compare("use_bias_in_attn_linear", hasAttentionBias, configured.hasAttentionBias)
    compare("use_bias_in_mlp", hasMLPBias, configured.hasMLPBias)
    func text(_ window: Int?) -> String { window.map { "\($0)" } ?? "none" }
    compare("sliding_window_width", text(window), text(configured.window))
    if vocabularySize > configured.vocabularySize {
      lines.append(
        "the vocabulary has \(vocabularySize) entries in the model and"
          + " \(configured.vocabularySize) configured")
    }
    return lines
  }
}
