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
  /// What the user should know: maps that could not be written, faults that were asked for.
  package let notes: [String]

  /// Opens the datasets, checks that they fit together, and finds their order.
  ///
  /// - Throws: `unsupported` for settings that contradict each other, `dataset` for data that do
  ///   not fit.
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

  /// What the user should know of some splits.
  static func notes(_ sources: [BatchSource], _ settings: DataSettings) -> [String] {
    var notes: [String] = []
    for source in sources {
      for member in source.dataset.members {
        guard case .memory(let reason?) = member.mapOrigin else { continue }
        notes.append(
          "\(member.sides[0].text.prefix): index maps of \(source.split.rawValue) stay in memory"
            + " and will be made again by the next run: \(reason)")
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

  /// Batches of one split; `nil` where it has no documents.
  static func source(
    _ split: DataSplit, _ settings: DataSettings
  ) throws(TrainError) -> BatchSource? {
    let samples = try settings.sampleCount(of: split)
    let blended: BlendedDataset?
    if let path = settings.dataPath {
      blended = try splitDataset(path, split, samples, settings)
    } else {
      blended = try listedDatasets(split, samples, settings)
    }
    guard let blended else { return nil }
    return try BatchSource(blended, split, settings)
  }

  private static func request(
    _ documents: Range<Int>, _ samples: Int?, _ settings: DataSettings
  ) -> OrderRequest {
    OrderRequest(
      documents: documents, length: samples.map(OrderLength.samples) ?? .epochs(1),
      sequenceLength: settings.sequenceLength, seed: settings.seed, packing: settings.packing,
      allowsChopping: settings.allowsChopping, neoxQuirks: settings.neoxQuirks)
  }

  // One dataset for all splits.
  private static func splitDataset(
    _ path: String, _ split: DataSplit, _ samples: Int?, _ settings: DataSettings
  ) throws(TrainError) -> BlendedDataset? {
    let tracks = try DocumentTracks(
      text: .init(path: path, key: "data_path"), labels: nil, rewards: nil,
      referenceName: settings.referenceName,
      sequenceLength: settings.sequenceLength, mode: settings.readingMode)
    let boundaries: [Int]
    do throws(IndexedDataError) {
      boundaries = try splitBoundaries(settings.split, count: tracks.text.sequenceCount)
    } catch {
      throw .dataset(error)
    }
    let place = DataSplit.allCases.firstIndex(of: split) ?? 0
    guard boundaries.allSatisfy({ $0 >= 0 && $0 <= tracks.text.sequenceCount }) else {
      throw .unsupported(
        what: "split '\(settings.split)'",
        reason: "\(tracks.text.sequenceCount) documents of \(path) cannot be shared out so;"
          + " GPT-NeoX's rounding gives the boundaries \(boundaries)")
    }
    guard boundaries[place] < boundaries[place + 1] else { return nil }
    let dataset = try SampleDataset(
      [tracks], request(boundaries[place]..<boundaries[place + 1], samples, settings),
      settings.order, name: split.rawValue, storage: settings.mapStorage)
    return BlendedDataset([dataset], weights: [1], settings.order)
  }

  // A list of datasets for each split.
  private static func listedDatasets(
    _ split: DataSplit, _ samples: Int?, _ settings: DataSettings
  ) throws(TrainError) -> BlendedDataset? {
    let list = settings[split]
    guard !list.paths.isEmpty else { return nil }
    var sides: [[DocumentTracks]] = []
    for place in list.paths.indices { sides.append(try tracks(list, place, split, settings)) }
    var weights = list.weights
    if weights.isEmpty { weights = [Double](repeating: 1, count: sides.count) }
    if settings.weighsByDocumentCount {
      weights = BlendWeights.byDocumentCount(
        sides.map { $0[0].text.sequenceCount }, alpha: settings.weightAlpha)
      // Powers beyond what numbers hold, or all documents in one of the datasets.
      guard weights.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
        throw .unsupported(
          what: "weighted_sampler_alpha \(settings.weightAlpha)",
          reason: "it gives the \(split.rawValue) data weights that are no numbers; choose one"
            + " nearer to 1, or give \(split.rawValue)_data_weights")
      }
    }
    let shares = BlendWeights.shares(weights, samples: samples ?? 0)
    var members: [SampleDataset] = []
    for (place, tracks) in sides.enumerated() {
      let documents = 0..<tracks[0].text.sequenceCount
      members.append(
        try SampleDataset(
          tracks, request(documents, samples.map { _ in shares.counts[place] }, settings),
          settings.order, name: "\(split.rawValue)_\(place)", storage: settings.mapStorage))
    }
    let epochs = members.compactMap(\.samplesPerEpoch)
    if settings.trainEpochs != nil, epochs.count == members.count {
      // An epoch of the blend is one of each dataset.
      weights = BlendWeights.shares(epochs.map(Double.init), samples: 0).weights
      return BlendedDataset(members, weights: weights, settings.order)
    }
    return BlendedDataset(members, weights: shares.weights, settings.order)
  }

  private static func tracks(
    _ list: DataList, _ place: Int, _ split: DataSplit, _ settings: DataSettings
  ) throws(TrainError) -> [DocumentTracks] {
    func name(_ paths: [String], _ key: String) -> DocumentTracks.Name? {
      paths.isEmpty ? nil : .init(path: paths[place], key: "\(key)_data_paths[\(place)]")
    }
    func open(
      _ text: String, _ labels: [String], _ rewards: [String], _ key: String
    ) throws(TrainError) -> DocumentTracks {
      try DocumentTracks(
        text: .init(path: text, key: "\(key)_data_paths[\(place)]"),
        labels: name(labels, key + "_label"), rewards: name(rewards, key + "_reward"),
        referenceName: settings.referenceName,
        sequenceLength: settings.sequenceLength, mode: settings.readingMode)
    }
    let split = split.rawValue
    let text = try open(
      list.paths[place], list.labels, list.rewards, settings.hasPairs ? "pos_\(split)" : split)
    guard settings.hasPairs else { return [text] }
    let negative = try open(list.negatives[place], list.negativeLabels, [], "neg_\(split)")
    guard text.text.sequenceCount == negative.text.sequenceCount else {
      throw .data(
        key: "neg_\(split)_data_paths[\(place)]",
        .unequalShapes(
          first: text.text.prefix, second: negative.text.prefix, what: "documents",
          expected: text.text.sequenceCount, found: negative.text.sequenceCount))
    }
    return [text, negative]
  }
}
