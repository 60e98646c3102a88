import CommandLineKit
import IndexedData
import Machine

/// `neox-index info`: a dataset in numbers.
struct InfoCommand: Command {
  var prefixes: [DatasetPrefix] = []
  var sequenceLength: Int?
  var isJSON = false

  static let page = CommandPage(
    name: "info", summary: "show a dataset in numbers",
    description: [
      """
      Prints the format, the element type, the numbers of documents, sequences and tokens, the \
      lengths of sequences and how they are distributed. Only the index is read. \
      PREFIX may also be an archive of neox-index pack.
      """,
      """
      With --json the members are prefix, format, variant, element_type, documents, \
      has_document_boundaries, sequences, has_modes, tokens, bin_bytes, idx_bytes, \
      empty_sequences, length (min, median, mean, p99, max), length_histogram (from, to, count), \
      with PREFIX.src source (files, bytes) and, with --seq-length, samples; several datasets make an array.
      """,
    ],
    examples: [
      .init("One dataset:", "neox-index info data/books_text_document"),
      .init(
        "How many samples of 2,048 tokens an epoch has:",
        "neox-index info --seq-length 2048 --json data/books_text_document.idx"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init("datasets", [.positionals("PREFIX", \.prefixes, "the datasets")]),
    .init(
      "output",
      [
        .option(
          "--seq-length", \.sequenceLength, placeholder: "N", rule: .atLeast(1),
          "also say how many samples of N tokens an epoch has"),
        .flag("--json", \.isJSON, "print JSON"),
      ]),
  ]

  func run() throws {
    var values: [JSONText] = []
    for (place, prefix) in prefixes.enumerated() {
      let statistics = try DatasetStatistics(openDataset(prefix.path, mode: .pread))
      let sources = try openSources(prefix.path)
      if isJSON {
        values.append(json(statistics, sources))
      } else {
        if place > 0 { StandardOutput.shared.line() }
        StandardOutput.shared.write(text(statistics, sources))
      }
    }
    if isJSON { printJSON(values.count == 1 ? values[0] : .array(values)) }
  }

  /// Samples of an epoch as GPT-NeoX packs them: each needs one token of the next.
  private func samples(_ statistics: DatasetStatistics) -> Int? {
    sequenceLength.map { max(0, statistics.tokens - 1) / $0 }
  }

  private func text(_ s: DatasetStatistics, _ sources: DocumentSources?) -> String {
    var table = TextTable([.left(""), .left("")])
    let boundaries = s.hasDocumentBoundaries ? "" : " (no document index: a sequence each)"
    table.add(["  format", s.format == .mmap ? "MMIDIDX" : "TNTIDX"])
    table.add(["  element type", s.elementType.rawValue + (s.hasModes ? ", with modes" : "")])
    table.add(["  documents", grouped(s.documents) + boundaries])
    table.add([
      "  sequences", "\(grouped(s.sequences)), \(grouped(s.emptySequences)) of them empty",
    ])
    table.add(["  tokens", grouped(s.tokens)])
    table.add(["  size", ".bin \(humanBytes(s.binBytes)), .idx \(humanBytes(s.idxBytes))"])
    table.add([
      "  length",
      "min \(grouped(s.shortest)), median \(grouped(s.median)), mean \(fixed(s.mean, 1)),"
        + " p99 \(grouped(s.percentile99)), max \(grouped(s.longest))",
    ])
    if let samples = samples(s), let sequenceLength {
      table.add(["  samples", "\(grouped(samples)) of \(grouped(sequenceLength)) tokens an epoch"])
    }
    if let sources {
      table.add([
        "  source",
        "\(counted(sources.files.count, "file")), .src \(humanBytes(sources.byteCount))"
          + " (neox-index where)",
      ])
    }
    let histogram = TextHistogram(bins(s).map { (label($0.range), $0.count) })
    return "\(s.prefix)\n\(table.text)\n  sequences by length in tokens\n"
      + histogram.text(width: 40).split(separator: "\n").map { "  \($0)\n" }.joined()
  }

  private func label(_ range: ClosedRange<Int>) -> String {
    range.count == 1
      ? grouped(range.lowerBound) : "\(grouped(range.lowerBound))-\(grouped(range.upperBound))"
  }

  private func bins(_ s: DatasetStatistics) -> [(range: ClosedRange<Int>, count: Int)] {
    s.histogram.enumerated().map { (DatasetStatistics.lengths(ofBin: $0.offset), $0.element) }
      .filter { $0.range.lowerBound > 0 || $0.count > 0 }
  }

  private func json(_ s: DatasetStatistics, _ sources: DocumentSources?) -> JSONText {
    var members: [JSONText.Member] = [
      .init("prefix", .string(s.prefix)), .init("format", .string(s.format.rawValue)),
      .init("variant", .string(s.variant.rawValue)),
      .init("element_type", .string(s.elementType.rawValue)),
      .init("documents", JSONText(s.documents)),
      .init("has_document_boundaries", .bool(s.hasDocumentBoundaries)),
      .init("sequences", JSONText(s.sequences)), .init("has_modes", .bool(s.hasModes)),
      .init("tokens", JSONText(s.tokens)), .init("bin_bytes", JSONText(s.binBytes)),
      .init("idx_bytes", JSONText(s.idxBytes)),
      .init("empty_sequences", JSONText(s.emptySequences)),
      .init(
        "length",
        [
          "min": JSONText(s.shortest), "median": JSONText(s.median), "mean": .number(s.mean),
          "p99": JSONText(s.percentile99), "max": JSONText(s.longest),
        ]),
      .init(
        "length_histogram",
        .array(
          bins(s).map {
            [
              "from": JSONText($0.range.lowerBound), "to": JSONText($0.range.upperBound),
              "count": JSONText($0.count),
            ]
          })),
    ]
    if let sources {
      members.append(
        .init(
          "source",
          ["files": JSONText(sources.files.count), "bytes": JSONText(sources.byteCount)]))
    }
    if let samples = samples(s) { members.append(.init("samples", JSONText(samples))) }
    return .object(members)
  }
}
