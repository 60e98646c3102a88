internal import Machine

/// Compares a dataset with what was written down when it was made, while it is read for other work.
///
/// `.bin` is not read for that where its bytes are on their way to an output: they are shown as they
/// come by.
final class InputCheck {
  private let bin: FileRecord
  private let idx: FileRecord
  private let src: FileRecord
  private let elements: FileBytes
  private var hash = ContentHash()
  /// Bytes of `.bin` that are in the hash.
  private var hashedCount = 0
  private var block = ByteBuffer()

  /// Opens the files and compares their lengths.
  ///
  /// - Throws: `notAsRecorded` where one has another length than was written down, `unsuitable` where the
  ///   sources are gone of which something was.
  init(_ prefix: String, _ record: DatasetRecord) throws(IndexedDataError) {
    (bin, idx, src) = record.files(of: prefix)
    elements = try FileBytes(path: bin.path, mode: .pread)
    try bin.requireLength(elements.byteCount)
    try idx.requireLength(FileBytes(path: idx.path, mode: .pread).byteCount)
    guard try src.isThere() else { return }
    try src.requireLength(FileBytes(path: src.path, mode: .pread).byteCount)
  }

  /// Compares the hashes of the index and of the sources, which are small beside `.bin`.
  ///
  /// - Throws: `notAsRecorded` where one is another.
  func compareSmallFiles(_ interruption: Interruption?) throws(IndexedDataError) {
    for record in [idx, src] where record.hash != nil {
      let file = try FileBytes(path: record.path, mode: .pread)
      try record.requireHash(file.hash(first: file.byteCount, interruption: interruption))
    }
  }

  /// Takes bytes that lie in `.bin` from `offset` on into the hash.
  ///
  /// What lies between them and those that came by before is read; what came by before is passed over.
  /// - Throws: `notAsRecorded` where the last bytes make another hash than was written down.
  func take(
    _ bytes: RawSpan, at offset: Int, _ interruption: Interruption?
  ) throws(IndexedDataError) {
    guard bin.hash != nil, offset + bytes.byteCount > hashedCount else { return }
    try read(to: offset, interruption)
    let rest = bytes.extracting(droppingFirst: hashedCount - offset)
    hash.update(rest)
    hashedCount += rest.byteCount
    if hashedCount == elements.byteCount { try bin.requireHash(hash.value) }
  }

  /// Takes the hash of the bytes of `.bin` up to the end of a range, where those before it are in the
  /// hash already; returns whether they are.
  ///
  /// - Throws: `notAsRecorded` as ``take(_:at:_:)`` does.
  func take(_ other: ContentHash, of bytes: Range<Int>) throws(IndexedDataError) -> Bool {
    guard bin.hash != nil, hashedCount == bytes.lowerBound else { return false }
    hash = other
    hashedCount = bytes.upperBound
    if hashedCount == elements.byteCount { try bin.requireHash(hash.value) }
    return true
  }

  /// Reads what did not come by, and compares the hash.
  ///
  /// - Throws: `notAsRecorded` where it is another.
  func finish(_ interruption: Interruption?) throws(IndexedDataError) {
    guard bin.hash != nil else { return }
    try read(to: elements.byteCount, interruption)
    try bin.requireHash(hash.value)
  }

  private func read(to end: Int, _ interruption: Interruption?) throws(IndexedDataError) {
    while hashedCount < end {
      try endWhereRaised(interruption)
      block.removeAll()
      try elements.read(min(1 << 20, end - hashedCount), at: hashedCount, to: &block)
      hash.update(block.bytes)
      hashedCount += block.count
    }
  }
}
