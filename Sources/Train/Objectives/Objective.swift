/// What a model is trained for: turns a micro batch into a loss, its gradients and metrics.
package protocol Objective {
  /// Runs the model over a micro batch.
  ///
  /// - Parameters:
  ///   - batch: as large as the workspace.
  ///   - model: computes, and is given gradients.
  ///   - space: memory for the passes.
  ///   - gradientScale: gradients of loss · scale are added to the model's; `nil` makes none.
  ///   - dropout: which numbers are dropped; `nil` drops none.
  /// - Returns: the loss and the metrics.
  /// - Throws: ``TrainError`` when a batch cannot enter the model.
  func run(
    _ batch: Batch, on model: GPTNeoX, in space: ModelWorkspace, gradientScale: Float?,
    dropout: DropoutSeed?
  ) throws(TrainError) -> ObjectiveResult
}

/// What an objective found for a micro batch.
package struct ObjectiveResult: Sendable {
  /// The loss.
  package var loss: Double
  /// Other figures by the reference's names, in its order.
  package var metrics: [(name: String, value: Double)] = []
}

extension GPTNeoX {
  /// Hands tokens and labels to a workspace, once they are known to be what the model can take.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` for another shape or unknown ids.
  func load(_ batch: Batch, into space: ModelWorkspace) throws(TrainError) {
    let count = space.batch * space.length
    guard batch.rowCount == space.batch, batch.columnCount == space.length,
      batch.tokens.count == count, batch.labels.count == count, batch.lossMask.count == count
    else {
      throw .unsupported(
        what: "micro batch of \(batch.rowCount) × \(batch.columnCount) tokens",
        reason: "memory was made for \(space.batch) × \(space.length)")
    }
    try checkTokens(of: batch)
    engine.write(batch.tokens.span, to: space.tokens)
    engine.write(batch.labels.span, to: space.labels)
  }

  /// Makes sure that a batch's tokens and labels are in the vocabulary.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` for unknown ids.
  func checkTokens(of batch: Batch) throws(TrainError) {
    let vocabulary = Int32(clamping: settings.vocabularySize)
    func check(_ ids: [Int32]) throws(TrainError) {
      for id in ids where id < 0 || id >= vocabulary {
        throw .unsupported(
          what: "token \(id)", reason: "the vocabulary ends at \(vocabulary - 1)")
      }
    }
    try check(batch.tokens)
    try check(batch.labels)
  }
}
