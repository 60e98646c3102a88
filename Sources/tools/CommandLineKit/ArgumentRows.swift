// The kinds of rows that a table of arguments is written with.

extension Argument {
  /// An option with one value: `--workers 4`.
  ///
  /// The value that a fresh `Root` holds is the default that help shows; `shownDefault` replaces it.
  package static func option<Value: ArgumentValue>(
    _ name: String, _ path: FieldPath<Root, Value>, aliases: [String] = [],
    hidden: [String] = [], placeholder: String? = nil, required: Bool = false,
    shownDefault: String? = nil, rule: ValueRule<Value>? = nil, _ help: String
  ) -> Self {
    Self(
      names: ordered(name, aliases), hiddenNames: hidden,
      placeholder: placeholder ?? standIn(name, Value.self), arity: .one, isRequired: required,
      choices: Value.choices, help: help,
      defaultText: { root in shownDefault ?? root[keyPath: path].argumentText },
      set: { (root, words) throws(ArgumentFault) in
        for word in words { root[keyPath: path] = try readValue(word, Value.self, rule) }
      })
  }

  /// An option with one value and no default.
  package static func option<Value: ArgumentValue>(
    _ name: String, _ path: FieldPath<Root, Value?>, aliases: [String] = [],
    hidden: [String] = [], placeholder: String? = nil, required: Bool = false,
    shownDefault: String? = nil, rule: ValueRule<Value>? = nil, _ help: String
  ) -> Self {
    Self(
      names: ordered(name, aliases), hiddenNames: hidden,
      placeholder: placeholder ?? standIn(name, Value.self), arity: .one, isRequired: required,
      choices: Value.choices, help: help,
      defaultText: { root in shownDefault ?? root[keyPath: path]?.argumentText ?? "" },
      set: { (root, words) throws(ArgumentFault) in
        for word in words { root[keyPath: path] = try readValue(word, Value.self, rule) }
      })
  }

  /// An option with one or more values, such as `--jsonl-keys text meta`.
  package static func list<Value: ArgumentValue>(
    _ name: String, _ path: FieldPath<Root, [Value]>, aliases: [String] = [],
    hidden: [String] = [], placeholder: String? = nil, required: Bool = false,
    shownDefault: String? = nil, rule: ValueRule<Value>? = nil, _ help: String
  ) -> Self {
    Self(
      names: ordered(name, aliases), hiddenNames: hidden,
      placeholder: placeholder ?? standIn(name, Value.self), arity: .oneOrMore,
      isRequired: required, choices: Value.choices, help: help,
      defaultText: { root in
        shownDefault ?? root[keyPath: path].map(\.argumentText).joined(separator: " ")
      },
      set: { (root, words) throws(ArgumentFault) in
        root[keyPath: path] = try readAll(words, rule)
      })
  }

  /// An option with one value that may be used several times; every use counts.
  package static func each<Value: ArgumentValue>(
    _ name: String, _ path: FieldPath<Root, [Value]>, placeholder: String,
    rule: ValueRule<Value>? = nil, _ help: String
  ) -> Self {
    Self(
      names: [name], hiddenNames: [], placeholder: placeholder, arity: .one, isRequired: false,
      isRepeatable: true, choices: Value.choices, help: help, defaultText: { _ in "" },
      set: { (root, words) throws(ArgumentFault) in
        root[keyPath: path] += try readAll(words, rule)
      })
  }

  /// An option without a value, which sets `path` to `value`.
  package static func flag(
    _ name: String, _ path: FieldPath<Root, Bool>, value: Bool = true,
    aliases: [String] = [], hidden: [String] = [], _ help: String
  ) -> Self {
    Self(
      names: ordered(name, aliases), hiddenNames: hidden, placeholder: "", arity: .flag,
      isRequired: false, choices: [], help: help, defaultText: { _ in "" },
      set: { (root, _) throws(ArgumentFault) in root[keyPath: path] = value })
  }

  /// A required argument that is known by its place.
  package static func positional<Value: ArgumentValue>(
    _ placeholder: String, _ path: FieldPath<Root, Value>,
    rule: ValueRule<Value>? = nil, _ help: String
  ) -> Self {
    Self(
      names: [], hiddenNames: [], placeholder: placeholder, arity: .one, isRequired: true,
      choices: Value.choices, help: help, defaultText: { _ in "" },
      set: { (root, words) throws(ArgumentFault) in
        for word in words { root[keyPath: path] = try readValue(word, Value.self, rule) }
      })
  }

  /// An argument that is known by its place and may be absent.
  package static func positional<Value: ArgumentValue>(
    _ placeholder: String, optional path: FieldPath<Root, Value?>,
    rule: ValueRule<Value>? = nil, _ help: String
  ) -> Self {
    Self(
      names: [], hiddenNames: [], placeholder: placeholder, arity: .optional, isRequired: false,
      choices: Value.choices, help: help, defaultText: { _ in "" },
      set: { (root, words) throws(ArgumentFault) in
        for word in words { root[keyPath: path] = try readValue(word, Value.self, rule) }
      })
  }

  /// All the words in one place: one or more of them, or any number where not `required`.
  package static func positionals<Value: ArgumentValue>(
    _ placeholder: String, _ path: FieldPath<Root, [Value]>,
    required: Bool = true, rule: ValueRule<Value>? = nil, _ help: String
  ) -> Self {
    Self(
      names: [], hiddenNames: [], placeholder: placeholder, arity: required ? .oneOrMore : .any,
      isRequired: required, choices: Value.choices, help: help, defaultText: { _ in "" },
      set: { (root, words) throws(ArgumentFault) in
        root[keyPath: path] = try readAll(words, rule)
      })
  }
}

/// Short names first, as manual pages have them.
private func ordered(_ name: String, _ aliases: [String]) -> [String] {
  let all = [name] + aliases
  return all.filter { !$0.hasPrefix("--") } + all.filter { $0.hasPrefix("--") }
}

/// The placeholder of an option that names none: its choices where they are short, else its name.
private func standIn<Value: ArgumentValue>(_ name: String, _ type: Value.Type) -> String {
  let choices = Value.choices.joined(separator: "|")
  if !choices.isEmpty && choices.utf8.count <= 40 { return choices }
  let stem = name.drop { $0 == "-" }
  return stem.uppercased().replacing("-", with: "_")
}

private func readAll<Value: ArgumentValue>(
  _ words: [String], _ rule: ValueRule<Value>?
) throws(ArgumentFault) -> [Value] {
  var values: [Value] = []
  for word in words { values.append(try readValue(word, Value.self, rule)) }
  return values
}
