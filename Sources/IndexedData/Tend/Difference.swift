internal import Glibc
internal import Machine

/// What two datasets differ in.
package struct DatasetDifference: Equatable, Sendable {
  /// The place of the first element that differs.
  package struct Place: Equatable, Sendable {
    /// The sequence.
    package let sequence: Int
    /// The element inside the sequence; the length of the shorter side when one ends early.
    package let element: Int
  }

  /// Sentences about the headers: type, format, counts.
  package var facts: [String] = []
  /// The first element that differs.
  package var first: Place?
  /// Sequences that differ, of those that both have.
  package var differingSequences = 0
  /// Sequences that both have.
  package var commonSequences = 0
  /// The first entry of the document index that differs.
  package var firstDocumentEntry: Int?

  /// Whether the two are equal in all of this.
  package var isEmpty: Bool {
    first == nil && firstDocumentEntry == nil && facts.isEmpty
  }
}

/// Compares two datasets sequence by sequence, by value where the types differ.
package func compareDatasets(
  _ a: IndexedDataset, _ b: IndexedDataset
) throws(IndexedDataError) -> DatasetDifference {
  var difference = DatasetDifference()
  let counts = [
    ("element type", a.elementType.rawValue, b.elementType.rawValue),
    ("format", a.format.rawValue, b.format.rawValue),
    ("sequences", "\(a.sequenceCount)", "\(b.sequenceCount)"),
    ("documents", "\(a.documentCount)", "\(b.documentCount)"),
    ("tokens", "\(a.tokenCount)", "\(b.tokenCount)"),
    ("modes", a.hasModes ? "yes" : "no", b.hasModes ? "yes" : "no"),
  ]
  difference.facts = counts.filter { $0.1 != $0.2 }.map { "\($0.0): \($0.1) and \($0.2)" }
  difference.commonSequences = min(a.sequenceCount, b.sequenceCount)
  for sequence in 0..<difference.commonSequences {
    guard let element = try firstDifference(a, b, sequence) else { continue }
    difference.differingSequences += 1
    if difference.first == nil { difference.first = .init(sequence: sequence, element: element) }
  }
  for entry in 0...min(a.documentCount, b.documentCount)
  where try a.documentEntry(entry) != b.documentEntry(entry) {
    difference.firstDocumentEntry = entry
    break
  }
  return difference
}

private func firstDifference(
  _ a: IndexedDataset, _ b: IndexedDataset, _ sequence: Int
) throws(IndexedDataError) -> Int? {
  guard a.elementType == b.elementType else {
    let left = try a.values(of: sequence)
    let right = try b.values(of: sequence)
    return left == right ? nil : zip(left, right).prefix { $0 == $1 }.count
  }
  let width = a.elementType.byteCount
  return try a.withBytes(of: sequence) { (left) throws(IndexedDataError) in
    try b.withBytes(of: sequence) { right in
      if haveSameBytes(left, right) { return nil }
      let common = min(left.byteCount, right.byteCount)
      var place = 0
      while place < common,
        left.loadNumber(at: place, UInt8.self) == right.loadNumber(at: place, UInt8.self)
      {
        place += 1
      }
      return place / width
    }
  }
}

/// Whether two runs of bytes are as long and the same.
func haveSameBytes(_ a: RawSpan, _ b: RawSpan) -> Bool {
  guard a.byteCount == b.byteCount else { return false }
  return unsafe a.withUnsafeBytes { left in
    unsafe b.withUnsafeBytes { right in
      guard let x = left.baseAddress, let y = right.baseAddress else { return true }
      return unsafe memcmp(x, y, left.count) == 0
    }
  }
}
