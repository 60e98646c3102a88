import CommandLineKit
import ConfigurationKit
import IndexedData
import Machine
import Tokenize
import Train

/// `neox-index report`: datasets, or the data of a run, as a page to look at.
struct ReportCommand: Command {
  var prefixes: [DatasetPrefix] = []
  var source = RunFlags()
  var labels: DatasetPrefix?
  var endOfDocument: Int?
  var tokenizer = TokenizerFlags()
  var options = ReportOptions()
  var output: String?
  var overwrites = false
  var workers = WorkerPool.processorCount
  var progress = ProgressStyle.auto

  static let page = CommandPage(
    name: "report", summary: "draw datasets, or the data of a run, as an HTML page",
    description: [
      """
      Writes one HTML file that loads nothing and runs nothing: how long documents are, how often \
      tokens occur, which documents there are, with what of them is trained and where they come from. \
      Below each figure are its numbers. It reads every token, as stats does.
      """,
      """
      With --config also how a run shares its data out among training, validation and test, which \
      weights its datasets are given and which they get, and the first rows that the model sees. The \
      configuration is read as neox-train reads it; index maps are read, or made and kept beside the \
      data as a run would.
      """,
      """
      The same data give the same file. Text of the data is escaped; bytes that are not UTF-8 are \
      shown as \\xE2, invisible characters as \\u{202E}.
      """, WholeFile.signalNote,
    ],
    examples: [
      .init("Two datasets:", "neox-index report data/a_document data/b_document -o report.html"),
      .init(
        "The data of a run:",
        "neox-index report --config 125M.yml local.yml -o report.html"),
    ], exitStatus: CommandPage.usualExitStatus + [StepFlags.mapsEntry])

  static let groups: [ArgumentGroup<Self>] =
    [
      .init(
        "datasets",
        [
          .positionals(
            "PREFIX", \.prefixes, required: false, "the datasets, without --config"),
          .option(
            "--label-dataset", \.labels, placeholder: "PREFIX",
            shownDefault: "PREFIX_KEY_label_document", "the labels, of one dataset"),
          .option(
            "--eod-id", \.endOfDocument, placeholder: "ID", shownDefault: "the tokenizer's",
            rule: .atLeast(0), "the id that ends documents"),
        ]), TokenizerFlags.group.lifted(to: \.tokenizer),
    ] + RunFlags.groups.map { $0.lifted(to: \.source) } + [
      .init(
        "output",
        [
          .option(
            "--output", \.output, aliases: ["-o"], placeholder: "FILE", required: true,
            "the file to write; - is standard output"),
          .flag("--overwrite", \.overwrites, "replace a finished file"),
          .option(
            "--number", \.options.documents, aliases: ["-n"], placeholder: "N",
            rule: .within(0...10_000), "documents, and rows of a run, that are shown"),
          .option(
            "--tokens", \.options.tokens, placeholder: "N", rule: .within(1...1_000_000),
            "tokens that are shown of each"),
          .option(
            "--top", \.options.listed, placeholder: "N",
            rule: .within(0...FrequencyFigure.keptCount), "frequent tokens that are listed"),
          .option(
            "--workers", \.workers, placeholder: "N", shownDefault: "one a processor",
            rule: .workers, "threads that count"),
          .option("--progress", \.progress, "how progress is shown on standard error"),
        ])
    ]

  func run() throws {
    guard let output, !output.isEmpty else {
      throw UsageError("argument --output: expected a file, or - for standard output, found ''")
    }
    try checkUse()
    guard output != "-" else {
      StandardOutput.shared.write(try page().page.bytes)
      return
    }
    var byteCount = 0
    try WholeFile.claim(output, overwrites: overwrites) { whole in
      let (page, inputs) = try page()
      let bytes = page.bytes
      byteCount = bytes.count
      try whole.write(inputs: inputs) { file in try unsafe file.append(bytes.span.bytes) }
    }
    StandardOutput.shared.line("\(output): \(humanBytes(byteCount))")
  }

  private func page() throws -> (page: ReportPage, inputs: [String]) {
    try source.isGiven ? pageOfRun() : pageOfDatasets()
  }

