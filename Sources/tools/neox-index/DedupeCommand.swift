import CommandLineKit
import IndexedData
import Machine

/// `neox-index dedupe`: a dataset without documents that repeat earlier ones.
struct DedupeCommand: Command {
  var prefix = DatasetPrefix("")
  var output: DatasetPrefix?
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
      takes about 30 bytes of memory a document.
      """,
      """
      OUTPUT_dedupe_map.npy tells of each document of the input which document of the output has its \
      tokens: 64-bit integers that numpy.load reads. Labels, rewards and other companions are not \
      looked at: a dataset with companions would no longer fit to them.
      """,
      "With --dry-run nothing is written, only counted.",
    ],
    examples: [
      .init(
        "Without exact repetitions:",
        "neox-index dedupe --exact data/books_text_document -o data/unique_text_document")
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "datasets",
      [
        .positional("PREFIX", \.prefix, "the dataset"),
        .option(
          "--output-prefix", \.output, aliases: ["-o"], placeholder: "PREFIX",
          "where the dataset without repetitions goes"),
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
      throw UsageError("the argument --exact is required: it is the one way of comparing there is")
    }
    let dataset = try IndexedDataset(prefix: prefix.path)
    if isTrial { return try count(dataset) }
    guard let output else {
      throw UsageError("the argument --output-prefix is required without --dry-run")
    }
    try WriteFlags.requireFolder(of: output.path, "--output-prefix")
    let result = try writing.run("dedupe", "comparing", inputs: [prefix.path]) { options in
      try deduplicateDataset(
        prefix.path, to: output.path, workers: workers, options)
    }
    writing.report([result.dataset])
    if writing.isJSON { return }
    report(result.repeatedDocuments, dataset.tendedDocumentCount, result.repeatedTokens, dataset)
    StandardOutput.shared.line("\(result.mapPath): where each document's tokens are")
  }

  private func count(_ dataset: IndexedDataset) throws {
    let line = ProgressLine(style: writing.progress)
    defer { line.interrupt() }
    let found = try DuplicateSearch(dataset).run(workers: workers) {
      line.update(Progress(activity: "comparing", bytes: $0, totalBytes: $1))
    }
    let repeated = found.keptPlaces.count - found.keptCount
    guard writing.isJSON else {
      return report(repeated, found.keptPlaces.count, found.repeatedTokens, dataset)
    }
    printJSON([
      "documents": JSONText(found.keptPlaces.count), "kept_documents": JSONText(found.keptCount),
      "repeated_documents": JSONText(repeated), "repeated_tokens": JSONText(found.repeatedTokens),
    ])
  }

  private func report(_ repeated: Int, _ documents: Int, _ tokens: Int, _ dataset: IndexedDataset) {
    let share = documents == 0 ? 0 : 100 * Double(repeated) / Double(documents)
    StandardOutput.shared.line(
      "\(grouped(repeated)) of \(counted(documents, "document")) (\(fixed(share, 1))%) and"
        + " \(grouped(tokens)) of \(counted(dataset.tokenCount, "token")) repeat earlier ones")
  }
}
