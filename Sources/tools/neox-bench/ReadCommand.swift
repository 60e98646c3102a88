import CommandLineKit
import IndexedData
import Machine
import Train

extension ReadingMode: ArgumentValue {}

/// `neox-bench read`: how fast parts of a dataset are read in random order.
struct ReadCommand: Command {
  var prefix = ""
  var samples = 100_000
  var length = 2049
  var seed: UInt64 = 1
  var rounds = 5
  var mode = ReadingMode.mmap
  var list: String?
  var isCold = false

  static let page = CommandPage(
    name: "read", summary: "measure random reads of a dataset",
    description: [
      """
      Reads runs of tokens at random places of random documents, one after another on one thread, and \
      then as many samples of a packed order as a training run reads them: index maps, documents, \
      batches of 8 with labels and masks. Each read asks the processor for what the next one wants. Index maps are made \
      beside the dataset.
      """,
      """
      Prints a JSON object for each: the processor time of every round, and the sum of all tokens, each \
      multiplied by its place, counted from 1. A first pass makes that sum and is not timed; it also \
      brings the files into memory.
      """,
    ],
    examples: [
      .init(
        "Tokens of a dataset, and the list of places:",
        "neox-bench read data/books_text_document --list places.npy")
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init("input", [.positional("PREFIX", \.prefix, "the dataset: PREFIX.bin and PREFIX.idx")]),
    .init(
      "measuring",
      [
        .option(
          "--samples", \.samples, placeholder: "N", rule: .within(1...(1 << 30)), "how many reads"),
        .option(
          "--length", \.length, placeholder: "N", rule: .within(2...(1 << 30)), "tokens of a read"),
        .option("--seed", \.seed, placeholder: "N", "which places"),
        .option("--rounds", \.rounds, placeholder: "N", rule: .atLeast(1), "rounds to run"),
        .option("--mode", \.mode, "how files are read"),
        .option(
          "--list", \.list, placeholder: "FILE",
          "write the places, document and token, as an .npy file"),
        .flag(
          "--cold", \.isCold,
          "instead, samples by the loader's thread after the system has dropped PREFIX.bin from its"
            + " memory, without and with read-ahead, in seconds"),
      ]),
  ]

  func run() throws {
    guard !isCold else { return try runCold() }
    let dataset = try IndexedDataset(prefix: prefix, mode: mode)
    let places = try ReadPlaces(dataset, samples: samples, length: length, seed: seed)
    if let list { try places.write(to: list) }
    try report("reads", try places.checksum(dataset)) { try places.pass(dataset) }
    let order = try OrderReads(prefix, samples: samples, length: length, mode: mode)
    try report("samples", try order.checksum()) { try order.pass() }
  }

  private func runCold() throws {
    for _ in 0..<rounds {
      for readsAhead in [false, true] {
        // A mapping keeps pages in memory: each pass has its own.
        try InputFile(path: prefix + ".bin").dropFromMemory()
        let order = try OrderReads(prefix, samples: samples, length: length, mode: mode)
        let watch = Stopwatch()
        try order.load(readsAhead: readsAhead)
        StandardOutput.shared.line(
          "{\"what\":\"cold\",\"mode\":\"\(mode.rawValue)\",\"count\":\(samples),"
            + "\"read_ahead\":\(readsAhead),\"seconds\":\(fixed(watch.seconds, 3))}")
      }
    }
  }

  private func report(_ name: String, _ checksum: UInt64, _ pass: () throws -> Void) rethrows {
    var times: [String] = []
    for _ in 0..<rounds {
      let start = Stopwatch.processorNanoseconds
      try pass()
      times.append("\(Stopwatch.processorNanoseconds - start)")
    }
    StandardOutput.shared.line(
      "{\"what\":\"\(name)\",\"mode\":\"\(mode.rawValue)\",\"count\":\(samples),"
        + "\"nanoseconds\":[\(times.joined(separator: ","))],\"checksum\":\(checksum)}")
  }
}

/// Places of a dataset, and reads of so many tokens from each.
struct ReadPlaces {
  private var sequences: [Int64] = []
  private var offsets: [Int64] = []
  private let length: Int

