internal import IndexedData

/// A sample as it is drawn: `S + 1` tokens and what belongs to each.
///
/// Made once and filled again.
package struct SampleRow: Sendable {
  /// Tokens, padded with 0.
  var text: [Int32]
  /// Labels, padded with -100; not filled where there are none.
  var labels: [Int32]
  /// The reward of each token's document, padded with 0; not filled where there are none.
  var rewards: [Float]
  /// Reference log-probabilities, padded with 0; not filled where there are none.
  var references: [Float]
  /// What the sample is made of.
  var pieces: [SamplePiece] = []

  /// Makes room for samples of `S + 1` tokens.
  package init(sequenceLength: Int) {
    text = [Int32](repeating: 0, count: sequenceLength + 1)
    labels = text
    rewards = [Float](repeating: 0, count: sequenceLength + 1)
    references = rewards
  }

  /// Reads ``pieces`` from the datasets.
  mutating func read(_ tracks: DocumentTracks) throws(IndexedDataError) {
    var filled = 0
    for piece in pieces where filled < text.count {
      var span = text.mutableSpan
      let count = try Self.read(tracks.text, piece, at: filled, into: &span)
      if let rewards = tracks.rewards {
        try fillRewards(rewards, piece.document, filled..<(filled + count))
      }
      filled += count
    }
    for place in filled..<text.count {
      text[place] = 0
      rewards[place] = 0
    }
    if let labels = tracks.labels { try readLabels(labels) }
    if let references = tracks.references { try readReferences(references) }
  }

  /// Asks the system to begin reading what ``read(_:)`` will want of some datasets with the sizes of
  /// `text`, and does not wait.
  func readAhead(_ datasets: [IndexedDataset], like text: IndexedDataset) throws(IndexedDataError) {
    var filled = 0
    for piece in pieces where filled < self.text.count {
      let size = try text.size(of: piece.document)
      let count = min(piece.count ?? .max, max(0, size - piece.offset), self.text.count - filled)
      for dataset in datasets where count > 0 {
        // Reference log-probabilities are shorter than documents may be.
        let available = try dataset.size(of: piece.document) - piece.offset
        guard available > 0 else { continue }
        try dataset.readAhead(piece.document, from: piece.offset, count: min(count, available))
      }
      filled += count
    }
  }

  private mutating func readLabels(_ dataset: IndexedDataset) throws(IndexedDataError) {
    var filled = 0
    for piece in pieces where filled < labels.count {
      var span = labels.mutableSpan
      filled += try Self.read(dataset, piece, at: filled, into: &span)
    }
    for place in filled..<labels.count { labels[place] = -100 }
  }

  private mutating func fillRewards(
    _ dataset: IndexedDataset, _ document: Int, _ places: Range<Int>
  ) throws(IndexedDataError) {
    guard let place = places.first else { return }
    var span = rewards.mutableSpan
    var first = span._mutatingExtracting(place..<(place + 1))
    try dataset.read(document, into: &first)
    let reward = rewards[place]
    for place in places { rewards[place] = reward }
  }

  private mutating func readReferences(_ dataset: IndexedDataset) throws(IndexedDataError) {
    var filled = 0
    for piece in pieces where filled < references.count {
      let size = try dataset.size(of: piece.document)
      let count = min(piece.count ?? max(0, size - piece.offset), references.count - filled)
      var span = references.mutableSpan
      var part = span._mutatingExtracting(filled..<(filled + count))
      try dataset.read(piece.document, from: piece.offset, into: &part)
      filled += count
    }
    for place in filled..<references.count { references[place] = 0 }
  }

  /// How many tokens of a piece a row takes that has so much room left.
  static func count(
    _ piece: SamplePiece, of dataset: IndexedDataset, room: Int
  ) throws(IndexedDataError) -> Int {
    let size = try dataset.size(of: piece.document)
    // The first token of the next document that has one: GPT-NeoX reads past the empty one.
    if size == 0, piece.count == 1 {
      return try dataset.firstToken(after: piece.document) == nil ? 0 : min(1, room)
    }
    return min(piece.count ?? max(0, size - piece.offset), room)
  }

  // Reads as much of a piece as fits and says how much that was.
  private static func read(
    _ dataset: IndexedDataset, _ piece: SamplePiece, at filled: Int,
    into target: inout MutableSpan<Int32>
  ) throws(IndexedDataError) -> Int {
    let count = try count(piece, of: dataset, room: target.count - filled)
    if count == 1, try dataset.size(of: piece.document) == 0,
      let token = try dataset.firstToken(after: piece.document)
    {
      guard let short = Int32(exactly: token) else {
        throw .notAnID(path: dataset.prefix, sequence: piece.document + 1, found: "\(token)")
      }
      target[filled] = short
      return 1
    }
    var part = target._mutatingExtracting(filled..<(filled + count))
    try dataset.read(piece.document, from: piece.offset, into: &part)
    return count
  }
}
