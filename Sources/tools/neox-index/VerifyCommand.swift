import CommandLineKit
import IndexedData
import Machine
import Tokenize

/// `neox-index verify`: checks whether datasets are sound.
struct VerifyCommand: Command {
  var prefixes: [DatasetPrefix] = []
  var isDeep = false
  var vocabularySize: Int?
  var endOfDocument: Int?
  var companions: [DatasetPrefix] = []
  var limit = 20
  var tokenizer = TokenizerFlags()
  var progress = ProgressStyle.auto
  var isJSON = false

  static let page = CommandPage(
    name: "verify", summary: "check whether datasets are sound",
    description: [
      """
      Reads every number of the index and checks it: header, sizes, pointers, document index, and \
      the lengths of both files. Where there are as many documents as sequences, each must have one, \
      as GPT-NeoX writes them. What is wrong is listed with file, byte offset, what is expected \
      and what was found. With a manifest beside the dataset, lengths, type and the hashes that it \
      has are compared as well. Labels and rewards that it names, or without one \
      PREFIX_KEY_label_document and PREFIX_KEY_reward_document beside PREFIX_KEY_document, are \
      compared with the text: labels must have its sizes, and each document a reward. So are \
      log-probabilities of a reference model, PREFIX_NAME with a PREFIX_NAME_key.json: each \
      document must have a row. Their indexes are checked as that of the text, and compared with a \
      manifest of their own where that of the text does not tell of them. That one of those that a \
      manifest names is gone is a problem. A line tells of each \
      companion what was compared. \
      PREFIX.src, where there is one, is read as a whole and must tell of as many documents.
      """,
      """
      --deep also reads every token: each must be below the vocabulary size, and where an \
      end-of-document id is known, documents must end with it. The vocabulary size and the id come \
      from the options, a tokenizer or the manifest. Of companions the hash of their values is \
      compared with the one in the manifest or the key, and the text with the one that reference \
      log-probabilities were computed from.
      """,
      """
      Without a manifest some changes leave a dataset that another program could have written, and \
      cannot be found: an inner entry of the document index of documents with several sequences, \
      modes, int16 and uint16 (or int8 and uint8) taken for each other, GPT-NeoX's and \
      Megatron-core's numbering of floating-point types, and other tokens in .bin. A type that \
      GPT-NeoX does not use for tokens is a warning.
      """,
      """
      A path that ends in .logits is a file of reference logits: header, table and blocks are \
      checked, that the key file beside it is the one they were made with, and with --deep the hash \
      of each block, every id, and that logits are in order.
      """,
      """
      An archive that neox-index pack wrote is checked as such: its contents, its table of blocks and \
      its length, and with --deep that every byte of every file in it is what was packed; each \
      damaged block is listed.
      """,
      """
      With --json the members of each dataset are prefix, sound, deep, problem_count, problems \
      (path, byte, what, expected, found), warnings, companions (prefix, kind, sound, content: \
      same, different, unknown, unread or missing), sequences, documents, bytes_read and, with \
      --deep, smallest_id, largest_id, documents_ended, ends_inside, bin_xxh64 and content, as that \
      of companions.
      """,
    ],
    examples: [
      .init("The index:", "neox-index verify data/books_text_document"),
      .init(
        "Everything, against a vocabulary:",
        "neox-index verify --deep --vocab-size 50257 --eod-id 50256 data/books_text_document"),
    ],
    exitStatus: [
      .init("0", "All datasets are sound."), .init("1", "There are problems, or it failed."),
      .init("2", "The command line is wrong."),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "datasets",
      [
        .positionals("PREFIX", \.prefixes, "the datasets, files of logits and archives"),
        .list(
          "--companion", \.companions, placeholder: "PREFIX",
          "datasets that must have the same sizes, such as labels"),
      ]),
    .init(
      "check",
      [
        .flag("--deep", \.isDeep, "look at every token"),
        .option(
          "--vocab-size", \.vocabularySize, placeholder: "N", rule: .atLeast(1),
          "ids must be below N"),
        .option(
          "--eod-id", \.endOfDocument, placeholder: "ID", rule: .atLeast(0),
          "the id that ends documents"),
        .option(
          "--limit", \.limit, placeholder: "N", rule: .atLeast(1), "problems listed a dataset"),
      ]), TokenizerFlags.group.lifted(to: \.tokenizer),
    .init(
      "output",
      [
        .option("--progress", \.progress, "how progress is shown on standard error"),
        .flag("--json", \.isJSON, "print JSON"),
      ]),
  ]

