internal import Machine

/// A number that changes when an input of index maps changes.
///
/// Files up to ``wholeByteCount`` count with every byte. Of larger ones 64 blocks spread over the
/// file, the last block, the length and the time of the last change count, so that looking at a
/// terabyte takes no longer than a moment.
struct ContentKey {
  static let wholeByteCount = 64 << 20
  private static let blockByteCount = 64 << 10

  private var hash = ContentHash()

  /// The key of everything so far, as 16 hexadecimal digits.
  var text: String { ContentHash.text(hash.value) }

  /// Takes in a description.
  mutating func add(_ text: String) {
    unsafe hash.update(Array("\(text.utf8.count):\(text)".utf8).span.bytes)
  }

  /// Takes in a file.
  mutating func add(file path: String) throws(IndexedDataError) {
    do throws(SystemError) {
      let file = try InputFile(path: path)
      add("\(file.byteCount)")
      var buffer = ByteBuffer()
      if file.byteCount <= Self.wholeByteCount {
        for start in stride(from: 0, to: file.byteCount, by: 1 << 20) {
          try add(file, start, min(1 << 20, file.byteCount - start), &buffer)
        }
        return
      }
      add("\(file.modifiedNanoseconds)")
      let last = file.byteCount - Self.blockByteCount
      for block in 0...64 {
        try add(file, last / 64 * block, Self.blockByteCount, &buffer)
      }
      try add(file, last, Self.blockByteCount, &buffer)
    } catch {
      throw .system(error)
    }
  }

  private mutating func add(
    _ file: borrowing InputFile, _ start: Int, _ count: Int, _ buffer: inout ByteBuffer
  ) throws(SystemError) {
    buffer.removeAll()
    try file.read(count, at: start, to: &buffer)
    hash.update(buffer.bytes)
  }
}
