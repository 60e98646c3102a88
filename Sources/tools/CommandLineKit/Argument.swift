internal import Machine

/// How many words an argument takes.
package enum ArgumentArity: Equatable, Sendable {
  /// None: the name alone says it.
  case flag
  /// Exactly one.
  case one
  /// One or none.
  case optional
  /// At least one, up to the next option.
  case oneOrMore
  /// Any number, up to the next option.
  case any
}

/// Where a value lands in a structure of arguments.
package typealias FieldPath<Root, Value> = any WritableKeyPath<Root, Value> & Sendable

/// One row of a table of arguments: its names, its arity, what it sets and its help.
package struct Argument<Root>: Sendable {
  /// The names that help shows, short ones first; empty for a positional argument.
  package let names: [String]
  /// Names that are accepted when they are typed in full, but not shown.
  package let hiddenNames: [String]
  /// What stands for the value in help: `FILE`.
  package let placeholder: String
  /// The number of words.
  package let arity: ArgumentArity
  /// Whether the command line must have it.
  package let isRequired: Bool
  /// Whether every use of it counts; else it may be used once.
  package var isRepeatable = false
  /// The only accepted words; empty where any may do.
  package let choices: [String]
  /// What it is for, in plain words; wrapped when it is shown.
  package let help: String

  let defaultText: @Sendable (Root) -> String
  let set: @Sendable (inout Root, [String]) throws(ArgumentFault) -> Void

  /// Whether the argument is known by its place.
  package var isPositional: Bool { names.isEmpty }

  /// The name in messages: `--vocab-file/--vocab`, or the placeholder of a positional argument.
  package var displayName: String { isPositional ? placeholder : names.joined(separator: "/") }

  /// The same row for a larger structure that holds `Root` at `path`.
  package func lifted<Outer>(
    to path: FieldPath<Outer, Root>
  ) -> Argument<Outer> {
    Argument<Outer>(
      names: names, hiddenNames: hiddenNames, placeholder: placeholder, arity: arity,
      isRequired: isRequired, isRepeatable: isRepeatable, choices: choices, help: help,
      defaultText: { outer in defaultText(outer[keyPath: path]) },
      set: { (outer, words) throws(ArgumentFault) in try set(&outer[keyPath: path], words) })
  }
}

/// Why a word was refused, without the name of the argument.
struct ArgumentFault: Error {
  let reason: String
}

/// Rows under one heading of the help page.
package struct ArgumentGroup<Root>: Sendable {
  /// The heading, in lower case.
  package let title: String
  /// The rows.
  package let arguments: [Argument<Root>]

  package init(_ title: String, _ arguments: [Argument<Root>]) {
    self.title = title
    self.arguments = arguments
  }

  /// The same rows for a larger structure that holds `Root` at `path`.
  package func lifted<Outer>(
    to path: FieldPath<Outer, Root>
  ) -> ArgumentGroup<Outer> {
    ArgumentGroup<Outer>(title, arguments.map { $0.lifted(to: path) })
  }
}

/// A rule that a value must keep beside being readable, with the sentence for values that do not.
package struct ValueRule<Value>: Sendable {
  let complaint: @Sendable (Value) -> String?

  /// Makes a rule; `complaint` returns what is wrong, or `nil`.
  package init(_ complaint: @escaping @Sendable (Value) -> String?) {
    self.complaint = complaint
  }
}

extension ValueRule where Value: Comparable & Sendable & ArgumentValue {
  /// The value must not be smaller than `bound`.
  package static func atLeast(_ bound: Value) -> Self {
    Self { $0 < bound ? "must be at least \(bound.argumentText), not \($0.argumentText)" : nil }
  }

  /// The value must lie in `range`, its ends included.
  package static func within(_ range: ClosedRange<Value>) -> Self {
    Self { value in
      guard !range.contains(value) else { return nil }
      let ends = "\(range.lowerBound.argumentText) to \(range.upperBound.argumentText)"
      return "must be from \(ends), not \(value.argumentText)"
    }
  }
}

extension ValueRule<Int> {
  /// A number of threads that a machine can have; work is shared out and counted by it.
  package static var workers: Self { .within(1...4096) }
}

/// Reads one word as a value, with argparse's sentences for a word that cannot be.
func readValue<Value: ArgumentValue>(
  _ word: String, _ type: Value.Type, _ rule: ValueRule<Value>?
) throws(ArgumentFault) -> Value {
  guard let value = Value(argument: word) else {
    guard Value.choices.isEmpty else {
      let listed = Value.choices.map { "'\($0)'" }.joined(separator: ", ")
      let hint = closestName(to: word, among: Value.choices).map { "; did you mean '\($0)'?" }
      throw ArgumentFault(
        reason: "invalid choice: '\(word)' (choose from \(listed))\(hint ?? "")")
    }
    let form = Value.form.isEmpty ? "" : " (expected \(Value.form))"
    throw ArgumentFault(reason: "invalid \(Value.kind) value: '\(word)'\(form)")
  }
  if let complaint = rule?.complaint(value) { throw ArgumentFault(reason: complaint) }
  return value
}
