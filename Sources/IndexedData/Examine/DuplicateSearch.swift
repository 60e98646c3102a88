package import Machine

/// Which documents of a dataset hold the same tokens as an earlier one.
///
/// Where other datasets say more of the same documents, such as labels and rewards, documents are the
/// same when all of these are. Each document's XXH64 is taken by several threads; documents of equal
/// hashes are compared token by token, so no chance makes two documents one. It takes from 35 to 70
/// bytes of memory a document, however long documents are.
package struct DuplicateSearch: Sendable {
  private let dataset: IndexedDataset
  private let companions: [IndexedDataset]

  /// Looks at a dataset, and at what others say of its documents.
  ///
  /// - Throws: `unsuitable` where one of them has another number of documents.
  package init(
    _ dataset: IndexedDataset, with companions: [IndexedDataset] = []
  ) throws(IndexedDataError) {
    self.dataset = dataset
    self.companions = companions
    for other in companions { try other.requireDocuments(of: dataset) }
  }

  /// What was found.
  package struct Outcome: Sendable {
    /// For each document the number of the first with the same tokens among those that are kept,
    /// counted without the ones that are not.
    package var keptPlaces: [Int64] = []
    /// How many documents are kept.
    package var keptCount = 0
    /// Tokens of the documents that are not kept.
    package var repeatedTokens = 0

    /// Whether a document is the first with its tokens.
    ///
    /// Places of the first ones rise by one; those of others are lower than what came before.
    var isKept: [Bool] {
      var next: Int64 = 0
      return keptPlaces.map { place in
        guard place == next else { return false }
        next += 1
        return true
      }
    }
  }

  /// Looks through the whole dataset.
  ///
  /// `progress` is told of the bytes of `.bin` that are done, and their number.
  ///
  /// - Throws: `interrupted` once `interruption` is raised.
  package func run(
    workers: Int, interruption: Interruption? = nil,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(IndexedDataError) -> Outcome {
    let count = dataset.tendedDocumentCount
    let total = ([dataset] + companions).reduce(0) { $0 + $1.elementsByteCount }
    let step = max(1, min(65_536, (4 << 20) / max(total / max(count, 1), 1)))
    var next = 0
    var table = FirstDocuments(capacity: count)
    var outcome = Outcome()
    outcome.keptPlaces.reserveCapacity(count)
    var done = 0
    let ending = try OrderedPipeline(workers: workers, name: "hash").run(
      interruption: interruption,
      makeContext: { () },
      next: { () throws(IndexedDataError) -> Range<Int>? in
        guard next < count else { return nil }
        defer { next = min(next + step, count) }
        return next..<min(next + step, count)
      },
      work: { (_, documents) throws(IndexedDataError) in
        try documents.map { (document) throws(IndexedDataError) in try digest(document) }
      },
      commit: { (digests) throws(IndexedDataError) in
        for digest in digests {
          try take(digest, &table, &outcome)
          done += digest.byteCount
        }
        progress(done, total)
      })
    guard ending == .finished else { throw .interrupted }
    return outcome
  }

  private struct Digest: Sendable {
    var document: Int
    var hash: UInt64
    /// Bytes of all datasets, and of the tokens alone.
    var byteCount: Int
    var tokenByteCount: Int
  }

  private func digest(_ document: Int) throws(IndexedDataError) -> Digest {
    var hash = ContentHash()
    let tokens = try add(document, of: dataset, to: &hash)
    var bytes = tokens
    for other in companions { bytes += try add(document, of: other, to: &hash) }
    return Digest(
      document: document, hash: hash.value, byteCount: bytes, tokenByteCount: tokens)
  }

  private func add(
    _ document: Int, of dataset: IndexedDataset, to hash: inout ContentHash
  ) throws(IndexedDataError) -> Int {
    var byteCount = 0
    for sequence in try dataset.tendedSequences(ofDocument: document) {
      byteCount += try dataset.withBytes(of: sequence) { bytes in
        hash.update(bytes)
        return bytes.byteCount
      }
    }
    return byteCount
  }

  private func take(
    _ digest: Digest, _ table: inout FirstDocuments, _ outcome: inout Outcome
  ) throws(IndexedDataError) {
    let first = try table.first(digest.hash, digest.document) { (other) throws(IndexedDataError) in
      try hasSameTokens(digest.document, other)
    }
    guard let first else {
      outcome.keptPlaces.append(Int64(outcome.keptCount))
      outcome.keptCount += 1
      return
    }
    outcome.keptPlaces.append(outcome.keptPlaces[first])
    outcome.repeatedTokens += digest.tokenByteCount / dataset.elementType.byteCount
  }

  private func hasSameTokens(_ a: Int, _ b: Int) throws(IndexedDataError) -> Bool {
    for dataset in [dataset] + companions {
      guard try dataset.haveSameElements(a, b) else { return false }
    }
    return true
  }
}

extension IndexedDataset {
  /// Whether two documents have the same elements, in sequences of whatever lengths.
  func haveSameElements(_ a: Int, _ b: Int) throws(IndexedDataError) -> Bool {
    var left = try DocumentBytes(self, a)
    var right = try DocumentBytes(self, b)
    while true {
      let count = min(try left.ready(), try right.ready(), 1 << 20)
      guard count > 0 else { return try left.ready() == right.ready() }
      let one = left.take(count)
      let other = right.take(count)
      let areSame = try withElementBytes(one) { (bytes) throws(IndexedDataError) in
        try withElementBytes(other) { haveSameBytes(bytes, $0) }
      }
      guard areSame else { return false }
    }
  }

  /// All bytes of a document, wherever its sequences lie.
  func bytes(ofDocument document: Int) throws(IndexedDataError) -> [UInt8] {
    var bytes: [UInt8] = []
    for sequence in try tendedSequences(ofDocument: document) {
      try withBytes(of: sequence) { more in
        unsafe more.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
      }
    }
    return bytes
  }
}

/// Walks through the bytes of a document, sequence by sequence.
private struct DocumentBytes {
  private let dataset: IndexedDataset
  private var sequences: Range<Int>
  /// Bytes of `.bin` of the sequence that was not taken whole.
  private var bytes = 0..<0

  init(_ dataset: IndexedDataset, _ document: Int) throws(IndexedDataError) {
    self.dataset = dataset
    sequences = try dataset.tendedSequences(ofDocument: document)
  }

  /// How many bytes follow that lie together; 0 at the end.
  mutating func ready() throws(IndexedDataError) -> Int {
    while bytes.isEmpty, let sequence = sequences.first {
      sequences = sequence + 1..<sequences.upperBound
      bytes = try dataset.byteRange(of: sequence)
    }
    return bytes.count
  }

  /// The next bytes, as many as are ready at most.
  mutating func take(_ count: Int) -> Range<Int> {
    let taken = bytes.lowerBound..<bytes.lowerBound + count
    bytes = taken.upperBound..<bytes.upperBound
    return taken
  }
}

/// The first document of each hash, and others of the same hash with other tokens.
private struct FirstDocuments {
  // A place holds a document's number plus one, or 0 where it is free.
  private var places: [UInt64]
  private var hashes: [UInt64]
  private let mask: Int

  init(capacity: Int) {
    var count = 16
    while count < capacity + capacity / 2 { count *= 2 }
    places = Array(repeating: 0, count: count)
    hashes = Array(repeating: 0, count: count)
    mask = count - 1
  }

  /// The first document that is the same as `document`; `nil` after it was taken in as the first.
  mutating func first(
    _ hash: UInt64, _ document: Int, isSame: (Int) throws(IndexedDataError) -> Bool
  ) throws(IndexedDataError) -> Int? {
    var place = Int(truncatingIfNeeded: hash) & mask
    while places[place] != 0 {
      let other = Int(places[place] - 1)
      if hashes[place] == hash, try isSame(other) { return other }
      place = (place + 1) & mask
    }
    places[place] = UInt64(document + 1)
    hashes[place] = hash
    return nil
  }
}
