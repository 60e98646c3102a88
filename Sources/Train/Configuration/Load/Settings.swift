internal import Machine

/// The values of all arguments: what the configuration gives, checked against the table, and the
/// defaults for the rest.
struct Settings {
  /// The values of keys that are given and not null, in the form that the table promises.
  private(set) var values: [String: ConfigurationValue] = [:]
  /// The keys that are given, and where.
  private(set) var given: [String: LoadedConfiguration.Given]

  init(_ loaded: LoadedConfiguration, lenient: Bool, report: inout ConfigurationReport) {
    given = loaded.given
    for name in loaded.order {
      guard let given = loaded.given[name] else { continue }
      guard let key = ConfigurationTable.keys[name] else {
        Self.refuseUnknown(name, given, lenient, &report)
        continue
      }
      values[name] = KeyCheck(key, given).value(&report)
    }
  }

  private static func refuseUnknown(
    _ name: String, _ given: LoadedConfiguration.Given, _ isLenient: Bool,
    _ report: inout ConfigurationReport
  ) {
    let known = ConfigurationTable.keys.keys.sorted() + ConfigurationTable.aliases.keys.sorted()
    let nearest = closestName(to: name, among: known)
    let text = "unknown key" + (nearest.map { "; did you mean \($0)?" } ?? "")
    if isLenient {
      report.warning(text + " (left out)", key: given.spelling, at: given.place)
    } else {
      report.problem(text, key: given.spelling, at: given.place)
    }
  }

  /// Whether the configuration gives the key a value other than null.
  func isGiven(_ name: String) -> Bool { values[name] != nil }

  /// Whether the configuration names the key and says that it is nothing.
  func isNull(_ name: String) -> Bool { given[name]?.node.value.isNull == true }

  /// Where the key stands.
  func place(_ name: String) -> SourcePlace? { given[name]?.place }

  /// The given value, or the default.
  func value(_ name: String) -> ConfigurationValue {
    guard let key = ConfigurationTable.keys[name] else {
      preconditionFailure("\(name) is in no table")
    }
    return values[name] ?? key.fallback
  }

  /// A truth value; false where there is none.
  func bool(_ name: String) -> Bool {
    if case .bool(let value) = value(name) { value } else { false }
  }

  /// A whole number, or nothing.
  func integer(_ name: String) -> Int? {
    if case .integer(let value) = value(name) { value } else { nil }
  }

  /// A number, or nothing.
  func number(_ name: String) -> Double? {
    switch value(name) {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// A string, or nothing.
  func text(_ name: String) -> String? {
    if case .string(let value) = value(name) { value } else { nil }
  }

  /// The items of a list, or nothing.
  func list(_ name: String) -> [ConfigurationNode]? {
    if case .list(let value) = value(name) { value } else { nil }
  }

  /// A list of strings, or nothing.
  func texts(_ name: String) -> [String]? {
    list(name)?.compactMap { if case .string(let text) = $0.value { text } else { nil } }
  }

  /// The given mapping with its place, or nothing.
  func map(_ name: String) -> ConfigurationNode? {
    guard case .map? = values[name] else { return nil }
    return given[name]?.node
  }

  /// The case that a key with choices names.
  func choice<Choice: RawRepresentable>(
    _ name: String, _: Choice.Type = Choice.self
  ) -> Choice? where Choice.RawValue == String {
    text(name).flatMap(Choice.init(rawValue:))
  }
}
