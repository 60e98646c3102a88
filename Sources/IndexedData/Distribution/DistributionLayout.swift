internal import Machine

// A file of token distributions; all numbers are little-endian.
//
//   header          0  8  "NXTOPLOG"
//                   8  4  version, 1
//                  12  4  K, logits of a position
//                  16  4  vocabulary size V: ids are below
//                  20  1  bytes of an id: 2 where V ≤ 65,536, else 4
//                  21  1  type of logits: 1, float32
//                  22  1  compression: 1, a zstd frame a block
//                  23  1  0
//                  24  8  documents
//                  32  8  XXH64 of the key file that tells what the logits were computed from
//                  40  8  XXH64 of bytes 0–39
//   blocks, each    0  8  first document
//                   8  4  documents
//                  12  4  bytes of the payload
//                  16  8  bytes of the payload once decompressed
//                  24  8  XXH64 of the payload
//                  32  8  XXH64 of bytes 0–31 of the block
//                  40  …  payload; see DistributionBlock
//   table, a block  0  8  first document
//                   8  8  where the block begins in the file
//   trailer         0  8  blocks
//                   8  8  where the table begins in the file
//                  16  8  XXH64 of the table
//                  24  8  "NXTOPEND"

/// The shape of a file of token distributions.
package struct DistributionShape: Sendable, Equatable {
  /// The most logits of a position.
  package static let topLimit = 1024

  /// Logits of a position, K.
  package var topCount: Int
  /// Ids are below.
  package var vocabularySize: Int
  /// Number of documents.
  package var documentCount: Int
  /// XXH64 of the key file.
  package var identity: UInt64

  /// Describes a file.
  ///
  /// - Precondition: `1 ≤ topCount ≤` ``topLimit`` and `topCount ≤ vocabularySize ≤ 2³¹`.
  package init(topCount: Int, vocabularySize: Int, documentCount: Int, identity: UInt64) {
    precondition((1...Self.topLimit).contains(topCount) && documentCount >= 0)
    precondition((topCount...1 << 31).contains(vocabularySize))
    self.topCount = topCount
    self.vocabularySize = vocabularySize
    self.documentCount = documentCount
    self.identity = identity
  }

  /// Bytes of an id.
  var idByteCount: Int { vocabularySize <= 1 << 16 ? 2 : 4 }
  /// Bytes of a position before compression.
  var positionByteCount: Int { topCount * (idByteCount + 4) + 4 }
}

extension DistributionShape {
  static let magic = Array("NXTOPLOG".utf8)
  static let byteCount = 48

  /// The header.
  var bytes: [UInt8] {
    var bytes = LittleEndianBytes(Self.magic)
    for number in [1, topCount, vocabularySize] { bytes.append(UInt32(number)) }
    for number in [idByteCount, 1, 1, 0] { bytes.append(UInt8(number)) }
    bytes.append(UInt64(documentCount))
    bytes.append(identity)
    bytes.appendHash()
    return bytes.bytes
  }

  /// Reads a header.
  ///
  /// - Throws: `malformed` where it is not one.
  init(_ file: FileBytes) throws(IndexedDataError) {
    let path = file.path
    guard file.byteCount >= Self.byteCount else {
      throw .malformed(
        path: path, byte: 0, what: "header", expected: "\(Self.byteCount) bytes",
        found: "\(file.byteCount)")
    }
    self = try file.withBytes(at: 0, count: Self.byteCount) { (bytes) throws(IndexedDataError) in
      try Self(bytes, path)
    }
  }

  private init(_ bytes: RawSpan, _ path: String) throws(IndexedDataError) {
    func require(
      _ isSo: Bool, _ byte: Int, _ what: String, _ expected: String, _ found: Any
    ) throws(IndexedDataError) {
      guard !isSo else { return }
      throw .malformed(path: path, byte: byte, what: what, expected: expected, found: "\(found)")
    }
    try require(
      bytes.starts(with: Self.magic), 0, "magic", "NXTOPLOG, as files of reference logits have it",
      "something else")
    let hash = ContentHash.hash(bytes.extracting(first: 40))
    let stated = bytes.loadNumber(at: 40, UInt64.self)
    try require(
      stated == hash, 40, "hash of the header", ContentHash.text(hash), ContentHash.text(stated))
    let version = bytes.loadNumber(at: 8, UInt32.self)
    try require(version == 1, 8, "version", "1", version)
    let top = Int(bytes.loadNumber(at: 12, UInt32.self))
    try require(
      (1...Self.topLimit).contains(top), 12, "logits of a position", "1 to \(Self.topLimit)", top)
    let size = Int(bytes.loadNumber(at: 16, UInt32.self))
    try require((top...1 << 31).contains(size), 16, "vocabulary size", "\(top) to 2³¹", size)
    let documents = bytes.loadNumber(at: 24, UInt64.self)
    try require(documents < 1 << 48, 24, "number of documents", "less than 2⁴⁸", documents)
    self.init(
      topCount: top, vocabularySize: size, documentCount: Int(documents),
      identity: bytes.loadNumber(at: 32, UInt64.self))
    for (byte, what, wanted) in [
      (20, "bytes of an id", idByteCount), (21, "type of logits", 1), (22, "compression", 1),
      (23, "byte without a meaning", 0),
    ] {
      let found = Int(bytes.loadNumber(at: byte, UInt8.self))
      try require(found == wanted, byte, what, "\(wanted)", found)
    }
  }
}

