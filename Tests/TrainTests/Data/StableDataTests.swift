import TestSupport
import Testing

@testable import IndexedData
@testable import Train

@Suite("Training data in the stable order")
struct StableDataTests {
  let fixture: DataFixture
  let texts: [String]
  let labels: [String]

  init() throws {
    fixture = try DataFixture()
    var random = SeededGenerator(seed: 4)
    var texts: [String] = []
    var labels: [String] = []
    for name in ["a", "b", "c"] {
      let documents: [[Int64]] = (0..<70).map { _ in
        (0..<Int.random(in: 1..<40, using: &random)).map { _ in
          Int64.random(in: 1..<900, using: &random)
        }
      }
      texts.append(try fixture.write(name, documents, .uint16))
      labels.append(
        try fixture.write(
          name + "_label",
          documents.enumerated().map { i, ids in
            ids.enumerated().map { j, id in i % 4 == 0 || j < ids.count / 2 ? -100 : id }
          }))
    }
    self.texts = texts
    self.labels = labels
  }

  private func settings(_ packing: Packing, blends: Bool = true) -> DataSettings {
    var settings = fixture.settings(blends ? texts : [texts[0]], iterations: 50, length: 24)
    settings.order = .stable
    settings.packing = packing
    if blends { settings.train.weights = [0.5, 0.2, 0.3] }
    settings.train.labels = blends ? labels : [labels[0]]
    return settings
  }

  /// What a sample is made of.
  private struct Row: Hashable {
    var dataset: Int
    var pieces: [String]

    init(_ row: BatchRow) {
      dataset = row.dataset
      pieces = row.pieces.map { "\($0)" }
    }
  }

