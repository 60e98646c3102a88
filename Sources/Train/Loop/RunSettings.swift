internal import IndexedData

// What the parts of a run are told, by the configuration.

extension OptimizerSettings {
  /// The optimizer of a configuration.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` naming the key.
  package init(_ configuration: TrainingConfiguration) throws(TrainError) {
    let optimizer = configuration.optimizer
    var values: [String: Value] = [:]
    for (name, value) in optimizer.parameters { values[name] = Value(value) }
    try self.init(
      type: optimizer.kind, parameters: values, weightDecay: optimizer.weightDecay,
      isWeightDecaySet: optimizer.isWeightDecayGiven, zeroStage: optimizer.zeroStage,
      neoxQuirks: configuration.usesQuirks)
  }
}

extension OptimizerSettings.Value {
  fileprivate init(_ value: ConfigurationValue) {
    switch value {
    case .bool(let boolean): self = .boolean(boolean)
    case .list(let nodes):
      let numbers = nodes.compactMap { Self.number($0.value) }
      self = numbers.count == nodes.count ? .numbers(numbers) : .other("a list")
    case .string(let text): self = Self.number(value).map { .number($0) } ?? .other(text)
    default: self = Self.number(value).map { .number($0) } ?? .other("\(value)")
    }
  }

  // YAML reads 1e-5 as text; a number is meant.
  private static func number(_ value: ConfigurationValue) -> Double? {
    switch value {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    case .string(let text): Double(text)
    default: nil
    }
  }
}

extension LearningRateSchedule {
  /// The schedule of a run of some steps.
  package init(
    _ configuration: TrainingConfiguration, optimizer: OptimizerSettings, iterations: Int
  ) {
    let rate = configuration.learningRate
    if optimizer.kind == .oneBitAdam {
      self = .warmupDecay(
        WarmupDecay(
          start: rate.peak, warmup: rate.warmup, trainSteps: iterations,
          decaySteps: rate.decayIterations))
      return
    }
    let style: Style =
      switch rate.style {
      case .constant: .constant
      case .linear: .linear
      case .cosine: .cosine
      case .exponential: .exponential
      }
    self = .annealing(
      Annealing(
        style: style, start: rate.peak, minimum: rate.minimum, warmup: rate.warmup,
        endStep: Self.decaySteps(
          trainSteps: iterations, decaySteps: rate.decayIterations,
          decayFraction: rate.decayFraction),
        neoxQuirks: configuration.usesQuirks))
  }
}

extension DataSettings {
  /// The data of a configuration; without a vocabulary, ids are not checked against it.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` where none are named.
  package init(
    _ configuration: TrainingConfiguration, vocabulary: RunVocabulary?, rank: Int = 0,
    rankCount: Int = 1
  ) throws(TrainError) {
    let data = configuration.data
    self.init(
      sequenceLength: configuration.model.sequenceLength,
      microBatchSize: configuration.batch.micro)
    switch data.source {
    case .none:
      throw .unsupported(
        what: "data_path",
        reason: "is missing, and so is train_data_paths; name the prefix of a dataset")
    case .split(let path, let shares):
      dataPath = path
      split = shares
    case .lists(let train, let valid, let test):
      self.train = DataList(train)
      self.valid = DataList(valid)
      self.test = DataList(test)
    case .pairs(let train, let valid, let test):
      hasPairs = true
      self.train = DataList(train)
      self.valid = DataList(valid)
      self.test = DataList(test)
    }
    packing =
      switch data.packing {
      case .packed: .packed
      case .packUntilOverflow: .packUntilOverflow
      case .unpacked: .unpacked
      }
    order = data.order
    weighsByDocumentCount = data.weighsByDocuments
    weightAlpha = data.weighingExponent
    // What no objective reads is not looked for.
    let isRead = configuration.objective.hasReference && !configuration.needsReferenceModel
    referenceName = isRead ? data.referenceName : nil
    allowsChopping = data.keepsLongDocuments
    guard let seed = UInt32(exactly: configuration.seed) else {
      throw .unsupported(
        what: "seed \(configuration.seed)", reason: "must be from 0 to \(UInt32.max)")
    }
    self.seed = seed
    trainIterations = configuration.length.iterations
    trainEpochs = configuration.length.epochs
    evaluationInterval = configuration.length.evaluationInterval
    evaluationIterations = configuration.length.evaluationIterations
    accumulationSteps = configuration.batch.accumulation
    self.rank = rank
    self.rankCount = rankCount
    masksEndOfDocument = data.masksEndOfDocument
    readingMode = data.reading
    endOfDocument = vocabulary?.endOfDocument
    vocabularySize = vocabulary?.paddedSize
    tokenizer = RunTokenizer(configuration.tokenizer, vocabulary)
    neoxQuirks = configuration.usesQuirks
  }
}

extension DataList {
  fileprivate init(_ datasets: [TrainingConfiguration.Dataset]) {
    self.init(paths: datasets.map(\.path))
    labels = datasets.compactMap(\.labels)
    rewards = datasets.compactMap(\.rewards)
    weights = datasets.map(\.weight)
  }

  fileprivate init(_ pairs: [TrainingConfiguration.Pair]) {
    self.init(paths: pairs.map(\.preferred.path))
    labels = pairs.compactMap(\.preferred.labels)
    negatives = pairs.map(\.other.path)
    negativeLabels = pairs.compactMap(\.other.labels)
    weights = pairs.map(\.weight)
  }
}

extension LossScaler {
  /// The loss scale of a configuration.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` naming the key.
  package init(
    _ configuration: TrainingConfiguration, wrapper: PrecisionWrapper
  ) throws(TrainError) {
    guard let scale = configuration.precision.lossScale else {
      self = .one
      return
    }
    var settings = Settings()
    settings.lossScale = scale.fixed ?? 0
    settings.initialScalePower = scale.initialPower
    settings.window = scale.window
    settings.hysteresis = scale.hysteresis
    settings.isConsecutive = scale.restoresHysteresis
    settings.minimum = scale.minimum
    try self.init(settings, wrapper: wrapper, neoxQuirks: configuration.usesQuirks)
  }
}

extension SaveSchedule {
  /// When a configuration saves.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` naming the key.
  package init(_ configuration: TrainingConfiguration) throws(TrainError) {
    let checkpoints = configuration.checkpoints
    let (scale, factor): (Scale, Double?) =
      switch checkpoints.spacing {
      case nil: (.linear, nil)
      case .every(let steps): (.linear, Double(steps))
      case .powers(let factor): (.log, factor)
      }
    try self.init(
      scale: scale, factor: factor, extraIterations: checkpoints.extraSteps,
      keepLast: checkpoints.keptCount, neoxQuirks: configuration.usesQuirks)
  }
}
