extension ConfigurationResolver {
  /// The shape of the model; `nil` where something that it needs is missing or wrong.
  mutating func model() -> TrainingConfiguration.Model? {
    let before = report.problems.count
    reportMissing()
    guard !hasExcessiveSize else { return nil }
    let layerCount = settings.integer("num_layers")
    let hiddenSize = settings.integer("hidden_size")
    let headCount = settings.integer("num_attention_heads")
    let maximumPositions = settings.integer("max_position_embeddings")
    let attention = self.attention(layerCount)
    guard let layerCount, let hiddenSize, let headCount, let maximumPositions, let attention,
      report.problems.count == before, min(layerCount, hiddenSize, headCount, maximumPositions) > 0
    else { return nil }
    if hiddenSize % headCount != 0 {
      problem(
        "hidden_size",
        "\(hiddenSize) is no multiple of num_attention_heads, which is \(headCount)")
    }
    let sequenceLength = settings.integer("seq_length") ?? maximumPositions
    if sequenceLength > maximumPositions {
      problem(
        "seq_length",
        "\(sequenceLength) is above max_position_embeddings, which is \(maximumPositions)")
    }
    let keyValueHeadCount = settings.integer("num_kv_heads") ?? headCount
    if keyValueHeadCount > 0, headCount % keyValueHeadCount != 0 {
      problem(
        "num_kv_heads",
        "\(keyValueHeadCount) does not divide num_attention_heads, which is \(headCount)")
    }
    if settings.bool("use_qk_layernorm"), keyValueHeadCount != headCount {
      problem("use_qk_layernorm", "needs as many key heads as query heads; remove num_kv_heads")
    }
    checkPositions(sequenceLength, maximumPositions, hiddenSize)
    let norm: TrainingConfiguration.Norm = settings.choice("norm") ?? .layerNorm
    let activation: TrainingConfiguration.Activation = settings.choice("activation") ?? .gelu
    let mlpWidth = self.mlpWidth(hiddenSize, activation)
    let rotaryWidth = self.rotaryWidth(hiddenSize / headCount)
    let gelu = self.gelu()
    checkUniqueLayers(layerCount)
    if settings.bool("gpt_j_tied"), !settings.bool("gpt_j_residual"),
      let place = settings.place("gpt_j_tied")
    {
      report.unused("gpt_j_tied", at: place, because: "gpt_j_residual is off")
    }
    guard let mlpWidth, let rotaryWidth, let gelu, report.problems.count == before else {
      return nil
    }
    return TrainingConfiguration.Model(
      layerCount: layerCount, hiddenSize: hiddenSize, headCount: headCount,
      keyValueHeadCount: keyValueHeadCount, sequenceLength: sequenceLength,
      maximumPositions: maximumPositions, attention: attention,
      slidingWindow: settings.integer("sliding_window_width"), norm: norm,
      normEpsilon: epsilon(norm), normalizesQueriesAndKeys: settings.bool("use_qk_layernorm"),
      positions: settings.choice("pos_emb") ?? .learned,
      relativeBuckets: settings.integer("rpe_num_buckets") ?? 32,
      relativeMaximumDistance: settings.integer("rpe_max_distance") ?? 128,
      learnedPositionOffset: settings.integer("opt_pos_emb_offset") ?? 0,
      rotaryWidth: rotaryWidth, rotaryBase: settings.integer("rotary_emb_base") ?? 10000,
      activation: activation, gelu: gelu, mlpWidth: mlpWidth,
      tiesWeights: !settings.bool("no_weight_tying"),
      isParallelResidual: settings.bool("gpt_j_residual"),
      tiesParallelNorms: settings.bool("gpt_j_tied"),
      hasAttentionBias: settings.bool("use_bias_in_attn_linear"),
      hasMLPBias: settings.bool("use_bias_in_mlp"),
      scalesQueriesAndKeys: settings.bool("apply_query_key_layer_scaling"),
      attentionDropout: settings.number("attention_dropout") ?? 0,
      hiddenDropout: settings.number("hidden_dropout") ?? 0,
      initialization: settings.choice("init_method") ?? .normal,
      outputInitialization: settings.choice("output_layer_init_method") ?? .scaledNormal,
      initialDeviation: settings.number("init_method_std") ?? 0.02)
  }

  /// The sizes without which there is no model.
  private mutating func reportMissing() {
    let keys = ["num_layers", "hidden_size", "num_attention_heads", "max_position_embeddings"]
    let missing = keys.filter { settings.place($0) == nil || settings.isNull($0) }
    guard !missing.isEmpty else { return }
    let files = missing.count == keys.count ? "; is the file that has them left out?" : ""
    report.problem("missing, and a model needs it" + files, key: missing.joined(separator: ", "))
  }

  // MARK: - Attention

  private static let refusedAttention: [String: String] = [
    "local": "block-sparse attention is not supported",
    "sparse_fixed": "block-sparse attention is not supported",
    "sparse_variable": "block-sparse attention is not supported",
    "bigbird": "block-sparse attention is not supported",
    "bslongformer": "block-sparse attention is not supported",
    "gmlp": "gMLP layers are not supported", "amlp": "aMLP layers are not supported",
    "mamba": "Mamba layers are not supported", "rwkv": "RWKV layers are not supported",
  ]

