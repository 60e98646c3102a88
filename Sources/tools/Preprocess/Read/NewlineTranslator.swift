internal import Glibc

/// Turns CRLF and CR into LF, as Python does when it opens a file as text, in pieces of any size.
struct NewlineTranslator: Sendable {
  private var hasCarriageReturn = false

  /// Appends the translation of the next bytes; a CR at their end waits for what follows it.
  mutating func translate(_ bytes: Span<UInt8>, into text: inout [UInt8]) {
    var start = 0
    while start < bytes.count {
      if hasCarriageReturn {
        hasCarriageReturn = false
        text.append(0x0A)
        if bytes[start] == 0x0A {
          start += 1
          continue
        }
      }
      let end = Self.carriageReturn(in: bytes, from: start)
      unsafe bytes.extracting(start..<end).withUnsafeBufferPointer {
        unsafe text.append(contentsOf: $0)
      }
      hasCarriageReturn = end < bytes.count
      start = end + 1
    }
  }

  /// The place of the next CR, or the end of the bytes.
  private static func carriageReturn(in bytes: Span<UInt8>, from start: Int) -> Int {
    unsafe bytes.withUnsafeBufferPointer { all in
      guard let base = all.baseAddress,
        let found = unsafe memchr(base + start, 0x0D, all.count - start)
      else { return all.count }
      return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }
  }

  /// Appends what still waits at the end of the text.
  mutating func finish(into text: inout [UInt8]) {
    if hasCarriageReturn { text.append(0x0A) }
    hasCarriageReturn = false
  }
}
