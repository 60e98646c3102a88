/// Where something stands: a file with line and column from 1, or a place without lines such as
/// `--set`.
package struct SourcePlace: Sendable, Equatable {
  /// The file as it was named, or the name of the place.
  package let file: String
  /// The line, from 1; 0 where there are no lines.
  package let line: Int
  /// The column in characters, from 1; 0 where there are no columns.
  package let column: Int

  /// Makes a place.
  package init(file: String, line: Int = 0, column: Int = 0) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// The place of a value that the command line gives.
  init(setting: String) { self.init(file: Self.settingOption + setting) }

  private static let settingOption = "--set "

  /// Whether the command line is the place, not a file.
  var isSetting: Bool { file.hasPrefix(Self.settingOption) }
}

extension SourcePlace: CustomStringConvertible {
  /// `file:line`, as compilers print it.
  package var description: String { line > 0 ? "\(file):\(line)" : file }
}

/// A value of a configuration, with the place where it was written.
package struct ConfigurationNode: Sendable {
  /// The place of its first character.
  package let place: SourcePlace
  /// The value.
  package let value: ConfigurationValue

  /// Makes a node.
  package init(_ value: ConfigurationValue, at place: SourcePlace) {
    self.value = value
    self.place = place
  }
}

/// What a YAML 1.1 document can hold, as PyYAML's loaders construct it.
package enum ConfigurationValue: Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  /// A whole number that does not fit in 64 bits, as it was written.
  case hugeInteger(String)
  case number(Double)
  case string(String)
  /// A date or a time, as it was written.
  case timestamp(String)
  case list([ConfigurationNode])
  case map([ConfigurationEntry])
}

/// One key of a mapping with its value.
package struct ConfigurationEntry: Sendable {
  /// The key as it was written.
  package let key: String
  /// Where the key stands.
  package let place: SourcePlace
  /// The value.
  package let node: ConfigurationNode

  /// Makes an entry.
  package init(_ key: String, at place: SourcePlace, _ node: ConfigurationNode) {
    self.key = key
    self.place = place
    self.node = node
  }
}

extension ConfigurationValue {
  /// Whether it is nothing.
  package var isNull: Bool {
    if case .null = self { true } else { false }
  }

  /// What Python holds for true: not nothing, false, zero or empty.
  package var isTruthy: Bool {
    switch self {
    case .null: false
    case .bool(let value): value
    case .integer(let value): value != 0
    case .number(let value): value != 0
    case .string(let value): !value.isEmpty
    case .list(let value): !value.isEmpty
    case .map(let value): !value.isEmpty
    case .hugeInteger, .timestamp: true
    }
  }

  /// The value as a person would write it, for a message.
  package var spelling: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let text): "\"\(shortened(text))\""
    case .hugeInteger(let text), .timestamp(let text): shortened(text)
    case .list, .map: found
    }
  }

  /// The value and its kind, for the "found" of a message.
  package var found: String {
    switch self {
    case .null: "nothing (null)"
    case .bool(let value): "\(value) (a truth value)"
    case .integer(let value): "\(value) (a whole number)"
    case .hugeInteger(let text): "\(shortened(text)) (more than 64 bits hold)"
    case .number(let value): "\(value) (a number)"
    case .string(let text): "\"\(shortened(text))\" (a string)"
    case .timestamp(let text): "\(text) (YAML reads a date here)"
    case .list(let items): "a list of \(items.count)"
    case .map: "a mapping"
    }
  }
}

/// A text that fits in a message.
private func shortened(_ text: String) -> String {
  text.count > 60 ? String(text.prefix(57)) + "…" : text
}