  /// The kind of every layer; `nil` where it is wrong.
  private mutating func attention(
    _ layerCount: Int?
  ) -> [TrainingConfiguration.AttentionKind]? {
    let key = "attention_config"
    guard let items = settings.list(key) else {
      guard settings.place(key) == nil || settings.isNull(key) else { return nil }
      return Array(repeating: .global, count: max(0, layerCount ?? 0))
    }
    let names: [String]
    do throws(AttentionPattern.Fault) {
      names = try AttentionPattern.expand(items, layerCount: layerCount ?? 0)
    } catch {
      // The length cannot be judged without num_layers, which has been reported.
      if layerCount != nil || !error.isAboutLength {
        report.problem(error.reason, key: key, at: error.place ?? settings.place(key))
      }
      return nil
    }
    var kinds: [TrainingConfiguration.AttentionKind] = []
    var refused: Set<String> = []
    for name in names {
      if let kind = TrainingConfiguration.AttentionKind(rawValue: name) {
        kinds.append(kind)
      } else if refused.insert(name).inserted {
        let reason = Self.refusedAttention[name].map { "\"\(name)\" is not supported: \($0)" }
        problem(key, reason ?? "\"\(name)\" is no kind of attention; global and flash are")
      }
    }
    return refused.isEmpty ? kinds : nil
  }

  // MARK: - Widths

  private mutating func mlpWidth(
    _ hiddenSize: Int, _ activation: TrainingConfiguration.Activation
  ) -> Int? {
    let factor = settings.number("expansion_factor")
    let given = settings.integer("intermediate_size")
    if factor != nil, given != nil {
      problem("expansion_factor", "excludes intermediate_size; remove one of the two")
      return nil
    }
    var nominal = given ?? hiddenSize.multipliedReportingOverflow(by: 4).partialValue
    if let factor {
      let width = (factor * Double(hiddenSize)).rounded(.down)
      guard width >= 1, width < 0x1p53 else {
        problem("expansion_factor", "\(plain(factor)) gives the MLP a width of \(plain(width))")
        return nil
      }
      nominal = Int(width)
    }
    let width = TrainingConfiguration.mlpWidth(
      nominal: nominal, multiple: max(1, settings.integer("mlp_multiple_of") ?? 1),
      isGated: activation.isGated)
    guard let width, (1...1 << 26).contains(width) else {
      problem("intermediate_size", "\(nominal) gives an MLP that no memory holds, or none")
      return nil
    }
    return width
  }

  private mutating func rotaryWidth(_ headSize: Int) -> Int? {
    guard settings.text("pos_emb") == "rotary" else { return 0 }
    let share = settings.number("rotary_pct") ?? 1
    guard share > 0, share <= 1 else {
      problem("rotary_pct", "is \(plain(share)); it has to be above 0 and at most 1")
      return nil
    }
    let width = share == 1 ? headSize : Int(Double(headSize) * share)
    guard width > 0, width % 2 == 0 else {
      problem(
        "rotary_pct",
        "\(plain(share)) of heads of \(headSize) rotates \(width) components; it has to be an even number above 0"
      )
      return nil
    }
    return width
  }

  /// What the kind of positions asks of other keys.
  private mutating func checkPositions(
    _ sequenceLength: Int, _ maximumPositions: Int, _ hiddenSize: Int
  ) {
    switch settings.choice("pos_emb", TrainingConfiguration.Positions.self) ?? .learned {
    case .learned:
      let offset = settings.integer("opt_pos_emb_offset") ?? 0
      if offset > 0, sequenceLength + offset > maximumPositions {
        problem(
          "opt_pos_emb_offset",
          "\(offset) and seq_length \(sequenceLength) are above max_position_embeddings, which is \(maximumPositions)"
        )
      }
    case .relative:
      let buckets = settings.integer("rpe_num_buckets") ?? 32
      let distance = settings.integer("rpe_max_distance") ?? 128
      if distance <= buckets / 2 {
        problem(
          "rpe_max_distance",
          "is \(distance); it has to be above half of rpe_num_buckets, which is \(buckets)"
        )
      }
    case .sinusoidal:
      if hiddenSize % 2 != 0 {
        problem("hidden_size", "\(hiddenSize) has to be even for sinusoidal positions")
      }
    case .rotary, .alibi, .none: break
    }
  }

  private func epsilon(_ norm: TrainingConfiguration.Norm) -> Double {
    let key =
      switch norm {
      case .layerNorm, .nonParametricLayerNorm: "layernorm_epsilon"
      case .rmsNorm: "rms_norm_epsilon"
      case .scaleNorm: "scalenorm_epsilon"
      }
    return settings.number(key) ?? 0
  }

  private mutating func gelu() -> TrainingConfiguration.GELU? {
    switch (settings.bool("bias_gelu_fusion"), settings.bool("onnx_safe")) {
    case (true, true):
      problem("onnx_safe", "excludes bias_gelu_fusion; remove one of the two")
      return nil
    case (true, false): return .tanh
    case (false, _): return .exact
    }
  }

  private mutating func checkUniqueLayers(_ layerCount: Int) {
    guard let unique = settings.integer("num_unique_layers") else { return }
    if unique < 1 || unique > layerCount || layerCount % unique != 0 {
      problem("num_unique_layers", "\(unique) does not divide num_layers, which is \(layerCount)")
    }
  }
}
