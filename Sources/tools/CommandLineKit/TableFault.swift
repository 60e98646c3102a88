// Mistakes that the author of a table can make. Tests ask for them, so that programs need not.

/// What is wrong with a table of arguments, one sentence each; empty where nothing is.
package func tableFaults<Root>(_ groups: [ArgumentGroup<Root>]) -> [String] {
  var faults: [String] = []
  var taken: Set<String> = ["-h", "--help"]
  let all = groups.flatMap(\.arguments)
  for argument in all {
    for name in argument.names + argument.hiddenNames {
      if !taken.insert(name).inserted { faults.append("\(name) is used twice") }
      if !isWellFormed(name) { faults.append("\(name) is not the name of an option") }
    }
    if argument.help.isEmpty { faults.append("\(argument.displayName) has no help") }
    if argument.help.hasSuffix(".") {
      faults.append("\(argument.displayName): the help ends with a full stop")
    }
  }
  let positionals = all.filter(\.isPositional)
  for placeholder in positionals.map(\.placeholder) where !taken.insert(placeholder).inserted {
    faults.append("\(placeholder) is used twice")
  }
  if positionals.count(where: { $0.arity == .oneOrMore || $0.arity == .any }) > 1 {
    faults.append("two positional arguments take any number of words")
  }
  if groups.contains(where: { $0.arguments.isEmpty }) { faults.append("a group is empty") }
  return faults
}

private func isWellFormed(_ name: String) -> Bool {
  let stem = name.drop { $0 == "-" }
  let dashes = name.count - stem.count
  let isLong = dashes == 2 && stem.count >= 2
  let isShort = dashes == 1 && stem.count == 1
  let letters = stem.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
  return letters && (isLong || isShort)
}
