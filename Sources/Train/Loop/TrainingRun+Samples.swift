internal import IndexedData

extension TrainingRun {
  /// Refuses samples from which nothing is learned, or counts them.
  ///
  /// Where documents are packed a sample may well lie inside a masked part: there it has to be a whole
  /// micro batch, which GPT-NeoX answers with a loss that is no number.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` naming the sample and its documents.
  func checkSupervision(of batch: Batch, from source: BatchSource) throws(TrainError) {
    if case .kto = configuration.objective { unrewardedCount += batch.unrewardedCount }
    let rows = 0..<batch.rowCount
    let count = rows.count { batch.trainedCount(ofRow: $0) == 0 }
    let isPacked = configuration.data.packing != .unpacked && batch.rowCount == source.rowsPerSide
    guard let first = rows.first(where: { batch.trainedCount(ofRow: $0) == 0 }),
      !isPacked || count == batch.rowCount
    else { return }
    guard configuration.data.refusesUnsupervised else {
      unsupervisedCount += count
      return
    }
    let sample = try source.description(ofRow: first, microStep: batch.microStep)
    throw .unsupported(
      what: sample,
      reason: "none of its labels is trained within seq_length"
        + " \(configuration.model.sequenceLength) tokens; remove the document, lengthen seq_length,"
        + " or set unsupervised_samples to count")
  }

  /// Tells how many samples taught nothing.
  func noteUnsupervised() {
    if unrewardedCount > 0 {
      // The row ends with the next document's first token and with its reward.
      var leak = ""
      if case .kto(_, _, _, isPublishedForm: false) = configuration.objective {
        leak = ", or what the reward of the document behind says, as in GPT-NeoX"
      }
      options.note(
        "\(unrewardedCount) samples, evaluations included, had the reward 0, from which nothing is"
          + " learned\(leak); neox-preprocess --binary-reward makes it -1, as for false")
    }
    guard unsupervisedCount > 0 else { return }
    options.note(
      "\(unsupervisedCount) samples, evaluations included, had no trained label"
        + " (unsupervised_samples: count)")
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
      "after step \(iteration): the loss is \(result.loss) for \(samples.joined(separator: ", "))")
  }
}

extension TrainingRun {
  /// Refuses reference log-probabilities of another model or other text.
  ///
  /// - Throws: ``TrainError/malformed(path:place:reason:)`` naming what differs.
  func checkCompanions() throws(TrainError) {
    guard let reference, configuration.data.referenceName != nil, !configuration.needsReferenceModel
    else { return }
    var known: Set<String> = []
    for source in [data.train, data.valid, data.test].compactMap({ $0 }) {
      for tracks in source.tracks {
        guard let companion = tracks.references?.prefix, known.insert(companion).inserted else {
          continue
        }
        let key = try ReferenceKey(
          configuration, weights: reference.record.weights, text: tracks.text.prefix,
          coversPadding: tracks.labels == nil)
        if let note = try ReferenceKey.check(companion, key) { options.note(note) }
      }
    }
  }
}
