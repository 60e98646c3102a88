internal import IndexedData
internal import Machine

extension ReferencePrecompute {
  /// Bytes of logits before compression that are computed between two looks at the interruption,
  /// unless one document has more.
  private static let chunkByteCount = 64 << 20

  /// The path of a companion's logits.
  static func logitsPath(_ companion: String) -> String { companion + ".logits" }

  /// Refuses a number of logits that the model or the format does not have.
  static func check(_ topCount: Int, _ model: GPTNeoX) throws(TrainError) {
    let limit = min(DistributionShape.topLimit, model.settings.vocabularySize)
    guard (1...limit).contains(topCount) else {
      throw .unsupported(
        what: "--top-k \(topCount)",
        reason: "it has to be between 1 and \(limit), the lesser of the model's vocabulary and"
          + " \(DistributionShape.topLimit)")
    }
  }

  /// Writes the largest logits of one dataset; `false` when it was interrupted.
  func writeLogits(
    _ companion: String, _ key: ReferenceKey, _ path: String, _ workers: ReferenceWorkers,
    _ model: GPTNeoX
  ) throws(TrainError) -> Bool {
    guard let topCount = key.topCount else { preconditionFailure("a key without a count") }
    let text = ReferenceText(
      dataset: try reading { () throws(IndexedDataError) in try IndexedDataset(prefix: path) },
      length: key.sequenceLength, vocabularySize: model.settings.vocabularySize,
      coversPadding: false)
    let writer = try reading { () throws(IndexedDataError) in
      try TokenDistributionWriter(
        path: Self.logitsPath(companion),
        key: (ReferenceKey.path(companion), key.fileBytes),
        topCount: topCount, vocabularySize: model.settings.vocabularySize,
        documents: text.dataset.sequenceCount, policy: overwrites ? .overwrite : .keep)
    }
    guard !writer.isFinished else { return true }
    let bytesPerPosition = 8 * topCount + 4
    let count = text.dataset.sequenceCount
    var watch = Stopwatch()
    var state = Progress(text.dataset, done: 0)
    while writer.documentCount < count {
      state.done = writer.documentCount
      progress(state)
      if interruption.isRaised {
        try reading { () throws(IndexedDataError) in try writer.suspend() }
        return false
      }
      // Cut by the documents alone, so that blocks are the same in every run.
      let first = writer.documentCount
      var end = first
      var size = 0
      while end < min(first + Self.chunk, count) {
        size += try text.count(of: end) * bytesPerPosition
        if end > first, size > Self.chunkByteCount { break }
        end += 1
      }
      let logits = try workers.topLogits(of: first..<end, in: text, count: topCount)
      for document in first..<end { state.tokens += try text.count(of: document) }
      try reading { () throws(IndexedDataError) in
        try writer.append(logits, threads: workers.count)
        if watch.seconds > Self.checkpointSeconds {
          try writer.checkpoint()
          watch = Stopwatch()
        }
      }
    }
    state.done = count
    progress(state)
    try reading { () throws(IndexedDataError) in try writer.finish() }
    return true
  }

  private func reading<Outcome>(
    _ body: () throws(IndexedDataError) -> Outcome
  ) throws(TrainError) -> Outcome {
    do throws(IndexedDataError) { return try body() } catch { throw .dataset(error) }
  }
}
