internal import Machine

// How a word is recognised as an option.

extension ArgumentParser {
  /// An option that a word names, with the value that is part of the word.
  struct Match {
    let option: Argument<Root>
    let attached: String?
    let hasEqualsSign: Bool
  }

  /// Whether a word is an option rather than a value: it begins with `-` and is not `-` alone, a
  /// negative number or a phrase with spaces.
  func looksLikeOption(_ word: String) -> Bool {
    guard word.hasPrefix("-"), word.utf8.count > 1 else { return false }
    if word.hasPrefix("--") { return word == "--" || !word.contains(" ") || find(exactly: word) }
    if Double(word) != nil { return false }
    return !word.contains(" ") || word.utf8.count > 2 && find(exactly: String(word.prefix(2)))
  }

  private func find(exactly word: String) -> Bool {
    let name = String(word.prefix { $0 != "=" })
    return options.contains { $0.names.contains(name) || $0.hiddenNames.contains(name) }
  }

  /// The option that a word names in full, by a unique prefix, or as `-xVALUE`.
  func find(_ word: String) throws(UsageError) -> Match? {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    let value = parts.count == 2 ? String(parts[1]) : nil
    if let option = options.first(where: { $0.names.contains(name) }) {
      return Match(option: option, attached: value, hasEqualsSign: value != nil)
    }
    if let option = options.first(where: { $0.hiddenNames.contains(name) }) {
      return Match(option: option, attached: value, hasEqualsSign: value != nil)
    }
    guard word.hasPrefix("--") else {
      let short = String(word.prefix(2))
      guard let option = options.first(where: { $0.names.contains(short) }) else { return nil }
      return Match(option: option, attached: String(word.dropFirst(2)), hasEqualsSign: false)
    }
    return try find(prefix: name, value)
  }

  private func find(prefix: String, _ value: String?) throws(UsageError) -> Match? {
    var matches: [(option: Argument<Root>, name: String)] = []
    for option in options {
      guard let name = option.names.first(where: { $0.hasPrefix(prefix) }) else { continue }
      matches.append((option, name))
    }
    if "--help".hasPrefix(prefix) && !matches.isEmpty {
      throw UsageError(
        "ambiguous option: \(prefix) could match --help, "
          + matches.map(\.name).joined(separator: ", "))
    }
    guard matches.count <= 1 else {
      throw UsageError(
        "ambiguous option: \(prefix) could match \(matches.map(\.name).joined(separator: ", "))")
    }
    return matches.first.map {
      Match(option: $0.option, attached: value, hasEqualsSign: value != nil)
    }
  }

  /// The option that was probably meant by an unknown one.
  func suggestion(for word: String) -> String? {
    guard word.hasPrefix("--") else { return nil }
    let name = String(word.prefix { $0 != "=" })
    return closestName(to: name, among: options.flatMap(\.names) + ["--help"])
  }
}
