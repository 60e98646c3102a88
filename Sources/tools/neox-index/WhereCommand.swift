import CommandLineKit
import IndexedData
import Machine
import Preprocess

/// `neox-index where`: where documents came from.
struct WhereCommand: Command {
  var prefix = DatasetPrefix("")
  var documents: [Int] = []
  var root: String?
  var limit = ByteSize(bytes: 16 << 10)
  var hidesText = false
  var isJSON = false

  static let page = CommandPage(
    name: "where", summary: "tell where documents came from",
    description: [
      """
      Prints of each document the input file, the member where that is an archive, the line, counted \
      from 1, the byte, counted from 0, both in the file as it is when all compression is taken off, \
      the id that neox-preprocess --id-key kept, and the original record, read from the file again. \
      This needs PREFIX.src, which neox-preprocess --source writes and split, merge, convert and \
      repair carry along.
      """,
      """
      A file that is gone, or has another size or content than when it was read, is told, and no \
      record is shown. Whether the content is another is looked at where the time of the last change \
      is, and only where the run noted a hash (--no-input-hash and --shard note none). Compressed \
      files and archives are read from their start up to the record.
      """,
      """
      With --json each line has the members document and file, member, byte, line and id, each where \
      there is one, and record and cut (whether there is more of it) or why (why there is no record).
      """,
    ],
    examples: [
      .init("Documents 7 and 12:", "neox-index where data/books_text_document 7 12"),
      .init(
        "The data have been moved:",
        "neox-index where data/books_text_document 7 --root /archive/corpora"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "documents",
      [
        .positional("PREFIX", \.prefix, "the dataset"),
        .positionals("DOC", \.documents, "numbers of documents, counted from 0"),
        .option(
          "--root", \.root, placeholder: "DIR", shownDefault: "the current folder",
          "where paths begin that do not begin with /"),
      ]),
    .init(
      "output",
      [
        .option(
          "--limit", \.limit, placeholder: "SIZE", rule: limitRule,
          "bytes of a record that are shown"),
        .flag("--no-text", \.hidesText, "read no record"),
        .flag("--json", \.isJSON, "print JSON, an object a line"),
      ]),
  ]

  private static let limitRule = ValueRule<ByteSize> { size in
    (1...1 << 30).contains(size.bytes) ? nil : "must be from 1 byte to 1GiB"
  }

  /// What is shown of a record.
  private enum Original {
    case record(OriginalRecord)
    case none(why: String)
  }

  func run() throws {
    let dataset = try openDataset(prefix.path, mode: .pread)
    let sources = try SourceFlags.open(prefix.path, of: dataset.tendedDocumentCount)
    let entries = try documents.map { try sources.entry($0) }
    let originals = hidesText ? [:] : originals(of: entries.map(\.place), sources)
    for (place, document) in documents.enumerated() {
      let entry = entries[place]
      if isJSON {
        show(json: document, entry.place, entry.id, originals[place], sources)
      } else {
        show(document, entry.place, entry.id, originals[place], sources)
      }
    }
  }

  // MARK: - Records

  /// The records, by the places of their documents among those asked for.
  ///
  /// Each file is opened once and read in one direction.
  private func originals(
    of entries: [SourceEntry?], _ sources: DocumentSources
  ) -> [Int: Original] {
    var found: [Int: Original] = [:]
    let known = entries.enumerated().compactMap { place, entry in entry.map { (place, $0) } }
    // In order, as notes are written on the way.
    for (file, rows) in Dictionary(grouping: known, by: \.1.file).sorted(by: { $0.key < $1.key }) {
      let sorted = rows.sorted { ($0.1.stream, $0.1.byte) < ($1.1.stream, $1.1.byte) }
      let facts = sources.files[file]
      if let why = reason(against: facts) {
        for (place, _) in sorted { found[place] = Original.none(why: why) }
        continue
      }
      do throws(PreprocessError) {
        var records = try OriginalRecords(
          path(of: facts), format: InputFormat(rawValue: facts.format) ?? .auto,
          limit: limit.bytes)
        for (place, entry) in sorted {
          found[place] = .record(try records.record(stream: entry.stream, byte: entry.byte))
        }
      } catch {
        for (place, _) in sorted where found[place] == nil {
          found[place] = Original.none(why: "\(error)")
        }
      }
    }
    return found
  }

  private func path(of file: SourceFile) -> String {
    guard let root, !file.path.hasPrefix("/") else { return file.path }
    return root + "/" + file.path
  }

  /// Why the file cannot be read again; `nil` where it can.
  private func reason(against file: SourceFile) -> String? {
    let path = path(of: file)
    switch OriginalFile(file, at: path) {
    case .same: return nil
    case .touched:
      writeNote(
        "\(path): was changed since it was read, or copied; its size is what it was, and no hash was"
          + " noted")
      return nil
    case .pipe: return "\(file.path == "-" ? "standard input" : path) cannot be read again"
    case .missing: return "\(path) is gone, or lies elsewhere (--root names the folder)"
    case .changed(let how): return "\(path) has changed since it was read: \(how)"
    }
  }

  // MARK: - Output

  private func show(
    _ document: Int, _ entry: SourceEntry?, _ id: [UInt8]?, _ original: Original?,
    _ sources: DocumentSources
  ) {
    guard let entry else {
      StandardOutput.shared.line("--- document \(document): nothing is known of where it came from")
      return
    }
    StandardOutput.shared.line(
      "--- document \(document): \(SourceFlags.text(of: entry, id, sources))")
    switch original {
    case .record(let record):
      StandardOutput.shared.line(
        visibleText(record.bytes).text + (record.isCut ? " … (--limit shows more)" : ""))
    case .none(let why)?: StandardOutput.shared.line("(no record: \(why))")
    case nil: break
    }
  }

  private func show(
    json document: Int, _ entry: SourceEntry?, _ id: [UInt8]?, _ original: Original?,
    _ sources: DocumentSources
  ) {
    var members: [JSONText.Member] = [.init("document", JSONText(document))]
    if let entry {
      members += SourceFlags.members(of: entry, id, sources)
    } else {
      members.append(.init("why", "nothing is known of where it came from"))
    }
    switch original {
    case .record(let record):
      members.append(.init("record", .string(visibleText(record.bytes).text)))
      members.append(.init("cut", .bool(record.isCut)))
    case .none(let why)?: members.append(.init("why", .string(why)))
    case nil: break
    }
    StandardOutput.shared.write(JSONText.object(members).bytes() + [0x0A])
  }
}
