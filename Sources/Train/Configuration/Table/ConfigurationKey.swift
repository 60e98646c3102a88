/// What the value of an argument may be.
package indirect enum ConfigurationKind: Sendable, Equatable {
  case bool
  case integer
  case number
  case string
  /// A list of any length.
  case list(ConfigurationKind)
  /// A mapping, whose keys are checked where it is read.
  case map
  /// One of several kinds.
  case either([ConfigurationKind])
  /// Anything.
  case any
}

extension ConfigurationKind: CustomStringConvertible {
  /// The kind in the words of a message: `a whole number`.
  package var description: String {
    switch self {
    case .bool: "true or false"
    case .integer: "a whole number"
    case .number: "a number"
    case .string: "a string"
    case .list(.any): "a list"
    case .list(.string): "a list of strings"
    case .list(.integer): "a list of whole numbers"
    case .list(.number): "a list of numbers"
    case .list(let kind): "a list, each item \(kind)"
    case .map: "a mapping"
    case .either(let kinds): kinds.map(\.description).joined(separator: " or ")
    case .any: "anything"
    }
  }
}

/// What is done with the value of an argument.
package enum KeyTreatment: Sendable, Equatable {
  /// It has the effect that its meaning says.
  case honoured
  /// The program sets it itself; what the configuration says is replaced, as in GPT-NeoX.
  case overwritten(String)
  /// It is accepted and means nothing here; the reason says why.
  case noEffect(String)
  /// Any other value than the default is an error; the reason says why.
  case refused(String)
  /// Some of the choices are errors, each with its reason.
  case refusedChoices([String: String])
  /// A number above the bound is an error; the reason says why.
  case atMost(Int, String)
}

/// One argument of a configuration: its row in the table.
package struct ConfigurationKey: Sendable {
  /// The name, spelled with `_`.
  package let name: String
  /// What the value may be.
  package let kind: ConfigurationKind
  /// The value when the configuration says nothing.
  package let fallback: ConfigurationValue
  /// The only accepted strings, in the spelling that is meant; empty where any may do.
  package let choices: [String]
  /// What it is for, in one line.
  package let meaning: String
  /// What is done with it.
  package let treatment: KeyTreatment
}

// The rows of the table are written with these.
extension ConfigurationKey {
  /// A truth value.
  static func flag(
    _ name: String, _ fallback: Bool?, _ meaning: String, _ treatment: KeyTreatment = .honoured
  ) -> Self {
    row(name, .bool, fallback.map { .bool($0) }, meaning, treatment)
  }

  /// A whole number.
  static func int(
    _ name: String, _ fallback: Int?, _ meaning: String, _ treatment: KeyTreatment = .honoured
  ) -> Self {
    row(name, .integer, fallback.map { .integer($0) }, meaning, treatment)
  }

  /// A number.
  static func number(
    _ name: String, _ fallback: Double?, _ meaning: String, _ treatment: KeyTreatment = .honoured
  ) -> Self {
    row(name, .number, fallback.map { .number($0) }, meaning, treatment)
  }

  /// A string.
  static func text(
    _ name: String, _ fallback: String?, _ meaning: String, _ treatment: KeyTreatment = .honoured
  ) -> Self {
    row(name, .string, fallback.map { .string($0) }, meaning, treatment)
  }

  /// One of some strings.
  static func choice(
    _ name: String, _ fallback: String?, _ choices: [String], _ meaning: String,
    _ treatment: KeyTreatment = .honoured
  ) -> Self {
    Self(
      name: name, kind: .string, fallback: fallback.map { .string($0) } ?? .null,
      choices: choices, meaning: meaning, treatment: treatment)
  }

  /// A list of strings.
  static func texts(
    _ name: String, _ meaning: String, _ treatment: KeyTreatment = .honoured
  ) -> Self {
    row(name, .list(.string), nil, meaning, treatment)
  }

  /// A mapping.
  static func map(
    _ name: String, _ meaning: String, _ treatment: KeyTreatment = .honoured
  ) -> Self {
    row(name, .map, nil, meaning, treatment)
  }

  /// A value of another kind.
  static func row(
    _ name: String, _ kind: ConfigurationKind, _ fallback: ConfigurationValue?, _ meaning: String,
    _ treatment: KeyTreatment = .honoured
  ) -> Self {
    Self(
      name: name, kind: kind, fallback: fallback ?? .null, choices: [], meaning: meaning,
      treatment: treatment)
  }
}

/// Arguments under one heading.
package struct ConfigurationGroup: Sendable {
  /// The heading.
  package let title: String
  /// The arguments, in the order of GPT-NeoX.
  package let keys: [ConfigurationKey]
}
