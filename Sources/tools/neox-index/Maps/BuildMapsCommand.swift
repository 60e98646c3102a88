import CommandLineKit
import ConfigurationKit
import IndexedData
import Machine
import Train

/// `neox-index build-maps`: makes the index maps of a run before it begins.
struct BuildMapsCommand: Command {
  var prefix: DatasetPrefix?
  var source = RunFlags()
  var dataset = MapDatasetFlags()
  var workers = WorkerPool.processorCount
  var isJSON = false

  static let page = CommandPage(
    name: "build-maps", summary: "make the index maps of a run before it begins",
    description: [
      """
      Makes the maps that say which documents each sample is made of, byte for byte those of \
      GPT-NeoX and under its names: PREFIX_…_doc_idx.npy, _sample_idx.npy and _shuffle_idx.npy \
      beside the data. With --config those of all datasets and splits of a run; without it those \
      of one dataset.
      """,
      """
      A fourth file, _key.json, says what the maps were made from: data, labels, documents and \
      options, and how long they are. Maps that fit are kept, here once all their bytes are found \
      to be those that were written; others, also those without that file, are made again. \
      neox-train takes them up by the same rule without reading them through, GPT-NeoX by their \
      names alone.
      """,
      """
      How many samples of each dataset come before the blocks of a blend of a million samples or \
      more is kept as well, in PREFIX_…_blend_…_counts.npy beside its first dataset, so that \
      neox-index batch finds late steps at once.
      """,
      """
      Files appear when they are whole; Ctrl-C leaves those alone. Where several processes want \
      the same maps, one makes them and the others wait for it. Memory: 4 bytes a document and the \
      maps of documents and of the shuffle, for each dataset that is worked on.
      """,
    ],
    examples: [
      .init("All maps of a run:", "neox-index build-maps --config 125M.yml local.yml"),
      .init(
        "Those of one dataset:",
        "neox-index build-maps data/books_text_document --samples 320000 --seq-length 2048"),
    ],
    exitStatus: CommandPage.usualExitStatus + [
      .init(
        "75", "A signal ended it; the same command makes the maps that are missing.")
    ])

  static let groups: [ArgumentGroup<Self>] =
    RunFlags.groups.map { $0.lifted(to: \.source) } + [
      .init(
        "one dataset", [.positional("PREFIX", optional: \.prefix, "the dataset, without --config")]),
      MapDatasetFlags.group.lifted(to: \.dataset),
      .init(
        "work",
        [
          .option(
            "--workers", \.workers, placeholder: "N", rule: .workers,
            "datasets that are worked on at once"),
          .flag("--json", \.isJSON, "print the result as JSON"),
        ]),
    ]

  /// Maps to make.
  private struct Job {
    var title: String
    var prefix: String
    var files: MapFiles
  }

  /// What became of them.
  private struct Result: Sendable {
    var samples: Int
    var origin: MapOrigin
    var seconds: Double
  }

  func run() throws {
    let settings = try settings()
    let jobs = try settings.map(jobs) ?? [job()]
    if jobs.isEmpty { writeNote("data_order: stable needs no index maps") }
    Interruption.listen()
    let results: [Result]
    do {
      results = try make(jobs)
      try endWhereRaised(.process)
      if let settings, !jobs.isEmpty { try RunMaps.keepBlends(settings) }
      try endWhereRaised(.process)
    } catch IndexedDataError.interrupted {
      throw TrainError.mapsInterrupted
    }
    report(jobs, results)
  }

  private func make(_ jobs: [Job]) throws -> [Result] {
    let results = Monitor([Result?](repeating: nil, count: jobs.count))
    try WorkerPool.forEach(
      count: jobs.count, workers: workers, name: "maps"
    ) { (place: Int) throws(IndexedDataError) in
      let watch = Stopwatch()
      let (maps, origin) = try jobs[place].files.prepare(
        .files, readsAll: true, interruption: .process)
      let result = Result(
        samples: max(0, maps.shuffleIndices.count - 1), origin: origin, seconds: watch.seconds)
      results.withLock { $0[place] = result }
    }
    return results.withLock { $0.compactMap(\.self) }
  }

  /// The data of a run; `nil` where one dataset was named instead.
  private func settings() throws -> DataSettings? {
    guard source.isGiven else { return nil }
    guard prefix == nil, !dataset.isGiven else {
      throw UsageError(
        "argument --config: names the run's datasets and options; give no other beside it")
    }
    let configuration = try source.configuration.load(
      for: Main.program.name, isForTraining: true, processCount: source.worldSize)
    var settings = try DataSettings(configuration, vocabulary: nil, rankCount: source.worldSize)
    // Masks are made of batches, not of maps; without it no tokenizer is needed.
    settings.masksEndOfDocument = false
    settings.interruption = .process
    return settings
  }

  private func jobs(_ settings: DataSettings) throws -> [Job] {
    try RunMaps(settings).items.map {
      Job(title: $0.split.rawValue, prefix: $0.prefix, files: $0.files)
    }
  }

  private func job() throws -> Job {
    guard let prefix else {
      throw UsageError("one of the arguments --config PREFIX is required")
    }
    let files = try dataset.files(of: prefix.path)
    if !dataset.isNamed {
      writeNote(
        "named \(dataset.name), as those of the first of train_data_paths; a run with data_path reads"
          + " --name train, of the documents that its split leaves: --config knows both")
    }
    return Job(title: dataset.name, prefix: prefix.path, files: files)
  }

  private func report(_ jobs: [Job], _ results: [Result]) {
    guard !isJSON else {
      let maps = zip(jobs, results).map { job, result -> JSONText in
        [
          "name": .string(job.title), "prefix": .string(job.prefix),
          "samples": JSONText(result.samples), "state": .string(Self.state(result.origin)),
          "files": .array(job.files.paths.map { .string($0) }),
        ]
      }
      printJSON(["maps": .array(maps)])
      return
    }
    for (job, result) in zip(jobs, results) {
      StandardOutput.shared.line(
        "\(job.prefix) \(job.title): \(counted(result.samples, "sample")),"
          + " \(Self.state(result.origin)) in \(fixed(result.seconds, 2)) s: \(job.files.base)_….npy"
      )
    }
  }

  private static func state(_ origin: MapOrigin) -> String {
    switch origin {
    case .reused: "kept"
    case .rebuilt: "replaced"
    case .written, .memory: "made"
    }
  }
}
