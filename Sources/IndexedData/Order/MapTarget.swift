internal import Machine

/// Where the numbers of maps go, block by block.
protocol MapTarget: AnyObject {
  /// The next documents.
  func append(documents: [Int64]) throws(IndexedDataError)
  /// The next rows: the place of a sample's first document, and its first token there.
  func append(rows: [Int64]) throws(IndexedDataError)
  /// The next numbers of the shuffle.
  func append(shuffle: [Int64]) throws(IndexedDataError)
}

/// Documents and rows on their way to a target.
struct MapBlocks<Target: MapTarget> {
  private static var blockCount: Int { 1 << 15 }

  /// Documents so far.
  private(set) var documentCount = 0
  /// Rows so far.
  private(set) var rowCount = 0
  private let target: Target
  private var documents: [Int64] = []
  private var rows: [Int64] = []

  init(_ target: Target) {
    self.target = target
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

  mutating func flush() throws(IndexedDataError) {
    try target.append(documents: documents)
    try target.append(rows: rows)
    documents.removeAll(keepingCapacity: true)
    rows.removeAll(keepingCapacity: true)
  }

  /// Hands out a whole shuffle.
  func add<Number: FixedWidthInteger>(
    shuffle numbers: [Number], modulo limit: Int
  ) throws(IndexedDataError) {
    var block: [Int64] = []
    for start in stride(from: 0, to: numbers.count, by: Self.blockCount) {
      block.removeAll(keepingCapacity: true)
      for number in numbers[start..<min(numbers.count, start + Self.blockCount)] {
        // A division a number takes longer than all else here.
        let number = Int64(number)
        block.append(number < limit ? number : number % Int64(limit))
      }
      try target.append(shuffle: block)
    }
  }
}

/// Maps in memory.
final class MapArrays: MapTarget {
  private(set) var documents: [Int64] = []
  private(set) var rows: [Int64] = []
  private(set) var shuffle: [Int64] = []

  func append(documents more: [Int64]) { documents += more }
  func append(rows more: [Int64]) { rows += more }
  func append(shuffle more: [Int64]) { shuffle += more }
}

/// Maps that are written to their files as they come.
final class MapStreams: MapTarget {
  private var documents: NumPyStream
  private var rows: NumPyStream
  private var shuffle: NumPyStream

  /// Begins the files of documents, samples and their shuffle.
  init(to paths: [String]) throws(IndexedDataError) {
    documents = try asking { () throws(SystemError) in try NumPyStream(to: paths[0]) }
    rows = try asking { () throws(SystemError) in try NumPyStream(to: paths[1], width: 2) }
    shuffle = try asking { () throws(SystemError) in try NumPyStream(to: paths[2]) }
  }

  func append(documents more: [Int64]) throws(IndexedDataError) {
    try asking { () throws(SystemError) in try documents.append(more) }
  }

  func append(rows more: [Int64]) throws(IndexedDataError) {
    try asking { () throws(SystemError) in try rows.append(more) }
  }

  func append(shuffle more: [Int64]) throws(IndexedDataError) {
    try asking { () throws(SystemError) in try shuffle.append(more) }
  }

  /// Gives the files their names.
  func finish() throws(IndexedDataError) {
    try asking { () throws(SystemError) in
      try documents.finish()
      try rows.finish()
      try shuffle.finish()
    }
  }
}
