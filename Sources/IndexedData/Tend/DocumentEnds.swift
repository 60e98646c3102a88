/// Where the documents that have elements end in `.bin`, in order, in bounded memory.
struct DocumentEnds: ~Copyable {
  /// The next end in bytes; `nil` behind the last one.
  private(set) var next: Int?
  private var entries: NumberStream
  private var sizes: NumberStream
  private var documentsLeft: Int
  private var sequence: Int64 = 0
  private var end = 0
  private let elementByteCount: Int

  private init(
    entries: consuming NumberStream, sizes: consuming NumberStream, documents: Int,
    elementByteCount: Int
  ) {
    self.entries = entries
    self.sizes = sizes
    documentsLeft = documents
    self.elementByteCount = elementByteCount
  }

  /// Follows the first `documents` documents of a sound index.
  static func begin(
    _ layout: IndexLayout, idxPath: String, elementByteCount: Int, documents: Int
  ) throws(IndexedDataError) -> DocumentEnds {
    let entries = try layout.documentEntries(idxPath, from: 1, count: documents)
    let sizes = try layout.sizes(idxPath, from: 0, count: layout.sequenceCount)
    var ends = DocumentEnds(
      entries: entries, sizes: sizes, documents: documents, elementByteCount: elementByteCount)
    try ends.advance()
    return ends
  }

  /// Goes on to the next document that has elements.
  mutating func advance() throws(IndexedDataError) {
    next = nil
    let start = end
    while documentsLeft > 0 {
      documentsLeft -= 1
      let last = try entries.read()
      while sequence < last {
        end += Int(try sizes.read()) * elementByteCount
        sequence += 1
      }
      if end > start {
        next = end
        return
      }
    }
  }
}
