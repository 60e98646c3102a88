/// Where each token of some documents stands, when these are laid end to end.
///
/// A running total is kept for every ``stride``-th document, an eighth of a byte a document; sizes
/// between are read from the index.
struct TokenPlaces: Sendable {
  /// Documents from one running total to the next.
  static let stride = 64

  /// How many tokens there are.
  let count: Int
  private let text: IndexedDataset
  private let documents: Range<Int>
  private let totals: [Int]

  /// Adds up the sizes of documents.
  init(_ text: IndexedDataset, _ documents: Range<Int>) throws(IndexedDataError) {
    self.text = text
    self.documents = documents
    var totals: [Int] = []
    totals.reserveCapacity(documents.count / Self.stride + 1)
    var total = 0
    let blockCount = 1024 * Self.stride
    for start in Swift.stride(from: documents.lowerBound, to: documents.upperBound, by: blockCount)
    {
      let sizes = try text.sizes(of: start..<min(documents.upperBound, start + blockCount))
      for (place, size) in sizes.enumerated() {
        if place % Self.stride == 0 { totals.append(total) }
        let (sum, overflow) = total.addingReportingOverflow(Int(size))
        guard !overflow, sum <= 1 << 61 else {
          throw .unsuitable(path: text.prefix, reason: "has too many tokens")
        }
        total = sum
      }
    }
    self.totals = totals
    count = total
  }

  /// The document that holds a token, and where in it.
  ///
  /// - Precondition: `0 ≤ token < count`.
  func place(of token: Int) throws(IndexedDataError) -> (document: Int, offset: Int) {
    precondition(token >= 0 && token < count)
    // The last total that is not above the token.
    var low = 0
    var high = totals.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if totals[middle] <= token { low = middle } else { high = middle }
    }
    var offset = token - totals[low]
    var document = documents.lowerBound + low * Self.stride
    while true {
      let size = try text.size(of: document)
      if offset < size { return (document, offset) }
      offset -= size
      document += 1
    }
  }

  /// The tokens of a document.
  ///
  /// - Precondition: the document is one of those that were laid end to end.
  func tokens(of document: Int) throws(IndexedDataError) -> Range<Int> {
    precondition(documents.contains(document))
    let place = (document - documents.lowerBound) / Self.stride
    var start = totals[place]
    for before in (documents.lowerBound + place * Self.stride)..<document {
      start += try text.size(of: before)
    }
    return start..<(start + (try text.size(of: document)))
  }

  /// Appends `length` tokens from one on; behind the last document comes the first again.
  func appendPieces(
    from token: Int, length: Int, to pieces: inout [SamplePiece]
  ) throws(IndexedDataError) {
    var (document, offset) = try place(of: token)
    var rest = length
    while true {
      let available = try text.size(of: document) - offset
      if available > 0 {
        let count = min(available, rest)
        pieces.append(SamplePiece(document: document, offset: offset, count: count))
        rest -= count
      }
      guard rest > 0 else { return }
      document = document + 1 < documents.upperBound ? document + 1 : documents.lowerBound
      offset = 0
    }
  }
}
