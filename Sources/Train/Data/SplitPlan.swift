internal import IndexedData

/// The datasets of a split, and what is asked of each, before anything is ordered.
struct SplitPlan: Sendable {
  /// A dataset of the split.
  struct Member: Sendable {
    /// The text, or both sides of pairs, each with its companions.
    let sides: [DocumentTracks]
    /// What is wanted of it.
    let request: OrderRequest
    /// What its split is called in the names of map files.
    let name: String
  }

  /// Which part of the data this is.
  let split: DataSplit
  /// The datasets.
  let members: [Member]
  /// Their weights, which add up to one.
  let weights: [Double]

  /// Opens the datasets of a split; `nil` where it has no documents.
  init?(_ split: DataSplit, _ settings: DataSettings) throws(TrainError) {
    self.split = split
    let samples = try settings.sampleCount(of: split)
    if let path = settings.dataPath {
      guard let member = try Self.part(of: path, split, samples, settings) else { return nil }
      members = [member]
      weights = [1]
      return
    }
    let list = settings[split]
    guard !list.paths.isEmpty else { return nil }
    var sides: [[DocumentTracks]] = []
    for place in list.paths.indices { sides.append(try Self.tracks(list, place, split, settings)) }
    let weights = try Self.weights(list, sides, split, settings)
    let shares = BlendWeights.shares(weights, samples: samples ?? 0)
    self.weights = shares.weights
    members = sides.enumerated().map { place, tracks in
      let documents = 0..<tracks[0].text.sequenceCount
      return Member(
        sides: tracks,
        request: Self.request(documents, samples.map { _ in shares.counts[place] }, settings),
        name: "\(split.rawValue)_\(place)")
    }
  }

  /// Finds the order of the samples.
  func dataset(_ settings: DataSettings) throws(TrainError) -> BlendedDataset {
    var datasets: [SampleDataset] = []
    for member in members {
      datasets.append(
        try SampleDataset(
          member.sides, member.request, settings.order, name: member.name,
          storage: settings.mapStorage, interruption: settings.interruption))
    }
    let epochs = datasets.compactMap(\.samplesPerEpoch)
    // An epoch of the blend is one of each dataset.
    let isByEpochs = settings.trainEpochs != nil && epochs.count == datasets.count
    return BlendedDataset(
      datasets,
      weights: isByEpochs
        ? BlendWeights.shares(epochs.map(Double.init), samples: 0).weights : weights,
      settings.order,
      keptUnder: settings.mapStorage == .besideData
        ? "\(datasets[0].sides[0].text.prefix)_\(split.rawValue)" : nil)
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
  private static func part(
    of path: String, _ split: DataSplit, _ samples: Int?, _ settings: DataSettings
  ) throws(TrainError) -> Member? {
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
    return Member(
      sides: [tracks],
      request: request(boundaries[place]..<boundaries[place + 1], samples, settings),
      name: split.rawValue)
  }

  private static func weights(
    _ list: DataList, _ sides: [[DocumentTracks]], _ split: DataSplit, _ settings: DataSettings
  ) throws(TrainError) -> [Double] {
    guard settings.weighsByDocumentCount else {
      return list.weights.isEmpty ? [Double](repeating: 1, count: sides.count) : list.weights
    }
    let weights = BlendWeights.byDocumentCount(
      sides.map { $0[0].text.sequenceCount }, alpha: settings.weightAlpha)
    // Powers beyond what numbers hold, or all documents in one of the datasets.
    guard weights.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
      throw .unsupported(
        what: "weighted_sampler_alpha \(settings.weightAlpha)",
        reason: "it gives the \(split.rawValue) data weights that are no numbers; choose one"
          + " nearer to 1, or give \(split.rawValue)_data_weights")
    }
    return weights
  }

  // One dataset of a list, or a pair of two.
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
