internal import CMachine
internal import Glibc

extension AppendFile {
  /// Appends `count` bytes of another file, copied inside the system where it can do that.
  ///
  /// - Throws: ``SystemError`` with `ENODATA` when the other file ends early.
  package mutating func append(
    copyOf source: borrowing InputFile, from offset: Int, count: Int
  ) throws(SystemError) {
    try flush()
    let end = offset + count
    var place = offset
    while place < end {
      let step = min(end - place, 64 << 20)
      let copied = cm_copy_range(
        source.descriptor, Int64(place), descriptor, Int64(writtenCount), Int64(step))
      guard copied > 0 else { break }
      noteCopied(Int(copied))
      place += Int(copied)
    }
    // Other file systems, pipes and old kernels: through memory.
    var buffer = ByteBuffer(capacity: min(end - place, Self.blockSize))
    while place < end {
      buffer.removeAll()
      let read = try source.read(min(end - place, Self.blockSize), at: place, to: &buffer)
      guard read > 0 else { throw SystemError(call: "read", path: source.path, code: ENODATA) }
      try append(buffer.bytes)
      place += read
    }
  }

  private mutating func noteCopied(_ count: Int) {
    noteWritten(count)
    noteAppended(count)
  }
}
