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
    let lengths = try LengthCounts(dataset, of: .sequences)
    let percentiles = try lengths.percentiles([50, 99])
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
    emptySequences = lengths.octaves[0]
    shortest = lengths.shortest
    longest = lengths.longest
    median = percentiles[0]
    percentile99 = percentiles[1]
    let used = lengths.octaves.lastIndex { $0 > 0 } ?? -1
    histogram = Array(lengths.octaves[...max(used, 0)])
  }
}
