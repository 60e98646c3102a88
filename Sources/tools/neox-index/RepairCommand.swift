import CommandLineKit
import IndexedData
import Machine
import Tokenize

/// `neox-index repair`: a sound dataset from a damaged one.
struct RepairCommand: Command {
  var prefix = DatasetPrefix("")
  var output = DatasetPrefix("")
  var endOfDocument: Int?
  var elementType: ElementType?
  var rebuilds = false
  var keepsTail = false
  var tokenizer = TokenizerFlags()
  var writing = WriteFlags()

  static let page = CommandPage(
    name: "repair", summary: "write a sound dataset from a damaged one",
    description: [
      """
      Where the sizes in the index can be trusted, pointers and a lost or broken document index \
      are made anew from them, and a .bin that ends early loses its last, half-written document. \
      That also mends what GPT-NeoX's merge tool writes, whose document index is empty.
      """,
      """
      Where the index is missing or of no use, .bin is cut into documents behind each \
      end-of-document id, which must be known: from --eod-id, from a tokenizer or from the \
      manifest. Tokens behind the last one are a document that was not finished and are left out, \
      unless --keep-tail is given. An id that came from the text of a document ends one as well; the \
      two cannot be told apart.
      """,
      """
      The damaged dataset is not changed. A note on standard error says what was done. Where the \
      manifest has a hash of .bin, that is read once more, and a warning says when tokens are not \
      those that were written: no repair can give these back. The output gets a manifest where the \
      dataset has one. Labels and rewards are repaired by themselves; a note names them.
      """, WriteFlags.signalNote,
    ],
    examples: [
      .init(
        "After a machine died while writing:",
        "neox-index repair data/broken --output-prefix data/mended"),
      .init(
        "The index is lost:",
        "neox-index repair data/broken --eod-id 50256 --element-type uint16 "
          + "--output-prefix data/mended"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "datasets",
      [
        .positional("PREFIX", \.prefix, "the damaged dataset"),
        .option(
          "--output-prefix", \.output, aliases: ["-o"], placeholder: "PREFIX", required: true,
          "where the sound one goes"),
      ]),
    .init(
      "repair",
      [
        .option(
          "--eod-id", \.endOfDocument, placeholder: "ID", rule: .atLeast(0),
          "the id that ends documents"),
        .option(
          "--element-type", \.elementType, placeholder: "TYPE",
          shownDefault: "that of the index", "the type of the elements in .bin"),
        .flag("--rebuild", \.rebuilds, "make the index from .bin even if the old one is of use"),
        .flag("--keep-tail", \.keepsTail, "make a document of tokens behind the last one"),
      ]), TokenizerFlags.group.lifted(to: \.tokenizer), WriteFlags.group.lifted(to: \.writing),
  ]

  func run() throws {
    try WriteFlags.requireFolder(of: output.path, "--output-prefix")
    try Companions.refuseStale(beside: [output.path])
    let manifest = try DatasetManifest(besideDataset: prefix.path)
    try noteRest(manifest)
    let named = tokenizer.kind == nil ? nil : try tokenizer.load(for: prefix.path)
    let end = endOfDocument ?? named?.endOfDocument.map { Int($0) } ?? manifest?.endOfDocument
    let result = try writing.run(
      "repair", "repairing", inputs: [prefix.path], keepsDocuments: false
    ) { options in
      var repair = RepairOptions()
      repair.endOfDocument = end.map { Int64($0) }
      repair.elementType = elementType ?? manifest?.record.elementType
      repair.rebuilds = rebuilds
      repair.keepsTail = keepsTail
      repair.record = manifest?.record
      repair.output = options
      return try repairDataset(prefix.path, to: output.path, repair)
    }
    writing.report([result])
  }

  /// Names what belongs to the dataset and is not written along with it, or is gone.
  private func noteRest(_ manifest: DatasetManifest?) throws {
    let beside = try Companions(besideDataset: prefix.path, manifest: manifest)
    let left = Companions.words.compactMap { word in
      beside.prefix(word).map { path in
        path
          + (Companions.name(word, for: output.path).map {
            " (neox-index repair \(path) -o \($0) writes it)"
          } ?? "")
      }
    }
    if !left.isEmpty { writeNote("labels or rewards stay behind: \(left.joined(separator: "; "))") }
    var gone = beside.missing.map { ($0.missingFiles.joined(separator: ", "), $0.witness) }
    let source = DocumentSources.path(prefix: prefix.path)
    if let manifest, manifest.hasSource, !DurableFile.exists(source) {
      gone.append((source, manifest.path))
    }
    for case (let files, let witness?) in gone {
      writeNote("\(files): not there, and \(witness) tells of it")
    }
  }
}
