internal import CMachine
internal import Glibc

/// A file that grows at its end, written in large blocks, durable when asked.
///
/// Dropping it closes it without writing what is still in memory, as a killed process would.
@safe
package struct AppendFile: ~Copyable, Sendable {
  /// Bytes gathered before they are written.
  package static let blockSize = 1 << 20

  /// The file's path.
  package let path: String
  /// The file's length, with what is still in memory.
  package private(set) var byteCount: Int
  let descriptor: Int32
  private var block: ByteBuffer
  private(set) var writtenCount: Int
  // The system has been asked to begin writing to the disk up to here.
  private var writebackCount: Int
  private let syncsEarly: Bool
  private(set) var earlySync: EarlySync?

  /// Opens or makes a file and cuts it to `length` bytes.
  ///
  /// With `syncsEarly` a thread makes a large file durable while it grows; dropping such a file waits until
  /// the disk has done what it was asked for.
  ///
  /// - Throws: ``SystemError`` with `ENODATA` when the file is shorter than `length`.
  package init(
    path: String, length: Int = 0, syncsEarly: Bool = false
  ) throws(SystemError) {
    let descriptor = try Self.open(path, length: length)
    self.path = path
    self.descriptor = descriptor
    byteCount = length
    writtenCount = length
    writebackCount = length
    self.syncsEarly = syncsEarly
    block = ByteBuffer()
  }

  deinit {
    close(descriptor)
  }

  /// Appends bytes; large spans go to the system without a copy.
  package mutating func append(_ bytes: RawSpan) throws(SystemError) {
    var rest = bytes
    if block.count > 0 {
      let part = rest.extracting(first: min(Self.blockSize - block.count, rest.byteCount))
      block.append(part)
      rest = rest.extracting(droppingFirst: part.byteCount)
      byteCount += part.byteCount
      if block.count == Self.blockSize { try flush() }
    }
    if rest.byteCount >= Self.blockSize {
      try write(rest)
      noteWritten(rest.byteCount)
    } else if rest.byteCount > 0 {
      block.reserve(Self.blockSize - block.count)
      block.append(rest)
    }
    byteCount += rest.byteCount
  }

  /// Appends a number in little-endian order.
  package mutating func append<Value: FixedWidthInteger & BitwiseCopyable>(
    number: Value
  ) throws(SystemError) {
    if block.capacity == 0 { block.reserve(Self.blockSize) }
    if Self.blockSize - block.count < MemoryLayout<Value>.size { try flush() }
    block.append(number: number)
    byteCount += MemoryLayout<Value>.size
  }

  /// Hands what is in memory to the system.
  package mutating func flush() throws(SystemError) {
    guard block.count > 0 else { return }
    try write(block.bytes)
    noteWritten(block.count)
    block.removeAll()
  }

  /// Hands what is in memory to the system, and asks it to begin writing to the disk.
  package mutating func beginWriting() throws(SystemError) {
    try flush()
    startWriteback()
  }

  /// Makes everything appended so far survive a loss of power.
  package mutating func synchronize() throws(SystemError) {
    try flush()
    while fdatasync(descriptor) != 0 {
      if errno != EINTR { throw SystemError(call: "fdatasync", path: path, code: errno) }
    }
    if let code = earlySync?.failure() {
      throw SystemError(call: "fdatasync", path: path, code: code)
    }
    writebackCount = writtenCount
  }

  /// Cuts the file to `length` bytes.
  ///
  /// - Precondition: `0 ≤ length ≤ byteCount`.
  package mutating func truncate(to length: Int) throws(SystemError) {
    precondition(length >= 0 && length <= byteCount)
    if length >= writtenCount {
      block.truncate(to: length - writtenCount)
    } else {
      block.removeAll()
      guard ftruncate(descriptor, length) == 0 else {
        throw SystemError(call: "truncate", path: path, code: errno)
      }
      writtenCount = length
      writebackCount = min(writebackCount, length)
    }
    byteCount = length
  }

  /// Writes over bytes that were appended before.
  ///
  /// - Precondition: they lie inside the file.
  package mutating func overwrite(at offset: Int, _ bytes: RawSpan) throws(SystemError) {
    precondition(offset >= 0 && offset <= byteCount - bytes.byteCount)
    try flush()
    try write(bytes, at: offset)
  }

  private func write(_ bytes: RawSpan) throws(SystemError) { try write(bytes, at: writtenCount) }

  private func write(_ bytes: RawSpan, at offset: Int) throws(SystemError) {
    var done = 0
    while done < bytes.byteCount {
      let count = unsafe bytes.withUnsafeBytes { source in
        guard let start = source.baseAddress else { return 0 }
        return unsafe pwrite(descriptor, start + done, source.count - done, offset + done)
      }
      if count >= 0 {
        done += count
      } else if errno != EINTR {
        throw SystemError(call: "write", path: path, code: errno)
      }
    }
  }

  mutating func noteAppended(_ count: Int) { byteCount += count }

  mutating func noteWritten(_ count: Int) {
    writtenCount += count
    // The disk works while we do, so that a later fdatasync waits for little.
    guard writtenCount - writebackCount >= 4 << 20 else { return }
    startWriteback()
    guard syncsEarly else { return }
    if earlySync == nil { earlySync = EarlySync(descriptor) }
    earlySync?.request()
  }

  private mutating func startWriteback() {
    guard writtenCount > writebackCount else { return }
    cm_start_writeback(descriptor, Int64(writebackCount), Int64(writtenCount - writebackCount))
    writebackCount = writtenCount
  }

  private static func open(_ path: String, length: Int) throws(SystemError) -> Int32 {
    let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw SystemError(call: "open", path: path, code: errno) }
    let end = lseek(descriptor, 0, SEEK_END)
    var problem: SystemError?
    if end < 0 {
      problem = SystemError(call: "seek", path: path, code: errno)
    } else if end < length {
      problem = SystemError(call: "open", path: path, code: ENODATA)
    } else if end != length, ftruncate(descriptor, length) != 0 {
      problem = SystemError(call: "truncate", path: path, code: errno)
    }
    if let problem {
      close(descriptor)
      throw problem
    }
    return descriptor
  }
}
