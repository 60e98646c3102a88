import CommandLineKit
import IndexedData

/// `neox-index merge`: joins datasets.
struct MergeCommand: Command {
  var inputs: [String] = []
  var listed: [String] = []
  var output = DatasetPrefix("")
  var elementType: ElementType?
  var format: IndexFormat?
  var mixesTokenizers = false
  var writing = WriteFlags()

  static let page = CommandPage(
    name: "merge", summary: "join datasets into one",
    description: [
      """
      Joins datasets in the order given; a folder stands for the datasets in it, sorted by name, \
      and its other files are named on standard error and left alone. Document boundaries are \
      kept, as Megatron-core keeps them.
      """,
      """
      An input that GPT-NeoX's own merge tool wrote has lost its document index; each of its \
      sequences counts as a document then, which is what GPT-NeoX's tools write, and a note says \
      so. Inputs whose manifests name different vocabularies are refused.
      """,
      "Memory does not grow with the inputs; tokens are copied inside the system where it can.",
    ],
    examples: [
      .init(
        "Two datasets:",
        "neox-index merge data/a_text_document data/b_text_document "
          + "--output-prefix data/ab_text_document"),
      .init(
        "A folder, as with GPT-NeoX's merge_datasets.py:",
        "neox-index merge --input parts --output-prefix data/books_text_document"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "datasets",
      [
        .positionals("INPUT", \.inputs, required: false, "prefixes and folders"),
        .list("--input", \.listed, placeholder: "INPUT", "the same"),
        .option(
          "--output-prefix", \.output, aliases: ["-o"], placeholder: "PREFIX", required: true,
          "where the result goes"),
      ]),
    .init(
      "result",
      [
        .option(
          "--element-type", \.elementType, placeholder: "TYPE",
          shownDefault: "that of the inputs, which must agree",
          "the type of elements; inputs are converted to it, and every id must fit"),
        .option(
          "--format", \.format, shownDefault: "that of the first input",
          "the format of the index: MMIDIDX or TNTIDX"),
        .flag(
          "--mixed", \.mixesTokenizers, "join datasets whose manifests name different vocabularies"),
      ]), WriteFlags.group.lifted(to: \.writing),
  ]

  func run() throws {
    var prefixes: [String] = []
    for input in listed + inputs {
      if let folder = try DatasetFolder(input) {
        for name in folder.strays {
          writeNote("\(input)/\(name): not part of a dataset, left alone")
        }
        guard !folder.prefixes.isEmpty else {
          throw IndexedDataError.unsuitable(path: input, reason: "the folder holds no dataset")
        }
        prefixes += folder.prefixes
      } else {
        prefixes.append(DatasetPrefix(input).path)
      }
    }
    guard !prefixes.isEmpty else {
      throw UsageError("the following arguments are required: INPUT")
    }
    if !mixesTokenizers { try checkTokenizers(prefixes) }
    let result = try writing.run("merging") { options in
      try mergeDatasets(
        prefixes, to: output.path, format: format, elementType: elementType, options)
    }
    writing.report([result])
  }

  /// Refuses datasets whose manifests name different vocabularies.
  private func checkTokenizers(_ prefixes: [String]) throws {
    var first: (prefix: String, hashes: [String])?
    for prefix in prefixes {
      guard let manifest = try DatasetManifest(besideDataset: prefix) else { continue }
      let hashes = manifest.vocabularyHashes
      if let first, first.hashes != hashes {
        throw IndexedDataError.unsuitable(
          path: prefix,
          reason: "made with another vocabulary than \(first.prefix), by their manifests;"
            + " --mixed joins them all the same")
      }
      if first == nil { first = (prefix, hashes) }
    }
  }
}
