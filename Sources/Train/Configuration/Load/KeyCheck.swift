internal import Machine

/// Checks the value of one key against its row in the table.
struct KeyCheck {
  private let key: ConfigurationKey
  private let given: LoadedConfiguration.Given

  init(_ key: ConfigurationKey, _ given: LoadedConfiguration.Given) {
    self.key = key
    self.given = given
  }

  /// Keys to which null says something although their default is not null.
  private static let nullable: Set<String> = [
    "gradient_accumulation_steps", "eval_interval", "sample_output_file",
  ]

  /// The value in the form that the table promises; `nil` where there is none, or a wrong one, which
  /// is reported.
  func value(_ report: inout ConfigurationReport) -> ConfigurationValue? {
    let written = given.node.value
    switch key.treatment {
    case .overwritten(let reason), .noEffect(let reason):
      report.unused(given.spelling, at: given.place, because: reason)
      // What is not read need not be right, but must not be nonsense.
      guard !written.isNull else { return nil }
    default:
      if written.isNull {
        if !key.fallback.isNull, !Self.nullable.contains(key.name) {
          complain("found nothing (null), expected \(expected); remove it for the default", &report)
        }
        return nil
      }
    }
    guard let value = Self.converted(written, to: key.kind) else {
      complain("found \(written.found), expected \(expected)\(hint(written))", &report)
      return nil
    }
    guard let value = chosen(value, &report) else { return nil }
    return judged(value, &report) ? value : nil
  }

  private var expected: String {
    key.choices.isEmpty
      ? key.kind.description : "one of " + key.choices.joined(separator: ", ")
  }

  private func hint(_ written: ConfigurationValue) -> String {
    switch (key.kind, written) {
    case (.list(.string), .string(let text)): "; write [\"\(text)\"]"
    case (.string, .integer), (.string, .number), (.string, .bool), (.string, .timestamp):
      "; put it in quotes"
    case (.bool, .string("None")), (.number, .string("None")), (.integer, .string("None")),
      (.map, .string("None")), (.list, .string("None")):
      "; YAML's word for nothing is null"
    case (.integer, .string), (.number, .string): "; a number is written as 0.001 or 1e-3"
    default: ""
    }
  }

  private func complain(_ text: String, _ report: inout ConfigurationReport) {
    report.problem(text, key: given.spelling, at: given.node.place)
  }

  // MARK: - Choices and verdicts

  /// A choice in its own spelling.
  private func chosen(
    _ value: ConfigurationValue, _ report: inout ConfigurationReport
  ) -> ConfigurationValue? {
    guard !key.choices.isEmpty, case .string(let text) = value else { return value }
    if let choice = key.choices.first(where: { $0.lowercased() == text.lowercased() }) {
      return .string(choice)
    }
    let nearest = closestName(to: text, among: key.choices).map { "; did you mean \($0)?" } ?? ""
    complain("found \(value.found), expected \(expected)\(nearest)", &report)
    return nil
  }

  /// Whether the value may be, by the treatment of the key.
  private func judged(_ value: ConfigurationValue, _ report: inout ConfigurationReport) -> Bool {
    switch key.treatment {
    case .honoured, .overwritten, .noEffect: return true
    case .refused(let reason):
      if value.isSame(as: key.fallback) || key.fallback.isNull && !value.isTruthy { return true }
      complain("\(value.spelling) is not supported: \(reason)", &report)
    case .refusedChoices(let reasons):
      guard case .string(let text) = value, let reason = reasons[text] else { return true }
      complain("\(value.spelling) is not supported: \(reason)", &report)
    case .atMost(let bound, let reason):
      guard case .integer(let number) = value, number > bound else { return true }
      complain("\(number) is not supported: \(reason)", &report)
    }
    return false
  }

  // MARK: - Kinds

  /// The value as the kind has it: strings that are numbers become numbers, and numbers without a
  /// fraction become whole ones, where such are meant.
  static func converted(
    _ value: ConfigurationValue, to kind: ConfigurationKind
  ) -> ConfigurationValue? {
    switch (kind, value) {
    case (.any, _), (.bool, .bool), (.integer, .integer), (.string, .string), (.map, .map):
      return value
    case (.integer, .number(let number)): return whole(number)
    case (.integer, .string(let text)): return Double(decimal: text).flatMap(whole)
    case (.number, .integer(let number)): return .number(Double(number))
    case (.number, .number(let number)): return number.isFinite ? value : nil
    case (.number, .string(let text)), (.number, .hugeInteger(let text)):
      guard let number = Double(decimal: text), number.isFinite else { return nil }
      return .number(number)
    case (.list(let item), .list(let nodes)):
      var items: [ConfigurationNode] = []
      for node in nodes {
        guard let value = converted(node.value, to: item) else { return nil }
        items.append(ConfigurationNode(value, at: node.place))
      }
      return .list(items)
    case (.either(let kinds), _): return kinds.lazy.compactMap { converted(value, to: $0) }.first
    default: return nil
    }
  }

  private static func whole(_ number: Double) -> ConfigurationValue? {
    guard number.rounded() == number, abs(number) < 0x1p53 else { return nil }
    return .integer(Int(number))
  }
}

extension ConfigurationValue {
  /// Whether two values are equal, wherever they were written.
  func isSame(as other: ConfigurationValue) -> Bool {
    switch (self, other) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.integer(let a), .number(let b)), (.number(let b), .integer(let a)): Double(a) == b
    case (.string(let a), .string(let b)): a == b
    case (.list(let a), .list(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.value.isSame(as: $1.value) }
    case (.map(let a), .map(let b)):
      a.count == b.count
        && zip(a, b).allSatisfy { $0.key == $1.key && $0.node.value.isSame(as: $1.node.value) }
    default: false
    }
  }
}
