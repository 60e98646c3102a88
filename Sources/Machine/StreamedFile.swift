internal import CMachine
internal import Glibc

/// A file that is written from its beginning to its end, past the system's file cache where the file
/// system can do that, and hashed on the way.
///
/// The cache would copy every page, and hold back whoever makes many of them dirty; large files that
/// nobody reads at once are written faster without it. What follows the last whole block goes through
/// the cache, and so does all of a small file, and of one on a file system that knows no other way.
///
/// Dropping it closes it without writing what is still in memory.
@safe
package struct StreamedFile: ~Copyable, Sendable {
  /// Bytes that are written at once: a multiple of every disk's own blocks.
  package static let blockByteCount = 4 << 20

  /// The file's path.
  package let path: String
  private let descriptor: Int32
  // Large buffers begin at a huge page, as writing past the cache wants it.
  private var block: ByteBuffer
  private let blockByteCount: Int
  private var writtenCount = 0
  private var passesByCache: Bool
  private var runningHash = ContentHash()
  /// Whether bytes were changed after they were hashed.
  private var isHashStale = false

  /// Makes a file, or empties one that is there.
  ///
  /// `byteCount` is how long it will be, where that is known: a small one takes less memory.
  package init(path: String, byteCount: Int? = nil) throws(SystemError) {
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw SystemError(call: "open", path: path, code: errno) }
    self.path = path
    self.descriptor = descriptor
    blockByteCount = max(1, min(byteCount ?? .max, Self.blockByteCount))
    block = ByteBuffer(capacity: blockByteCount)
    passesByCache =
      blockByteCount == Self.blockByteCount && cm_pass_by_cache(descriptor, true) == 0
  }

  deinit {
    close(descriptor)
  }

  /// The file's length, with what is still in memory.
  package var byteCount: Int { writtenCount + block.count }

  /// Appends bytes.
  package mutating func append(_ bytes: RawSpan) throws(SystemError) {
    var rest = bytes
    while rest.byteCount > 0 {
      let part = rest.extracting(first: min(blockByteCount - block.count, rest.byteCount))
      block.append(part)
      rest = rest.extracting(droppingFirst: part.byteCount)
      if block.count == blockByteCount { try writeBlock() }
    }
  }

  /// Writes over the first bytes, which were appended before; where they are on the disk by now, the
  /// file is read again for its hash.
  ///
  /// - Precondition: they lie inside the file.
  package mutating func overwriteStart(_ bytes: RawSpan) throws(SystemError) {
    precondition(bytes.byteCount <= byteCount)
    if writtenCount > 0 {
      useCache()
      _ = try write(bytes, at: 0)
      isHashStale = true
    } else {
      var changed = ByteBuffer(capacity: blockByteCount)
      changed.append(bytes)
      changed.append(block.bytes.extracting(droppingFirst: bytes.byteCount))
      block = changed
    }
  }

  /// Waits until all of it is on the disk; returns its XXH64.
  package mutating func finish() throws(SystemError) -> UInt64 {
    useCache()
    if block.count > 0 { try writeBlock() }
    while fdatasync(descriptor) != 0 {
      if errno != EINTR { throw SystemError(call: "fdatasync", path: path, code: errno) }
    }
    if isHashStale { try hashAgain() }
    return runningHash.value
  }

  // MARK: - Blocks

  private mutating func writeBlock() throws(SystemError) {
    var hash = runningHash
    hash.update(block.bytes)
    runningHash = hash
    passesByCache = try write(block.bytes, at: writtenCount)
    if !passesByCache {
      // The disk works while we do, so that a later fdatasync waits for little.
      cm_start_writeback(descriptor, Int64(writtenCount), Int64(block.count))
    }
    writtenCount += block.count
    block.removeAll()
  }

  /// Writes bytes; says whether the next ones may pass by the cache.
  private func write(_ bytes: RawSpan, at offset: Int) throws(SystemError) -> Bool {
    var passesByCache = passesByCache
    var done = 0
    while done < bytes.byteCount {
      let count = unsafe bytes.withUnsafeBytes { source in
        guard let start = source.baseAddress else { return 0 }
        return unsafe pwrite(descriptor, start + done, source.count - done, offset + done)
      }
      if count >= 0 {
        done += count
      } else if errno == EINVAL, passesByCache {
        // Some file systems only say so now, and half a block cannot be written in this way.
        _ = cm_pass_by_cache(descriptor, false)
        passesByCache = false
      } else if errno != EINTR {
        throw SystemError(call: "write", path: path, code: errno)
      }
    }
    return passesByCache
  }

  private mutating func useCache() {
    guard passesByCache else { return }
    _ = cm_pass_by_cache(descriptor, false)
    passesByCache = false
  }

  private mutating func hashAgain() throws(SystemError) {
    let (descriptor, path) = (descriptor, path)
    var isDirect =
      blockByteCount == Self.blockByteCount && cm_pass_by_cache(descriptor, true) == 0
    var hash = ContentHash()
    var place = 0
    while place < writtenCount {
      block.removeAll()
      // Whole blocks are asked for also at the end: past the cache nothing else can be.
      try unsafe block.append(room: blockByteCount) { (target) throws(SystemError) in
        let count = unsafe pread(descriptor, target.baseAddress, target.count, place)
        if count > 0 { return count }
        if count < 0, errno == EINTR { return 0 }
        guard count < 0, errno == EINVAL, isDirect else {
          throw SystemError(call: "read", path: path, code: count == 0 ? ENODATA : errno)
        }
        _ = cm_pass_by_cache(descriptor, false)
        isDirect = false
        return 0
      }
      let count = min(block.count, writtenCount - place)
      hash.update(block.bytes.extracting(first: count))
      place += count
    }
    block.removeAll()
    runningHash = hash
    isHashStale = false
  }
}
