import CArchive

/// The content of gzip data: all its members, each checked against its length and checksum.
@safe
final class GzipStream: ByteStream {
  private let stored: any ByteStream
  private let zlib: UnsafeMutablePointer<z_stream>
  private let input: UnsafeMutableRawBufferPointer
  private var hasMember = false
  private var isAtEnd = false

  init(_ stored: any ByteStream) throws(PreprocessError) {
    self.stored = stored
    unsafe zlib = .allocate(capacity: 1)
    unsafe zlib.initialize(to: z_stream())
    unsafe input = .allocate(byteCount: 1 << 18, alignment: 16)
    let gzipOnly: Int32 = 15 + 16
    let size = unsafe Int32(MemoryLayout<z_stream>.size)
    guard unsafe inflateInit2_(zlib, gzipOnly, ZLIB_VERSION, size) == Z_OK else {
      throw damage("zlib cannot start")
    }
  }

  deinit {
    unsafe inflateEnd(zlib)
    unsafe zlib.deallocate()
    unsafe input.deallocate()
  }

  var name: String { stored.name }
  var storedByte: Int { unsafe stored.storedByte(without: Int(zlib.pointee.avail_in)) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(PreprocessError) -> Int {
    guard !isAtEnd, unsafe !buffer.isEmpty else { return 0 }
    let room = UInt32(clamping: buffer.count)
    unsafe zlib.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe zlib.pointee.avail_out = room
    while unsafe zlib.pointee.avail_out == room {
      let isDry = unsafe zlib.pointee.avail_in == 0
      if isDry, try !refill() {
        guard !hasMember else { throw damage("the gzip data ends too early") }
        isAtEnd = true
        return 0
      }
      if !hasMember && skipZero() { continue }
      hasMember = true
      switch unsafe inflate(zlib, Z_NO_FLUSH) {
      case Z_OK, Z_BUF_ERROR:
        break
      case Z_STREAM_END:
        hasMember = false
        unsafe inflateReset(zlib)
      default:
        let reason = unsafe zlib.pointee.msg.map { unsafe String(cString: $0) } ?? "bad data"
        throw damage("damaged gzip data (\(reason))")
      }
    }
    return Int(room - (unsafe zlib.pointee.avail_out))
  }

  private func refill() throws(PreprocessError) -> Bool {
    let count = try unsafe stored.read(into: input)
    unsafe zlib.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe zlib.pointee.avail_in = UInt32(count)
    return count > 0
  }

  /// Passes over one of the zeros that may fill up the space after a member.
  private func skipZero() -> Bool {
    guard unsafe zlib.pointee.next_in.pointee == 0 else { return false }
    unsafe zlib.pointee.next_in += 1
    unsafe zlib.pointee.avail_in -= 1
    return true
  }

  private func damage(_ reason: String) -> PreprocessError {
    .damaged(name: name, byte: storedByte, reason: reason)
  }
}
