import Glibc

/// Where a long record ends, as its bytes come by.
enum RecordBoundary: Sendable {
  /// At a line end, which belongs to the record or not.
  case line(isIncluded: Bool)
  /// Where an element of a JSON array ends.
  case element(ArraySplitter)
  /// After a number of bytes.
  case bytes(Int)
  /// With the stream.
  case stream

  /// How many of the next bytes belong to the record, how many are passed over after them, and
  /// whether the record ends with them.
  mutating func take(_ bytes: Span<UInt8>) -> (count: Int, dropped: Int, isEnd: Bool) {
    switch self {
    case .line(let isIncluded):
      guard let index = Self.lineEnd(in: bytes) else { return (bytes.count, 0, false) }
      return isIncluded ? (index + 1, 0, true) : (index, 1, true)
    case .element(var splitter):
      var index = 0
      var event = splitter.next(bytes, &index)
      if case .begin = event { event = splitter.next(bytes, &index) }
      self = .element(splitter)
      if case .end(let end) = event { return (end, 0, true) }
      return (bytes.count, 0, false)
    case .bytes(let left):
      let count = min(left, bytes.count)
      self = .bytes(left - count)
      return (count, 0, count == left)
    case .stream:
      return (bytes.count, 0, false)
    }
  }

  private static func lineEnd(in bytes: Span<UInt8>) -> Int? {
    unsafe bytes.withUnsafeBufferPointer { all in
      guard let base = all.baseAddress, let found = unsafe memchr(base, 0x0A, all.count) else {
        return nil
      }
      return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }
  }

  /// Whether a record may end with its stream.
  var mayEndWithStream: Bool {
    switch self {
    case .line, .stream: true
    case .element(let splitter): !splitter.isInside
    case .bytes(let left): left == 0
    }
  }
}