  private func checkUse() throws {
    guard !source.isGiven else {
      let given = [
        ("PREFIX", !prefixes.isEmpty), ("--label-dataset", labels != nil),
        ("--eod-id", endOfDocument != nil), ("--tokenizer-type", tokenizer.kind != nil),
        ("--vocab-file", tokenizer.vocabularyFile != nil),
        ("--merge-file", tokenizer.mergeFile != nil),
        ("--eod-token", tokenizer.endOfDocumentToken != nil),
      ]
      if let (name, _) = given.first(where: \.1) {
        throw UsageError(
          "argument \(name): not allowed with argument --config, which names the run's datasets"
            + " and tokenizer")
      }
      return
    }
    guard !prefixes.isEmpty else {
      throw UsageError("one of the arguments --config PREFIX is required")
    }
    if let name = source.strayOption { throw UsageError("argument \(name): needs --config") }
    guard labels == nil || prefixes.count == 1 else {
      throw UsageError("argument --label-dataset: belongs to one dataset; name one PREFIX")
    }
  }

  /// Entries that the figures and the table want.
  private var keptCount: Int { max(options.listed, FrequencyFigure.keptCount) }

  // MARK: - Datasets

  private func pageOfDatasets() throws -> (page: ReportPage, inputs: [String]) {
    var requests: [(DatasetFigures.Request, IndexedDataset)] = []
    var inputs: [String] = []
    for prefix in prefixes {
      var request = try DatasetFigures.Request(
        for: prefix.path, tokenizer, labels: labels?.path, endOfDocument: endOfDocument,
        keeping: keptCount, workers: workers)
      request.progress = progress
      let dataset = try IndexedDataset(prefix: prefix.path)
      requests.append((request, dataset))
      inputs += Self.files(dataset, request.labels)
      inputs += try tokenizer.files(for: prefix.path)
    }
    let figures = try requests.map { try DatasetFigures($0.1, $0.0) }
    let names = DatasetOverview.names(of: prefixes.map(\.path))
    var sections = try zip(figures, zip(names, requests)).map { figures, more in
      try DatasetSection(
        figures: figures, endOfDocument: more.1.0.endOfDocument, title: more.0, options: options
      ).markup()
    }
    if figures.count > 1 {
      sections.insert(DatasetOverview(names: names, figures: figures).markup, at: 0)
    }
    let total = figures.reduce(0) { $0 + $1.tokens.total }
    let page = ReportPage(
      title: figures.count == 1 ? "A dataset in figures" : "Datasets in figures",
      subtitle: "\(counted(total, "token")) in \(counted(figures.count, "dataset"))",
      sections: sections)
    return (page, inputs)
  }

  private static func files(_ dataset: IndexedDataset, _ labels: IndexedDataset?) -> [String] {
    [dataset, labels].compactMap(\.self).flatMap { [$0.indexPath, $0.elementsPath] }
      + [DocumentSources.path(prefix: dataset.prefix)]
  }

  // MARK: - A run

  private func pageOfRun() throws -> (page: ReportPage, inputs: [String]) {
    var flags = StepFlags()
    flags.run = source
    let (settings, tokenizer) = try flags.settings()
    let report = try RunReport(settings, tokenizer, options)
    for note in report.notes { writeNote(note) }
    let tracks = report.tracks
    let names = DatasetOverview.names(of: tracks.map(\.text.prefix))
    var sections = [try report.markup(names: names)]
    for (tracks, name) in zip(tracks, names) {
      var request = DatasetFigures.Request(
        tokenizer, labels: tracks.labels, keeping: keptCount, workers: workers)
      request.progress = progress
      sections.append(
        try DatasetSection(
          figures: DatasetFigures(tracks.text, request), endOfDocument: request.endOfDocument,
          title: name, options: options
        ).markup())
    }
    let page = ReportPage(
      title: "The data of a run",
      subtitle: source.configuration.files.map { DurableFile.name(of: $0) }.joined(separator: ", "),
      sections: sections)
    return (page, tracks.flatMap { Self.files($0.text, $0.labels) } + source.configuration.files)
  }
}
