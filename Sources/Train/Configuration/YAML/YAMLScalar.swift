// Which value a YAML 1.1 scalar has: the rules of PyYAML's resolver and constructors.
//
//   true True TRUE yes on …        truth values          1.5E-3  .5  1.  1_0.5     numbers
//   ~ null Null NULL and empty     nothing               1e-3  1.0e8  (no sign)    strings
//   010  0x1F  0b101  1_000  1:30  whole numbers         2024-01-01                dates

/// Why a scalar that looks like a number is none.
struct YAMLScalarFault: Error {
  let reason: String
}

extension ConfigurationValue {
  /// The tags that every YAML schema knows.
  static let tagPrefix = "tag:yaml.org,2002:"

  /// The value of a scalar without quotes and without a tag.
  static func resolve(plain text: String) throws(YAMLScalarFault) -> ConfigurationValue {
    if let value = truth(text) { return .bool(value) }
    if ["", "~", "null", "Null", "NULL"].contains(text) { return .null }
    if YAMLPatterns.isFloat(text) { return .number(try float(text)) }
    if YAMLPatterns.isInteger(text) { return try integer(text) }
    if YAMLPatterns.isTimestamp(text) { return .timestamp(text) }
    if text == "=" || text == "<<" {
      throw YAMLScalarFault(reason: "\(text) alone is no value; write \"\(text)\"")
    }
    return .string(text)
  }

  /// The value of a scalar with an explicit tag.
  static func construct(
    _ text: String, tag: String
  ) throws(YAMLScalarFault) -> ConfigurationValue {
    switch tag.hasPrefix(tagPrefix) ? String(tag.dropFirst(tagPrefix.count)) : tag {
    case "str", "!": return .string(text)
    case "null": return .null
    case "bool":
      guard let value = truth(text.lowercased()) else {
        throw YAMLScalarFault(reason: "'\(text)' is no truth value, as !!bool says")
      }
      return .bool(value)
    case "int": return try integer(text)
    case "float": return .number(try float(text))
    case "timestamp":
      guard YAMLPatterns.isTimestamp(text) else {
        throw YAMLScalarFault(reason: "'\(text)' is no date, as !!timestamp says")
      }
      return .timestamp(text)
    default: throw YAMLScalarFault(reason: "a configuration has no values of the tag '\(tag)'")
    }
  }

  private static func truth(_ text: String) -> Bool? {
    switch text {
    case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": true
    case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": false
    default: nil
    }
  }

  private static func integer(_ text: String) throws(YAMLScalarFault) -> ConfigurationValue {
    var digits = text.filter { $0 != "_" }[...]
    let isNegative = digits.first == "-"
    if digits.first == "-" || digits.first == "+" { digits.removeFirst() }
    let fault = YAMLScalarFault(reason: "'\(text)' has no digits that make a number")
    if digits.contains(":") { return try sexagesimal(digits, isNegative, text) }
    var radix = 10
    if digits.hasPrefix("0b") {
      (radix, digits) = (2, digits.dropFirst(2))
    } else if digits.hasPrefix("0x") {
      (radix, digits) = (16, digits.dropFirst(2))
    } else if digits.first == "0", digits.count > 1 {
      radix = 8
    }
    let isNumber = digits.allSatisfy { $0.isASCII && $0.hexDigitValue.map { $0 < radix } == true }
    guard !digits.isEmpty, isNumber else { throw fault }
    guard let value = Int((isNegative ? "-" : "") + digits, radix: radix) else {
      return .hugeInteger(text)
    }
    return .integer(value)
  }

  private static func sexagesimal(
    _ digits: Substring, _ isNegative: Bool, _ text: String
  ) throws(YAMLScalarFault) -> ConfigurationValue {
    var value = 0
    for part in digits.split(separator: ":", omittingEmptySubsequences: false) {
      guard let number = Int(part) else {
        throw YAMLScalarFault(reason: "'\(text)' has no digits that make a number")
      }
      let (sixty, overflow) = value.multipliedReportingOverflow(by: 60)
      let (sum, overflow2) = sixty.addingReportingOverflow(number)
      guard !overflow, !overflow2 else { return .hugeInteger(text) }
      value = sum
    }
    return .integer(isNegative ? -value : value)
  }

  private static func float(_ text: String) throws(YAMLScalarFault) -> Double {
    var digits = text.filter { $0 != "_" }.lowercased()[...]
    let sign: Double = digits.first == "-" ? -1 : 1
    if digits.first == "-" || digits.first == "+" { digits.removeFirst() }
    if digits == ".inf" { return sign * .infinity }
    if digits == ".nan" { return .nan }
    var value = 0.0
    for part in digits.split(separator: ":", omittingEmptySubsequences: false) {
      guard let number = Double(decimal: part) else {
        throw YAMLScalarFault(reason: "'\(text)' is no number")
      }
      value = value * 60 + number
    }
    return sign * value
  }
}

extension Double {
  /// Reads a decimal number as Python's `float` does: `1`, `1.`, `.5`, `1e-5`, `-2.5E+3`; no
  /// infinities, no underscores, no spaces.
  init?(decimal text: some StringProtocol) {
    var scan = YAMLPatterns.Scan(text)
    _ = scan.sign()
    let whole = scan.digits()
    let fraction = scan.take(UInt8(ascii: ".")) ? scan.digits() : 0
    guard whole + fraction > 0 else { return nil }
    if scan.take(UInt8(ascii: "e")) || scan.take(UInt8(ascii: "E")) {
      _ = scan.sign()
      guard scan.digits() > 0 else { return nil }
    }
    guard scan.isAtEnd else { return nil }
    // Swift wants a digit on both sides of the point.
    var spelling = ""
    for character in text {
      if character == ".", spelling.last?.isNumber != true { spelling.append("0") }
      if spelling.last == ".", !character.isNumber { spelling.append("0") }
      spelling.append(character)
    }
    if spelling.last == "." { spelling.append("0") }
    self.init(spelling)
  }
}
