internal import CTrain
package import IndexedData

/// Fills batches from a split's samples; any micro step at once, the same from any thread.
///
/// The samples of a micro batch follow each other, first those of rank 0. A pass ends with the last
/// whole micro batch, and the next one begins with the first sample again; a stable order is one pass
/// without end.
package struct BatchSource: Sendable {
  /// Where the samples come from.
  package let dataset: BlendedDataset
  /// Which part of the data this is.
  package let split: DataSplit
  /// How many micro batches a pass has.
  package let count: Int
  var settings: DataSettings
  // Samples before micro step 0, fewer than a micro batch, where a run went on between two.
  private var offset = 0
  private let hasLabels: Bool
  private let hasRewards: Bool

  init(
    _ dataset: BlendedDataset, _ split: DataSplit, _ settings: DataSettings
  ) throws(TrainError) {
    self.dataset = dataset
    self.split = split
    self.settings = settings
    let labels = settings.neoxQuirks ? settings.train.labels : settings[split].labels
    // GPT-NeoX looks for labels in all splits when, and only when, the training data have them.
    guard !labels.isEmpty == !settings[split].labels.isEmpty || labels.isEmpty else {
      throw .unsupported(
        what: "\(split.rawValue)_label_data_paths",
        reason: "is missing while the training data have labels, which GPT-NeoX cannot run with")
    }
    hasLabels = !labels.isEmpty
    hasRewards = !settings[split].rewards.isEmpty
    count = dataset.count / settings.globalMicroBatchSize
    guard count > 0 else {
      throw .unsupported(
        what: "the \(split.rawValue) data",
        reason: "\(dataset.count) samples are fewer than the"
          + " \(settings.globalMicroBatchSize) of one micro batch"
          + (split == .train ? "" : "; give more data, or eval_iters 0"))
    }
  }

  /// Rows of a micro batch, of one side of pairs.
  package var rowsPerSide: Int { settings.microBatchSize }

  /// The text that samples come from, with its companions; of pairs both sides.
  package var tracks: [DocumentTracks] { dataset.members.flatMap(\.sides) }

  /// A batch of the right shape, with nothing in it.
  package func makeBatch() -> Batch {
    Batch(
      rowCount: settings.microBatchSize * (settings.hasPairs ? 2 : 1),
      columnCount: settings.sequenceLength, hasRewards: hasRewards,
      hasReferences: settings.referenceName != nil)
  }

  /// The samples of a micro step for this rank, in the order of its rows.
  ///
  /// - Precondition: `microStep ≥ 0`.
  package func samples(microStep: Int) -> Range<Int> {
    precondition(microStep >= 0)
    let first =
      offset + microStep % count * settings.globalMicroBatchSize
      + settings.rank * settings.microBatchSize
    return first..<(first + settings.microBatchSize)
  }

  /// Where the rows of a micro step come from, for this rank; of pairs, the rows of each side.
  package func rows(microStep: Int) throws(TrainError) -> [BatchRow] {
    var rows: [BatchRow] = []
    for index in samples(microStep: microStep) {
      let (member, sample) = dataset.place(of: index)
      var row = BatchRow(index: index, dataset: member, sample: sample, pieces: [])
      do throws(IndexedDataError) {
        try dataset.members[member].order.appendPieces(of: sample, to: &row.pieces)
      } catch {
        throw .dataset(error)
      }
      rows.append(row)
    }
    return rows
  }

  /// Where a row of a micro step comes from, for messages; rows count as those of batches do.
  ///
  /// - Throws: ``TrainError`` where the order cannot be read.
  package func description(ofRow row: Int, microStep: Int) throws(TrainError) -> String {
    let place = try rows(microStep: microStep)[row % settings.microBatchSize]
    let tracks = dataset.members[place.dataset].sides[row / settings.microBatchSize]
    let documents = place.pieces.map { "\($0.document)" }.prefix(8).joined(separator: ", ")
    return "sample \(place.index) (document \(documents) of \(tracks.text.prefix))"
  }

  /// The micro step at which a run goes on after `iteration` steps, as GPT-NeoX finds it.
  package func resumingMicroStep(iteration: Int) -> Int {
    let done = iteration * settings.accumulationSteps
    return switch split {
    case .train: done
    case .valid:
      settings.evaluationInterval.map {
        done / $0 * settings.evaluationIterations
      } ?? 0
    case .test: 0
    }
  }

  /// The micro step at which a run goes on that has used this many samples over all ranks.
  ///
  /// - Throws: `unsupported` for a number that is not a whole number of micro batches, as after a
  ///   change of the micro batch size.
  package func microStep(afterSamples consumed: Int) throws(TrainError) -> Int {
    guard consumed >= 0, consumed % settings.globalMicroBatchSize == 0 else {
      throw .unsupported(
        what: "resuming after \(consumed) samples",
        reason: "micro batches have \(settings.globalMicroBatchSize) samples now; go on with the"
          + " sizes the run began with")
    }
    return consumed / settings.globalMicroBatchSize
  }

  /// The batches with which a run goes on that has used this many samples over all ranks, and the
  /// micro step of the first.
  ///
  /// A stable order goes on behind any sample, whatever the sizes of batches are now.
  ///
  /// - Throws: what ``microStep(afterSamples:)`` throws, for GPT-NeoX's order.
  package func resumed(
    afterSamples consumed: Int
  ) throws(TrainError) -> (source: BatchSource, microStep: Int) {
    guard settings.order == .stable, consumed >= 0 else {
      return (self, try microStep(afterSamples: consumed))
    }
    var source = self
    source.offset = consumed % settings.globalMicroBatchSize
    return (source, consumed / settings.globalMicroBatchSize)
  }

  /// The batch of a micro step.
  package func batch(microStep: Int) throws(TrainError) -> Batch {
    var batch = makeBatch()
    var row = SampleRow(sequenceLength: settings.sequenceLength)
    try fill(&batch, microStep: microStep, using: &row)
    return batch
  }

  /// Fills a batch that ``makeBatch()`` made, by way of a row for samples of this length.
  package func fill(
    _ batch: inout Batch, microStep: Int, using row: inout SampleRow
  ) throws(TrainError) {
    batch.microStep = microStep
    for (place, index) in samples(microStep: microStep).enumerated() {
      let (member, sample) = dataset.place(of: index)
      let source = dataset.members[member]
      do throws(IndexedDataError) {
        row.pieces.removeAll(keepingCapacity: true)
        try source.order.appendPieces(of: sample, to: &row.pieces)
        for (side, tracks) in source.sides.enumerated() {
          try row.read(tracks)
          try store(row, side * settings.microBatchSize + place, tracks, in: &batch)
        }
      } catch {
        throw .dataset(error)
      }
    }
  }

  /// Whether samples lie anywhere in a dataset that is not soon in memory as a whole.
  var isScattered: Bool { tracks.contains { !$0.scattered.isEmpty } }

  /// Asks the system to begin reading the batch of a micro step, and does not wait for the elements.
  ///
  /// What cannot be read is told when the batch is filled.
  func readAhead(microStep: Int, using row: inout SampleRow) {
    for index in samples(microStep: microStep) {
      let (member, sample) = dataset.place(of: index)
      let source = dataset.members[member]
      for tracks in source.sides where !tracks.scattered.isEmpty {
        row.pieces.removeAll(keepingCapacity: true)
        try? source.order.appendPieces(of: sample, to: &row.pieces)
        try? row.readAhead(tracks.scattered, like: tracks.text)
      }
    }
  }

  private func store(
    _ row: SampleRow, _ place: Int, _ tracks: DocumentTracks, in batch: inout Batch
  ) throws(IndexedDataError) {
    let start = place * batch.columnCount
    let limit = Int32(clamping: settings.vocabularySize ?? .max)
    let masked = settings.masksEndOfDocument ? settings.endOfDocument : nil
    let columnCount = batch.columnCount
    let isSound = unsafe row.text.withUnsafeBufferPointer { text in
      unsafe row.labels.withUnsafeBufferPointer { labels in
        unsafe Self.withRow(of: &batch, at: start) { target in
          unsafe ctr_fill_batch_row(
            target, text.baseAddress, hasLabels ? labels.baseAddress : nil, columnCount, limit,
            masked ?? -1)
        }
      }
    }
    guard isSound else { throw badID(row, tracks, limit) }
    if hasRewards {
      for column in 0..<batch.columnCount { batch.rewards[start + column] = row.rewards[column] }
    }
    if settings.referenceName != nil {
      for column in 0..<batch.columnCount {
        batch.references[start + column] = row.references[column]
      }
    }
  }

  private static func withRow<Outcome>(
    of batch: inout Batch, at start: Int, _ body: (ctr_batch_row) -> Outcome
  ) -> Outcome {
    let columns = start..<(start + batch.columnCount)
    return unsafe batch.tokens.withUnsafeMutableBufferPointer { tokens in
      unsafe batch.labels.withUnsafeMutableBufferPointer { labels in
        unsafe batch.lossMask.withUnsafeMutableBufferPointer { mask in
          unsafe body(
            ctr_batch_row(
              tokens: UnsafeMutableBufferPointer(rebasing: tokens[columns]).baseAddress,
              labels: UnsafeMutableBufferPointer(rebasing: labels[columns]).baseAddress,
              mask: UnsafeMutableBufferPointer(rebasing: mask[columns]).baseAddress))
        }
      }
    }
  }

  private func badID(
    _ row: SampleRow, _ tracks: DocumentTracks, _ limit: Int32
  ) -> IndexedDataError {
    let documents = row.pieces.map { "\($0.document)" }.prefix(8).joined(separator: ", ")
    let text = row.text.first { $0 < 0 || $0 >= limit }
    return .unsuitable(
      path: text == nil ? tracks.labels?.prefix ?? tracks.text.prefix : tracks.text.prefix,
      reason: "among documents \(documents): expected token ids from 0 to \(limit - 1), found"
        + " \(text ?? row.labels.max() ?? limit); the data may have been made with another"
        + " tokenizer")
  }
}

/// Where a row of a batch comes from.
package struct BatchRow: Sendable, Equatable {
  /// The sample of the split.
  package var index: Int
  /// The dataset's place in its list.
  package var dataset: Int
  /// The sample of the dataset.
  package var sample: Int
  /// The documents and tokens it is made of.
  package var pieces: [SamplePiece]
}
