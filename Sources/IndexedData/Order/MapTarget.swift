internal import Machine

/// Where the numbers of one map go, block by block.
protocol MapTarget: SendableMetatype {
  /// What there is when all are there.
  associatedtype Outcome: Sendable

  /// Takes the next numbers.
  mutating func append(_ numbers: [Int64]) throws(IndexedDataError)
  /// Ends the map.
  mutating func finish() throws(IndexedDataError) -> Outcome
}

/// A map in memory.
struct MapArray: MapTarget {
  private var numbers: [Int64] = []

  mutating func append(_ more: [Int64]) { numbers += more }

  mutating func finish() -> MapNumbers { .int64(numbers) }
}

/// A map that is written to its file as it comes.
struct MapFile: MapTarget {
  private final class Stream {
    var stream: NumPyStream

    init(_ stream: consuming NumPyStream) { self.stream = stream }
  }

  private let stream: Stream

  /// Begins the file of rows of `shape`, whose first length is counted at the end with `grows`.
  init(
    to path: String, shape: [Int], grows: Bool, _ interruption: Interruption?
  ) throws(IndexedDataError) {
    let header = NumPyHeader(type: .int64, shape: shape)
    stream = Stream(
      try NumPyStream(header, to: path, grows: grows, interruption: interruption))
  }

  mutating func append(_ numbers: [Int64]) throws(IndexedDataError) {
    try stream.stream.append(numbers)
  }

  mutating func finish() throws(IndexedDataError) -> WrittenFile { try stream.stream.finish() }
}

/// Documents and rows on their way to their targets.
struct MapBlocks<Target: MapTarget> {
  private static var blockCount: Int { 1 << 15 }

  /// Documents so far.
  private(set) var documentCount = 0
  /// Rows so far.
  private(set) var rowCount = 0
  private var documentTarget: Target
  private var rowTarget: Target
  private var documents: [Int64] = []
  private var rows: [Int64] = []

  init(documents documentTarget: Target, rows rowTarget: Target) {
    self.documentTarget = documentTarget
    self.rowTarget = rowTarget
    documents.reserveCapacity(Self.blockCount)
    rows.reserveCapacity(Self.blockCount)
  }

  mutating func add(document: Int) throws(IndexedDataError) {
    documents.append(Int64(document))
    documentCount += 1
    if documents.count == Self.blockCount { try flush() }
  }

  /// A sample that begins with the first token of the document at a place.
  mutating func add(row place: Int) throws(IndexedDataError) {
    rows.append(Int64(place))
    rows.append(0)
    rowCount += 1
    if rows.count == Self.blockCount { try flush() }
  }

  private mutating func flush() throws(IndexedDataError) {
    try documentTarget.append(documents)
    try rowTarget.append(rows)
    documents.removeAll(keepingCapacity: true)
    rows.removeAll(keepingCapacity: true)
  }

  /// Hands out what is left.
  mutating func finish() throws(IndexedDataError) -> (
    documents: Target.Outcome, rows: Target.Outcome
  ) {
    try flush()
    return (try documentTarget.finish(), try rowTarget.finish())
  }
}

extension MapTarget {
  /// Takes a whole shuffle.
  mutating func append<Number: FixedWidthInteger>(
    shuffle numbers: [Number], modulo limit: Int
  ) throws(IndexedDataError) {
    let blockCount = 1 << 15
    var block: [Int64] = []
    for start in stride(from: 0, to: numbers.count, by: blockCount) {
      block.removeAll(keepingCapacity: true)
      for number in numbers[start..<min(numbers.count, start + blockCount)] {
        // A division a number takes longer than all else here.
        let number = Int64(number)
        block.append(number < limit ? number : number % Int64(limit))
      }
      try append(block)
    }
  }
}
