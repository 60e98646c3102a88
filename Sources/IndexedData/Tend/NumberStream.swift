internal import Glibc
internal import Machine

/// The numbers of one array of an index file, front to back, in bounded memory.
struct NumberStream: ~Copyable {
  private static let blockByteCount = 1 << 18

  private let file: InputFile
  private let width: Int
  private var place: Int
  private let end: Int
  private var block = ByteBuffer()
  private var next = 0

  /// Opens the array of `count` little-endian numbers of `width` bytes (1, 4 or 8) at `offset`.
  init(path: String, offset: Int, count: Int, width: Int) throws(IndexedDataError) {
    file = try asking { () throws(SystemError) in try InputFile(path: path) }
    self.width = width
    place = offset
    end = offset + count * width
  }

  /// Where in the file the next number lies.
  var byteOffset: Int { place - block.count + next }

  /// The next number.
  ///
  /// - Precondition: there is one.
  mutating func read() throws(IndexedDataError) -> Int64 {
    if next == block.count { try fill() }
    defer { next += width }
    switch width {
    case 1: return Int64(block.bytes.loadNumber(at: next, Int8.self))
    case 4: return Int64(block.bytes.loadNumber(at: next, Int32.self))
    default: return block.bytes.loadNumber(at: next, Int64.self)
    }
  }

  private mutating func fill() throws(IndexedDataError) {
    let wanted = min(end - place, Self.blockByteCount / width * width)
    precondition(wanted > 0)
    block.removeAll()
    next = 0
    try asking { () throws(SystemError) in
      let found = try file.read(wanted, at: place, to: &block)
      place += found
      guard found == wanted else {
        throw SystemError(call: "read", path: file.path, code: ENODATA)
      }
    }
  }
}

extension IndexLayout {
  /// The sizes of the sequences from `first` on.
  func sizes(_ path: String, from first: Int, count: Int) throws(IndexedDataError) -> NumberStream {
    try NumberStream(
      path: path, offset: sizesOffset + first * sizeByteCount, count: count, width: sizeByteCount)
  }

  /// The starts of the sequences from `first` on, as the file has them.
  func pointers(
    _ path: String, from first: Int, count: Int
  ) throws(IndexedDataError) -> NumberStream {
    try NumberStream(path: path, offset: pointersOffset + first * 8, count: count, width: 8)
  }

  /// The entries of the document index from `first` on.
  func documentEntries(
    _ path: String, from first: Int, count: Int
  ) throws(IndexedDataError) -> NumberStream {
    try NumberStream(path: path, offset: documentIndexOffset + first * 8, count: count, width: 8)
  }
}
