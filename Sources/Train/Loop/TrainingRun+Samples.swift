extension TrainingRun {
  /// Refuses samples from which nothing is learned, or counts them.
  ///
  /// Where documents are packed a sample may well lie inside a masked part: there it has to be a whole
  /// micro batch, which GPT-NeoX answers with a loss that is no number.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` naming the sample and its documents.
  func checkSupervision(of batch: Batch, from source: BatchSource) throws(TrainError) {
    let rows = batch.trainedCounts.indices(of: 0)
    let isPacked = configuration.data.packing != .unpacked && batch.rowCount == source.rowsPerSide
    guard !rows.isEmpty, !isPacked || rows.count == batch.rowCount else { return }
    guard configuration.data.refusesUnsupervised else {
      unsupervisedCount += rows.count
      return
    }
    let sample = try source.description(ofRow: rows[0], microStep: batch.microStep)
    throw .unsupported(
      what: sample,
      reason: "none of its labels is trained within seq_length"
        + " \(configuration.model.sequenceLength) tokens; remove the document, lengthen seq_length,"
        + " or set unsupervised_samples to count")
  }

  /// Tells from which samples a loss came that is no number.
  func noteInfinity(
    _ result: ObjectiveResult, _ batch: Batch, from source: BatchSource
  ) throws(TrainError) {
    guard !result.loss.isFinite else { return }
    var samples: [String] = []
    for row in 0..<batch.rowCount {
      samples.append(try source.description(ofRow: row, microStep: batch.microStep))
    }
    options.note(
      "step \(iteration + 1): the loss is \(result.loss) for \(samples.joined(separator: ", "))")
  }
}

extension [Int] {
  /// The places of a value.
  fileprivate func indices(of value: Int) -> [Int] { indices.filter { self[$0] == value } }
}
