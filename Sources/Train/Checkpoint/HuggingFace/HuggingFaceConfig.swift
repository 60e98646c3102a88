/// What a `config.json` of transformers says about a model.
package struct HuggingFaceConfig: Sendable, Equatable {
  /// The class.
  package let architecture: HuggingFaceArchitecture
  /// The model's settings in GPT-NeoX's terms.
  package let settings: HuggingFaceSettings

  /// Pairs a class with settings.
  package init(architecture: HuggingFaceArchitecture, settings: HuggingFaceSettings) {
    self.architecture = architecture
    self.settings = settings
  }

  /// Reads the `config.json` of a folder.
  ///
  /// - Throws: ``TrainError/malformed(path:place:reason:)`` or
  ///   ``TrainError/unsupported(what:reason:)`` naming the key.
  package init(path: String) throws(TrainError) {
    let fields = try JSONFields(path: path)
    let type = try fields.string("model_type")
    guard let architecture = HuggingFaceArchitecture.allCases.first(where: { $0.modelType == type })
    else {
      throw .unsupported(
        what: "\(path): model_type \(type)",
        reason: "it is none of "
          + HuggingFaceArchitecture.allCases.map(\.modelType).joined(separator: ", "))
    }
    self.architecture = architecture
    settings =
      switch architecture {
      case .gptNeoX: try Self.gptNeoX(fields)
      case .gpt2: try Self.gpt2(fields)
      case .llama, .mistral: try Self.llama(fields, isMistral: architecture == .mistral)
      }
    guard settings.headCount > 0, settings.hiddenSize % settings.headCount == 0,
      settings.keyValueHeadCount > 0, settings.headCount % settings.keyValueHeadCount == 0
    else {
      throw fields.problem(
        "num_attention_heads",
        "\(settings.headCount) heads, \(settings.keyValueHeadCount) for keys and values, do not"
          + " divide a hidden size of \(settings.hiddenSize)")
    }
  }

  private static func gptNeoX(_ fields: JSONFields) throws(TrainError) -> HuggingFaceSettings {
    let activation = try ActivationName(
      fields, "hidden_act", try fields.optionalString("hidden_act") ?? "gelu", isGated: false)
    let hidden = try fields.size("hidden_size")
    var settings = HuggingFaceSettings(
      layerCount: try fields.size("num_hidden_layers", atMost: 1 << 16), hiddenSize: hidden,
      headCount: try fields.size("num_attention_heads"),
      feedForwardSize: try fields.size("intermediate_size"),
      vocabularySize: try fields.size("vocab_size"),
      maximumPositions: try fields.size("max_position_embeddings"), norm: .layernorm,
      normEpsilon: try fields.optionalNumber("layer_norm_eps") ?? 1e-5, positions: .rotary,
      activation: activation.name,
      isParallel: try fields.optionalBoolean("use_parallel_residual") ?? true,
      isTied: try fields.optionalBoolean("tie_word_embeddings") ?? false,
      hasAttentionBias: try fields.optionalBoolean("attention_bias") ?? true, hasMLPBias: true)
    settings.usesTanhGELU = activation.isTanh
    settings.rotaryFraction = try fields.optionalNumber("rotary_pct") ?? 0.25
    settings.rotaryBase = try fields.optionalNumber("rotary_emb_base") ?? 10_000
    try readRotary(fields, &settings)
    return settings
  }

  private static func gpt2(_ fields: JSONFields) throws(TrainError) -> HuggingFaceSettings {
    let activation = try ActivationName(
      fields, "activation_function",
      try fields.optionalString("activation_function") ?? "gelu_new", isGated: false)
    for key in ["scale_attn_by_inverse_layer_idx", "add_cross_attention"]
    where try fields.optionalBoolean(key) ?? false {
      throw fields.problem(key, "models with it cannot be loaded")
    }
    guard try fields.optionalBoolean("scale_attn_weights") ?? true else {
      throw fields.problem("scale_attn_weights", "models without it cannot be loaded")
    }
    let hidden = try fields.size("n_embd")
    var settings = HuggingFaceSettings(
      layerCount: try fields.size("n_layer", atMost: 1 << 16), hiddenSize: hidden,
      headCount: try fields.size("n_head"),
      feedForwardSize: fields.optional("n_inner") == nil
        ? 4 * hidden : try fields.size("n_inner"),
      vocabularySize: try fields.size("vocab_size"),
      maximumPositions: try fields.size("n_positions"), norm: .layernorm,
      normEpsilon: try fields.optionalNumber("layer_norm_epsilon") ?? 1e-5, positions: .learned,
      activation: activation.name, isParallel: false,
      isTied: try fields.optionalBoolean("tie_word_embeddings") ?? true, hasAttentionBias: true,
      hasMLPBias: true)
    settings.usesTanhGELU = activation.isTanh
    return settings
  }

  private static func llama(
    _ fields: JSONFields, isMistral: Bool
  ) throws(TrainError) -> HuggingFaceSettings {
    let activation = try ActivationName(
      fields, "hidden_act", try fields.optionalString("hidden_act") ?? "silu", isGated: true)
    let hidden = try fields.size("hidden_size")
    let heads = try fields.size("num_attention_heads")
    if let size = try fields.optionalInteger("head_dim"),
      size.multipliedReportingOverflow(by: heads) != (hidden, false)
    {
      throw fields.problem(
        "head_dim", "\(heads) heads of \(size) are not \(hidden), the hidden size")
    }
    var settings = HuggingFaceSettings(
      layerCount: try fields.size("num_hidden_layers", atMost: 1 << 16), hiddenSize: hidden,
      headCount: heads,
      keyValueHeadCount: try fields.optionalInteger("num_key_value_heads")
        ?? (isMistral ? 8 : heads),
      feedForwardSize: try fields.size("intermediate_size"),
      vocabularySize: try fields.size("vocab_size"),
      maximumPositions: try fields.size("max_position_embeddings"), norm: .rmsnorm,
      normEpsilon: try fields.optionalNumber("rms_norm_eps") ?? 1e-6, positions: .rotary,
      activation: activation.name, isParallel: false,
      isTied: try fields.optionalBoolean("tie_word_embeddings") ?? false,
      hasAttentionBias: try fields.optionalBoolean("attention_bias") ?? false,
      hasMLPBias: try fields.optionalBoolean("mlp_bias") ?? false)
    settings.rotaryBase = try fields.optionalNumber("rope_theta") ?? 10_000
    try readRotary(fields, &settings)
    // There a window of n holds n tokens with the one that looks, in GPT-NeoX n + 1.
    if isMistral, let window = try fields.optionalInteger("sliding_window"), window > 0 {
      settings.window = window - 1
    }
    return settings
  }

  // Since version 5, transformers keeps these in a dictionary of their own.
  private static func readRotary(
    _ fields: JSONFields, _ settings: inout HuggingFaceSettings
  ) throws(TrainError) {
    for key in ["rope_parameters", "rope_scaling"] where fields.optional(key) != nil {
      let rotary = try fields.object(key)
      var type = try rotary.optionalString("rope_type")
      if type == nil { type = try rotary.optionalString("type") }
      guard type == nil || type == "default" else {
        throw rotary.problem("rope_type", "angles of type \(type ?? "") cannot be loaded")
      }
      if let base = try rotary.optionalNumber("rope_theta") { settings.rotaryBase = base }
      if let share = try rotary.optionalNumber("partial_rotary_factor") {
        settings.rotaryFraction = share
      }
    }
  }
}

