import CommandLineKit
import IndexedData
import Machine

/// `neox-index stats`: what a dataset's tokens are, counted.
struct StatsCommand: Command {
  var prefixes: [DatasetPrefix] = []
  var count = 20
  var labels: DatasetPrefix?
  var endOfDocument: Int?
  var workers = WorkerPool.processorCount
  var tokenizer = TokenizerFlags()
  var progress = ProgressStyle.auto
  var isJSON = false

  static let page = CommandPage(
    name: "stats", summary: "count tokens, lengths, labels and ends of documents",
    description: [
      """
      Reads every token and prints the most frequent ones with their text, how many different ones \
      there are, the lengths of documents, the share of tokens that is trained on where there are \
      labels, and how many documents end with the end-of-document id. info prints what the index \
      alone tells. PREFIX may also be an archive of neox-index pack.
      """,
      """
      Labels are those that the manifest names, or without one PREFIX_KEY_label_document beside \
      PREFIX_KEY_document; those below 0 train nothing. Percentiles are lengths that occur \
      (nearest rank). Everything is exact and does not depend on --workers.
      """,
      """
      With --json the members are prefix, element_type, documents, empty_documents, tokens, \
      distinct_tokens, vocabulary_size, smallest_id, largest_id, length (min, p1, p5, p25, p50, p75, \
      p95, p99, max, mean), with labels supervision (labels, trained, masked, share, \
      untrained_documents, first_untrained), where the id is known end_of_document (id, tokens, \
      ended, lacking, first_lacking), and most_frequent (id, count, share, with a tokenizer text); \
      several datasets make an array.
      """,
    ],
    examples: [
      .init("One dataset:", "neox-index stats data/books_text_document"),
      .init(
        "Every token that occurs, for a script:",
        "neox-index stats data/books_text_document --top 100000 --json"),
      .init(
        "With labels of another name:",
        "neox-index stats data/chat_document --label-dataset data/chat_mask_document"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "datasets",
      [
        .positionals("PREFIX", \.prefixes, "the datasets"),
        .option(
          "--label-dataset", \.labels, placeholder: "PREFIX",
          shownDefault: "PREFIX_KEY_label_document", "the labels, of one dataset"),
        .option(
          "--eod-id", \.endOfDocument, placeholder: "ID",
          shownDefault: "the tokenizer's", rule: .atLeast(0), "the id that ends documents"),
        .option(
          "--workers", \.workers, placeholder: "N", shownDefault: "one a processor",
          rule: .workers, "threads that count"),
      ]), TokenizerFlags.group.lifted(to: \.tokenizer),
    .init(
      "output",
      [
        .option(
          "--top", \.count, aliases: ["-n"], placeholder: "N", rule: .within(0...10_000_000),
          "tokens that are listed"),
        .option("--progress", \.progress, "how progress is shown on standard error"),
        .flag("--json", \.isJSON, "print JSON"),
      ]),
  ]

  func run() throws {
    guard labels == nil || prefixes.count == 1 else {
      throw UsageError("argument --label-dataset: belongs to one dataset; name one PREFIX")
    }
    var values: [JSONText] = []
    for (place, prefix) in prefixes.enumerated() {
      var request = try DatasetFigures.Request(
        for: prefix.path, tokenizer, labels: labels?.path, endOfDocument: endOfDocument,
        keeping: count, workers: workers)
      request.progress = progress
      let figures = try DatasetFigures(openDataset(prefix.path), request)
      if isJSON {
        values.append(json(figures))
      } else {
        if place > 0 { StandardOutput.shared.line() }
        StandardOutput.shared.write(text(figures))
      }
    }
    if isJSON { printJSON(values.count == 1 ? values[0] : .array(values)) }
  }

  // MARK: - Text

  private func text(_ figures: DatasetFigures) -> String {
    var table = TextTable([.left(""), .left("")])
    let lengths = figures.lengths
    table.add(["  documents", grouped(figures.documentCount) + emptyNote(figures)])
    table.add([
      "  tokens", "\(grouped(figures.tokens.total)) (\(figures.dataset.elementType.rawValue))",
    ])
    table.add(["  distinct tokens", distinct(figures)])
    table.add([
      "  length",
      "min \(grouped(lengths.shortest)), mean \(figures.meanLength), max "
        + grouped(lengths.longest),
    ])
    table.add([
      "",
      zip(DatasetFigures.percentages, figures.percentiles)
        .map { "p\($0) \(grouped($1))" }.joined(separator: ", "),
    ])
    if let supervision = figures.marks.supervision {
      table.add(["  labels", Self.text(supervision)])
      if supervision.untrainedDocuments > 0 {
        table.add([
          "",
          "\(counted(supervision.untrainedDocuments, "document")) without any, first: "
            + Self.list(supervision.firstUntrained),
        ])
      }
    }
    if let endings = figures.marks.endings {
      table.add([
        "  end of document",
        "id \(endings.id) occurs \(times(figures.tokens.watchedCount)),"
          + " \(counted(endings.ended, "document")) end\(Self.ending(endings.ended)) with it",
      ])
      if endings.lacking > 0 {
        table.add([
          "",
          "\(counted(endings.lacking, "document")) lack\(Self.ending(endings.lacking)) it, first: "
            + Self.list(endings.firstLacking),
        ])
      }
    }
    guard count > 0, figures.tokens.distinct > 0 else {
      return "\(figures.dataset.prefix)\n\(table.text)"
    }
    return "\(figures.dataset.prefix)\n\(table.text)\n  most frequent tokens\n\(top(figures))"
  }

  private func top(_ figures: DatasetFigures) -> String {
    var columns: [TextTable.Column] = [
      .right(""), .right("id"), .right("times"), .right("share"), .right("sum"),
    ]
    if figures.tokenizer != nil { columns.append(.left("text")) }
    var table = TextTable(columns)
    var sum = 0
    for (place, entry) in figures.tokens.mostFrequent.enumerated() {
      sum += entry.count
      var row = [
        "  " + grouped(place + 1), "\(entry.id)", grouped(entry.count),
        percentage(figures.share(entry.count), 2), percentage(figures.share(sum)),
      ]
      if figures.tokenizer != nil {
        row.append(figures.text(of: entry.id).map { "\"\($0)\"" } ?? "(no such id)")
      }
      table.add(row)
    }
    return table.text
  }

  private func distinct(_ figures: DatasetFigures) -> String {
    let tokens = figures.tokens
    var text = grouped(tokens.distinct)
    if let size = figures.vocabularySize {
      text +=
        " of \(grouped(size)) (\(percentage(DatasetFigures.share(tokens.distinct, of: size))))"
    }
    if let least = tokens.least, let greatest = tokens.greatest {
      text += ", ids from \(least) to \(greatest)"
    }
    return text
  }

  private func emptyNote(_ figures: DatasetFigures) -> String {
    let empty = figures.marks.emptyDocuments
    return empty == 0 ? "" : ", \(grouped(empty)) of them empty"
  }

  private func times(_ count: Int) -> String { counted(count, "time") }

  private static func text(_ supervision: DocumentMarks.Supervision) -> String {
    let all = supervision.trained + supervision.masked
    return "\(grouped(supervision.trained)) tokens trained"
      + " (\(percentage(DatasetFigures.share(supervision.trained, of: all)))),"
      + " \(grouped(supervision.masked)) masked"
  }

  /// What a verb has of one, and not of several.
  private static func ending(_ count: Int) -> String { count == 1 ? "s" : "" }

  private static func list(_ numbers: [Int]) -> String {
    numbers.map(String.init).joined(separator: ", ")
  }

  // MARK: - JSON

  private func json(_ figures: DatasetFigures) -> JSONText {
    let tokens = figures.tokens
    var members: [JSONText.Member] = [
      .init("prefix", .string(figures.dataset.prefix)),
      .init("element_type", .string(figures.dataset.elementType.rawValue)),
      .init("documents", JSONText(figures.documentCount)),
      .init("empty_documents", JSONText(figures.marks.emptyDocuments)),
      .init("tokens", JSONText(tokens.total)), .init("distinct_tokens", JSONText(tokens.distinct)),
    ]
    if let size = figures.vocabularySize {
      members.append(.init("vocabulary_size", JSONText(size)))
    }
    if let least = tokens.least, let greatest = tokens.greatest {
      members += [.init("smallest_id", .integer(least)), .init("largest_id", .integer(greatest))]
    }
    var length: [JSONText.Member] = [.init("min", JSONText(figures.lengths.shortest))]
    for (percentage, value) in zip(DatasetFigures.percentages, figures.percentiles) {
      length.append(.init("p\(percentage)", JSONText(value)))
    }
    length += [
      .init("max", JSONText(figures.lengths.longest)), .init("mean", .number(figures.lengths.mean)),
    ]
    members.append(.init("length", .object(length)))
    if let supervision = figures.marks.supervision {
      members.append(.init("supervision", json(supervision, figures)))
    }
    if let endings = figures.marks.endings {
      members.append(
        .init(
          "end_of_document",
          [
            "id": .integer(endings.id), "tokens": JSONText(tokens.watchedCount),
            "ended": JSONText(endings.ended), "lacking": JSONText(endings.lacking),
            "first_lacking": .array(endings.firstLacking.map { JSONText($0) }),
          ]))
    }
    members.append(
      .init("most_frequent", .array(tokens.mostFrequent.map { json($0, figures) })))
    return .object(members)
  }

  private func json(
    _ supervision: DocumentMarks.Supervision, _ figures: DatasetFigures
  ) -> JSONText {
    [
      "labels": .string(figures.labels?.prefix ?? ""), "trained": JSONText(supervision.trained),
      "masked": JSONText(supervision.masked),
      "share": .number(
        DatasetFigures.share(supervision.trained, of: supervision.trained + supervision.masked)),
      "untrained_documents": JSONText(supervision.untrainedDocuments),
      "first_untrained": .array(supervision.firstUntrained.map { JSONText($0) }),
    ]
  }

  private func json(_ entry: TokenCounts.Entry, _ figures: DatasetFigures) -> JSONText {
    var members: [JSONText.Member] = [
      .init("id", .integer(entry.id)), .init("count", JSONText(entry.count)),
      .init("share", .number(figures.share(entry.count))),
    ]
    if let text = figures.text(of: entry.id) { members.append(.init("text", .string(text))) }
    return .object(members)
  }
}
