/// Cuts a dataset into pieces that take about as long to search, in order.
///
/// How it cuts decides only which thread looks where: what is found does not depend on it.
package struct SearchPieces {
  /// What one thread looks through at once.
  enum Piece: Sendable {
    /// Whole documents.
    case documents(Range<Int>)
    /// Occurrences that begin in a part of a long document: `part` and the whole `range` are bytes of
    /// `.bin`.
    case part(document: Int, range: Range<Int>, part: Range<Int>)
  }

  /// About how many bytes a piece has.
  package static let byteCount = 8 << 20

  private let byteCount: Int
  private let dataset: IndexedDataset
  private let count: Int
  /// Documents that would have `byteCount` bytes if all were equally long.
  private let step: Int
  private var document = 0
  /// The document of which not all parts were given out.
  private var open: (range: Range<Int>, place: Int)?

  /// Cuts into pieces of about `byteCount` bytes.
  ///
  /// - Precondition: it is a multiple of 8, as all element types have whole elements in it then.
  init(_ dataset: IndexedDataset, byteCount: Int) {
    precondition(byteCount > 0 && byteCount % 8 == 0)
    self.dataset = dataset
    self.byteCount = byteCount
    count = dataset.tendedDocumentCount
    step = max(1, byteCount / max(dataset.elementsByteCount / max(count, 1), 1))
  }

  /// The next piece; `nil` behind the last one.
  mutating func next() throws(IndexedDataError) -> Piece? {
    if let open { return part(of: open.range, from: open.place) }
    guard document < count else { return nil }
    var end = min(document + step, count)
    while try extent(document..<end) > 2 * byteCount {
      guard end - document > 1 else {
        guard let range = try dataset.byteRange(ofDocument: document) else { break }
        return part(of: range, from: range.lowerBound)
      }
      end = document + (end - document) / 2
    }
    defer { document = end }
    return .documents(document..<end)
  }

  private mutating func part(of range: Range<Int>, from place: Int) -> Piece {
    let end = place + min(byteCount, range.upperBound - place)
    let piece = Piece.part(document: document, range: range, part: place..<end)
    if end < range.upperBound {
      open = (range, end)
    } else {
      open = nil
      document += 1
    }
    return piece
  }

  /// Bytes from the first document to the last, as far as both ends tell.
  private func extent(_ documents: Range<Int>) throws(IndexedDataError) -> Int {
    let first = try dataset.tendedSequences(ofDocument: documents.lowerBound).lowerBound
    let end = try dataset.tendedSequences(ofDocument: documents.upperBound - 1).upperBound
    guard first < end else { return 0 }
    let last = try dataset.byteRange(of: end - 1)
    return try last.upperBound - dataset.byteRange(of: first).lowerBound
  }
}

extension IndexedDataset {
  /// Where a document lies in `.bin`; `nil` when its sequences do not follow each other there.
  func byteRange(ofDocument document: Int) throws(IndexedDataError) -> Range<Int>? {
    var bytes: Range<Int>?
    for sequence in try tendedSequences(ofDocument: document) {
      let more = try byteRange(of: sequence)
      guard let before = bytes, !before.isEmpty else {
        bytes = more
        continue
      }
      if more.isEmpty { continue }
      guard more.lowerBound == before.upperBound else { return nil }
      bytes = before.lowerBound..<more.upperBound
    }
    return bytes ?? 0..<0
  }
}