  func run() throws {
    if !isDeep {
      let given: [(String, Bool)] = [
        ("--vocab-size", vocabularySize != nil), ("--eod-id", endOfDocument != nil),
        ("--tokenizer-type", tokenizer.kind != nil),
      ]
      for (name, isGiven) in given where isGiven {
        throw UsageError("argument \(name): tokens are looked at with --deep only")
      }
    }
    if let file = prefixes.first(where: { !Self.isDataset($0.path) }) {
      let given: [(String, Bool)] = [
        ("--companion", !companions.isEmpty), ("--vocab-size", vocabularySize != nil),
        ("--eod-id", endOfDocument != nil), ("--tokenizer-type", tokenizer.kind != nil),
      ]
      let holdings = Self.holdsLogits(file.path) ? "holds reference logits" : "is an archive"
      for (name, isGiven) in given where isGiven {
        throw UsageError(
          "argument \(name): it is about datasets, and \(file.path) \(holdings); "
            + "verify it by itself")
      }
    }
    var reports: [VerifyReport] = []
    for prefix in prefixes {
      let report = try verify(prefix.path)
      reports.append(report)
      if !isJSON { show(report) }
    }
    if isJSON {
      let values = reports.map(Self.json)
      printJSON(values.count == 1 ? values[0] : .array(values))
    }
    if reports.contains(where: { !$0.isSound }) { throw QuietExit(1) }
  }

  private static func holdsLogits(_ path: String) -> Bool { path.hasSuffix(".logits") }

  private static func isDataset(_ path: String) -> Bool {
    !holdsLogits(path) && !isNamedArchive(path)
  }

  private func verify(_ prefix: String) throws -> VerifyReport {
    if Self.holdsLogits(prefix) {
      var options = VerifyOptions()
      options.isDeep = isDeep
      options.limit = limit
      return try verifyDistributions(prefix, options)
    }
    if isNamedArchive(prefix) { return try verifyArchive(prefix) }
    let manifest = try DatasetManifest(besideDataset: prefix)
    let named = tokenizer.kind == nil ? nil : try tokenizer.load(for: prefix)
    let line = ProgressLine(style: progress)
    defer { line.interrupt() }
    var options = VerifyOptions()
    options.isDeep = isDeep
    options.limit = limit
    options.record = manifest?.record
    let beside = try Companions(besideDataset: prefix, manifest: manifest)
    let references = try ReferenceCompanions(besideDataset: prefix)
    let found =
      [beside.labels, beside.rewards].compactMap(\.self) + beside.missing + references.references
    options.companions =
      companions.filter { named in !found.contains { $0.prefix == named.path && $0.kind == .labels }
      }
      .map { CompanionCheck($0.path, .labels) } + found
    for (place, companion) in options.companions.enumerated() where companion.record == nil {
      // The text's manifest tells nothing of it; one of its own may.
      options.companions[place].record =
        try DatasetManifest(besideDataset: companion.prefix)?.record
    }
    for path in references.logits {
      writeNote(
        "\(path): reference logits, not looked at here; neox-index verify \(path) does that")
    }
    options.expectsSource = manifest?.hasSource == true
    let kind = beside.kind
    options.holdsLabels = kind == .labels
    let recordedSize = kind == .rewards ? nil : manifest?.vocabularySize
    options.vocabularySize = vocabularySize ?? named?.vocabularySize ?? recordedSize
    let hasEnds = manifest?.appendsEndOfDocument == true && kind == .text
    let recorded = hasEnds ? manifest?.endOfDocument : nil
    let end = endOfDocument ?? named?.endOfDocument.map { Int($0) } ?? recorded
    options.endOfDocument = end.map { Int64($0) }
    options.progress = { done, total in
      line.update(Progress(activity: "verifying", bytes: done, totalBytes: total))
    }
    return try verifyDataset(prefix, options)
  }

  private func verifyArchive(_ path: String) throws -> VerifyReport {
    let line = ProgressLine(style: progress)
    defer { line.interrupt() }
    var options = VerifyOptions()
    options.isDeep = isDeep
    options.limit = limit
    options.progress = { done, total in
      line.update(Progress(activity: "verifying", bytes: done, totalBytes: total))
    }
    var settings = UnpackOptions()
    settings.workers = WorkerPool.processorCount
    return try IndexedData.verifyArchive(path, settings, options)
  }

