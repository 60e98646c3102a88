internal import Machine

// A file that tells where documents came from, PREFIX.src. Numbers of fixed width are little-endian;
// v stands for a number of variable width (LEB128: seven bits a byte, the lowest first, a set highest
// bit meaning that more follow), s for a v with a number of bytes and these bytes.
//
//   (no block and no table of files is longer than 1 GiB)
//   header          0  8  "NXSOURCE"
//                   8  4  version, 1
//                  12  4  documents of a block, 64
//   blocks, each    0  4  bytes of the entries
//                   4  …  entries of 64 documents, of the last block of what is left
//                   …  8  XXH64 of the block's number (8 bytes) and of the block up to here
//   files, each     s  path
//                   v  size
//                   v  time of the last change in nanoseconds, 2t for t ≥ 0, else −2t−1
//                   s  "xxh64:" and digits, or nothing
//                   s  format
//   table           8  where each block begins in the file
//   trailer         0  8  documents
//                   8  8  files
//                  16  8  where the files begin in the file
//                  24  8  where the table begins in the file
//                  32  8  XXH64 of the files
//                  40  8  XXH64 of the table
//                  48  8  XXH64 of the header and of bytes 0–47 of the trailer
//                  56  8  "NXSRCEND"
//
// An entry begins with v = 4d + 2i + n. Where n is 0 the document lies in the stream of the one before
// it in the block, d lines further, and v follows with how many bytes further. Where n is 1, d is 0
// and v follows with the file's number plus 1; it is 0 for a document of which nothing is known, and
// else v follows with the stream's number, v with the length of the member's name plus 1 and the name,
// or 0 for none, v with the byte and v with the line. Where i is 1, s follows with the id.

enum SourceLayout {
  static let magic = Array("NXSOURCE".utf8)
  static let endMagic = Array("NXSRCEND".utf8)
  static let headerByteCount = 16
  static let trailerByteCount = 64
  /// Documents of a block.
  static let blockDocuments = 64
  /// The least that a file takes in the table of files.
  static let leastFileByteCount = 5
  /// The most bytes of a block, and of the table of files: what is read at once.
  static let readLimit = 1 << 30
  /// Offsets, lines and counts are below.
  static let numberLimit = 1 << 48

  static var header: [UInt8] {
    var bytes = LittleEndianBytes(magic)
    bytes.append(UInt32(1))
    bytes.append(UInt32(blockDocuments))
    return bytes.bytes
  }

  /// Blocks that a number of documents fills.
  static func blockCount(_ documents: Int) -> Int {
    (documents + blockDocuments - 1) / blockDocuments
  }

  /// The hash of a block.
  static func hash(block: Int, _ bytes: RawSpan) -> UInt64 {
    var hash = ContentHash()
    var number = LittleEndianBytes()
    number.append(UInt64(block))
    unsafe hash.update(number.bytes.span.bytes)
    hash.update(bytes)
    return hash.value
  }

  /// The table of files.
  static func bytes(_ files: [SourceFile]) -> [UInt8] {
    var bytes: [UInt8] = []
    for file in files {
      bytes.appendText(Array(file.path.utf8))
      bytes.appendVariable(UInt64(file.byteCount))
      let time = Int64(file.modified)
      bytes.appendVariable(UInt64(bitPattern: (time << 1) ^ (time >> 63)))
      bytes.appendText(Array(file.hash.utf8))
      bytes.appendText(Array(file.format.utf8))
    }
    return bytes
  }
}

/// What stands at the end of the file.
struct SourceTrailer: Equatable {
  var documentCount: Int
  var fileCount: Int
  var filesOffset: Int
  var tableOffset: Int
  var filesHash: UInt64
  var tableHash: UInt64

  var bytes: [UInt8] {
    var bytes = LittleEndianBytes()
    for number in [documentCount, fileCount, filesOffset, tableOffset] {
      bytes.append(UInt64(number))
    }
    bytes.append(filesHash)
    bytes.append(tableHash)
    let hashed = SourceLayout.header + bytes.bytes
    bytes.append(unsafe ContentHash.hash(hashed.span.bytes))
    return bytes.bytes + SourceLayout.endMagic
  }
}

extension [UInt8] {
  /// Appends a number of variable width.
  mutating func appendVariable(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends bytes behind their number.
  mutating func appendText(_ text: [UInt8]) {
    appendVariable(UInt64(text.count))
    self += text
  }
}

/// Reads numbers of variable width out of untrusted bytes; `nil` where they are cut or too large.
struct VariableReader: ~Escapable {
  private let bytes: RawSpan
  private(set) var place = 0

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan) { self.bytes = bytes }

  /// Bytes that are left.
  var left: Int { bytes.byteCount - place }

  @_lifetime(self: copy self)
  mutating func number() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while place < bytes.byteCount {
      let byte = bytes.loadNumber(at: place, UInt8.self)
      place += 1
      let bits = UInt64(byte & 0x7F)
      guard shift < 63 || shift == 63 && bits <= 1 else { return nil }
      value |= bits << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }

  /// A number below the format's limit.
  @_lifetime(self: copy self)
  mutating func count() -> Int? {
    guard let value = number(), value < UInt64(SourceLayout.numberLimit) else { return nil }
    return Int(value)
  }

  /// The next `count` bytes.
  @_lifetime(self: copy self)
  mutating func row(_ count: Int) -> [UInt8]? {
    guard count >= 0, count <= left else { return nil }
    defer { place += count }
    return (place..<place + count).map { bytes.loadNumber(at: $0, UInt8.self) }
  }

  /// Bytes behind their number.
  @_lifetime(self: copy self)
  mutating func text() -> [UInt8]? {
    guard let count = count() else { return nil }
    return row(count)
  }

  /// Bytes behind their number that are UTF-8.
  @_lifetime(self: copy self)
  mutating func string() -> String? {
    guard let text = text() else { return nil }
    return String(validating: text, as: UTF8.self)
  }
}