/// What stands before a block's payload.
struct BlockHeader: Equatable {
  static let byteCount = 40
  /// The most bytes that a payload may have once decompressed.
  static let rawLimit = 1 << 30

  var firstDocument: Int
  var documentCount: Int
  var payloadByteCount: Int
  var rawByteCount: Int
  var payloadHash: UInt64

  var bytes: [UInt8] {
    var bytes = LittleEndianBytes()
    bytes.append(UInt64(firstDocument))
    bytes.append(UInt32(documentCount))
    bytes.append(UInt32(payloadByteCount))
    bytes.append(UInt64(rawByteCount))
    bytes.append(payloadHash)
    bytes.appendHash()
    return bytes.bytes
  }

  init(
    firstDocument: Int, documentCount: Int, payloadByteCount: Int, rawByteCount: Int,
    payloadHash: UInt64
  ) {
    self.firstDocument = firstDocument
    self.documentCount = documentCount
    self.payloadByteCount = payloadByteCount
    self.rawByteCount = rawByteCount
    self.payloadHash = payloadHash
  }

  /// Reads the header of the block at `offset`, which lies before `limit`.
  ///
  /// - Throws: `malformed` where it is not one, or the block ends behind `limit`.
  init(_ file: FileBytes, at offset: Int, limit: Int) throws(IndexedDataError) {
    let path = file.path
    guard offset >= 0, limit <= file.byteCount, limit - offset >= Self.byteCount else {
      throw .malformed(
        path: path, byte: offset, what: "block header", expected: "\(Self.byteCount) bytes",
        found: "\(max(0, limit - offset))")
    }
    self = try file.withBytes(at: offset, count: Self.byteCount) {
      (bytes) throws(IndexedDataError) in
      let hash = ContentHash.hash(bytes.extracting(first: 32))
      let stated = bytes.loadNumber(at: 32, UInt64.self)
      guard hash == stated else {
        throw .malformed(
          path: path, byte: offset + 32, what: "hash of the block's header",
          expected: ContentHash.text(hash), found: ContentHash.text(stated))
      }
      let first = bytes.loadNumber(at: 0, UInt64.self)
      let raw = bytes.loadNumber(at: 16, UInt64.self)
      guard first < 1 << 48, raw <= Self.rawLimit else {
        throw .malformed(
          path: path, byte: offset, what: "block header",
          expected: "a document below 2⁴⁸ and at most \(Self.rawLimit) bytes",
          found: "\(first) and \(raw)")
      }
      return BlockHeader(
        firstDocument: Int(first), documentCount: Int(bytes.loadNumber(at: 8, UInt32.self)),
        payloadByteCount: Int(bytes.loadNumber(at: 12, UInt32.self)), rawByteCount: Int(raw),
        payloadHash: bytes.loadNumber(at: 24, UInt64.self))
    }
    guard payloadByteCount <= limit - offset - Self.byteCount else {
      throw .malformed(
        path: path, byte: offset + 12, what: "bytes of the payload",
        expected: "at most \(limit - offset - Self.byteCount)", found: "\(payloadByteCount)")
    }
  }
}

/// Bytes to which little-endian numbers are appended.
struct LittleEndianBytes {
  private(set) var bytes: [UInt8]

  init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  mutating func append<Value: FixedWidthInteger & BitwiseCopyable>(_ number: Value) {
    for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  /// Appends XXH64 of everything so far.
  mutating func appendHash() {
    let hash = unsafe ContentHash.hash(bytes.span.bytes)
    append(hash)
  }
}
