/// An order of samples that nothing changes but the data, the length of samples and the seed.
///
/// Each epoch has all samples once, in the order of a ``KeyedPermutation`` of its own; epochs follow
/// each other without end. Any sample is found at once, and what it is does not depend on how many
/// are asked for.
///
/// - packed: the documents of an epoch are laid end to end in the order of the dataset, as a ring,
///   which is cut every `S` tokens from a token on that the epoch's key decides; each sample takes
///   the next one's first token along. The ring has `(T - 1) / S` samples, one where that is none,
///   and the tokens behind the last one rest until the next epoch, which begins elsewhere.
/// - unpacked: one document a sample, nothing of the next one.
/// - pack until overflow: as many whole documents as fit, in the order of the dataset, the same ones
///   together in every epoch.
///
/// Of the two latter, documents whose labels train nothing are left out, and those longer than a sample
/// unless they may be chopped. Memory: an eighth of a byte a document (packed), or a quarter.
package struct StableOrder: SampleOrder {
  /// As many samples as any run can draw.
  package static let endlessCount = 1 << 40

  /// How many samples an epoch has.
  package let samplesPerEpoch: Int
  /// The documents, or pairs, that are in no sample.
  package let leftOut: LeftOutDocuments
  private let layout: Layout
  private let documents: Range<Int>
  private let seed: UInt32

  private enum Layout: Sendable {
    case packed(TokenPlaces, length: Int)
    /// `starts` are the documents that begin a sample, `kept` those that are in one; counted from
    /// the first document on.
    case whole(starts: BitSelection, kept: BitSelection)
  }

  /// Finds the samples of an epoch; ``OrderRequest/length`` and quirks do not matter.
  ///
  /// - Throws: `unsuitable` when there is nothing to draw from.
  package init(_ request: OrderRequest, _ data: OrderData) throws(IndexedDataError) {
    var request = request
    request.neoxQuirks = false
    request.length = .samples(0)
    try SampleMaps.check(request, data)
    seed = request.seed
    documents = request.documents
    switch request.packing {
    case .packed:
      let places = try TokenPlaces(data.text, request.documents)
      guard places.count > 0 else {
        throw .unsuitable(
          path: data.text.prefix,
          reason: "documents \(request.documents.lowerBound) to \(request.documents.upperBound)"
            + " hold no tokens to train on")
      }
      layout = .packed(places, length: request.sequenceLength)
      samplesPerEpoch = max(1, (places.count - 1) / request.sequenceLength)
      leftOut = LeftOutDocuments()
    case .unpacked, .packUntilOverflow:
      // What the first label is the answer to lies in another document.
      let filter = try DocumentFilter(request, data, labels: 1..<(request.sequenceLength + 1))
      let room = request.packing == .unpacked ? 0 : request.sequenceLength + 1
      var leftOut = LeftOutDocuments()
      let (starts, kept) = try Self.samples(filter, room: room, &leftOut)
      self.leftOut = leftOut
      guard starts.count > 0 else { throw filter.nothingLeft }
      layout = .whole(starts: starts, kept: kept)
      samplesPerEpoch = starts.count
    }
  }

  /// Puts documents into samples of up to `room` tokens, or one into each.
  private static func samples(
    _ filter: DocumentFilter, room: Int, _ leftOut: inout LeftOutDocuments
  ) throws(IndexedDataError) -> (starts: BitSelection, kept: BitSelection) {
    var starts = BitSelection()
    var kept = BitSelection()
    var filled = 0
    leftOut.total = filter.count
    for choice in 0..<filter.count {
      let reason = try filter.reason(toSkip: choice)
      leftOut.add(reason)
      let isKept = reason == nil
      let length = filter.length(choice)
      let isStart = isKept && (kept.count == 0 || filled + length > room || room == 0)
      if isStart { filled = 0 }
      if isKept { filled += length }
      starts.append(isStart)
      kept.append(isKept)
    }
    return (starts, kept)
  }

  package var count: Int { Self.endlessCount }

  package func appendPieces(
    of index: Int, to pieces: inout [SamplePiece]
  ) throws(IndexedDataError) {
    precondition(index >= 0, "samples are counted from 0")
    let epoch = index / samplesPerEpoch
    var key = KeyStream(seed: seed, epoch: epoch)
    let permutation = KeyedPermutation(count: samplesPerEpoch, key: &key)
    let sample = permutation[index % samplesPerEpoch]
    switch layout {
    case .packed(let places, let length):
      let start = key.next(below: places.count)
      // No overflow: an epoch has at most 2^61 tokens, and starts before its end.
      let token = (start + sample * length) % places.count
      try places.appendPieces(from: token, length: length + 1, to: &pieces)
    case .whole(let starts, let kept):
      let start = starts[sample]
      let end = sample + 1 < starts.count ? starts[sample + 1] : kept.limit
      for choice in start..<end where kept.contains(choice) {
        pieces.append(SamplePiece(document: documents.lowerBound + choice, offset: 0, count: nil))
      }
    }
  }

  /// Finds the samples of each epoch that hold the document, and where the permutation has them.
  package func samples(
    naming document: Int, in range: Range<Int>
  ) throws(IndexedDataError) -> [Int] {
    guard documents.contains(document), !range.isEmpty else { return [] }
    var found: [Int] = []
    for epoch in (range.lowerBound / samplesPerEpoch)...((range.upperBound - 1) / samplesPerEpoch) {
      var key = KeyStream(seed: seed, epoch: epoch)
      let permutation = KeyedPermutation(count: samplesPerEpoch, key: &key)
      let samples =
        switch layout {
        case .packed(let places, let length):
          try Self.samples(
            over: places.tokens(of: document), from: key.next(below: places.count),
            ring: places.count, length: length, count: samplesPerEpoch)
        case .whole(let starts, let kept):
          Self.sample(of: document - documents.lowerBound, starts, kept)
        }
      found += samples.map { epoch * samplesPerEpoch + permutation.place(of: $0) }
    }
    return found.filter(range.contains).sorted()
  }

  /// The samples of a ring, cut from `start` on, that hold some of its tokens.
  private static func samples(
    over tokens: Range<Int>, from start: Int, ring: Int, length: Int, count: Int
  ) -> [Int] {
    guard !tokens.isEmpty else { return [] }
    guard ring > length else { return [0] }
    let first = (tokens.lowerBound - start + ring) % ring
    let last = first + tokens.count - 1
    var samples: Set<Int> = []
    // Behind the end of the ring the document goes on at its beginning.
    for (first, last) in [(first, min(last, ring - 1)), (0, last - ring)] where first <= last {
      // A sample's last token is the first of the next one.
      samples.formUnion(max(0, (first - 1) / length)...(last / length))
    }
    return samples.filter { $0 < count }
  }

  private static func sample(of choice: Int, _ starts: BitSelection, _ kept: BitSelection) -> [Int]
  {
    guard kept.contains(choice) else { return [] }
    return [starts.rank(of: choice) - (starts.contains(choice) ? 0 : 1)]
  }
}
