internal import Machine

/// Takes the keys of a mapping inside a configuration one by one, so that what is left over can be
/// refused.
struct InnerKeys {
  /// The name of the mapping in messages, such as `optimizer.params`.
  private let name: String
  private var entries: [ConfigurationEntry]
  private var known: [String] = []

  init(_ name: String, _ node: ConfigurationNode?) {
    self.name = name
    entries = if case .map(let entries)? = node?.value { entries } else { [] }
  }

  /// Takes a key's value; null counts as not given.
  mutating func take(_ key: String) -> ConfigurationEntry? {
    known.append(key)
    guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
    let entry = entries.remove(at: index)
    return entry.node.value.isNull ? nil : entry
  }

  /// Takes a value of a kind.
  private mutating func take(
    _ key: String, _ kind: ConfigurationKind, _ report: inout ConfigurationReport
  ) -> (value: ConfigurationValue, entry: ConfigurationEntry)? {
    guard let entry = take(key) else { return nil }
    guard let value = KeyCheck.converted(entry.node.value, to: kind) else {
      complain(entry, "found \(entry.node.value.found), expected \(kind)", &report)
      return nil
    }
    return (value, entry)
  }

  /// A truth value.
  mutating func bool(_ key: String, _ report: inout ConfigurationReport) -> Bool? {
    if case (.bool(let value), _)? = take(key, .bool, &report) { value } else { nil }
  }

  /// A whole number of at least `minimum`.
  mutating func integer(
    _ key: String, atLeast minimum: Int = .min, _ report: inout ConfigurationReport
  ) -> Int? {
    guard case (.integer(let value), let entry)? = take(key, .integer, &report) else { return nil }
    guard value >= minimum else {
      complain(entry, "is \(value); it has to be at least \(minimum)", &report)
      return nil
    }
    return value
  }

  /// A number of at least `minimum`.
  mutating func number(
    _ key: String, atLeast minimum: Double = -.infinity, _ report: inout ConfigurationReport
  ) -> Double? {
    guard case (.number(let value), let entry)? = take(key, .number, &report) else { return nil }
    guard value >= minimum else {
      complain(entry, "is \(value); it has to be at least \(minimum)", &report)
      return nil
    }
    return value
  }

  /// A string.
  mutating func text(_ key: String, _ report: inout ConfigurationReport) -> String? {
    if case (.string(let value), _)? = take(key, .string, &report) { value } else { nil }
  }

  /// Takes keys that mean nothing here and says so.
  mutating func ignore(
    _ keys: [String], because reason: String, _ report: inout ConfigurationReport
  ) {
    for key in keys {
      if let entry = take(key) {
        report.unused("\(name).\(key)", at: entry.place, because: reason)
      }
    }
  }

  /// Refuses what nobody took.
  func finish(_ report: inout ConfigurationReport) {
    for entry in entries {
      let nearest = closestName(to: entry.key, among: known).map { "; did you mean \($0)?" }
      let hint = nearest ?? "; there are " + known.sorted().joined(separator: ", ")
      complain(entry, "unknown key" + hint, &report)
    }
  }

  /// Records what is wrong with one of the keys.
  func complain(
    _ entry: ConfigurationEntry, _ text: String, _ report: inout ConfigurationReport
  ) {
    report.problem(text, key: "\(name).\(entry.key)", at: entry.place)
  }
}