  /// The samples of some steps in the order in which all ranks together use them.
  private func rows(_ settings: DataSettings, after consumed: Int = 0, steps: Int) throws -> [Row] {
    var rows: [Row] = []
    var ranks: [(source: BatchSource, microStep: Int)] = []
    for rank in 0..<settings.rankCount {
      var mine = settings
      mine.rank = rank
      ranks.append(try TrainingData(mine).train.resumed(afterSamples: consumed))
    }
    for micro in 0..<(steps * settings.accumulationSteps) {
      for (source, first) in ranks {
        rows += try source.rows(microStep: first + micro).map(Row.init)
        #expect(
          try source.samples(microStep: first + micro)
            == {
              let rows = try source.rows(microStep: first + micro)
              return rows[0].index..<(rows[0].index + rows.count)
            }())
      }
    }
    return rows
  }

  @Test(
    "batches, ranks and the length of a run change nothing, and a longer run only appends",
    arguments: Packing.allCases)
  func invariance(packing: Packing) throws {
    var settings = settings(packing)
    let reference = try rows(settings, steps: 480)
    #expect(Set(reference).count > 60)
    for (micro, accumulation, ranks, iterations) in [
      (2, 1, 1, 50), (3, 1, 1, 7), (4, 5, 1, 1000), (1, 2, 3, 50), (5, 4, 2, 1), (2, 3, 8, 9),
    ] {
      settings.microBatchSize = micro
      settings.accumulationSteps = accumulation
      settings.rankCount = ranks
      settings.trainIterations = iterations
      let steps = 480 / (micro * accumulation * ranks)
      let rows = try rows(settings, steps: steps)
      #expect(rows == Array(reference.prefix(rows.count)))
      #expect(rows.count > 400)
    }
  }

  @Test(
    "a run goes on behind any sample, with batches of another size", arguments: Packing.allCases)
  func resuming(packing: Packing) throws {
    var settings = settings(packing)
    let reference = try rows(settings, steps: 200)
    settings.microBatchSize = 4
    settings.accumulationSteps = 2
    for consumed in Array(0..<18) + [41, 64, 99] {
      for ranks in [1, 3] {
        settings.rankCount = ranks
        let rows = try rows(settings, after: consumed, steps: 3)
        #expect(rows == Array(reference[consumed..<(consumed + rows.count)]), "\(consumed)")
      }
    }
    let (source, first) = try TrainingData(settings).train.resumed(afterSamples: 7)
    let loader = try BatchLoader(source, startingAt: first)
    var batch = source.makeBatch()
    for step in 0..<5 {
      try loader.next(&batch)
      #expect(try batch == source.batch(microStep: first + step))
      #expect(
        try source.description(ofRow: 0, microStep: first + step).contains(
          "sample \(7 + (step) * 12)"))
    }
    // GPT-NeoX's order is bound to whole micro batches.
    settings.order = .neox
    let neox = try TrainingData(settings).train
    #expect(throws: TrainError.self) { try neox.resumed(afterSamples: 7) }
    #expect(try neox.resumed(afterSamples: 24).microStep == 2)
  }

  @Test("batches hold what rows name", arguments: Packing.allCases)
  func batches(packing: Packing) throws {
    var settings = settings(packing)
    settings.microBatchSize = 3
    let source = try TrainingData(settings).train
    for step in 0..<60 {
      let batch = try source.batch(microStep: step)
      for (place, row) in try source.rows(microStep: step).enumerated() {
        let dataset = source.dataset.members[row.dataset].sides[0]
        func all(_ data: IndexedDataset?) throws -> [Int64] {
          try row.pieces.flatMap { piece in
            try data?.tokens(of: piece.document).dropFirst(piece.offset).prefix(piece.count ?? .max)
              ?? []
          }
        }
        let ids = try Array((all(dataset.text) + [Int64](repeating: 0, count: 24)).prefix(24))
        #expect(batch.tokens(row: place).map(Int64.init) == ids)
        let labels = try Array((all(dataset.labels) + [Int64](repeating: -100, count: 25))[1...24])
        let mask = Array(batch.lossMask[(place * 24)..<(place * 24 + 24)])
        #expect(mask == labels.map { $0 < 0 ? 0 : 1 })
        if packing != .packed { #expect(mask.contains(1), "every sample trains something") }
      }
    }
  }

  @Test(
    "one dataset is shared out among the splits; parts do not overlap", arguments: Packing.allCases)
  func split(packing: Packing) throws {
    let text = try fixture.write("s", (0..<40).map { i in (0...i).map { _ in Int64(i) } })
    var settings = fixture.settings([], iterations: 4, length: 16, micro: 2)
    settings.order = .stable
    settings.dataPath = text
    settings.split = "80,10,10"
    settings.evaluationIterations = 2
    settings.packing = packing
    settings.neoxQuirks = true
    let data = try TrainingData(settings)
    #expect(data.notes.isEmpty, "what GPT-NeoX's order has wrong is nothing of this one")
    for (source, part) in zip([data.train, data.valid, data.test], [0..<32, 32..<36, 36..<40]) {
      let source = try #require(source)
      var seen: Set<Int> = []
      for step in 0..<60 {
        seen.formUnion(try source.rows(microStep: step).flatMap { $0.pieces.map(\.document) })
      }
      #expect(seen == Set(part), "\(packing) \(source.split)")
    }
  }

  @Test("epochs: every sample of every dataset as often as there are epochs")
  func epochs() throws {
    var settings = settings(.packed)
    settings.train.weights = []
    settings.trainIterations = nil
    settings.trainEpochs = 3
    settings.microBatchSize = 2
    settings.accumulationSteps = 2
    let data = try TrainingData(settings)
    let counts = data.train.dataset.members.compactMap(\.samplesPerEpoch)
    #expect(data.train.dataset.samplesPerEpoch == counts.reduce(0, +))
    #expect(data.iterations == counts.reduce(0, +) * 3 / 4)
    let rows = try rows(settings, steps: data.iterations)
    for (dataset, count) in counts.enumerated() {
      #expect(abs(rows.count { $0.dataset == dataset } - 3 * count) <= 4)
    }
    settings.microBatchSize = 10_000
    #expect(throws: TrainError.self) { try TrainingData(settings) }
  }

  @Test("pairs, with both answers of one document")
  func pairs() throws {
    var settings = fixture.settings(
      [try fixture.write("t", DataFixture.text, .uint16)], iterations: 3, length: 6, micro: 5)
    settings.order = .stable
    settings.hasPairs = true
    settings.packing = .unpacked
    settings.train.negatives = [try fixture.write("n", DataFixture.negatives, .uint16)]
    let source = try TrainingData(settings).train
    let batch = try source.batch(microStep: 0)
    let firsts = Set((0..<5).map { batch.tokens(row: $0)[0] })
    #expect(firsts == [10, 20, 30, 40, 50])
    for row in 0..<5 {
      #expect(batch.tokens(row: row)[0] == batch.tokens(row: row + 5)[0])
      let size = DataFixture.text.first { $0[0] == Int64(batch.tokens(row: row)[0]) }?.count ?? 0
      #expect(
        batch.tokens(row: row).dropFirst(size).allSatisfy { $0 == 0 }, "nothing of the next one")
    }
  }

  @Test("no index maps are written")
  func files() throws {
    var settings = settings(.packed)
    settings.mapStorage = .besideData
    let data = try TrainingData(settings)
    #expect(data.notes.isEmpty)
    #expect(data.train.dataset.members.allSatisfy { $0.mapOrigin == .memory(reason: nil) })
    #expect(ConfigurationTable.keys["data_order"]?.choices == ["neox", "stable"])
  }
}
