import CommandLineKit
import IndexedData
import Machine
import Tokenize

/// `neox-index export`: documents as JSON lines.
struct ExportCommand: Command {
  var prefix = DatasetPrefix("")
  var output: String?
  var key = "text"
  var exportsIDs = false
  var keepsEnd = false
  var showsSource = false
  var isJSON = false
  var overwrites = false
  var tokenizer = TokenizerFlags()

  static let page = CommandPage(
    name: "export", summary: "write documents as JSON lines",
    description: [
      """
      Writes each document as a JSON object with its text, or with its ids in `tokens`. The text \
      is what the tokens stand for; an end-of-document id at the end is left out unless \
      --keep-eod is given. The output is JSON lines with and without --json.
      """,
      """
      Where the tokens of a document stand for bytes that are not UTF-8, the text has these bytes \
      as \\xE2, and a member "exact" is false. Without that member the text is, byte for byte, what \
      the tokens stand for. That is not always the text that was tokenized: of a tokenizer that \
      normalizes, as GPT-NeoX-20B's does (NFC), it is the normalized spelling, and the original one \
      is not in the dataset.
      """,
      """
      --ids loses nothing. An id that the tokenizer does not know is an error. PREFIX may also be an \
      archive of neox-index pack.
      """,
      """
      With --source, which needs PREFIX.src, each object has a member source as neox-index where \
      prints it: file, member, byte, line and id where the record had one; null where nothing is known.
      """, WholeFile.signalNote,
    ],
    examples: [
      .init(
        "Back to text:",
        "neox-index export data/books_text_document --output books.jsonl"),
      .init("Ids, to a pipe:", "neox-index export --ids data/books_text_document | head -n 3"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init("dataset", [.positional("PREFIX", \.prefix, "the dataset")]),
    .init(
      "output",
      [
        .option(
          "--output", \.output, aliases: ["-o"], placeholder: "FILE",
          shownDefault: "standard output", "the file to write; - is standard output"),
        .option("--key", \.key, placeholder: "KEY", "the member that holds the text"),
        .flag("--ids", \.exportsIDs, "write ids, not text"),
        .flag("--source", \.showsSource, "also write where each document came from"),
        .flag("--keep-eod", \.keepsEnd, "keep an end-of-document id at the end of a text"),
        .flag("--overwrite", \.overwrites, "replace a finished file"),
        .flag(
          "--json", \.isJSON,
          "changes nothing, the output is JSON lines already; as for the other commands"),
      ]), TokenizerFlags.group.lifted(to: \.tokenizer),
  ]

  func run() throws {
    if output == "" {
      throw UsageError("argument --output: expected a file, or - for standard output, found ''")
    }
    let dataset = try openDataset(prefix.path)
    let tokenizer = exportsIDs ? nil : try tokenizer.load(for: prefix.path)
    guard exportsIDs || tokenizer != nil else {
      throw IndexedDataError.unsuitable(
        path: prefix.path,
        reason: "no tokenizer is known for it; name one with --tokenizer-type and its files, or use"
          + " --ids to write the ids")
    }
    let text = DocumentText(dataset: dataset, tokenizer: tokenizer)
    let sources = showsSource ? try SourceFlags.open(prefix.path, of: text.documentCount) : nil
    guard let output, output != "-" else {
      for document in 0..<text.documentCount {
        StandardOutput.shared.write(try line(document, text, sources))
      }
      return
    }
    let inputs =
      try [prefix.path, dataset.indexPath, dataset.elementsPath]
      + [sources?.path].compactMap(\.self)
      + self.tokenizer.files(for: prefix.path)
    try WholeFile.claim(output, overwrites: overwrites) { whole in
      try whole.write(inputs: inputs) { file in
        for document in 0..<text.documentCount {
          try endWhereRaised(.process)
          let line = try line(document, text, sources)
          try unsafe file.append(line.span.bytes)
        }
      }
    }
  }

  private func line(
    _ document: Int, _ text: DocumentText, _ sources: DocumentSources?
  ) throws -> [UInt8] {
    var ids = try text.ids(DocumentPart(document: document, start: 0, end: nil))
    let end = text.tokenizer?.endOfDocument.map { Int64($0) }
    if !exportsIDs, !keepsEnd, end != nil, ids.last == end { ids.removeLast() }
    let bytes = try text.bytes(ids) { id in
      throw IndexedDataError.unsuitable(
        path: prefix.path,
        reason: "document \(document): the tokenizer does not know the id \(id);"
          + " name the right tokenizer, or use --ids")
    }
    var members: [JSONText.Member] = []
    if let sources {
      members.append(.init("source", try SourceFlags.json(of: document, sources)))
    }
    guard let bytes else {
      members.insert(.init("tokens", .array(ids.map { .integer($0) })), at: 0)
      return JSONText.object(members).bytes() + [0x0A]
    }
    if let exact = String(validating: bytes, as: UTF8.self) {
      members.append(.init(key, .string(exact)))
    } else {
      members.append(.init(key, .string(visibleText(bytes).text)))
      members.append(.init("exact", false))
    }
    return JSONText.object(members).bytes() + [0x0A]
  }
}
