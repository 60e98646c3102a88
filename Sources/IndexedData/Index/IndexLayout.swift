internal import Machine

/// Where everything lies in an index file, from its header and its length.
///
/// ```
/// MMIDIDX                              TNTIDX
///  0  "MMIDIDX\0\0"                     0  "TNTIDX\0\0"
///  9  u64 version 1                     8  u64 version 1
/// 17  u8  element code                 16  u64 element code
/// 18  u64 N sequences                  24  u64 element bytes
/// 26  u64 D document entries           32  u64 N items
/// 34  i32 × N sizes                    40  u64 K sizes
///     i64 × N pointers, in bytes       48  u64 D document entries
///     i64 × D document index           56  i64 × (N+1) places of dimensions
///     i8  × N modes, if any                i64 × (N+1) starts, in elements
///                                          i64 × K sizes
///                                          i64 × D document index
/// ```
package struct IndexLayout: Equatable, Sendable {
  /// Bytes that ``init(header:fileLength:path:)`` wants to see, or the whole file if shorter.
  package static let headerByteCount = 56
  static let mmapMagic = Array("MMIDIDX".utf8) + [0, 0]
  static let cachedMagic = Array("TNTIDX".utf8) + [0, 0]

  /// Which of the two formats it is.
  package let format: IndexFormat
  /// The code of the element type as it stands in the file.
  package let code: UInt64
  /// Bytes of an element by the header; only `TNTIDX` says.
  package let statedElementByteCount: Int?
  /// Number of sequences.
  package let sequenceCount: Int
  /// Entries of the document index, one more than there are documents.
  package let documentEntryCount: Int
  /// Where the places of dimensions begin; `TNTIDX` only.
  package let dimensionsOffset: Int?
  /// Where the sizes begin, 4 bytes each in `MMIDIDX`, 8 in `TNTIDX`.
  package let sizesOffset: Int
  /// Where the starts of sequences begin, 8 bytes each: bytes in `MMIDIDX`, elements in `TNTIDX`.
  package let pointersOffset: Int
  /// Where the document index begins, 8 bytes each.
  package let documentIndexOffset: Int
  /// Where the modes of sequences begin, a byte each; `nil` when there are none.
  package let modesOffset: Int?

  /// Bytes of one size.
  package var sizeByteCount: Int { format == .mmap ? 4 : 8 }

  /// Reads a header and checks it against the file's exact length.
  package init(header: RawSpan, fileLength: Int, path: String) throws(IndexedDataError) {
    if header.starts(with: Self.mmapMagic) {
      self = try Self.mmap(header, fileLength, path)
    } else if header.starts(with: Self.cachedMagic) {
      self = try Self.cached(header, fileLength, path)
    } else {
      let found = (0..<min(9, header.byteCount)).map { header.loadNumber(at: $0, UInt8.self) }
      throw .notAnIndex(path: path, found: found)
    }
  }

  private static func mmap(
    _ header: RawSpan, _ length: Int, _ path: String
  ) throws(IndexedDataError) -> Self {
    try check(length, isAtLeast: 34, path)
    try checkVersion(header.loadNumber(at: 9, UInt64.self), at: 9, path)
    let code = UInt64(header.loadNumber(at: 17, UInt8.self))
    try checkCode(code, at: 17, path)
    let n = try count(header, at: 18, "number of sequences", bytesEach: 12, length, path)
    let d = try documentCount(header, at: 26, length, path)
    // Both counts are below length / 8, so nothing here can overflow.
    let plain = 34 + 12 * n + 8 * d
    let hasModes = n > 0 && length == plain + n
    guard length == plain || hasModes else {
      throw .malformed(
        path: path, byte: min(length, plain), what: "file length",
        expected: "\(plain) bytes for \(n) sequences and \(d) document entries",
        found: "\(length)")
    }
    return IndexLayout(
      format: .mmap, code: code, statedElementByteCount: nil, sequenceCount: n,
      documentEntryCount: d, dimensionsOffset: nil, sizesOffset: 34, pointersOffset: 34 + 4 * n,
      documentIndexOffset: 34 + 12 * n, modesOffset: hasModes ? plain : nil)
  }

  private static func cached(
    _ header: RawSpan, _ length: Int, _ path: String
  ) throws(IndexedDataError) -> Self {
    try check(length, isAtLeast: 56 + 16, path)
    try checkVersion(header.loadNumber(at: 8, UInt64.self), at: 8, path)
    let code = header.loadNumber(at: 16, UInt64.self)
    try checkCode(code, at: 16, path)
    let bytes = header.loadNumber(at: 24, UInt64.self)
    let sizes = IndexVariant.allCases.compactMap { ElementType(code: code, variant: $0)?.byteCount }
    guard let stated = Int(exactly: bytes), sizes.contains(stated) else {
      throw .malformed(
        path: path, byte: 24, what: "element size",
        expected: Set(sizes).sorted().map(String.init).joined(separator: " or "), found: "\(bytes)")
    }
    let n = try count(header, at: 32, "number of items", bytesEach: 24, length, path)
    let k = header.loadNumber(at: 40, UInt64.self)
    guard k == n else {
      throw .malformed(
        path: path, byte: 40, what: "number of sizes",
        expected: "\(n), one for each item", found: "\(k)")
    }
    let d = try documentCount(header, at: 48, length, path)
    let whole = 56 + 16 * (n + 1) + 8 * n + 8 * d
    guard length == whole else {
      throw .malformed(
        path: path, byte: min(length, whole), what: "file length",
        expected: "\(whole) bytes for \(n) items and \(d) document entries", found: "\(length)")
    }
    return IndexLayout(
      format: .cached, code: code, statedElementByteCount: stated, sequenceCount: n,
      documentEntryCount: d, dimensionsOffset: 56, sizesOffset: 56 + 16 * (n + 1),
      pointersOffset: 56 + 8 * (n + 1), documentIndexOffset: 56 + 16 * (n + 1) + 8 * n,
      modesOffset: nil)
  }

  init(
    format: IndexFormat, code: UInt64, statedElementByteCount: Int?, sequenceCount: Int,
    documentEntryCount: Int, dimensionsOffset: Int?, sizesOffset: Int, pointersOffset: Int,
    documentIndexOffset: Int, modesOffset: Int?
  ) {
    self.format = format
    self.code = code
    self.statedElementByteCount = statedElementByteCount
    self.sequenceCount = sequenceCount
    self.documentEntryCount = documentEntryCount
    self.dimensionsOffset = dimensionsOffset
    self.sizesOffset = sizesOffset
    self.pointersOffset = pointersOffset
    self.documentIndexOffset = documentIndexOffset
    self.modesOffset = modesOffset
  }

  // MARK: - Checks

  private static func check(
    _ length: Int, isAtLeast least: Int, _ path: String
  ) throws(IndexedDataError) {
    guard length >= least else {
      throw .malformed(
        path: path, byte: length, what: "file length", expected: "at least \(least) bytes",
        found: "\(length)")
    }
  }

  private static func checkVersion(
    _ version: UInt64, at byte: Int, _ path: String
  ) throws(IndexedDataError) {
    guard version == 1 else {
      throw .malformed(path: path, byte: byte, what: "version", expected: "1", found: "\(version)")
    }
  }

  private static func checkCode(
    _ code: UInt64, at byte: Int, _ path: String
  ) throws(IndexedDataError) {
    guard (1...8).contains(code) else {
      throw .malformed(
        path: path, byte: byte, what: "element type", expected: "a code from 1 to 8",
        found: "\(code)")
    }
  }

  private static func documentCount(
    _ header: RawSpan, at byte: Int, _ length: Int, _ path: String
  ) throws(IndexedDataError) -> Int {
    let what = "number of document entries"
    let d = try count(header, at: byte, what, bytesEach: 8, length, path)
    guard d >= 1 else {
      throw .malformed(path: path, byte: byte, what: what, expected: "at least 1", found: "0")
    }
    return d
  }

  private static func count(
    _ header: RawSpan, at byte: Int, _ what: String, bytesEach: Int, _ length: Int, _ path: String
  ) throws(IndexedDataError) -> Int {
    let value = header.loadNumber(at: byte, UInt64.self)
    let most = length / bytesEach
    guard value <= UInt64(most) else {
      throw .malformed(
        path: path, byte: byte, what: what,
        expected: "at most \(most) in a file of \(length) bytes", found: "\(value)")
    }
    return Int(value)
  }
}
