/// Writes out the text of a JSON value, in pieces of any size.
///
/// The value is one that ``JSONScanner`` has passed: a string, or a list of strings, which are joined
/// with two newlines.
struct JSONTextDecoder: Sendable {
  private enum State {
    case outside, plain, escape, hex
  }

  private var state = State.outside
  private var hasString = false
  private var hexDigits = 0
  private var hexValue: UInt32 = 0
  private var highSurrogate: UInt32 = 0

  /// Decodes the next bytes of the value and appends their text.
  mutating func decode(_ bytes: Span<UInt8>, into text: inout [UInt8]) {
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      switch state {
      case .outside:
        if byte == 0x22 { beginString(&text) }
      case .plain:
        let end = Self.endOfPlainText(bytes, from: index)
        unsafe bytes.extracting(index..<end).withUnsafeBufferPointer {
          unsafe text.append(contentsOf: $0)
        }
        index = end
        guard index < bytes.count else { return }
        state = bytes[index] == 0x22 ? .outside : .escape
      case .escape:
        decodeEscape(byte, &text)
      case .hex:
        decodeHex(byte, &text)
      }
      index += 1
    }
  }

  private static func endOfPlainText(_ bytes: Span<UInt8>, from start: Int) -> Int {
    var index = start
    while index < bytes.count {
      if bytes[index] == 0x22 || bytes[index] == 0x5C { break }
      index += 1
    }
    return index
  }

  private mutating func beginString(_ text: inout [UInt8]) {
    if hasString { text += [0x0A, 0x0A] }
    hasString = true
    state = .plain
  }

  private mutating func decodeEscape(_ byte: UInt8, _ text: inout [UInt8]) {
    state = .plain
    switch byte {
    case 0x62: text.append(0x08)
    case 0x66: text.append(0x0C)
    case 0x6E: text.append(0x0A)
    case 0x72: text.append(0x0D)
    case 0x74: text.append(0x09)
    case 0x75:
      state = .hex
      hexDigits = 0
      hexValue = 0
    default: text.append(byte)
    }
  }

  private mutating func decodeHex(_ byte: UInt8, _ text: inout [UInt8]) {
    let digit = byte <= 0x39 ? byte &- 0x30 : (byte | 0x20) &- 0x57
    hexValue = hexValue << 4 | UInt32(digit & 0xF)
    hexDigits += 1
    guard hexDigits == 4 else { return }
    state = .plain
    switch hexValue {
    case 0xD800...0xDBFF:
      highSurrogate = hexValue
    case 0xDC00...0xDFFF:
      // Nothing overflows even when the file was changed since it was judged.
      append(0x10000 &+ (highSurrogate &- 0xD800) << 10 &+ (hexValue &- 0xDC00), &text)
    default:
      append(hexValue, &text)
    }
  }

  private func append(_ value: UInt32, _ text: inout [UInt8]) {
    guard let scalar = Unicode.Scalar(value) else { return }
    text.append(contentsOf: UTF8.encode(scalar) ?? .init())
  }
}
