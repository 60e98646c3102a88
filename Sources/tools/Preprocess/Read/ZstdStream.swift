import CZstd

/// The content of zstd data: all its frames, each checked against its checksum where it has one.
///
/// It comes right into the buffer that is read into, which libarchive would copy once more.
@safe
final class ZstdStream: ByteStream {
  private let stored: any ByteStream
  private let context: OpaquePointer
  private let input: UnsafeMutableRawBufferPointer
  /// What was read into `input`, and how much of it is used up.
  private var taken = unsafe ZSTD_inBuffer()
  private var isInFrame = false
  /// Whether anything came out; a skippable frame alone may stand ahead of data of another kind.
  private var hasContent = false
  private var isAtEnd = false
  /// Whether more may come out without more to read.
  private var holdsMore = false

  init(_ stored: any ByteStream) throws(PreprocessError) {
    guard let context = unsafe ZSTD_createDCtx() else {
      throw .unreadable(name: stored.name, byte: 0, reason: "zstd cannot start; free some memory")
    }
    unsafe self.context = context
    self.stored = stored
    unsafe input = .allocate(byteCount: 1 << 18, alignment: 64)
    unsafe taken.src = UnsafeRawPointer(input.baseAddress)
  }

  deinit {
    unsafe ZSTD_freeDCtx(context)
    unsafe input.deallocate()
  }

  var name: String { stored.name }
  var storedByte: Int { unsafe stored.storedByte(without: taken.size - taken.pos) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(PreprocessError) -> Int {
    guard !isAtEnd, unsafe !buffer.isEmpty else { return 0 }
    var output = unsafe ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
    while unsafe output.pos == 0 {
      let isDry = unsafe taken.pos == taken.size && !holdsMore
      if isDry, try !refill() {
        guard !isInFrame else { throw damage("the zstd data ends too early") }
        isAtEnd = true
        return 0
      }
      let result = unsafe ZSTD_decompressStream(context, &output, &taken)
      guard ZSTD_isError(result) == 0 else { throw failure(result) }
      isInFrame = result != 0
      unsafe hasContent = hasContent || output.pos > 0
      unsafe holdsMore = isInFrame && output.pos == output.size
    }
    return unsafe output.pos
  }

  private func refill() throws(PreprocessError) -> Bool {
    let count = try unsafe stored.read(into: input)
    unsafe taken.size = count
    unsafe taken.pos = 0
    return count > 0
  }

  private func failure(_ code: Int) -> PreprocessError {
    switch ZSTD_getErrorCode(code) {
    case ZSTD_error_prefix_unknown where hasContent && !isInFrame:
      return .unreadable(
        name: name, byte: storedByte,
        reason:
          "what follows is no further compressed data; mend the file, or cut off what is not wanted, "
          + "and begin anew with --restart"
      )
    case ZSTD_error_frameParameter_windowTooLarge:
      return .unreadable(
        name: name, byte: storedByte,
        reason:
          "it was compressed with a window of more than 128 MB; unpack it with `zstd -d --long=31` "
          + "and read what comes out")
    default:
      return damage(unsafe "damaged zstd data (\(String(cString: ZSTD_getErrorName(code))))")
    }
  }

  private func damage(_ reason: String) -> PreprocessError {
    .damaged(name: name, byte: storedByte, reason: reason)
  }
}