/// An activation by both of its names.
struct ActivationName {
  /// GPT-NeoX's name.
  var name: String
  /// Whether it is the tanh form of GELU.
  var isTanh: Bool

  init(
    _ fields: JSONFields, _ key: String, _ there: String, isGated: Bool
  ) throws(TrainError) {
    let known: [String: String] =
      isGated
      ? ["silu": "swiglu", "swish": "swiglu", "gelu": "geglu", "relu": "reglu", "sigmoid": "glu"]
      : [
        "gelu": "gelu", "gelu_new": "gelu", "gelu_fast": "gelu", "gelu_pytorch_tanh": "gelu",
        "relu": "relu", "silu": "silu", "swish": "silu", "mish": "mish",
      ]
    guard let name = known[there] else {
      throw fields.problem(
        key, "\(there) is none of \(known.keys.sorted().joined(separator: ", "))")
    }
    self.name = name
    isTanh = name == "gelu" && there != "gelu"
  }

  /// The name in transformers for a model's activation; `nil` where it has none.
  static func huggingFaceName(_ settings: HuggingFaceSettings) -> String? {
    switch settings.activation {
    case "gelu":
      // Two ways to write the tanh form; the first is what GPT-2 is known by.
      !settings.usesTanhGELU ? "gelu" : settings.positions == .learned ? "gelu_new" : "gelu_fast"
    case "relu", "reglu": "relu"
    case "silu", "swish", "swiglu": "silu"
    case "mish": "mish"
    case "geglu": "gelu"
    case "glu": "sigmoid"
    default: nil
    }
  }
}
