import CommandLineKit
import IndexedData
import Preprocess

/// `neox-index merge`: joins datasets.
struct MergeCommand: Command {
  var inputs: [String] = []
  var listed: [String] = []
  var output = DatasetPrefix("")
  var elementType: ElementType?
  var format: IndexFormat?
  var mixesTokenizers = false
  var allowsPartial = false
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
      so. Inputs whose manifests name different vocabularies are refused. Where all have one, the \
      result gets PREFIX_manifest.json, which names the tokenizer. An input that is not what its \
      manifest says is refused.
      """,
      """
      Shards that neox-preprocess wrote, PREFIX_00000-of-00004_KEY_document and so on, must all be \
      there, once and in order. A folder with datasets of different keys is refused; name the \
      prefixes to join those.
      """,
      """
      Labels and rewards that every input has go along to an output that ends in _document, as \
      OUTPUT_label_document and so on; a note names those that stay behind.
      """,
      "Memory does not grow with the inputs; tokens are copied inside the system where it can.",
      WriteFlags.signalNote,
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
          "--mixed", \.mixesTokenizers,
          "join datasets whose manifests name different vocabularies, or of which some hold labels or "
            + "rewards"),
        .flag(
          "--partial", \.allowsPartial,
          "join shards of neox-preprocess though some are missing, twice there, out of order or of "
            + "different runs"),
      ]), WriteFlags.group.lifted(to: \.writing),
  ]

  func run() throws {
    var prefixes: [String] = []
    var inFolders: [String] = []
    var files: [String: Set<String>] = [:]
    for input in listed + inputs {
      if let folder = try DatasetFolder(input) {
        for name in folder.strays {
          let path = input.hasSuffix("/") ? input + name : "\(input)/\(name)"
          writeNote("\(path): not part of a dataset, left alone")
        }
        guard !folder.prefixes.isEmpty else {
          throw IndexedDataError.unsuitable(path: input, reason: "the folder holds no dataset")
        }
        prefixes += folder.prefixes
        inFolders += folder.prefixes
      } else {
        let prefix = DatasetPrefix(input).path
        // As a pattern of the shell names them: the files of a dataset are one input.
        let file = String(input.dropFirst(prefix.count))
        let known = files[prefix, default: []]
        files[prefix] = known.union([file])
        let isOther = !file.isEmpty && !known.isEmpty && known.isDisjoint(with: ["", file])
        if !isOther { prefixes.append(prefix) }
      }
    }
    guard !prefixes.isEmpty else {
      throw UsageError("the following arguments are required: INPUT")
    }
    try WriteFlags.requireFolder(of: output.path, "--output-prefix")
    try checkKeys(inFolders)
    if !mixesTokenizers { try checkKinds(prefixes) }
    try checkShards(prefixes)
    if !allowsPartial { try checkRuns(prefixes) }
    if !mixesTokenizers { try checkTokenizers(prefixes) }
    let companions = try CarriedCompanions(of: prefixes, to: output.path, format: format)
    let groups = [(inputs: prefixes, output: output.path)] + companions.groups
    try Companions.refuseStale(beside: groups.map(\.output))
    let results = try writing.run(
      "merge", "merging", groups: groups.map { ($0.inputs, [$0.output]) }
    ) { options in
      try mergeDatasets(
        prefixes, to: output.path, with: companions.groups, format: format,
        elementType: elementType, options)
    }
    writing.report(results)
  }

  /// Refuses to join texts with labels or rewards.
  private func checkKinds(_ prefixes: [String]) throws {
    guard let first = prefixes.first else { return }
    let kind = try Companions(ofDataset: first).kind
    for prefix in prefixes.dropFirst() {
      let other = try Companions(ofDataset: prefix).kind
      guard other != kind else { continue }
      throw IndexedDataError.unsuitable(
        path: prefix,
        reason: "holds \(other.rawValue), \(first) holds \(kind.rawValue), by their manifests or"
          + " names; join each kind by itself; --mixed joins them all the same")
    }
  }

  /// Refuses a folder that holds datasets of different members of the records, as title and body.
  private func checkKeys(_ prefixes: [String]) throws {
    var first: (prefix: String, key: String)?
    for prefix in prefixes {
      guard
        let key = try DatasetManifest(besideDataset: prefix)?.key ?? DatasetName(prefix).key
      else { continue }
      if let first, first.key != key {
        throw IndexedDataError.unsuitable(
          path: prefix,
          reason: "holds the key '\(key)', \(first.prefix) the key '\(first.key)';"
            + " name the prefixes to join, not the folder")
      }
      if first == nil { first = (prefix, key) }
    }
  }

  /// Refuses shards of which one is missing, twice there or not in its place.
  private func checkShards(_ prefixes: [String]) throws {
    // Shards of one run may lie in folders of their own; runs of one name may, too.
    let byName = shardFaults(prefixes, tellsFoldersApart: false)
    guard !byName.isEmpty, !shardFaults(prefixes, tellsFoldersApart: true).isEmpty else { return }
    for (prefix, reason) in byName {
      guard allowsPartial else {
        throw IndexedDataError.unsuitable(
          path: prefix, reason: reason + "; --partial joins them all the same")
      }
      writeError("neox-index: warning: \(prefix): \(reason)\n")
    }
  }

  private func shardFaults(
    _ prefixes: [String], tellsFoldersApart: Bool
  ) -> [(prefix: String, reason: String)] {
    var runs: [String: (prefix: String, count: Int, indexes: [Int])] = [:]
    var order: [String] = []
    for prefix in prefixes {
      let name = DatasetName(prefix)
      guard let shard = name.shard else { continue }
      let run = (tellsFoldersApart ? name.folder : "") + shard.run
      if runs[run] == nil { order.append(run) }
      runs[run, default: (prefix, shard.count, [])].indexes.append(shard.index)
    }
    return order.compactMap { runs[$0] }.compactMap { run in
      let there = Set(run.indexes)
      let missing = (0..<run.count).lazy.filter { !there.contains($0) }
        .map { "\($0)/\(run.count)" }
      if let first = missing.first {
        let count = run.count - there.count
        let listed = count == 1 ? first : missing.prefix(20).joined(separator: ", ")
        return (run.prefix, "shards are missing: \(listed)\(count > 20 ? " and more" : "")")
      }
      if there.count != run.indexes.count {
        let twice = there.sorted().filter { index in run.indexes.count { $0 == index } > 1 }
          .map { "\($0)/\(run.count)" }
        return (run.prefix, "shards are named twice: \(twice.joined(separator: ", "))")
      }
      return run.indexes == run.indexes.sorted()
        ? nil
        : (
          run.prefix,
          "shards are out of order: \(run.indexes.map(String.init).joined(separator: ", "))"
        )
    }
  }

  /// Refuses shards of one name that are of different runs: made with other options, or of inputs that
  /// have changed in between, so that documents would be missing or twice there.
  private func checkRuns(_ prefixes: [String]) throws {
    var first: [String: (prefix: String, manifest: Manifest)] = [:]
    for prefix in prefixes {
      guard let run = DatasetName(prefix).shard?.run,
        let manifest = try DatasetManifest(besideDataset: prefix)?.manifest
      else { continue }
      guard let other = first[run] else {
        first[run] = (prefix, manifest)
        continue
      }
      guard let difference = other.manifest.difference(ofShard: manifest) else { continue }
      throw IndexedDataError.unsuitable(
        path: prefix,
        reason: "is of another run than \(other.prefix): \(difference) differs by their manifests;"
          + " --partial joins them all the same")
    }
  }

  /// Refuses datasets whose manifests name different vocabularies.
  private func checkTokenizers(_ prefixes: [String]) throws {
    var first: (prefix: String, hashes: [String])?
    var unknown: [String] = []
    for prefix in prefixes {
      guard let manifest = try DatasetManifest(besideDataset: prefix) else {
        unknown.append(prefix)
        continue
      }
      let hashes = manifest.vocabularyHashes
      if let first, first.hashes != hashes {
        throw IndexedDataError.unsuitable(
          path: prefix,
          reason: "made with another vocabulary than \(first.prefix), by their manifests;"
            + " --mixed joins them all the same")
      }
      if first == nil { first = (prefix, hashes) }
    }
    guard first != nil else { return }
    for prefix in unknown.prefix(20) {
      writeNote("no manifest for \(prefix): vocabularies not compared")
    }
    if unknown.count > 20 {
      writeNote("no manifest for \(grouped(unknown.count - 20)) more")
    }
  }
}
