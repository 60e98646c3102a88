internal import Glibc
internal import Machine

/// The numbers of one array of an index file, front to back, in bounded memory.
struct NumberStream: ~Copyable {
  private static let blockByteCount = 1 << 18

  /// Where numbers are read from.
  private enum Source: ~Copyable {
    /// A file of its own, which another part of the program may still be writing.
    case opened(InputFile)
    /// The index of a dataset that is open already, in an archive perhaps.
    case held(FileBytes)
  }

  private let source: Source
  private let width: Int
  private var place: Int
  private let end: Int
  private var block = ByteBuffer()
  private var next = 0

  /// Opens the array of `count` little-endian numbers of `width` bytes (1, 4 or 8) at `offset`.
  init(path: String, offset: Int, count: Int, width: Int) throws(IndexedDataError) {
    let file = try asking { () throws(SystemError) in try InputFile(path: path) }
    self.init(.opened(file), offset: offset, count: count, width: width)
  }

  /// Reads the array of `count` little-endian numbers of `width` bytes at `offset`.
  init(_ file: FileBytes, offset: Int, count: Int, width: Int) {
    self.init(.held(file), offset: offset, count: count, width: width)
  }

  private init(_ source: consuming Source, offset: Int, count: Int, width: Int) {
    self.source = source
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
    switch source {
    case .held(let file): try file.read(wanted, at: place, to: &block)
    case .opened(let file):
      do throws(SystemError) {
        let found = try file.read(wanted, at: place, to: &block)
        guard found == wanted else {
          throw SystemError(call: "read", path: file.path, code: ENODATA)
        }
      } catch {
        throw .system(error)
      }
    }
    place += wanted
  }
}

extension IndexedDataset {
  /// The sizes of all sequences.
  func sizeStream() -> NumberStream {
    NumberStream(
      index, offset: layout.sizesOffset, count: sequenceCount, width: layout.sizeByteCount)
  }

  /// All entries of the document index.
  func documentEntryStream() -> NumberStream {
    NumberStream(
      index, offset: layout.documentIndexOffset, count: layout.documentEntryCount, width: 8)
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
