/// The part of a stream that has been read and not yet been cut into work items.
struct Window {
  private(set) var stream: any ByteStream
  private let pool: BlockPool
  private(set) var bytes: [UInt8]
  /// Bytes that mean something.
  private(set) var count = 0
  /// The stream's offset at the first of them.
  private(set) var offset: Int
  private(set) var isAtEnd = false

  /// Starts at the offset that `stream` is at.
  init(_ stream: any ByteStream, offset: Int, pool: BlockPool) {
    self.stream = stream
    self.offset = offset
    self.pool = pool
    bytes = pool.take()
  }

  /// Turns to another stream when this one is used up, and keeps the memory.
  mutating func restart(_ stream: any ByteStream) {
    self.stream = stream
    count = 0
    offset = 0
    isAtEnd = false
  }

  /// Reads until there are `target` bytes or the stream ends.
  ///
  /// There may be more from before. What is cut must not depend on that, so that reading can begin
  /// anew at every cut.
  mutating func fill(to target: Int) throws(PreprocessError) {
    if bytes.count < target + ByteBlock.padding {
      bytes += [UInt8](repeating: 0, count: target + ByteBlock.padding - bytes.count)
    }
    while count < target && !isAtEnd {
      let more = try bytes.fill(from: count, upTo: target, with: stream)
      count += more
      isAtEnd = more == 0
    }
  }

  /// Hands over the first bytes.
  mutating func cut(_ length: Int) -> ByteBlock {
    var rest = pool.take(capacity: count - length)
    rest.copy(bytes[length..<count], to: 0)
    swap(&rest, &bytes)
    count -= length
    offset += length
    return ByteBlock(rest, count: length, pool: pool)
  }

  /// Passes over the first bytes.
  mutating func drop(_ length: Int) {
    bytes.copy(bytes[length..<count], to: 0)
    count -= length
    offset += length
  }

  /// Passes over bytes of the stream; returns how many there were before it ended.
  mutating func skip(_ length: Int) throws(PreprocessError) -> Int {
    var left = length
    while left > 0 {
      try fill(to: min(left, 1 << 18))
      if count == 0 { break }
      let part = min(left, count)
      drop(part)
      left -= part
    }
    return length - left
  }

  /// The index after the last line end in a range.
  func endOfLastLine(in range: Range<Int>) -> Int? {
    bytes[range].lastIndex(of: 0x0A).map { $0 + 1 }
  }
}

extension [UInt8] {
  /// Reads once from a stream into the bytes from `start` to `end`.
  mutating func fill(
    from start: Int, upTo end: Int, with stream: any ByteStream
  ) throws(PreprocessError) -> Int {
    try unsafe withUnsafeMutableBufferPointer { (all) throws(PreprocessError) -> Int in
      let part = unsafe UnsafeMutableRawBufferPointer(
        UnsafeMutableBufferPointer(rebasing: all[start..<end]))
      return try unsafe stream.read(into: part)
    }
  }

  /// Copies bytes to the place that begins at `start`.
  mutating func copy(_ source: ArraySlice<UInt8>, to start: Int) {
    replaceSubrange(start..<start + source.count, with: source)
  }
}
