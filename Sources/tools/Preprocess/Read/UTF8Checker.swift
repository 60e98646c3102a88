internal import CSimdJSON

/// Checks that bytes are UTF-8, in pieces of any size.
struct UTF8Checker: Sendable {
  /// Bytes that must still come before the character is whole.
  private var missing = 0
  /// What the next of them may be.
  private var allowed: ClosedRange<UInt8> = 0x80...0xBF

  /// Whether a character has begun and not ended.
  var isInside: Bool { missing > 0 }

  /// Takes the next byte; returns whether it can be there.
  mutating func take(_ byte: UInt8) -> Bool {
    if missing > 0 {
      guard allowed.contains(byte) else { return false }
      missing -= 1
      allowed = 0x80...0xBF
      return true
    }
    switch byte {
    case 0x00...0x7F: break
    case 0xC2...0xDF: begin(1, 0x80...0xBF)
    case 0xE0: begin(2, 0xA0...0xBF)
    case 0xED: begin(2, 0x80...0x9F)
    case 0xE1...0xEF: begin(2, 0x80...0xBF)
    case 0xF0: begin(3, 0x90...0xBF)
    case 0xF1...0xF3: begin(3, 0x80...0xBF)
    case 0xF4: begin(3, 0x80...0x8F)
    default: return false
    }
    return true
  }

  private mutating func begin(_ count: Int, _ range: ClosedRange<UInt8>) {
    missing = count
    allowed = range
  }

  /// Takes `bytes` up to the first byte that cannot be there, and returns its index or `nil`.
  mutating func firstFault(in bytes: Span<UInt8>) -> Int? {
    var index = 0
    while index < bytes.count, missing > 0 {
      guard take(bytes[index]) else { return index }
      index += 1
    }
    // Whole characters are checked many bytes at a time; where they are bad, the rest says the place.
    let end = Self.wholeCharacters(in: bytes)
    if index < end, Self.isUTF8(bytes.extracting(index..<end)) { index = end }
    while index < bytes.count {
      guard take(bytes[index]) else { return index }
      index += 1
    }
    return nil
  }

  /// Where the last character begins that may be cut off.
  private static func wholeCharacters(in bytes: Span<UInt8>) -> Int {
    for length in 1...3 where length <= bytes.count && bytes[bytes.count - length] >= 0xC0 {
      return bytes.count - length
    }
    return bytes.count
  }

  private static func isUTF8(_ bytes: Span<UInt8>) -> Bool {
    unsafe bytes.withUnsafeBufferPointer { unsafe csj_is_utf8($0.baseAddress, $0.count) == 1 }
  }
}
