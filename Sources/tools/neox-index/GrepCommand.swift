import CommandLineKit
import IndexedData
import Machine
import Tokenize

/// `neox-index grep`: where a text, or a run of ids, occurs.
struct GrepCommand: Command {
  var prefix = DatasetPrefix("")
  var pattern = ""
  var readsIDs = false
  var isExact = false
  var limit: Int?
  var context = 12
  var isCount = false
  var workers = WorkerPool.processorCount
  var tokenizer = TokenizerFlags()
  var isJSON = false

  static let page = CommandPage(
    name: "grep", summary: "find where a text or a run of ids occurs",
    description: [
      """
      Looks for a run of token ids in all documents, at the speed of memory, and prints the document, \
      the position of the first token and some tokens around it.
      """,
      """
      A text is turned into ids first, once as it stands and once with a space before it, as words \
      have it inside of sentences. So whole tokens are found: 'art' is not found in 'party', and a \
      text that ends inside a word may have been cut into other tokens there. --exact looks for it \
      as it stands only, --ids takes ids.
      """,
      """
      With --json each occurrence is a line with document, position, length and tokens (those of \
      the occurrence), and with a tokenizer before, match and after. With --count only the number of \
      occurrences is printed.
      """,
    ],
    examples: [
      .init("A phrase:", "neox-index grep data/books_text_document 'Sherlock Holmes'"),
      .init(
        "Ids, the first ten:", "neox-index grep data/books_text_document --ids 50256,198 -m 10"),
    ],
    exitStatus: [
      .init("0", "Something was found."), .init("1", "Nothing was found, or it failed."),
      .init("2", "The command line is wrong."),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "search",
      [
        .positional("PREFIX", \.prefix, "the dataset"),
        .positional("TEXT", \.pattern, "what is looked for"),
        .flag("--ids", \.readsIDs, "TEXT is a list of ids with commas or spaces"),
        .flag("--exact", \.isExact, "do not look for TEXT with a space before it as well"),
        .option(
          "--max-count", \.limit, aliases: ["-m"], placeholder: "N", shownDefault: "all",
          rule: .atLeast(1), "end after N occurrences"),
        .option(
          "--workers", \.workers, placeholder: "N", shownDefault: "one a processor",
          rule: .workers, "threads that search"),
      ]), TokenizerFlags.group.lifted(to: \.tokenizer),
    .init(
      "output",
      [
        .option(
          "--context", \.context, aliases: ["-C"], placeholder: "N", rule: .atLeast(0),
          "tokens shown on either side"),
        .flag("--count", \.isCount, aliases: ["-c"], "print only how many there are"),
        .flag("--json", \.isJSON, "print JSON, an object a line"),
      ]),
  ]

  func run() throws {
    let dataset = try openDataset(prefix.path)
    let tokenizer = try tokenizer.load(for: prefix.path)
    let runs = try self.runs(tokenizer)
    let text = DocumentText(dataset: dataset, tokenizer: tokenizer)
    let search = try TokenSearch(dataset, runs)
    var count = 0
    try search.run(workers: workers) { hits throws(IndexedDataError) in
      for hit in hits {
        if let limit, count == limit { return false }
        count += 1
        if !isCount { try print(hit, runs[hit.pattern].count, text) }
      }
      return limit.map { count < $0 } ?? true
    }
    if isCount { StandardOutput.shared.line("\(count)") }
    if count == 0 { throw QuietExit(1) }
  }

  /// The runs of ids that are looked for.
  private func runs(_ tokenizer: (any Tokenizer)?) throws -> [[Int64]] {
    if readsIDs {
      let words = pattern.split { $0 == "," || $0 == " " }
      let ids = words.compactMap { Int64($0) }
      guard ids.count == words.count, !ids.isEmpty else {
        throw UsageError(
          "argument TEXT: expected ids such as 15496,11 with --ids, found '\(pattern)'")
      }
      return [ids]
    }
    guard let tokenizer else {
      throw UsageError(
        "no tokenizer is known for \(prefix.path): name it with --tokenizer-type, or look for --ids"
      )
    }
    guard !pattern.isEmpty else { throw UsageError("argument TEXT: there is nothing to look for") }
    let spellings = isExact || pattern.first == " " ? [pattern] : [pattern, " " + pattern]
    var runs: [[Int64]] = []
    for spelling in spellings {
      let ids = Array(try tokenizer.encode(spelling).dropFirst(tokenizer.documentPrefix.count))
      let run = ids.map { Int64($0) }
      if !run.isEmpty && !runs.contains(run) { runs.append(run) }
    }
    guard !runs.isEmpty else {
      throw UsageError("argument TEXT: the tokenizer makes no ids of '\(pattern)'")
    }
    return runs
  }

  private func print(
    _ hit: TokenSearch.Hit, _ length: Int, _ text: DocumentText
  ) throws(IndexedDataError) {
    let start = max(0, hit.position - context)
    // No document reaches further than a number does.
    let (end, overflow) = (hit.position + length).addingReportingOverflow(context)
    let ids = try text.ids(
      DocumentPart(document: hit.document, start: start, end: overflow ? nil : end))
    let before = Array(ids.prefix(hit.position - start))
    let match = Array(ids.dropFirst(before.count).prefix(length))
    let after = Array(ids.dropFirst(before.count + length))
    guard isJSON else {
      let shown = [before, match, after].map { ids in
        text.words(ids)?.text.replacingLineFeeds ?? ids.map(String.init).joined(separator: " ")
      }
      let mark = StandardOutput.shared.isTerminal ? ("\u{1B}[1;31m", "\u{1B}[0m") : ("", "")
      let gap = text.tokenizer == nil ? " " : ""
      StandardOutput.shared.line(
        "\(hit.document):\(hit.position): \(shown[0])\(gap)\(mark.0)\(shown[1])\(mark.1)\(gap)\(shown[2])"
      )
      return
    }
    var members: [JSONText.Member] = [
      .init("document", JSONText(hit.document)), .init("position", JSONText(hit.position)),
      .init("length", JSONText(length)), .init("tokens", .array(match.map { .integer($0) })),
    ]
    for (name, ids) in [("before", before), ("match", match), ("after", after)] {
      if let words = text.words(ids) { members.append(.init(name, .string(words.text))) }
    }
    StandardOutput.shared.write(JSONText.object(members).bytes() + [0x0A])
  }
}

extension String {
  /// The same on one line.
  fileprivate var replacingLineFeeds: String {
    String(map { $0.isNewline ? "⏎" : $0 })
  }
}
