import CommandLineKit
import IndexedData
import Machine

/// `neox-index diff`: what two datasets differ in.
struct DiffCommand: Command {
  var left = DatasetPrefix("")
  var right = DatasetPrefix("")
  var context = 8
  var tokenizer = TokenizerFlags()
  var showsIDs = false
  var isJSON = false

  static let page = CommandPage(
    name: "diff", summary: "compare two datasets",
    description: [
      """
      Compares types, counts, ids and document boundaries, says how many sequences differ, and \
      shows both sides of the first place where they do. Ids are compared by value, whatever \
      their types. Either may be an archive of neox-index pack.
      """,
      """
      With --json the members are equal, facts, common_sequences, differing_sequences, \
      first_difference (sequence, element, left, right) and first_document_entry.
      """,
    ],
    examples: [
      .init("Two runs of a pipeline:", "neox-index diff run1_text_document run2_text_document")
    ],
    exitStatus: [
      .init("0", "The datasets are equal."), .init("1", "They differ, or it failed."),
      .init("2", "The command line is wrong."),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "datasets",
      [
        .positional("A", \.left, "a dataset"), .positional("B", \.right, "another"),
      ]),
    .init(
      "output",
      [
        .option(
          "--context", \.context, placeholder: "N", rule: .atLeast(0),
          "tokens shown on either side of a difference"),
        .flag("--ids", \.showsIDs, "show ids, not text"),
        .flag("--json", \.isJSON, "print JSON"),
      ]), TokenizerFlags.group.lifted(to: \.tokenizer),
  ]

  func run() throws {
    let a = try openDataset(left.path)
    let b = try openDataset(right.path)
    let difference = try compareDatasets(a, b)
    if isJSON {
      printJSON(try json(difference, a, b))
    } else {
      try show(difference, a, b)
    }
    if !difference.isEmpty { throw QuietExit(1) }
  }

  private func show(
    _ difference: DatasetDifference, _ a: IndexedDataset, _ b: IndexedDataset
  ) throws {
    let out = StandardOutput.shared
    guard !difference.isEmpty else {
      out.line("equal: \(grouped(difference.commonSequences)) sequences")
      return
    }
    for fact in difference.facts { out.line(fact) }
    out.line(
      "\(grouped(difference.differingSequences)) of \(grouped(difference.commonSequences))"
        + " common sequences differ")
    if let entry = difference.firstDocumentEntry {
      out.line("documents begin elsewhere from entry \(grouped(entry)) of the document index on")
    }
    guard let place = difference.first else { return }
    out.line("first difference: sequence \(place.sequence), token \(place.element)")
    out.line("< \(try excerpt(a, left, place))")
    out.line("> \(try excerpt(b, right, place))")
  }

  private func excerpt(
    _ dataset: IndexedDataset, _ prefix: DatasetPrefix, _ place: DatasetDifference.Place
  ) throws -> String {
    let ids = try tokens(dataset, place)
    let tokenizer = showsIDs ? nil : try tokenizer.load(for: prefix.path)
    let text = DocumentText(dataset: dataset, tokenizer: tokenizer)
    if let words = text.words(ids) { return words.text.replacing("\n", with: "\\n") }
    return ids.map(String.init).joined(separator: " ")
  }

  private func tokens(_ dataset: IndexedDataset, _ place: DatasetDifference.Place) throws -> [Int64]
  {
    let size = try dataset.size(of: place.sequence)
    // No sequence has more tokens on one side than it has in all.
    let reach = min(context, size)
    let start = max(0, min(place.element - reach, size))
    let end = min(place.element + reach + 1, size)
    var ids = [Int64](repeating: 0, count: max(0, end - start))
    var span = ids.mutableSpan
    try dataset.read(place.sequence, from: start, into: &span)
    return ids
  }

  private func json(
    _ difference: DatasetDifference, _ a: IndexedDataset, _ b: IndexedDataset
  ) throws -> JSONText {
    var first: JSONText = nil
    if let place = difference.first {
      first = [
        "sequence": JSONText(place.sequence), "element": JSONText(place.element),
        "left": .array(try tokens(a, place).map { .integer($0) }),
        "right": .array(try tokens(b, place).map { .integer($0) }),
      ]
    }
    return [
      "equal": .bool(difference.isEmpty), "facts": .array(difference.facts.map { .string($0) }),
      "common_sequences": JSONText(difference.commonSequences),
      "differing_sequences": JSONText(difference.differingSequences), "first_difference": first,
      "first_document_entry": difference.firstDocumentEntry.map { JSONText($0) } ?? nil,
    ]
  }
}
