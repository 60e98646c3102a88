/// The model that a policy is held to: fixed weights, never trained, always in evaluation mode.
package final class ReferenceModel {
  private let model: GPTNeoX
  private let space: ModelWorkspace

  /// Makes room for micro batches of one shape.
  ///
  /// - Throws: ``TrainError`` when there is too little memory.
  package init(_ model: GPTNeoX, rows: Int, length: Int) throws(TrainError) {
    self.model = model
    space = try model.makeWorkspace(batch: rows, length: length, training: false)
  }

  /// Prepares for pairs, of which what both answers begin with is computed once.
  ///
  /// - Throws: ``TrainError`` when there is too little memory.
  package init(sharingPrefixes model: GPTNeoX) throws(TrainError) {
    self.model = model
    space = try model.makePackedWorkspace(training: false)
  }

  /// The log-probability of each label, rows × columns.
  ///
  /// - Throws: ``TrainError`` when a batch cannot enter the model.
  func logProbabilities(_ batch: Batch) throws(TrainError) -> [Float] {
    if space.isPacked {
      return try LabelScores(pairs: batch, on: model, in: space).run(dropout: nil)
    }
    try model.load(batch, into: space)
    return LabelScores(model: model, space: space).run(dropout: nil)
  }
}

/// Where the reference's log-probabilities come from.
package enum ReferenceScores {
  /// From the batch, where they were computed before training (`precompute_model_name`).
  case precomputed
  /// From a model in memory.
  case model(ReferenceModel)

  func logProbabilities(_ batch: Batch) throws(TrainError) -> [Float] {
    switch self {
    case .precomputed: batch.references
    case .model(let reference): try reference.logProbabilities(batch)
    }
  }
}
