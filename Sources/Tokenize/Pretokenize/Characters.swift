/// Text read character by character, with the class of each.
///
/// Bytes that are not well-formed UTF-8 are characters of class ``CharacterClass/other``, one a byte.
@safe
struct Characters {
  /// The first byte.
  let pointer: UnsafePointer<UInt8>
  private let classes = CharacterClasses.shared
  /// Bytes of text.
  let count: Int

  /// Borrows `text`, which the caller keeps alive and unchanged while this value is in use.
  @unsafe
  init(_ text: UnsafePointer<UInt8>, count: Int) {
    unsafe pointer = text
    self.count = count
  }

  /// The byte at `offset`.
  ///
  /// - Precondition: `0 ≤ offset < count`; not checked in release builds.
  @inline(__always)
  func byte(_ offset: Int) -> UInt8 {
    assert(offset >= 0 && offset < count)
    return unsafe pointer[offset]
  }

  /// The byte at `offset`, or 0 past the end.
  @inline(__always)
  func byteOrZero(_ offset: Int) -> UInt8 { offset < count ? byte(offset) : 0 }

  /// The class and the length in bytes of the character that begins at `offset`.
  ///
  /// - Precondition: `0 ≤ offset < count`.
  @inline(__always)
  func character(_ offset: Int) -> (class: CharacterClass, length: Int) {
    let lead = byte(offset)
    if lead < 0x80 { return (Self.asciiClass(lead), 1) }
    return beyondASCII(offset, lead)
  }

  /// The class of an ASCII byte.
  @inline(__always)
  static func asciiClass(_ byte: UInt8) -> CharacterClass {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"): .lower
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): .upper
    case UInt8(ascii: "0")...UInt8(ascii: "9"): .number
    case 9...13, 0x20: .space
    default: .other
    }
  }

  @inline(__always)
  private func beyondASCII(_ offset: Int, _ lead: UInt8) -> (class: CharacterClass, length: Int) {
    guard let (codePoint, length) = codePoint(offset, lead) else { return (.other, 1) }
    return (classes[codePoint], length)
  }

  /// Decodes the two to four bytes after a lead byte from 0x80 on; `nil` where they are not well-formed
  /// UTF-8 (Unicode 16, table 3-7).
  @inline(__always)
  func codePoint(_ offset: Int, _ lead: UInt8) -> (UInt32, length: Int)? {
    switch lead {
    case 0xC2...0xDF:
      guard let a = continuation(offset + 1) else { return nil }
      return (UInt32(lead & 0x1F) << 6 | a, 2)
    case 0xE0...0xEF:
      guard let a = continuation(offset + 1), let b = continuation(offset + 2) else { return nil }
      let codePoint = UInt32(lead & 0x0F) << 12 | a << 6 | b
      return codePoint < 0x800 || codePoint >> 11 == 0x1B ? nil : (codePoint, 3)
    case 0xF0...0xF4:
      guard let a = continuation(offset + 1), let b = continuation(offset + 2),
        let c = continuation(offset + 3)
      else { return nil }
      let codePoint = UInt32(lead & 0x07) << 18 | a << 12 | b << 6 | c
      return codePoint < 0x10000 || codePoint > 0x10FFFF ? nil : (codePoint, 4)
    default:
      return nil
    }
  }

  @inline(__always)
  private func continuation(_ offset: Int) -> UInt32? {
    guard offset < count else { return nil }
    let byte = byte(offset)
    return byte & 0xC0 == 0x80 ? UInt32(byte & 0x3F) : nil
  }
}
