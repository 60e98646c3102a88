import CommandLineKit
import IndexedData
import Machine

/// `neox-index pack`: a dataset as one compressed file.
struct PackCommand: Command {
  enum Codec: String, CaseIterable, ArgumentValue { case zstd, lz4 }

  var prefix = DatasetPrefix("")
  var output = ""
  var codec = Codec.zstd
  var level: Int?
  var blockSize = ByteSize(bytes: 1 << 20)
  var workers = WorkerPool.processorCount
  var writing = WriteFlags()

  static let page = CommandPage(
    name: "pack", summary: "put a dataset and what belongs to it into one compressed file",
    description: [
      """
      Writes an archive to carry a dataset to another machine: PREFIX.bin and PREFIX.idx, and where \
      they are there PREFIX.src, the manifest, labels, rewards, and reference log-probabilities and \
      logits with their keys. neox-index unpack gives back the same bytes. \
      Datasets that are not what the manifest says are refused. Index maps \
      (PREFIX_…_indexmap_….npy) do not go along: neox-train and build-maps make them again.
      """,
      """
      The archive consists of blocks that are compressed each by itself and have a hash each, so \
      neox-index show, sample, grep, where, info, stats, diff and export read FILE, in the place of \
      PREFIX, without unpacking it; neox-index verify --deep FILE tells whether all of it arrived. \
      Documentation/archive.md describes the format.
      """,
      """
      What is written does not depend on --workers. Memory: some blocks a thread.
      """, WriteFlags.signalNote,
    ],
    examples: [
      .init(
        "For another cluster:",
        "neox-index pack data/books_text_document -o books\(archiveEnding)"),
      .init(
        "Smaller, and slower to write:",
        "neox-index pack data/books_text_document -o books\(archiveEnding) --level 12"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "dataset",
      [
        .positional("PREFIX", \.prefix, "the dataset"),
        .option(
          "--output", \.output, aliases: ["-o"], placeholder: "FILE", required: true,
          "the archive to write; \(archiveEnding) is a good end of its name"),
      ]),
    .init(
      "compression",
      [
        .option("--codec", \.codec, "lz4 is faster and leaves more bytes"),
        .option(
          "--level", \.level, placeholder: "N", shownDefault: "3", rule: .within(1...19),
          "how hard zstd tries"),
        .option(
          "--block-size", \.blockSize, placeholder: "SIZE", rule: blockRule,
          "bytes of a block before compression; a document is read by decompressing its blocks"),
        .option(
          "--workers", \.workers, placeholder: "N", shownDefault: "one a processor",
          rule: .workers, "threads that compress"),
      ]), WriteFlags.group.lifted(to: \.writing),
  ]

  private static let blockRule = ValueRule<ByteSize> { size in
    (4 << 10...64 << 20).contains(size.bytes) ? nil : "must be from 4KiB to 64MiB"
  }

  func run() throws {
    guard level == nil || codec == .zstd else {
      throw UsageError("argument --level: \(codec.rawValue) has no levels")
    }
    try WriteFlags.requireFolder(of: output, "--output")
    var settings = PackOptions()
    settings.method = codec == .zstd ? .zstd(level: level ?? 3) : .lz4
    settings.blockByteCount = blockSize.bytes
    settings.workers = workers
    settings.interruption = .process
    let (plan, records) = try plan()
    let isWhole = try writing.run("pack", "packing", inputs: [prefix.path]) { options in
      var options = options
      options.records.merge(records) { first, _ in first }
      return try packDataset(plan, to: output, settings, options)
    }
    guard isWhole else {
      throw Interrupted(description: "interrupted; \(output) was not written", exitStatus: 1)
    }
    try ArchiveListing(path: output).print(isJSON: writing.isJSON, showsMembers: false)
  }

  /// Finds what belongs to the dataset, and what was written down of datasets among that.
  private func plan() throws -> (PackPlan, [String: DatasetRecord]) {
    let manifest = try DatasetManifest(besideDataset: prefix.path)
    let beside = try Companions(besideDataset: prefix.path, manifest: manifest)
    try beside.requireAll()
    let references = try ReferenceCompanions(besideDataset: prefix.path)
    let companions =
      [beside.labels, beside.rewards].compactMap(\.self) + references.references
    let texts = references.references.map(\.prefix)
    let stems = texts + references.logits.map { String($0.dropLast(".logits".count)) }
    var plan = PackPlan(prefix: prefix.path)
    plan.companions = companions.map(\.prefix)
    plan.files =
      [manifest?.path].compactMap(\.self)
      + Set(stems).sorted().map { $0 + "_key.json" } + references.logits
    var records: [String: DatasetRecord] = [:]
    for one in companions {
      records[one.prefix] =
        try one.record ?? DatasetManifest(besideDataset: one.prefix)?.record
    }
    return (plan, records)
  }
}
