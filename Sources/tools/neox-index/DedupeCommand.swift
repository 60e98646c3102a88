import CommandLineKit
import IndexedData
import Machine

/// `neox-index dedupe`: a dataset without documents that repeat earlier ones.
struct DedupeCommand: Command {
  var prefix = DatasetPrefix("")
  var output: DatasetPrefix?
  var companions = CompanionFlags()
  var isExact = false
  var isTrial = false
  var workers = WorkerPool.processorCount
  var writing = WriteFlags()

  static let page = CommandPage(
    name: "dedupe", summary: "leave out documents that repeat earlier ones",
    description: [
      """
      With --exact a document goes when an earlier one has the same tokens, all of them; the order of \
      the others is kept. Documents are compared token by token where their hashes are equal. It \
      takes 35 to 70 bytes of memory a document.
      """,
      """
      OUTPUT_dedupe_map.npy tells of each document of the input which document of the output has its \
      tokens: 64-bit integers that numpy.load reads. Where the dataset has a .src, the output gets \
      that of the documents that are left. A dataset that is not what its manifest says is refused.
      """,
      """
      What belongs to the documents is written without the same ones: labels and rewards beside \
      PREFIX go to OUTPUT_label_document and so on by themselves where both names end in _document, \
      and --with names anything else that has the same documents, such as the rejected side of pairs, \
      whose labels and rewards go along in the same way. \
      Then documents repeat each other only where all of these are equal too.
      """,
      """
      With --dry-run nothing is written, only counted. With --json the members are documents, \
      kept_documents, repeated_documents, repeated_tokens and, where something is written, outputs and map.
      """, WriteFlags.signalNote,
    ],
    examples: [
      .init(
        "Without exact repetitions:",
        "neox-index dedupe --exact data/books_text_document -o data/unique_text_document"),
      .init(
        "Pairs of which both sides repeat earlier ones:",
        "neox-index dedupe --exact data/p_chosen_document -o data/u_chosen_document"
          + " --with data/p_rejected_document=data/u_rejected_document"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "datasets",
      [
        .positional("PREFIX", \.prefix, "the dataset"),
        .option(
          "--output-prefix", \.output, aliases: ["-o"], placeholder: "PREFIX",
          "where the dataset without repetitions goes"),
        CompanionFlags.row("where it goes").lifted(to: \.companions),
      ]),
    .init(
      "repetitions",
      [
        .flag("--exact", \.isExact, "documents repeat each other when all their tokens are equal"),
        .flag("--dry-run", \.isTrial, "count repetitions and write nothing"),
        .option(
          "--workers", \.workers, placeholder: "N", shownDefault: "one a processor",
          rule: .workers, "threads that compare"),
      ]), WriteFlags.group.lifted(to: \.writing),
  ]

  func run() throws {
    guard isExact else {
      throw UsageError(
        "the argument --exact is required: documents are the same where all their tokens are, and"
          + " there is no other way of comparing; add --exact")
    }
    let dataset = try IndexedDataset(prefix: prefix.path)
    let all = try allDatasets()
    if isTrial { return try count(dataset, all.map(\.dataset.path)) }
    guard let output else {
      throw UsageError("the argument --output-prefix is required without --dry-run")
    }
    try WriteFlags.requireFolder(of: output.path, "--output-prefix")
    try CompanionFlags.check(all)
    let inputs = all.map(\.dataset.path)
    let outputs = all.map(\.output.path)
    try Companions.refuseStale(beside: outputs)
    let groups = zip(inputs, outputs).map { (inputs: [$0], outputs: [$1]) }
    let result = try writing.run("dedupe", "comparing", groups: groups) { options in
      try deduplicateDatasets(inputs, to: outputs, workers: workers, options)
    }
    let documents = dataset.tendedDocumentCount
    writing.report(
      result.datasets,
      Self.members(documents, result.repeatedDocuments, result.repeatedTokens)
        + [.init("map", .string(result.mapPath))])
    if writing.isJSON { return }
    report(result.repeatedDocuments, documents, result.repeatedTokens, dataset)
    StandardOutput.shared.line("\(result.mapPath): where each document's tokens are")
  }

  /// The dataset, what `--with` names, and labels and rewards of these.
  private func allDatasets() throws -> [DatasetAndOutput] {
    // A trial writes nothing, so that it needs no name.
    let own = DatasetAndOutput(dataset: prefix, output: output ?? prefix)
    return try CarriedCompanions.adding(to: [own] + companions.named) { path, word, target in
      if isTrial { return path }
      guard let name = Companions.name(word, for: target) else {
        throw UsageError(
          "argument \(target == own.output.path ? "--output-prefix" : "--with"): '\(target)' does not"
            + " end in \(Companions.end), so that \(path) has no name there; give it one by --with"
            + " \(path)=OUTPUT")
      }
      return name
    }
  }

  private func count(_ dataset: IndexedDataset, _ inputs: [String]) throws {
    let groups = inputs.map { (inputs: [$0], outputs: [String]()) }
    let found = try writing.run("dedupe", "comparing", groups: groups) { options in
      try findRepetitions(in: inputs, workers: workers, options)
    }
    let repeated = found.keptPlaces.count - found.keptCount
    guard writing.isJSON else {
      return report(repeated, found.keptPlaces.count, found.repeatedTokens, dataset)
    }
    printJSON(.object(Self.members(found.keptPlaces.count, repeated, found.repeatedTokens)))
  }

  private static func members(_ documents: Int, _ repeated: Int, _ tokens: Int) -> [JSONText.Member]
  {
    [
      .init("documents", JSONText(documents)),
      .init("kept_documents", JSONText(documents - repeated)),
      .init("repeated_documents", JSONText(repeated)), .init("repeated_tokens", JSONText(tokens)),
    ]
  }

  private func report(_ repeated: Int, _ documents: Int, _ tokens: Int, _ dataset: IndexedDataset) {
    let share = documents == 0 ? 0 : 100 * Double(repeated) / Double(documents)
    StandardOutput.shared.line(
      "\(grouped(repeated)) of \(counted(documents, "document")) (\(fixed(share, 1))%) and"
        + " \(grouped(tokens)) of \(counted(dataset.tokenCount, "token")) repeat earlier ones")
  }
}
