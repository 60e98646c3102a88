internal import CMachine
internal import Glibc

/// A file opened for reading at any place.
@safe
package struct InputFile: ~Copyable, Sendable {
  /// The path it was opened under.
  package let path: String
  /// Its length when it was opened; 0 for a device.
  package let byteCount: Int
  /// When it was last changed, in nanoseconds since 1970.
  package let modifiedNanoseconds: Int64
  /// Whether it is an ordinary file, which has a length and can be read at any place.
  package let isRegular: Bool
  /// The number the system knows it by.
  package let descriptor: Int32

  /// Opens a file.
  ///
  /// - Throws: `EISDIR` for a folder and `ESPIPE` for a pipe, for whose writer nobody waits.
  package init(path: String) throws(SystemError) {
    let opened = try Self.open(path)
    self.path = path
    descriptor = opened.descriptor
    byteCount = opened.byteCount
    isRegular = opened.isRegular
    modifiedNanoseconds = cm_modification_nanoseconds(opened.descriptor)
  }

  /// Takes over the descriptor of a file that has no name, as a temporary file has none; `path`
  /// stands for it in messages.
  package init(adopting descriptor: Int32, path: String) {
    self.path = path
    self.descriptor = descriptor
    byteCount = 0
    isRegular = true
    modifiedNanoseconds = 0
  }

  deinit {
    close(descriptor)
  }

  /// What tells it from all other files.
  package func identity() throws(SystemError) -> FileIdentity {
    guard let identity = FileIdentity(descriptor: descriptor) else {
      throw SystemError(call: "stat", path: path, code: errno)
    }
    return identity
  }

  /// Asks the system to begin reading a range into its memory, and does not wait.
  package func readAhead(_ range: Range<Int>) {
    _ = posix_fadvise(descriptor, range.lowerBound, range.count, POSIX_FADV_WILLNEED)
  }

  /// Asks the system to drop what it has of the file in its memory.
  package func dropFromMemory() {
    _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
  }

  /// Reads up to `target.count` bytes from `offset` on; fewer only at the end of the file.
  package func read(
    into target: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(SystemError) -> Int {
    var filled = 0
    while filled < target.count, let start = target.baseAddress {
      let count = unsafe pread(descriptor, start + filled, target.count - filled, offset + filled)
      if count == 0 { break }
      if count > 0 {
        filled += count
      } else if errno != EINTR {
        throw SystemError(call: "read", path: path, code: errno)
      }
    }
    return filled
  }

  /// The little-endian number at a byte; `nil` when the file ends before its end.
  package func number<Value: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, _: Value.Type
  ) throws(SystemError) -> Value? {
    var value = Value.zero
    let count = try unsafe withUnsafeMutableBytes(of: &value) { (target) throws(SystemError) in
      try unsafe read(into: target, at: offset)
    }
    return count == MemoryLayout<Value>.size ? Value(littleEndian: value) : nil
  }

  /// Appends up to `count` bytes from `offset` on to a buffer and says how many there were.
  @discardableResult
  package func read(
    _ count: Int, at offset: Int, to buffer: inout ByteBuffer
  ) throws(SystemError) -> Int {
    let before = buffer.count
    try unsafe buffer.append(room: count) { (target) throws(SystemError) -> Int in
      try unsafe read(into: target, at: offset)
    }
    return buffer.count - before
  }

  /// All bytes of the file.
  ///
  /// - Throws: `EFBIG` when it is longer than `limit`.
  package func readAll(limit: Int) throws(SystemError) -> ByteBuffer {
    guard byteCount <= limit else { throw SystemError(call: "read", path: path, code: EFBIG) }
    var buffer = ByteBuffer(capacity: byteCount)
    try read(byteCount, at: 0, to: &buffer)
    return buffer
  }

  private static func open(
    _ path: String
  ) throws(SystemError) -> (descriptor: Int32, byteCount: Int, isRegular: Bool) {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw SystemError(call: "open", path: path, code: errno) }
    var facts = stat()
    guard unsafe fstat(descriptor, &facts) == 0 else {
      let code = errno
      close(descriptor)
      throw SystemError(call: "stat", path: path, code: code)
    }
    let kind = facts.st_mode & S_IFMT
    guard kind != S_IFDIR && kind != S_IFIFO else {
      close(descriptor)
      throw SystemError(call: "open", path: path, code: kind == S_IFDIR ? EISDIR : ESPIPE)
    }
    let isRegular = facts.st_mode & S_IFMT == S_IFREG
    return (descriptor, isRegular ? Int(facts.st_size) : 0, isRegular)
  }
}
