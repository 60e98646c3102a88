import CommandLineKit

enum Flavour: String, CaseIterable, ArgumentValue { case vanilla, mint, ginger }

/// A command with one of each kind of argument.
struct SampleCommand: Command {
  var inputs: [String] = []
  var output: String?
  var prefix = ""
  var keys = ["text"]
  var workers = 1
  var memory = ByteSize(bytes: 1 << 30)
  var pause = TimeSpan(seconds: 30)
  var flavour = Flavour.vanilla
  var share = 0.5
  var force = false
  var verbose = false
  var notes: [String] = []

  static let page = CommandPage(
    name: "sample", summary: "show one argument of each kind",
    description: [
      "A command that exists to be parsed. Its description is long enough to be wrapped at the "
        + "eightieth column, as every page is.", "It has a second paragraph.",
    ],
    examples: [
      .init("Parse two files:", "sample a.txt b.txt --prefix out/p --keys text meta"),
      .init(
        "A command that is too long for one line:",
        "sample a.txt --prefix out/with-a-long-name --keys text meta title --workers 16 --force"),
    ],
    files: [.init("PREFIX.bin", "The tokens.")])

  static let groups: [ArgumentGroup<Self>] = [
    ArgumentGroup(
      "input",
      [
        .positionals("FILE", \.inputs, "files to read"),
        .list("--keys", \.keys, aliases: ["-k"], placeholder: "KEY", "keys to read"),
      ]),
    ArgumentGroup(
      "output",
      [
        .option("--prefix", \.prefix, hidden: ["--stem"], required: true, "where files go"),
        .option("--output", \.output, aliases: ["-o"], placeholder: "FILE", "a report"),
        .flag("--force", \.force, aliases: ["-f"], "replace what exists"),
      ]),
    ArgumentGroup(
      "work",
      [
        .option("--workers", \.workers, rule: .atLeast(1), "threads"),
        .option("--memory", \.memory, "the most memory to take"),
        .option("--pause", \.pause, "time between reports"),
        .option("--flavour", \.flavour, "the taste of it"),
        .option("--share", \.share, "a part of one"),
        .flag("--verbose", \.verbose, aliases: ["-v"], "say more"),
        .each("--note", \.notes, placeholder: "TEXT", "a remark; may be repeated"),
      ]),
  ]

  func run() throws {}

  /// The arguments that a command line sets; `nil` for help.
  static func parsed(_ words: String...) throws(UsageError) -> Self? {
    switch try ArgumentParser(groups).parse(words, into: Self()) {
    case .help: nil
    case .run(let command): command
    }
  }
}
