import Testing

@testable import Train

@Suite("YAML scalars, as PyYAML reads them")
struct YAMLScalarTests {
  @Test(
    "truth values",
    arguments: [
      ("true", true), ("True", true), ("TRUE", true), ("yes", true), ("Yes", true), ("on", true),
      ("ON", true), ("false", false), ("False", false), ("no", false), ("No", false),
      ("off", false), ("OFF", false),
    ])
  func truth(text: String, expected: Bool) throws {
    guard case .bool(let value) = try ConfigurationValue.resolve(plain: text) else {
      Issue.record("\(text) is no truth value")
      return
    }
    #expect(value == expected)
  }

  @Test(
    "whole numbers",
    arguments: [
      ("0", 0), ("12", 12), ("-7", -7), ("+3", 3), ("1_000", 1000), ("010", 8), ("-010", -8),
      ("0x1F", 31), ("0b101", 5), ("1:30", 90), ("-1:30", -90), ("190:20:30", 685_230),
      ("9223372036854775807", Int.max), ("0x_1", 1), ("0_7", 7),
    ])
  func integers(text: String, expected: Int) throws {
    guard case .integer(let value) = try ConfigurationValue.resolve(plain: text) else {
      Issue.record("\(text) is no whole number")
      return
    }
    #expect(value == expected)
  }

  @Test(
    "numbers",
    arguments: [
      ("1.5E-3", 0.0015), (".5", 0.5), ("1.", 1), ("0.97e-4", 0.000097), ("1.0e-8", 1e-8),
      ("5.0e+7", 5e7), ("1_0.5", 10.5), (".inf", .infinity), ("-.INF", -.infinity),
      ("1.e+5", 1e5), ("1:30.5", 90.5), ("0.1", 0.1), ("-.Inf", -.infinity), ("01.5", 1.5),
    ])
  func numbers(text: String, expected: Double) throws {
    guard case .number(let value) = try ConfigurationValue.resolve(plain: text) else {
      Issue.record("\(text) is no number")
      return
    }
    #expect(value == expected)
  }

  @Test(
    "strings that look like something else",
    arguments: [
      "tRUE", "y", "n", "None", "1e-3", "1e5", "5e8", "1.0e8", "-5.0e7", "1.0e_8", "0o17", "-.5",
      "09", "1:60", "1:", ":30", "0xG", "0b2", "+.nan", "-.nan", "1.5e", "nULL", "~~", "1-2", "_1",
      "2024-1-1", "2024-01", "1,000", "1.2.3", "+", "-", ".", "._5", "0b", "0x", "--1",
    ])
  func strings(text: String) throws {
    guard case .string(let value) = try ConfigurationValue.resolve(plain: text) else {
      Issue.record("\(text) is not a string")
      return
    }
    #expect(value == text)
  }

  @Test(
    "dates",
    arguments: [
      "2024-01-01", "2024-1-1 1:02:03", "2024-01-01T01:02:03Z", "2001-12-14 21:59:43.10 -5",
      "2001-12-14t21:59:43.10-05:00",
    ])
  func dates(text: String) throws {
    guard case .timestamp = try ConfigurationValue.resolve(plain: text) else {
      Issue.record("\(text) is no date")
      return
    }
  }

  @Test("nothing, and what is not a number", arguments: ["", "~", "null", "Null", "NULL"])
  func nothing(text: String) throws {
    #expect(try ConfigurationValue.resolve(plain: text).isNull)
  }

  @Test("NaN is a number")
  func notANumber() throws {
    for text in [".nan", ".NaN", ".NAN"] {
      guard case .number(let value) = try ConfigurationValue.resolve(plain: text) else {
        Issue.record("\(text) is no number")
        return
      }
      #expect(value.isNaN)
    }
  }

  @Test("numbers of more than 64 bits are kept as text")
  func huge() throws {
    guard case .hugeInteger = try ConfigurationValue.resolve(plain: "9223372036854775808") else {
      Issue.record("too large a number was taken")
      return
    }
  }

  @Test("digits that make no number are refused", arguments: ["0b_", "0x_", "=", "<<"])
  func faults(text: String) {
    #expect(throws: YAMLScalarFault.self) { try ConfigurationValue.resolve(plain: text) }
  }

  @Test("decimal numbers as Python's float reads them")
  func decimals() {
    #expect(Double(decimal: "1e-5") == 1e-5)
    #expect(Double(decimal: "5e8") == 5e8)
    #expect(Double(decimal: "1.") == 1)
    #expect(Double(decimal: "-.5E+1") == -5)
    for text in ["", ".", "e5", "1e", "1.0e_8", "0x10", "inf", "1 ", "nan", "1_0"] {
      #expect(Double(decimal: text) == nil, "\(text)")
    }
  }
}
