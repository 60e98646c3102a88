/// Reads words by a table of arguments, in the manner of Python's argparse.
///
/// Options may be shortened to a unique prefix, take their value as `--a b`, `--a=b` or `-ab`, and
/// stand anywhere among positional arguments; after `--` every word is positional.
package struct ArgumentParser<Root: Sendable>: Sendable {
  /// What a command line asks for.
  package enum Outcome {
    /// To run with these values.
    case run(Root)
    /// To show the help page.
    case help
  }

  let options: [Argument<Root>]
  private let positionals: [Argument<Root>]

  package init(_ groups: [ArgumentGroup<Root>]) {
    let all = groups.flatMap(\.arguments)
    options = all.filter { !$0.isPositional }
    positionals = all.filter(\.isPositional)
  }

  /// Sets in a copy of `root` what `words` say.
  package func parse(_ words: [String], into root: Root) throws(UsageError) -> Outcome {
    var root = root
    var seen: Set<String> = []
    var placed: [String] = []
    var unknown: [String] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        placed += rest
        break
      }
      guard looksLikeOption(word) else {
        placed.append(word)
        continue
      }
      if word == "-h" || word == "--help" { return .help }
      guard let match = try find(word) else {
        unknown.append(word)
        continue
      }
      if !seen.insert(match.option.displayName).inserted { try refuseRepetition(match.option) }
      var attached = match.attached
      if match.option.arity == .flag, let tail = attached {
        // `-ab` is `-a -b`; `--flag=x` and `-a=x` are mistakes.
        guard !word.hasPrefix("--"), !match.hasEqualsSign else {
          throw UsageError(
            "argument \(match.option.displayName): ignored explicit argument '\(tail)'")
        }
        rest = (["-" + tail] + rest)[...]
        attached = nil
      }
      try set(match.option, try takeValues(of: match.option, attached, &rest), in: &root)
    }
    // Before what is missing: a misspelled name is most likely why it is.
    guard unknown.isEmpty else {
      let listed = unknown.map { word in
        word + (suggestion(for: word).map { " (did you mean \($0)?)" } ?? "")
      }
      throw UsageError("unrecognized arguments: \(listed.joined(separator: " "))")
    }
    let surplus = try place(placed, in: &root)
    let missing =
      options.filter { $0.isRequired && !seen.contains($0.displayName) }
      .map(\.displayName) + unfilled(placed.count)
    guard missing.isEmpty else {
      throw UsageError("the following arguments are required: \(missing.joined(separator: ", "))")
    }
    guard surplus.isEmpty else {
      throw UsageError("unrecognized arguments: \(surplus.joined(separator: " "))")
    }
    return .run(root)
  }

  /// Refuses a second use of an option of which only one would count; a flag says the same again.
  private func refuseRepetition(_ option: Argument<Root>) throws(UsageError) {
    guard !option.isRepeatable, option.arity != .flag else { return }
    let isList = option.arity == .oneOrMore || option.arity == .any
    throw UsageError(
      "argument \(option.displayName): given twice; give it once"
        + (isList ? ", with all its values behind it" : ""))
  }

  /// The words that belong to an option, taken from what follows it.
  private func takeValues(
    of option: Argument<Root>, _ attached: String?, _ rest: inout ArraySlice<String>
  ) throws(UsageError) -> [String] {
    if let attached { return [attached] }
    switch option.arity {
    case .flag:
      return []
    case .one, .optional:
      guard let word = rest.first, word != "--", !looksLikeOption(word) else {
        throw UsageError("argument \(option.displayName): expected one argument")
      }
      rest.removeFirst()
      return [word]
    case .oneOrMore, .any:
      let values = rest.prefix { $0 != "--" && !looksLikeOption($0) }
      guard !values.isEmpty else {
        throw UsageError("argument \(option.displayName): expected at least one argument")
      }
      rest.removeFirst(values.count)
      return Array(values)
    }
  }

  /// Gives words to the positional arguments in order; returns those that no argument wants.
  private func place(_ words: [String], in root: inout Root) throws(UsageError) -> [String] {
    var rest = words[...]
    for (index, argument) in positionals.enumerated() {
      let reserved = positionals[(index + 1)...].count { $0.isRequired }
      let available = max(0, rest.count - reserved)
      let count =
        switch argument.arity {
        case .flag: 0
        case .one: min(1, rest.count)
        case .optional: min(1, available)
        case .oneOrMore, .any: available
        }
      guard count > 0 else { continue }
      try set(argument, Array(rest.prefix(count)), in: &root)
      rest.removeFirst(count)
    }
    return Array(rest)
  }

  /// The required positional arguments for which `count` words are not enough.
  private func unfilled(_ count: Int) -> [String] {
    Array(positionals.filter(\.isRequired).dropFirst(count).map(\.displayName))
  }

  private func set(
    _ argument: Argument<Root>, _ words: [String], in root: inout Root
  ) throws(UsageError) {
    do {
      try argument.set(&root, words)
    } catch {
      throw UsageError("argument \(argument.displayName): \(error.reason)")
    }
  }
}
