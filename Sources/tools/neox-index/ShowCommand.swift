import CommandLineKit
import IndexedData
import Machine

/// `neox-index show`: documents as text or ids.
struct ShowCommand: Command {
  var prefix = DatasetPrefix("")
  var parts: [DocumentPart] = []
  var tokenizer = TokenizerFlags()
  var output = DocumentFlags()
  var labels = LabelFlags()
  var topLogits = TopLogitsFlags()

  static let page = CommandPage(
    name: "show", summary: "print documents, or parts of them",
    description: [
      """
      Prints documents as text where a tokenizer is known, else as ids; labels, rewards and other \
      numbers as such, unless a tokenizer is named. A document is named by its \
      number, counted from 0; NUMBER:FIRST-END is the part from token FIRST up to, but without, \
      token END.
      """, DocumentFlags.textNote, DocumentFlags.jsonNote, LabelFlags.note,
    ],
    examples: [
      .init("Document 7:", "neox-index show data/books_text_document 7"),
      .init(
        "The first hundred tokens of two documents, as ids:",
        "neox-index show data/books_text_document 0:0-100 1:0-100 --ids"),
      .init(
        "With a tokenizer of your own:",
        "neox-index show data/books_text_document 3 --tokenizer-type HFTokenizer "
          + "--vocab-file 20B_tokenizer.json"),
      .init(
        "What of a conversation is trained on, token by token:",
        "neox-index show data/chat_conversation_document 0 --labels"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "documents",
      [
        .positional("PREFIX", \.prefix, "the dataset"),
        .positionals("DOC", \.parts, "documents, or parts such as 12:0-100"),
      ]), TokenizerFlags.group.lifted(to: \.tokenizer), DocumentFlags.group.lifted(to: \.output),
    LabelFlags.group.lifted(to: \.labels),
    TopLogitsFlags.group.lifted(to: \.topLogits),
  ]

  func run() throws {
    let dataset = try openDataset(prefix.path)
    let text = DocumentText(
      dataset: dataset, tokenizer: output.showsIDs ? nil : try tokenizer.load(forText: prefix.path))
    if let logits = try topLogits.open(for: text) {
      guard !labels.isShown else {
        throw UsageError("--labels and --top-logits show one thing each; give one of them")
      }
      try labels.checkUnused()
      return try logits.print(parts, text, isJSON: output.isJSON)
    }
    guard labels.isShown else {
      try labels.checkUnused()
      return try output.print(parts, text)
    }
    try labels.print(parts, text, beside: prefix.path, output)
  }
}

/// How documents are printed.
struct DocumentFlags: Sendable {
  var showsIDs = false
  var isJSON = false

  static let group = ArgumentGroup<DocumentFlags>(
    "output",
    [
      .flag("--ids", \.showsIDs, "print ids, not text"),
      .flag("--json", \.isJSON, "print JSON, an object a line"),
    ])

  static let textNote = """
    Bytes that are not UTF-8, as a cut can leave them, and control characters are printed as \\xE2, \
    so nothing is lost or made up. An id that the tokenizer does not know is printed as <id 15496?>.
    """
  static let jsonNote = """
    With --json each line has the members document, first, length (tokens printed), of (tokens in \
    the document), tokens (values where they are fractions), and with a tokenizer text and exact (whether text had nothing to escape).
    """

  /// Prints fractions, as rewards and log-probabilities of a reference model are.
  private func printNumbers(_ part: DocumentPart, _ text: DocumentText) throws {
    let all = try text.fractions(ofDocument: part.document)
    try text.requireStart(of: part, within: all.count)
    let values = all[part.start..<max(part.start, min(part.end ?? all.count, all.count))]
    guard isJSON else {
      StandardOutput.shared.line(
        "--- document \(part.document): \(grouped(values.count)) of \(grouped(all.count)) numbers")
      StandardOutput.shared.line(values.map { "\($0)" }.joined(separator: " "))
      return
    }
    let members: [JSONText.Member] = [
      .init("document", JSONText(part.document)), .init("first", JSONText(part.start)),
      .init("length", JSONText(values.count)), .init("of", JSONText(all.count)),
      .init("values", .array(values.map { .number(Double($0)) })),
    ]
    StandardOutput.shared.write(JSONText.object(members).bytes() + [0x0A])
  }

  /// Prints parts of documents.
  func print(_ parts: [DocumentPart], _ text: DocumentText) throws {
    for part in parts {
      if text.dataset.elementType.isFloatingPoint {
        try printNumbers(part, text)
        continue
      }
      let ids = try text.ids(part)
      let length = try text.length(of: part.document)
      let words = text.words(ids)
      let shown = words?.text ?? ids.map(String.init).joined(separator: " ")
      guard isJSON else {
        let range = ids.count == length ? "" : ", from \(grouped(part.start))"
        StandardOutput.shared.line(
          "--- document \(part.document): \(grouped(ids.count)) of \(grouped(length)) tokens\(range)"
        )
        StandardOutput.shared.line(shown)
        continue
      }
      var members: [JSONText.Member] = [
        .init("document", JSONText(part.document)), .init("first", JSONText(part.start)),
        .init("length", JSONText(ids.count)), .init("of", JSONText(length)),
        .init("tokens", .array(ids.map { .integer($0) })),
      ]
      if let words {
        members.append(.init("text", .string(words.text)))
        members.append(.init("exact", .bool(words.isExact)))
      }
      StandardOutput.shared.write(JSONText.object(members).bytes() + [0x0A])
    }
  }
}