  /// Draws places in documents that are long enough.
  init(_ dataset: IndexedDataset, samples: Int, length: Int, seed: UInt64) throws {
    self.length = length
    var random = MutationRandom(state: seed)
    var misses = 0
    while sequences.count < samples {
      guard dataset.sequenceCount > 0, misses < 1000 * samples else {
        throw TooShort(prefix: dataset.prefix, length: length)
      }
      let sequence = Int(random.next() % UInt64(dataset.sequenceCount))
      let size = try dataset.size(of: sequence)
      guard size >= length else {
        misses += 1
        continue
      }
      sequences.append(Int64(sequence))
      offsets.append(Int64(random.next() % UInt64(size - length + 1)))
    }
  }

  func write(to path: String) throws {
    let pairs = zip(sequences, offsets).flatMap { [$0, $1] }
    try NumPyFile.write(pairs, shape: [sequences.count, 2], to: path)
  }

  func pass(_ dataset: IndexedDataset) throws { try read(dataset) { _ in } }

  func checksum(_ dataset: IndexedDataset) throws -> UInt64 {
    var sum: UInt64 = 0
    try read(dataset) { sum &+= weighted($0) }
    return sum
  }

  private func read(_ dataset: IndexedDataset, _ body: ([Int32]) -> Void) throws {
    var ids = [Int32](repeating: 0, count: length)
    for place in sequences.indices {
      if place + 1 < sequences.count {
        try dataset.prefetch(
          Int(sequences[place + 1]), from: Int(offsets[place + 1]), count: length)
      }
      var span = ids.mutableSpan
      try dataset.read(Int(sequences[place]), from: Int(offsets[place]), into: &span)
      body(ids)
    }
  }
}

/// Samples in the order of a training run.
struct OrderReads {
  private let source: BatchSource
  private let stepCount: Int
  private let samples: Int

  init(_ prefix: String, samples: Int, length: Int, mode: ReadingMode) throws {
    let rows = 8
    var settings = DataSettings(sequenceLength: length - 1, microBatchSize: rows)
    settings.dataPath = prefix
    settings.split = "1,0,0"
    settings.trainIterations = (samples + rows - 1) / rows
    settings.evaluationIterations = 0
    settings.readingMode = mode
    source = try TrainingData(settings).train
    stepCount = (samples + rows - 1) / rows
    self.samples = samples
  }

  func pass() throws { try read { _ in } }

  func checksum() throws -> UInt64 {
    var sum: UInt64 = 0
    var left = samples
    try read { batch in
      for row in 0..<min(batch.rowCount, left) {
        let columns = (row * batch.columnCount)..<((row + 1) * batch.columnCount)
        sum &+= weighted(Array(batch.tokens[columns]) + [batch.labels[columns.upperBound - 1]])
      }
      left -= batch.rowCount
    }
    return sum
  }

  /// Takes all batches from a loader, as training does.
  func load(readsAhead: Bool) throws {
    let loader = try BatchLoader(source, readsAhead: readsAhead)
    var batch = source.makeBatch()
    for _ in 0..<stepCount { try loader.next(&batch) }
  }

  private func read(_ body: (Batch) -> Void) throws {
    var batch = source.makeBatch()
    var row = SampleRow(sequenceLength: batch.columnCount)
    for step in 0..<stepCount {
      try source.fill(&batch, microStep: step, using: &row)
      body(batch)
    }
  }
}

/// The sum of tokens, each multiplied by its place.
private func weighted(_ ids: [Int32]) -> UInt64 {
  var sum: UInt64 = 0
  for (place, id) in ids.enumerated() { sum &+= UInt64(place + 1) &* UInt64(bitPattern: Int64(id)) }
  return sum
}

/// No document is long enough to be read from.
struct TooShort: Error, CustomStringConvertible {
  let prefix: String
  let length: Int

  var description: String {
    "\(prefix): hardly a document has \(length) tokens; give a smaller --length"
  }
}