  private func show(_ report: VerifyReport) {
    for problem in report.problems { StandardOutput.shared.line("\(problem)") }
    if report.problemCount > report.problems.count {
      StandardOutput.shared.line(
        "… and \(grouped(report.problemCount - report.problems.count)) more")
    }
    for warning in report.warnings { StandardOutput.shared.line("warning: \(warning)") }
    for companion in report.companions { StandardOutput.shared.line(Self.line(companion)) }
    var verdict = "sound, \(counted(report.documents, "document")), "
    if !report.isSound { verdict = "\(counted(report.problemCount, "problem")), " }
    if isNamedArchive(report.prefix) {
      var depth = "blocks not looked at" + (isDeep ? ", for these problems" : " (--deep does)")
      if report.isDeep { depth = "every byte compared" }
      StandardOutput.shared.line("\(report.prefix): \(verdict)\(depth)")
      return
    }
    var depth = isDeep ? "tokens not looked at, for these problems" : nil
    if report.isDeep {
      // Logits have no hash of their own beside those of their blocks.
      depth =
        "every token looked at"
        + (report.content == .unread ? "" : ", " + Self.text(report.content))
    }
    StandardOutput.shared.line(
      "\(report.prefix): \(verdict)\(depth ?? "tokens not looked at (--deep does)")")
    if report.hasDamagedIndex {
      StandardOutput.shared.line(
        "neox-index repair \(report.prefix) -o OTHER_PREFIX may write a sound dataset from it; where the"
          + " index is of no use, it asks for what it needs")
    }
  }

  /// What was compared of a companion.
  private static func line(_ companion: CompanionReport) -> String {
    let check = companion.check
    let shape: String
    switch check.kind {
    case .labels: shape = "one for each token"
    case .rewards: shape = "some for each document"
    case .references:
      shape =
        check.rowLength.map { "a row of \(grouped($0)) for each document" }
        ?? "a row for each document"
    }
    let content = text(companion.content)
    guard companion.problemCount > 0 else {
      return "\(check.prefix): \(check.kind.rawValue), \(shape), \(content)"
    }
    return
      "\(check.prefix): \(check.kind.rawValue), \(counted(companion.problemCount, "problem")), "
      + content
  }

  private static func text(_ content: ContentComparison) -> String {
    switch content {
    case .same: "values as they were made"
    case .different: "values are not as they were made"
    case .unknown: "values not compared, no hash of them is known"
    case .unread: "values not compared (--deep does)"
    case .missing: "values not there"
    }
  }

  private static func json(_ companion: CompanionReport) -> JSONText {
    [
      "prefix": .string(companion.check.prefix), "kind": .string(companion.check.kind.rawValue),
      "sound": .bool(companion.problemCount == 0), "content": .string(companion.content.rawValue),
    ]
  }

  private static func json(_ report: VerifyReport) -> JSONText {
    var members: [JSONText.Member] = [
      .init("prefix", .string(report.prefix)), .init("sound", .bool(report.isSound)),
      .init("deep", .bool(report.isDeep)), .init("problem_count", JSONText(report.problemCount)),
      .init(
        "problems",
        .array(
          report.problems.map {
            [
              "path": .string($0.path), "byte": $0.byte.map { JSONText($0) } ?? nil,
              "what": .string($0.what), "expected": .string($0.expected),
              "found": .string($0.found),
            ]
          })),
      .init("warnings", .array(report.warnings.map { .string($0) })),
      .init("companions", .array(report.companions.map(Self.json))),
      .init("sequences", JSONText(report.sequences)),
      .init("documents", JSONText(report.documents)),
      .init("bytes_read", JSONText(report.bytesRead)),
    ]
    if !isDataset(report.prefix) { return .object(members) }
    if let elements = report.elements {
      members += [
        .init("smallest_id", elements.smallest.map { .integer($0) } ?? nil),
        .init("largest_id", elements.largest.map { .integer($0) } ?? nil),
        .init("documents_ended", elements.documentsEnded.map { JSONText($0) } ?? nil),
        .init("ends_inside", elements.endsInside.map { JSONText($0) } ?? nil),
        .init("bin_xxh64", .string(ContentHash.text(elements.hash))),
        .init("content", .string(report.content.rawValue)),
      ]
    }
    return .object(members)
  }
}
