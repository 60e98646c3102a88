extension ModelSettings {
  /// The model that a configuration describes.
  ///
  /// `vocabularySize` is the number of rows of the embedding, padding included.
  package init(_ configuration: TrainingConfiguration, vocabularySize: Int) {
    let model = configuration.model
    self.init(
      layerCount: model.layerCount, hiddenSize: model.hiddenSize, headCount: model.headCount,
      vocabularySize: vocabularySize, sequenceLength: model.sequenceLength)
    keyValueHeadCount = model.keyValueHeadCount
    positions = Self.positions(model)
    norm =
      switch model.norm {
      case .layerNorm: .layerNorm
      case .rmsNorm: .rmsNorm
      case .scaleNorm: .scaleNorm
      case .nonParametricLayerNorm: .nonParametricLayerNorm
      }
    normEpsilon = Float(model.normEpsilon)
    normalizesQueriesAndKeys = model.normalizesQueriesAndKeys
    activation = Self.activation(model)
    innerSize = model.mlpWidth
    hasFeedForwardBias = model.hasMLPBias
    hasAttentionBias = model.hasAttentionBias
    isParallel = model.isParallelResidual
    sharesNorm = model.tiesParallelNorms
    if configuration.objective.isRewardModel {
      head = .reward
    } else {
      head = model.tiesWeights ? .tied : .untied
    }
    slidingWindow = model.slidingWindow
    windowlessLayers = configuration.windowlessLayers
    scalesScoresByLayer = model.scalesQueriesAndKeys
    hiddenDropout = Float(model.hiddenDropout)
    attentionDropout = Float(model.attentionDropout)
    initialization = Self.scheme(model.initialization)
    outputInitialization = Self.scheme(model.outputInitialization)
    initializationDeviation = model.initialDeviation
    checkpointedLayers =
      configuration.recomputation.isOn ? configuration.recomputation.layersPerChunk : nil
    hasQuirks = configuration.usesQuirks
  }

  private static func positions(_ model: TrainingConfiguration.Model) -> Positions {
    switch model.positions {
    case .none: .none
    case .learned:
      .learned(count: model.maximumPositions, offset: model.learnedPositionOffset)
    case .sinusoidal: .sinusoidal
    case .rotary: .rotary(width: model.rotaryWidth, base: Double(model.rotaryBase))
    case .relative:
      .relativeBias(
        buckets: model.relativeBuckets, maximumDistance: model.relativeMaximumDistance)
    case .alibi: .alibi
    }
  }

  private static func activation(_ model: TrainingConfiguration.Model) -> Activation {
    switch model.activation {
    case .gelu:
      switch model.gelu {
      case .exact: Activation(.gelu)
      case .tanh: Activation(.geluTanh)
      }
    case .relu: Activation(.relu)
    case .softsign: Activation(.softsign)
    case .swish, .silu: Activation(.silu)
    case .mish: Activation(.mish)
    case .geglu: Activation(.gelu, isGated: true)
    case .reglu: Activation(.relu, isGated: true)
    case .swiglu: Activation(.silu, isGated: true)
    case .bilinear: Activation(.identity, isGated: true)
    case .glu: Activation(.sigmoid, isGated: true)
    }
  }

  private static func scheme(
    _ scheme: TrainingConfiguration.Initialization
  ) -> InitializationScheme {
    switch scheme {
    case .normal: .normal
    case .scaledNormal: .scaledNormal
    case .orthogonal: .orthogonal
    case .scaledOrthogonal: .scaledOrthogonal
    case .xavierUniform: .xavierUniform
    case .xavierNormal: .xavierNormal
    case .wang: .wangInit
    case .small: .smallInit
    case .singleResidualScaledNormal: .singleResidualScaledNormal
    }
  }
}

extension TrainingConfiguration {
  /// Layers, from 0, in which the reference forgets `sliding_window_width`: without its pipeline
  /// engine, all but those of flash attention.
  var windowlessLayers: Set<Int> {
    guard usesQuirks, !usesPipelineEngine, model.slidingWindow != nil else { return [] }
    return Set(model.attention.indices.filter { model.attention[$0] != .flash })
  }
}

extension ScalarType {
  /// The type of weights and activations of a precision.
  package init(_ precision: TrainingConfiguration.Precision.Kind) {
    self =
      switch precision {
      case .float32: .float32
      case .float16: .float16
      case .bfloat16: .bfloat16
      }
  }
}
