internal import IndexedData

/// The data of a run: for each split, which sample comes when.
package struct TrainingData: Sendable {
  /// Batches of training data.
  package let train: BatchSource
  /// Batches for evaluation on the way and at the end; `nil` when there is none.
  package let valid: BatchSource?
  /// Batches for the test at the end; `nil` when there is none.
  package let test: BatchSource?
  /// How many steps the run has: as asked for, or as the epochs give.
  package let iterations: Int
  /// What most likely ruins the run: datasets of another tokenizer.
  package let warnings: [String]
  /// What the user should know: maps that could not be written, faults that were asked for.
  package let notes: [String]

  /// Opens the datasets, checks that they fit together, and finds their order.
  ///
  /// - Throws: `unsupported` for settings that contradict each other, `dataset` for data that do
  ///   not fit, `interrupted` where the settings' interruption ended it.
  package init(_ settings: DataSettings) throws(TrainError) {
    try settings.check()
    guard let train = try Self.source(.train, settings) else {
      throw .unsupported(
        what: settings.dataPath ?? "train_data_paths",
        reason: "the split '\(settings.split)' leaves no documents to train on")
    }
    self.train = train
    let evaluates = settings.evaluationIterations > 0
    valid = evaluates ? try Self.source(.valid, settings) : nil
    test = evaluates ? try Self.source(.test, settings) : nil
    let isCut = evaluates && settings.dataPath != nil
    let empty = isCut ? [(DataSplit.valid, valid), (.test, test)].filter { $0.1 == nil } : []
    warnings = settings.tokenizerNotes
    notes =
      empty.map {
        "the split '\(settings.split)' leaves no documents for \($0.0.rawValue) data: nothing is"
          + " evaluated on them"
      }
      + Self.notes([self.train, valid, test].compactMap { $0 }, settings)
    iterations = Self.iterations(settings, of: train)
    guard iterations > 0 || settings.trainEpochs == nil else {
      throw .unsupported(
        what: "train_epochs",
        reason: "\(settings.trainEpochs ?? 1) of them have fewer samples than the"
          + " \(settings.trainBatchSize) of a step")
    }
  }

  /// How many steps training has, with batches of this source.
  static func iterations(_ settings: DataSettings, of train: BatchSource) -> Int {
    if let iterations = settings.trainIterations { return iterations }
    let epochs = settings.trainEpochs ?? 1
    if let samples = train.dataset.samplesPerEpoch {
      return samples * epochs / settings.trainBatchSize
    }
    return train.count * epochs / settings.accumulationSteps
  }

  /// What the user should know of some splits, but for ``warnings``.
  static func notes(_ sources: [BatchSource], _ settings: DataSettings) -> [String] {
    var notes: [String] = []
    for source in sources {
      for member in source.dataset.members {
        notes += leftOut(member, source.split, settings)
        let maps = "\(member.sides[0].text.prefix): index maps of \(source.split.rawValue)"
        switch member.mapOrigin {
        case .memory(let reason?):
          notes.append("\(maps) stay in memory and will be made again by the next run: \(reason)")
        case .rebuilt:
          notes.append(
            "\(maps) were made again: those there did not fit the data or the options, or were damaged"
          )
        case .memory(nil), .reused, .written: continue
        }
      }
    }
    guard settings.neoxQuirks else { return notes }
    let isNeox = settings.order == .neox
    if isNeox, settings.dataPath != nil, settings.packing != .packed {
      notes.append(
        "neox_quirks: with pack_impl \(settings.packing.rawValue) all splits of data_path draw from"
          + " the first documents, so validation and test see training data")
    }
    if isNeox, settings.hasPairs, settings.packing == .packUntilOverflow,
      !settings.allowsChopping
    {
      notes.append(
        "neox_quirks: without allow_chopped, pairs are left out when they are shorter than a"
          + " sample, not when they are longer")
    }
    for split in [DataSplit.valid, .test]
    where settings.train.labels.isEmpty && !settings[split].labels.isEmpty {
      notes.append(
        "neox_quirks: \(split.rawValue)_label_data_paths mask nothing, as the training data have no"
          + " labels")
    }
    return notes
  }

  /// Tells which documents are never seen, as GPT-NeoX leaves them out without a word.
  private static func leftOut(
    _ member: SampleDataset, _ split: DataSplit, _ settings: DataSettings
  ) -> [String] {
    let leftOut = member.leftOut
    let paths = member.sides.map(\.text.prefix).joined(separator: " and ")
    func note(_ count: Int, _ reason: String) -> String? {
      guard count > 0 else { return nil }
      let number = RunProgress.grouped(Double(count))
      let examined = RunProgress.grouped(Double(leftOut.examined))
      let kind = member.sides.count > 1 ? "pairs" : "documents"
      // Fewer are looked at where the samples need no more.
      let all =
        leftOut.examined < leftOut.total
        ? "the \(examined) \(kind) looked at in" : "\(examined) \(kind) of"
      return (split == .train ? "" : "\(split.rawValue) data: ")
        + "\(number) of \(all) \(paths) \(reason)"
    }
    let lack = member.sides.count > 1 ? "have a side without a" : "have no"
    return [
      note(
        leftOut.masked,
        "\(lack) trained label within seq_length \(settings.sequenceLength) and are left out, as in"
          + " GPT-NeoX"),
      note(leftOut.unfit, "are left out for their length, as allow_chopped is false"),
    ].compactMap { $0 }
  }

  /// Batches of one split; `nil` where it has no documents.
  static func source(
    _ split: DataSplit, _ settings: DataSettings
  ) throws(TrainError) -> BatchSource? {
    guard let plan = try SplitPlan(split, settings) else { return nil }
    return try BatchSource(plan.dataset(settings), split, settings)
  }
}
