internal import CLZ4
internal import CZstd
internal import Glibc
internal import Machine

/// What the payload of a block is.
package enum ArchiveCodec: UInt8, Sendable {
  /// The block itself, because it got no shorter.
  case none
  /// A zstd frame.
  case zstd
  /// An LZ4 block, without a frame.
  case lz4
}

/// How blocks are compressed.
package enum ArchiveMethod: Sendable, Equatable {
  /// By zstd with a level from 1 to 19.
  case zstd(level: Int)
  /// By LZ4, which is faster and leaves more.
  case lz4
}

/// What a thread needs to compress block after block.
@safe
struct BlockCompressor: ~Copyable {
  private let method: ArchiveMethod
  private let context: OpaquePointer?
  private var filtered = ByteBuffer()

  init(_ method: ArchiveMethod) {
    self.method = method
    if case .zstd = method {
      unsafe context = ZSTD_createCCtx()
    } else {
      unsafe context = nil
    }
  }

  deinit { unsafe ZSTD_freeCCtx(context) }

  /// Appends the payload of a block; says how it was made.
  ///
  /// - Throws: `system` where memory is short.
  mutating func compress(
    _ bytes: RawSpan, _ filter: BlockFilter, to payload: inout ByteBuffer, path: String
  ) throws(IndexedDataError) -> (codec: ArchiveCodec, filter: BlockFilter) {
    let before = payload.count
    let codec: ArchiveCodec
    if filter == .none {
      codec = try encode(bytes, to: &payload, path)
    } else {
      filtered.removeAll()
      filter.apply(bytes, to: &filtered)
      codec = try encode(filtered.bytes, to: &payload, path)
    }
    if payload.count - before < bytes.byteCount { return (codec, filter) }
    payload.truncate(to: before)
    payload.append(bytes)
    return (.none, .none)
  }

  private func encode(
    _ bytes: RawSpan, to payload: inout ByteBuffer, _ path: String
  ) throws(IndexedDataError) -> ArchiveCodec {
    switch method {
    case .zstd(let level):
      let bound = ZSTD_compressBound(bytes.byteCount)
      var size = 0
      unsafe payload.append(room: bound) { target in
        size = unsafe bytes.withUnsafeBytes {
          unsafe ZSTD_compressCCtx(
            context, target.baseAddress, bound, $0.baseAddress, $0.count, Int32(level))
        }
        return ZSTD_isError(size) == 0 ? size : 0
      }
      try DistributionBlock.checkCompressed(size, path: path)
      return .zstd
    case .lz4:
      // Blocks are far shorter than 2³¹ bytes.
      let bound = LZ4_compressBound(Int32(bytes.byteCount))
      var size: Int32 = 0
      unsafe payload.append(room: Int(bound)) { target in
        size = unsafe bytes.withUnsafeBytes {
          unsafe LZ4_compress_default(
            $0.baseAddress?.assumingMemoryBound(to: CChar.self),
            target.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count), bound)
        }
        return Int(max(size, 0))
      }
      guard size > 0 else {
        throw .system(SystemError(call: "LZ4_compress", path: path, code: ENOMEM))
      }
      return .lz4
    }
  }
}

/// What a thread needs to decompress block after block.
@safe
struct BlockDecompressor: ~Copyable {
  private let context = unsafe ZSTD_createDCtx()
  private var filtered = ByteBuffer()

  init() {}

  deinit { unsafe ZSTD_freeDCtx(context) }

  /// Appends the bytes that a payload stands for: exactly as many as the block says.
  ///
  /// Whatever the payload holds, no more memory is used.
  /// - Returns: what is wrong; `nil` where nothing is. What was appended means nothing then.
  mutating func decompress(
    _ payload: RawSpan, _ block: ArchiveBlock, to bytes: inout ByteBuffer
  ) -> String? {
    let count = Int(block.byteCount)
    guard block.filter != .none else {
      return unsafe Self.decode(payload, block.codec, count, context, to: &bytes)
    }
    filtered.removeAll()
    if let problem = unsafe Self.decode(payload, block.codec, count, context, to: &filtered) {
      return problem
    }
    block.filter.undo(filtered.bytes, to: &bytes)
    return nil
  }

  private static func decode(
    _ payload: RawSpan, _ codec: ArchiveCodec, _ count: Int, _ context: OpaquePointer?,
    to bytes: inout ByteBuffer
  ) -> String? {
    var problem: String?
    func judge(_ size: Int) -> Int {
      guard size == count else {
        problem = "\(max(size, 0)) bytes"
        return 0
      }
      return size
    }
    unsafe bytes.append(room: count) { target in
      unsafe payload.withUnsafeBytes { source in
        switch codec {
        case .none:
          guard source.count == count else { return judge(source.count) }
          unsafe target.copyMemory(from: source)
          return count
        case .zstd:
          let size = unsafe ZSTD_decompressDCtx(
            context, target.baseAddress, count, source.baseAddress, source.count)
          guard ZSTD_isError(size) == 0 else {
            problem = unsafe String(cString: ZSTD_getErrorName(size))
            return 0
          }
          return judge(size)
        case .lz4:
          let size = unsafe LZ4_decompress_safe(
            source.baseAddress?.assumingMemoryBound(to: CChar.self),
            target.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(source.count),
            Int32(count))
          guard size >= 0 else {
            problem = "no LZ4 block"
            return 0
          }
          return judge(Int(size))
        }
      }
    }
    return problem
  }
}
