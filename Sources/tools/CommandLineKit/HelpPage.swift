// Help that reads as a manual page. Always 80 columns wide, so that it can be compared in a test.

private let pageWidth = 80

/// The manual page of a command.
///
/// `program` is the program's name where the command is one of several; `commands` are the commands
/// that the program has.
package func helpPage<Root>(
  _ page: CommandPage, program: String?, groups: [ArgumentGroup<Root>], defaults: Root,
  commands: [CommandPage.Entry] = [], hasVersion: Bool = false
) -> String {
  let name = program.map { "\($0) \(page.name)" } ?? page.name
  var text = section("NAME", wrap("\(name) - \(page.summary)", indent: 4))
  var synopsis =
    groups.isEmpty && !commands.isEmpty ? "" : wrapUsage(name, usageWords(groups), indent: 4)
  if !commands.isEmpty { synopsis += "    \(name) COMMAND [options]\n" }
  text += section("SYNOPSIS", synopsis)
  let paragraphs = page.description.map { wrap($0, indent: 4) }
  text += section("DESCRIPTION", paragraphs.joined(separator: "\n"))
  if !commands.isEmpty { text += section("COMMANDS", entries(commands)) }
  for group in groups {
    let rows = group.arguments.map { row($0, defaults) }
    text += section(group.title.uppercased(), rows.joined(separator: "\n"))
  }
  var general = "    -h, --help\n        show this page and end\n"
  if hasVersion { general += "\n    --version\n        show the version and end\n" }
  text += section("GENERAL", general)
  if !page.examples.isEmpty {
    let examples = page.examples.map {
      wrap($0.purpose, indent: 4) + "\n" + command($0.command)
    }
    text += section("EXAMPLES", examples.joined(separator: "\n"))
  }
  text += section("EXIT STATUS", entries(page.exitStatus))
  if !page.files.isEmpty { text += section("FILES", entries(page.files)) }
  return String(text.dropLast())
}

/// The line that begins a message about wrong usage.
func usageLine<Root>(_ name: String, _ groups: [ArgumentGroup<Root>]) -> String {
  wrapUsage("usage: \(name)", usageWords(groups), indent: 0)
}

private func usageWords<Root>(_ groups: [ArgumentGroup<Root>]) -> [String] {
  let all = groups.flatMap(\.arguments)
  let options = all.filter { !$0.isPositional }
  var words = options.isEmpty ? [] : ["[options]"]
  for option in options where option.isRequired {
    words.append("\(option.names.last ?? "") \(values(option))")
  }
  for argument in all where argument.isPositional { words.append(values(argument)) }
  return words
}

/// What follows the name of an argument: `FILE`, `KEY [KEY ...]`.
private func values<Root>(_ argument: Argument<Root>) -> String {
  let word = argument.placeholder
  return switch argument.arity {
  case .flag: ""
  case .one: word
  case .optional: "[\(word)]"
  case .oneOrMore: "\(word) [\(word) ...]"
  case .any: "[\(word) ...]"
  }
}

private func row<Root>(_ argument: Argument<Root>, _ defaults: Root) -> String {
  let names = argument.isPositional ? [values(argument)] : argument.names
  var head = names.joined(separator: ", ")
  if !argument.isPositional && argument.arity != .flag { head += " " + values(argument) }
  var help = argument.help
  let shown = argument.placeholder == argument.choices.joined(separator: "|")
  if !argument.choices.isEmpty && !shown {
    help += "; one of \(argument.choices.joined(separator: ", "))"
  }
  let value = argument.defaultText(defaults)
  if argument.isRequired && !argument.isPositional {
    help += " (required)"
  } else if !value.isEmpty {
    help += " (default: \(value))"
  }
  return wrap(head, indent: 4) + wrap(help, indent: 8)
}

private func entries(_ entries: [CommandPage.Entry]) -> String {
  let width = (entries.map { displayWidth($0.term) }.max() ?? 0) + 2
  guard width <= 28 else {
    return entries.map { "    \($0.term)\n" + wrap($0.meaning, indent: 8) }.joined(separator: "\n")
  }
  return entries.map { entry in
    let lines = wrap(entry.meaning, indent: 4 + width)
    let gap = String(repeating: " ", count: width - displayWidth(entry.term))
    return "    \(entry.term)\(gap)\(lines.drop { $0 == " " })"
  }.joined()
}

private func section(_ title: String, _ body: String) -> String { "\(title)\n\(body)\n" }

/// A command to paste, with backslashes where it is too long for a line.
private func command(_ text: String) -> String {
  var lines: [String] = []
  var line = "        $"
  for word in text.split(separator: " ") {
    if displayWidth(line) + displayWidth(String(word)) + 3 > pageWidth {
      lines.append(line + " \\")
      line = "         "
    }
    line += " " + word
  }
  return (lines + [line]).map { $0 + "\n" }.joined()
}

private func wrapUsage(_ start: String, _ words: [String], indent: Int) -> String {
  let margin = String(repeating: " ", count: indent)
  let hanging = String(repeating: " ", count: indent + displayWidth(start))
  var lines: [String] = []
  var line = margin + start
  for word in words {
    if displayWidth(line) + displayWidth(word) + 1 > pageWidth {
      lines.append(line)
      line = hanging
    }
    line += " " + word
  }
  return (lines + [line]).map { $0 + "\n" }.joined()
}

/// Breaks a paragraph into lines that fit the page.
func wrap(_ text: String, indent: Int) -> String {
  let margin = String(repeating: " ", count: indent)
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ") {
    if !line.isEmpty && indent + displayWidth(line) + 1 + displayWidth(String(word)) > pageWidth {
      lines.append(margin + line)
      line = ""
    }
    line += (line.isEmpty ? "" : " ") + word
  }
  if !line.isEmpty { lines.append(margin + line) }
  return lines.map { $0 + "\n" }.joined()
}
