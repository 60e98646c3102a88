/// A JSON value that can be written as text; the members of objects keep their order.
package enum JSONText: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  case number(Double)
  case string(String)
  case array([JSONText])
  case object([Member])

  /// One named value of an object.
  package struct Member: Sendable, Equatable {
    /// The member's name.
    package var name: String
    /// The member's value.
    package var value: JSONText

    /// Makes a member.
    package init(_ name: String, _ value: JSONText) {
      self.name = name
      self.value = value
    }
  }

  /// How the text is laid out.
  package enum Layout: Sendable {
    /// On one line, without spaces.
    case compact
    /// A member a line, indented by two spaces.
    case pretty
  }

  /// A string of any bytes; what is not UTF-8 becomes U+FFFD.
  package init(bytes: some Collection<UInt8>) {
    self = .string(String(decoding: bytes, as: UTF8.self))
  }

  /// A whole number.
  package init(_ value: Int) { self = .integer(Int64(value)) }

  /// The value as text, without a line end.
  package func text(_ layout: Layout = .compact) -> String {
    String(decoding: bytes(layout), as: UTF8.self)
  }

  /// The value as UTF-8, without a line end.
  package func bytes(_ layout: Layout = .compact) -> [UInt8] {
    var text: [UInt8] = []
    append(to: &text, layout, depth: 0)
    return text
  }

  /// Appends `"text"` with everything escaped that JSON wants escaped.
  package static func appendString(_ string: String, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    appendEscaped(string.utf8, to: &text)
    text.append(UInt8(ascii: "\""))
  }

  /// Appends a part of a string's UTF-8, with everything escaped that JSON wants escaped.
  package static func appendEscaped(_ bytes: some Sequence<UInt8>, to text: inout [UInt8]) {
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
      case 0x0A: text += "\\n".utf8
      case 0x0D: text += "\\r".utf8
      case 0x09: text += "\\t".utf8
      case 0..<0x20, 0x7F:
        text += (byte < 0x10 ? "\\u000" : "\\u00").utf8
        text += String(byte, radix: 16).utf8
      default: text.append(byte)
      }
    }
  }

  /// Appends a number; `digits` is room for its digits, which may be used again.
  static func append(_ value: Double, to text: inout [UInt8], digits: inout String) {
    // JSON has no infinity and no NaN.
    guard value.isFinite else {
      text += "null".utf8
      return
    }
    digits.removeAll(keepingCapacity: true)
    value.write(to: &digits)
    text += digits.utf8
  }

  func append(to text: inout [UInt8], _ layout: Layout, depth: Int) {
    switch self {
    case .null: text += "null".utf8
    case .bool(let value): text += (value ? "true" : "false").utf8
    case .integer(let value): text += String(value).utf8
    case .unsigned(let value): text += String(value).utf8
    case .number(let value):
      var digits = ""
      Self.append(value, to: &text, digits: &digits)
    case .string(let value): Self.appendString(value, to: &text)
    case .array(let values):
      Self.append(values, brackets: ("[", "]"), to: &text, layout, depth) { value, text in
        value.append(to: &text, layout, depth: depth + 1)
      }
    case .object(let members):
      Self.append(members, brackets: ("{", "}"), to: &text, layout, depth) { member, text in
        Self.appendString(member.name, to: &text)
        text += (layout == .pretty ? ": " : ":").utf8
        member.value.append(to: &text, layout, depth: depth + 1)
      }
    }
  }

  private static func append<Part>(
    _ parts: [Part], brackets: (open: String, close: String), to text: inout [UInt8],
    _ layout: Layout, _ depth: Int, each: (Part, inout [UInt8]) -> Void
  ) {
    func breakLine(_ depth: Int) {
      guard layout == .pretty, !parts.isEmpty else { return }
      text.append(0x0A)
      text += repeatElement(UInt8(ascii: " "), count: 2 * depth)
    }
    text += brackets.open.utf8
    for (place, part) in parts.enumerated() {
      if place > 0 { text.append(UInt8(ascii: ",")) }
      breakLine(depth + 1)
      each(part, &text)
    }
    breakLine(depth)
    text += brackets.close.utf8
  }
}

extension JSONText: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(nilLiteral: ()) { self = .null }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(integerLiteral value: Int64) { self = .integer(value) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(stringLiteral value: String) { self = .string(value) }
  package init(arrayLiteral elements: JSONText...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSONText)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }
}
