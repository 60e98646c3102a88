internal import CZstd
internal import Glibc
internal import Machine

/// The documents of a block.
///
/// The payload is a zstd frame of
///
///     4 bytes a document   number of its positions
///     ids                  K a position, best first, of all documents
///     logits               as the ids
///     log-sum-exp          one a position
///
/// Each of the last three lies in planes: the lowest bytes of all its numbers, then their second
/// bytes and so on. Sorted logits have few different high bytes, which zstd then finds side by side.
package enum DistributionBlock {
  /// Bytes before compression at which a block ends.
  static let targetByteCount = 1 << 20
  private static let level: Int32 = 3

  /// Cuts documents into blocks; the outcome depends on their numbers of positions alone.
  package static func split(
    _ documents: [TokenDistribution], _ shape: DistributionShape
  ) -> [Range<Int>] {
    var blocks: [Range<Int>] = []
    var start = 0
    var size = 0
    for (place, document) in documents.enumerated() {
      size += 4 + document.positionCount * shape.positionByteCount
      guard size >= targetByteCount || place + 1 == documents.count else { continue }
      blocks.append(start..<place + 1)
      start = place + 1
      size = 0
    }
    return blocks
  }

  /// The bytes of a block, header and payload.
  ///
  /// - Throws: `tooLarge` where a payload would outgrow the format, `system` where memory is short.
  package static func encode(
    first: Int, _ documents: ArraySlice<TokenDistribution>, _ shape: DistributionShape,
    path: String
  ) throws(IndexedDataError) -> [UInt8] {
    let positions = documents.reduce(0) { $0 + $1.positionCount }
    let size = 4 * documents.count + positions * shape.positionByteCount
    guard size <= BlockHeader.rawLimit else {
      throw .tooLarge(
        path: path, document: first, what: "bytes of logits", found: size,
        limit: BlockHeader.rawLimit)
    }
    var sizes = LittleEndianBytes()
    for document in documents {
      precondition(document.topCount == shape.topCount)
      sizes.append(UInt32(document.positionCount))
    }
    var raw = sizes.bytes
    raw.reserveCapacity(size)
    let ids = documents.flatMap { $0.ids.map { UInt32(bitPattern: $0) } }
    appendPlanes(ids, count: shape.idByteCount, to: &raw)
    appendPlanes(documents.flatMap { $0.logits.map(\.bitPattern) }, count: 4, to: &raw)
    appendPlanes(documents.flatMap { $0.logSumExp.map(\.bitPattern) }, count: 4, to: &raw)
    let payload = try compress(raw, path: path)
    let header = BlockHeader(
      firstDocument: first, documentCount: documents.count, payloadByteCount: payload.count,
      rawByteCount: size, payloadHash: unsafe ContentHash.hash(payload.span.bytes))
    return header.bytes + payload
  }

  /// The documents of the block at `offset`.
  ///
  /// - Throws: `malformed` where something in it is not as it must be.
  static func decode(
    _ header: BlockHeader, at offset: Int, _ shape: DistributionShape, _ file: FileBytes
  ) throws(IndexedDataError) -> [TokenDistribution] {
    let raw = try decompress(header, at: offset, file)
    func malformed(_ what: String, _ expected: String, _ found: String) -> IndexedDataError {
      .malformed(path: file.path, byte: offset, what: what, expected: expected, found: found)
    }
    let (sizeBytes, overflow) = header.documentCount.multipliedReportingOverflow(by: 4)
    guard !overflow, sizeBytes <= raw.count else {
      throw malformed("documents of the block", "at most \(raw.count / 4)", "\(sizeBytes / 4)")
    }
    let sizes = (0..<header.documentCount).map { document in
      (0..<4).reduce(0) { $0 | Int(raw[4 * document + $1]) << (8 * $1) }
    }
    // At most 2²⁸ sizes below 2³²: their sum fits.
    let positions = sizes.reduce(0, +)
    let (bytes, tooMany) = positions.multipliedReportingOverflow(by: shape.positionByteCount)
    guard !tooMany, bytes == raw.count - sizeBytes else {
      throw malformed(
        "positions of the block", "\((raw.count - sizeBytes) / shape.positionByteCount)",
        "\(positions)")
    }
    let count = positions * shape.topCount
    var place = sizeBytes
    let ids = planes(raw, &place, count, shape.idByteCount)
    let logits = planes(raw, &place, count, 4)
    let logSums = planes(raw, &place, positions, 4)
    if let id = ids.first(where: { $0 >= shape.vocabularySize }) {
      throw malformed("id", "below \(shape.vocabularySize)", "\(id)")
    }
    var start = 0
    return sizes.map { size in
      let all = start * shape.topCount..<(start + size) * shape.topCount
      defer { start += size }
      return TokenDistribution(
        topCount: shape.topCount, ids: ids[all].map { Int32(bitPattern: $0) },
        logits: logits[all].map { Float(bitPattern: $0) },
        logSumExp: logSums[start..<start + size].map { Float(bitPattern: $0) })
    }
  }

  // MARK: - Planes

  private static func appendPlanes(_ numbers: [UInt32], count: Int, to bytes: inout [UInt8]) {
    for plane in 0..<count {
      let shift = UInt32(8 * plane)
      for number in numbers { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
  }

  private static func planes(
    _ bytes: [UInt8], _ place: inout Int, _ count: Int, _ planeCount: Int
  ) -> [UInt32] {
    var numbers = [UInt32](repeating: 0, count: count)
    for plane in 0..<planeCount {
      let shift = UInt32(8 * plane)
      for index in 0..<count { numbers[index] |= UInt32(bytes[place + index]) << shift }
      place += count
    }
    return numbers
  }

  // MARK: - zstd

  private static func compress(
    _ raw: [UInt8], path: String
  ) throws(IndexedDataError) -> [UInt8] {
    let bound = ZSTD_compressBound(raw.count)
    var size = 0
    let payload = unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, count in
      size = unsafe raw.withUnsafeBytes {
        unsafe ZSTD_compress(target.baseAddress, bound, $0.baseAddress, $0.count, level)
      }
      count = ZSTD_isError(size) == 0 ? size : 0
    }
    try checkCompressed(size, path: path)
    return payload
  }

  /// Judges what zstd returned: given the room of the bound it fails without memory only.
  static func checkCompressed(_ size: Int, path: String) throws(IndexedDataError) {
    guard ZSTD_isError(size) == 0 else {
      throw .system(SystemError(call: "ZSTD_compress", path: path, code: ENOMEM))
    }
  }

  private static func decompress(
    _ header: BlockHeader, at offset: Int, _ file: FileBytes
  ) throws(IndexedDataError) -> [UInt8] {
    let start = offset + BlockHeader.byteCount
    return try file.withBytes(at: start, count: header.payloadByteCount) {
      (bytes) throws(IndexedDataError) in
      let hash = ContentHash.hash(bytes)
      guard hash == header.payloadHash else {
        throw .malformed(
          path: file.path, byte: start, what: "hash of the block's payload",
          expected: ContentHash.text(header.payloadHash), found: ContentHash.text(hash))
      }
      var size = 0
      let raw = unsafe [UInt8](unsafeUninitializedCapacity: header.rawByteCount) { target, count in
        size = unsafe bytes.withUnsafeBytes {
          unsafe ZSTD_decompress(
            target.baseAddress, header.rawByteCount, $0.baseAddress, $0.count)
        }
        count = ZSTD_isError(size) == 0 ? size : 0
      }
      guard size == header.rawByteCount else {
        let found =
          ZSTD_isError(size) == 0
          ? "\(size)" : unsafe String(cString: ZSTD_getErrorName(size))
        throw .malformed(
          path: file.path, byte: start, what: "payload of the block",
          expected: "\(header.rawByteCount) bytes once decompressed", found: found)
      }
      return raw
    }
  }
}
