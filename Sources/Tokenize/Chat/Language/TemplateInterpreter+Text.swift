// Values as text: Python's `str` and `repr`, and JSON as `json.dumps` writes it.

extension TemplateInterpreter {
  /// What `{{ value }}` writes.
  ///
  /// - Throws: ``TokenizeError/template(name:line:reason:)`` where it is too long.
  func text(of value: TemplateValue) throws(TokenizeError) -> TemplateText {
    switch value {
    case .text(let text): return text
    case .undefined(let reason):
      noteWritten(undefined: reason)
      return TemplateText([])
    default:
      var result = TemplateText([])
      try appendRepresentation(of: value, to: &result)
      return result
    }
  }

  private func appendRepresentation(
    of value: TemplateValue, to result: inout TemplateText
  ) throws(TokenizeError) {
    try allow(byteCount: result.bytes.count)
    switch value {
    case .undefined: result.append(TemplateText("Undefined"))
    case .none: result.append(TemplateText("None"))
    case .boolean(let value): result.append(TemplateText(value ? "True" : "False"))
    case .integer(let value): result.append(TemplateText(String(value)))
    case .number(let value): result.append(TemplateText(Self.pythonNumber(value)))
    case .text(let text):
      try allow(byteCount: result.bytes.count + text.bytes.count)
      try append(TemplateText(Self.quoted(text.bytes), of: text), to: &result)
    case .list(let list):
      result.append(TemplateText(list.isTuple ? "(" : "["))
      for (place, item) in list.items.enumerated() {
        if place > 0 { result.append(TemplateText(", ")) }
        try appendRepresentation(of: item, to: &result)
      }
      if list.isTuple, list.items.count == 1 { result.append(TemplateText(",")) }
      result.append(TemplateText(list.isTuple ? ")" : "]"))
    case .mapping(let mapping):
      result.append(TemplateText("{"))
      for (place, key) in mapping.keys.enumerated() {
        result.append(TemplateText(place > 0 ? ", " : ""))
        try appendRepresentation(of: .text(key), to: &result)
        result.append(TemplateText(": "))
        try appendRepresentation(of: mapping.values[place], to: &result)
      }
      result.append(TemplateText("}"))
    case .namespace, .loop, .macro, .function:
      result.append(TemplateText("<\(kind(of: value))>"))
    }
  }

  /// A number as Python writes it: the fewest digits that give it back.
  static func pythonNumber(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    let magnitude = value.magnitude
    let text = value.description
    guard magnitude != 0, magnitude >= 1e16 || magnitude < 1e-4 || text.contains("e") else {
      return text
    }
    // The digits and the power of ten of the shortest form, laid out Python's way.
    let parts = text.split(separator: "e")
    var digits = parts[0].filter { $0 != "-" }
    var power = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let point = digits.firstIndex(of: ".").map { digits.distance(from: digits.startIndex, to: $0) }
    power += (point ?? digits.count) - 1
    digits.removeAll { $0 == "." }
    while digits.count > 1, digits.first == "0" {
      digits.removeFirst()
      power -= 1
    }
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    let sign = value < 0 ? "-" : ""
    if (-4..<16).contains(power) {
      if power < 0 { return sign + "0." + String(repeating: "0", count: -power - 1) + digits }
      if digits.count <= power + 1 {
        return sign + digits + String(repeating: "0", count: power + 1 - digits.count) + ".0"
      }
      return sign + digits.prefix(power + 1) + "." + digits.dropFirst(power + 1)
    }
    let exponent = String(abs(power))
    let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
    return sign + digits.prefix(1) + fraction + "e" + (power < 0 ? "-" : "+")
      + (exponent.count < 2 ? "0" : "") + exponent
  }

  private static func quoted(_ bytes: [UInt8]) -> [UInt8] {
    if isPlain(bytes) { return [0x27] + bytes + [0x27] }
    let text = String(decoding: bytes, as: UTF8.self)
    let scalars = text.unicodeScalars
    let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
    var result = String.UnicodeScalarView()
    result.append(quote)
    for scalar in scalars {
      switch scalar {
      case quote, "\\":
        result.append("\\")
        result.append(scalar)
      case "\n": result += "\\n".unicodeScalars
      case "\r": result += "\\r".unicodeScalars
      case "\t": result += "\\t".unicodeScalars
      default:
        if isPrintable(scalar) {
          result.append(scalar)
        } else {
          let (mark, width) =
            scalar.value < 0x100 ? ("\\x", 2) : scalar.value < 0x1_0000 ? ("\\u", 4) : ("\\U", 8)
          result += (mark + hexadecimal(scalar.value, width)).unicodeScalars
        }
      }
    }
    result.append(quote)
    return Array(String(result).utf8)
  }

