extension TrainingConfiguration {
  /// Rows of a micro batch: a pair has two.
  package var rowsPerMicroBatch: Int {
    switch objective {
    case .languageModel, .kto: batch.micro
    case .dpo, .rewardModel: 2 * batch.micro
    }
  }

  /// What gradients are made of: those of a step's only pass need not be added up.
  package var gradientKind: GradientKind {
    guard batch.accumulation == 1, case .languageModel = objective else { return .sums }
    return .once(rows: rowsPerMicroBatch * model.sequenceLength)
  }

  /// Whether the reference model itself has to be in memory.
  package var needsReferenceModel: Bool {
    if case .kto(_, _, _, isPublishedForm: true) = objective { return true }
    return objective.hasReference && data.referenceName == nil
  }
}

extension GPTNeoX {
  /// The memory for the training of a configuration.
  ///
  /// - Throws: ``TrainError`` when there is too little memory.
  func makeTrainingWorkspace(
    _ configuration: TrainingConfiguration
  ) throws(TrainError) -> ModelWorkspace {
    guard !configuration.objective.sharesPrefixes else {
      return try makePackedWorkspace(training: true)
    }
    return try makeWorkspace(
      batch: configuration.rowsPerMicroBatch, length: settings.sequenceLength, training: true)
  }

  /// The objective of a configuration, with this model as the policy.
  ///
  /// - Throws: ``TrainError`` when there is too little memory.
  func makeObjective(
    _ configuration: TrainingConfiguration, reference: GPTNeoX?
  ) throws(TrainError) -> any Objective {
    let length = settings.sequenceLength
    let rows = configuration.rowsPerMicroBatch
    func held() throws(TrainError) -> ReferenceModel? {
      guard let reference else { return nil }
      if configuration.objective.sharesPrefixes {
        return try ReferenceModel(sharingPrefixes: reference)
      }
      return try ReferenceModel(reference, rows: rows, length: length)
    }
    switch configuration.objective {
    case .languageModel: return CrossEntropy()
    case .rewardModel(let weight): return RewardModel(squaredValueWeight: weight)
    case .dpo(let beta, let isReferenceFree, _):
      guard !isReferenceFree else { return DirectPreference(beta: beta, reference: nil) }
      let scores = try held().map { ReferenceScores.model($0) } ?? .precomputed
      return DirectPreference(beta: beta, reference: scores)
    case .kto(let beta, let desirable, let undesirable, let isPublishedForm):
      let settings = KahnemanTverskySettings(
        beta: beta, desirableWeight: desirable, undesirableWeight: undesirable)
      let model = try held()
      guard isPublishedForm, let model else {
        return KahnemanTversky(
          settings, reference: model.map { ReferenceScores.model($0) } ?? .precomputed)
      }
      return try PublishedKahnemanTversky(
        settings, reference: model, policy: self, rows: rows)
    }
  }
}
