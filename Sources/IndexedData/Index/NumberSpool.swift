internal import Machine

/// Whole numbers of 4 or 8 bytes in a file, read block by block.
struct NumberSpool: ~Copyable {
  /// Numbers of a full block.
  static let blockCount = 1 << 17

  let count: Int
  private let file: InputFile
  private let width: Int
  private var buffer = ByteBuffer()

  /// Opens a file that holds `count` numbers at least.
  init(path: String, width: Int, count: Int) throws(IndexedDataError) {
    self.file = try asking { () throws(SystemError) in try InputFile(path: path) }
    self.width = width
    self.count = count
  }

  /// The numbers from `place` on, as many as a block holds.
  mutating func block(from place: Int) throws(IndexedDataError) -> [Int64] {
    let wanted = min(Self.blockCount, count - place) * width
    buffer.removeAll()
    do throws(SystemError) {
      try file.read(wanted, at: place * width, to: &buffer)
    } catch {
      throw .system(error)
    }
    guard buffer.count == wanted else {
      throw .malformed(
        path: file.path, byte: place * width + buffer.count, what: "unfinished work",
        expected: "\(count * width) bytes", found: "fewer")
    }
    let bytes = buffer.bytes
    if width == 8 { return Self.numbers(bytes, Int64.self) }
    return Self.numbers(bytes, Int32.self)
  }

  private static func numbers<Stored: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: RawSpan, _: Stored.Type
  ) -> [Int64] {
    let width = MemoryLayout<Stored>.size
    return (0..<(bytes.byteCount / width)).map { place in
      Int64(bytes.loadNumber(at: place * width, Stored.self))
    }
  }
}
