/// A dataset in numbers, found without looking at its elements.
package struct DatasetStatistics: Equatable, Sendable {
  /// The prefix.
  package let prefix: String
  /// The format of the index.
  package let format: IndexFormat
  /// The type of elements.
  package let elementType: ElementType
  /// Whose codes the index has.
  package let variant: IndexVariant
  /// Number of documents; sequences where the index does not tell documents apart.
  package let documents: Int
  /// Whether the index tells documents apart.
  package let hasDocumentBoundaries: Bool
  /// Number of sequences.
  package let sequences: Int
  /// Whether sequences have modes.
  package let hasModes: Bool
  /// Number of elements.
  package let tokens: Int
  /// Bytes of `.bin`.
  package let binBytes: Int
  /// Bytes of `.idx`.
  package let idxBytes: Int
  /// Sequences without elements.
  package let emptySequences: Int
  /// Lengths of sequences in elements: least, median, 99th percentile, most; 0 when there is none.
  package let shortest: Int
  package let median: Int
  package let percentile99: Int
  package let longest: Int
  /// Bin 0 counts empty sequences, bin k those of 2^(k−1) up to 2^k − 1 elements.
  package let histogram: [Int]

  /// The mean length of sequences.
  package var mean: Double { sequences == 0 ? 0 : Double(tokens) / Double(sequences) }

  /// The lengths that a bin of ``histogram`` counts.
  package static func lengths(ofBin bin: Int) -> ClosedRange<Int> {
    bin == 0 ? 0...0 : (1 << (bin - 1))...((1 << (bin - 1)) - 1 + (1 << (bin - 1)))
  }

  /// Counts a dataset's sequences; the lengths are exact and memory does not grow with the dataset.
  package init(_ dataset: IndexedDataset) throws(IndexedDataError) {
    var lengths = LengthCounts()
    try lengths.count(dataset)
    prefix = dataset.prefix
    format = dataset.format
    elementType = dataset.elementType
    variant = dataset.variant
    documents = dataset.tendedDocumentCount
    hasDocumentBoundaries = dataset.hasDocumentBoundaries
    sequences = dataset.sequenceCount
    hasModes = dataset.hasModes
    tokens = dataset.tokenCount
    binBytes = dataset.elementsByteCount
    idxBytes = dataset.indexByteCount
    emptySequences = lengths.histogram[0]
    shortest = lengths.shortest
    longest = lengths.longest
    median = try lengths.length(atRank: (dataset.sequenceCount - 1) / 2, dataset)
    percentile99 = try lengths.length(
      atRank: max(0, (dataset.sequenceCount * 99 + 99) / 100 - 1), dataset)
    let used = lengths.histogram.lastIndex { $0 > 0 } ?? -1
    histogram = Array(lengths.histogram[...max(used, 0)])
  }
}

/// Lengths counted one by one up to 65,535 and in bins of 65,536 above.
private struct LengthCounts {
  private static let fine = 1 << 16

  var histogram = [Int](repeating: 0, count: 65)
  var shortest = 0
  var longest = 0
  private var counts = [Int](repeating: 0, count: fine)
  private var coarse: [Int: Int] = [:]

  mutating func count(_ dataset: IndexedDataset) throws(IndexedDataError) {
    guard dataset.sequenceCount > 0 else { return }
    var sizes = try dataset.layout.sizes(
      dataset.indexPath, from: 0, count: dataset.sequenceCount)
    var least = Int64.max
    var most: Int64 = 0
    for sequence in 0..<dataset.sequenceCount {
      let size = try sizes.read()
      guard size >= 0, size <= Int64(dataset.tokenCount) else {
        throw .malformed(
          path: dataset.indexPath, byte: sizes.byteOffset - dataset.layout.sizeByteCount,
          what: "size of sequence \(sequence)", expected: "0 to \(dataset.tokenCount)",
          found: "\(size)")
      }
      least = min(least, size)
      most = max(most, size)
      histogram[64 - size.leadingZeroBitCount] += 1
      if size < Int64(Self.fine) {
        counts[Int(size)] += 1
      } else {
        coarse[Int(size >> 16), default: 0] += 1
      }
    }
    shortest = Int(least)
    longest = Int(most)
  }

  /// The length that stands at a place when all are sorted.
  func length(atRank rank: Int, _ dataset: IndexedDataset) throws(IndexedDataError) -> Int {
    var left = rank
    for (length, count) in counts.enumerated() {
      if left < count { return length }
      left -= count
    }
    for bin in coarse.keys.sorted() {
      let count = coarse[bin] ?? 0
      if left < count { return try length(atRank: left, inBin: bin, dataset) }
      left -= count
    }
    return 0
  }

  /// A second look at the sizes finds the exact length in a coarse bin.
  private func length(
    atRank rank: Int, inBin bin: Int, _ dataset: IndexedDataset
  ) throws(IndexedDataError) -> Int {
    var fine = [Int](repeating: 0, count: Self.fine)
    var sizes = try dataset.layout.sizes(
      dataset.indexPath, from: 0, count: dataset.sequenceCount)
    for _ in 0..<dataset.sequenceCount {
      let size = try sizes.read()
      if Int(size >> 16) == bin { fine[Int(size & 0xFFFF)] += 1 }
    }
    var left = rank
    for (rest, count) in fine.enumerated() {
      if left < count { return bin << 16 | rest }
      left -= count
    }
    return 0
  }
}
