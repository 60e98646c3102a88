extension HuggingFaceSettings {
  /// What the exchange with transformers depends on, of a configuration.
  ///
  /// `vocabularySize` is the number of rows of the embedding, padding included.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` naming the key that transformers has no class
  ///   for.
  package init(
    _ configuration: TrainingConfiguration, vocabularySize: Int
  ) throws(TrainError) {
    let model = configuration.model
    func refuse(_ isBad: Bool, _ key: String) throws(TrainError) {
      guard isBad else { return }
      throw .unsupported(
        what: key, reason: "no class of transformers that is exchanged with has it")
    }
    var isRewardModel = false
    if case .rewardModel = configuration.objective { isRewardModel = true }
    try refuse(isRewardModel, "train_impl rm")
    try refuse(model.tiesParallelNorms && model.isParallelResidual, "gpt_j_tied")
    try refuse(model.normalizesQueriesAndKeys, "use_qk_layernorm")
    try refuse(
      model.learnedPositionOffset != 0 && model.positions == .learned, "opt_pos_emb_offset")
    // The reference leaves attention out of such a model.
    try refuse(
      configuration.usesQuirks && model.isParallelResidual && !model.hasMLPBias,
      "neox_quirks with gpt_j_residual and without use_bias_in_mlp")
    let windowless = configuration.windowlessLayers
    try refuse(
      !windowless.isEmpty && windowless.count < model.layerCount,
      "neox_quirks with sliding_window_width, of which only layers of flash attention know,")
    self.init(
      layerCount: model.layerCount, hiddenSize: model.hiddenSize, headCount: model.headCount,
      keyValueHeadCount: model.keyValueHeadCount, feedForwardSize: model.mlpWidth,
      vocabularySize: vocabularySize, maximumPositions: model.maximumPositions,
      norm: try Self.norm(model.norm), normEpsilon: model.normEpsilon,
      positions: try Self.positions(model.positions), activation: model.activation.rawValue,
      isParallel: model.isParallelResidual, isTied: model.tiesWeights,
      hasAttentionBias: model.hasAttentionBias, hasMLPBias: model.hasMLPBias)
    usesTanhGELU = model.activation == .gelu && model.gelu == .tanh
    rotaryFraction = Self.fraction(model.rotaryWidth, of: model.headSize)
    rotaryBase = Double(model.rotaryBase)
    window = windowless.isEmpty ? model.slidingWindow : nil
  }

  private static func norm(_ norm: TrainingConfiguration.Norm) throws(TrainError) -> Norm {
    switch norm {
    case .layerNorm: .layernorm
    case .rmsNorm: .rmsnorm
    case .scaleNorm, .nonParametricLayerNorm:
      throw .unsupported(
        what: "norm \(norm.rawValue)", reason: "no class of transformers has it")
    }
  }

  private static func positions(
    _ positions: TrainingConfiguration.Positions
  ) throws(TrainError) -> Positions {
    switch positions {
    case .rotary: .rotary
    case .learned: .learned
    case .none, .sinusoidal, .relative, .alibi:
      throw .unsupported(
        what: "pos_emb \(positions.rawValue)",
        reason: "no class of transformers that is exchanged with has it")
    }
  }

  /// The share of a head from which transformers finds the width again, which cuts the fraction off.
  private static func fraction(_ width: Int, of headSize: Int) -> Double {
    var share = Double(width) / Double(headSize)
    while Int(share * Double(headSize)) < width { share = share.nextUp }
    return share
  }
}
