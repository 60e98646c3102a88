/// A type that one word of a command line can be turned into.
///
/// An enum of strings needs no more than the conformance: its cases are its choices.
package protocol ArgumentValue: Sendable, SendableMetatype {
  /// Reads the word, or refuses it.
  init?(argument word: String)

  /// What the type is called in `invalid int value: 'x'`.
  static var kind: String { get }

  /// The only words that are accepted; empty where the type decides.
  static var choices: [String] { get }

  /// How such a word is written, for messages and help; empty where ``kind`` says enough.
  static var form: String { get }

  /// The value as a person would type it.
  var argumentText: String { get }
}

extension ArgumentValue {
  /// Any word.
  package static var choices: [String] { [] }
  /// Nothing to add.
  package static var form: String { "" }
}

extension ArgumentValue where Self: CustomStringConvertible {
  /// The description.
  package var argumentText: String { description }
}

extension ArgumentValue where Self: RawRepresentable & CaseIterable, RawValue == String {
  /// Reads the raw value of a case.
  package init?(argument word: String) { self.init(rawValue: word) }
  /// A choice.
  package static var kind: String { "choice" }
  /// The raw values.
  package static var choices: [String] { allCases.map(\.rawValue) }
  /// The raw value.
  package var argumentText: String { rawValue }
}

extension String: ArgumentValue {
  package init?(argument word: String) { self = word }
  package static var kind: String { "str" }
}

extension Int: ArgumentValue {
  package init?(argument word: String) { self.init(word) }
  package static var kind: String { "int" }
}

extension UInt64: ArgumentValue {
  package init?(argument word: String) { self.init(word) }
  package static var kind: String { "int" }
}

extension Double: ArgumentValue {
  package init?(argument word: String) {
    guard let value = Double(word), value.isFinite else { return nil }
    self = value
  }
  package static var kind: String { "float" }
}

extension Bool: ArgumentValue {
  package init?(argument word: String) {
    switch word.lowercased() {
    case "true", "yes", "on", "1": self = true
    case "false", "no", "off", "0": self = false
    default: return nil
    }
  }
  package static var kind: String { "bool" }
  package static var form: String { "true or false" }
}