  /// Whether a text is nothing but printable ASCII, and needs no escapes in any of the forms.
  private static func isPlain(_ bytes: [UInt8]) -> Bool {
    bytes.allSatisfy { (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x27 && $0 != 0x5C }
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      false
    case .spaceSeparator: scalar == " "
    default: true
    }
  }

  private static func hexadecimal(_ value: UInt32, _ width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(width - digits.count, 0)) + digits
  }

  // MARK: - JSON

  /// How JSON is laid out.
  struct JSONStyle {
    var indent: [UInt8]?
    var itemSeparator = Array(", ".utf8)
    var keySeparator = Array(": ".utf8)
    var escapesAll = false
    var sortsKeys = false
  }

  /// JSON as transformers' `tojson` writes it.
  func json(_ value: TemplateValue, _ style: JSONStyle) throws(TokenizeError) -> TemplateText {
    var result = TemplateText([])
    try appendJSON(value, style, level: 0, to: &result)
    return result
  }

  private func appendJSON(
    _ value: TemplateValue, _ style: JSONStyle, level: Int, to result: inout TemplateText
  ) throws(TokenizeError) {
    switch value {
    case .none: result.append(TemplateText("null"))
    case .boolean(let value): result.append(TemplateText(value ? "true" : "false"))
    case .integer(let value): result.append(TemplateText(String(value)))
    case .number(let value):
      let text = Self.pythonNumber(value)
      result.append(
        TemplateText(["nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"][text] ?? text))
    case .text(let text):
      try allow(byteCount: result.bytes.count + text.bytes.count)
      try append(
        TemplateText(Self.jsonString(text.bytes, style.escapesAll), of: text), to: &result)
    case .list(let list):
      try appendJSON(
        list.items.map { (nil, $0) }, brackets: ("[", "]"), style, level: level, to: &result)
    case .mapping(let mapping):
      var members = Array(zip(mapping.keys, mapping.values))
      if style.sortsKeys {
        members.sort { $0.0.bytes.lexicographicallyPrecedes($1.0.bytes) }
      }
      try appendJSON(
        members.map { ($0, $1) }, brackets: ("{", "}"), style, level: level, to: &result)
    case .undefined(let reason): throw failure(reason)
    case .namespace, .loop, .macro, .function:
      throw failure("a \(kind(of: value)) has no JSON")
    }
  }

  private func appendJSON(
    _ members: [(key: TemplateText?, value: TemplateValue)],
    brackets: (open: String, close: String), _ style: JSONStyle, level: Int,
    to result: inout TemplateText
  ) throws(TokenizeError) {
    func breakLine(_ level: Int) throws(TokenizeError) {
      guard let indent = style.indent, !members.isEmpty else { return }
      // Levels are few, and the indent is no longer than a text can be.
      try allow(byteCount: result.bytes.count + indent.count * level + 1)
      result.append(TemplateText([0x0A] + repeatElement(indent, count: level).joined()))
    }
    result.append(TemplateText(brackets.open))
    for (place, member) in members.enumerated() {
      if place > 0 { try append(TemplateText(style.itemSeparator), to: &result) }
      try breakLine(level + 1)
      if let key = member.key {
        try append(
          TemplateText(Self.jsonString(key.bytes, style.escapesAll), of: key), to: &result)
        try append(TemplateText(style.keySeparator), to: &result)
      }
      try appendJSON(member.value, style, level: level + 1, to: &result)
    }
    try breakLine(level)
    result.append(TemplateText(brackets.close))
  }

  private static func jsonString(_ bytes: [UInt8], _ escapesAll: Bool) -> [UInt8] {
    if isPlain(bytes) { return [0x22] + bytes + [0x22] }
    var result = Array("\"".utf8)
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      switch scalar {
      case "\"", "\\": result += [UInt8(ascii: "\\"), UInt8(scalar.value)]
      case "\n": result += Array("\\n".utf8)
      case "\r": result += Array("\\r".utf8)
      case "\t": result += Array("\\t".utf8)
      case "\u{8}": result += Array("\\b".utf8)
      case "\u{C}": result += Array("\\f".utf8)
      default:
        if scalar.value < 0x20 || escapesAll && scalar.value > 0x7E {
          for unit in String(Character(scalar)).utf16 {
            result += Array(("\\u" + hexadecimal(UInt32(unit), 4)).utf8)
          }
        } else {
          result += Array(String(Character(scalar)).utf8)
        }
      }
    }
    return result + Array("\"".utf8)
  }
}
