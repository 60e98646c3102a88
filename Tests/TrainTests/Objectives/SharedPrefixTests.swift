import Testing

@testable import Train

@Suite("Pairs whose prompt is computed once")
struct SharedPrefixTests {
  /// A pair: tokens that both begin with, and the lengths of the whole rows, padding not counted.
  struct Pair {
    var common: Int
    var lengths: (Int, Int)
    /// Whether the prompt is trained too.
    var trainsPrompt = false
  }

  static let columns = 24
  static let vocabulary = 50

  static let sets: [[Pair]] = [
    [Pair(common: 15, lengths: (22, 18))],
    [
      Pair(common: 0, lengths: (20, 24)), Pair(common: 1, lengths: (9, 3)),
      Pair(common: 17, lengths: (18, 24)), Pair(common: 25, lengths: (24, 24)),
    ],
    // One answer goes on where the other ends, and prompts that are trained.
    [
      Pair(common: 25, lengths: (12, 20), trainsPrompt: true), Pair(common: 14, lengths: (21, 14)),
      Pair(common: 10, lengths: (19, 13), trainsPrompt: true), Pair(common: 6, lengths: (6, 6)),
    ],
  ]

  static func batch(_ pairs: [Pair], seed: UInt64) -> Batch {
    var batch = Batch(rowCount: 2 * pairs.count, columnCount: columns)
    var state = seed
    func token() -> Int32 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int32(state >> 33) % Int32(vocabulary - 1) + 1
    }
    for (index, pair) in pairs.enumerated() {
      let prompt = (0...columns).map { _ in token() }
      var rows = [prompt, prompt]
      for place in pair.common..<columns + 1 {
        rows[0][place] = token()
        // Never the same, so that the common part is no longer than it says.
        rows[1][place] = rows[0][place] % Int32(vocabulary - 1) + 1
      }
      for (half, length) in [pair.lengths.0, pair.lengths.1].enumerated() {
        let start = (half * pairs.count + index) * columns
        for column in 0..<columns {
          batch.tokens[start + column] = column < length ? rows[half][column] : 0
          let isTrained = column < length && (pair.trainsPrompt || column + 4 >= pair.common)
          batch.labels[start + column] = isTrained ? rows[half][column + 1] : 0
          batch.lossMask[start + column] = isTrained ? 1 : 0
        }
      }
    }
    return batch
  }

  static func settings() -> ModelSettings {
    var settings = ModelSettings(
      layerCount: 3, hiddenSize: 24, headCount: 4, vocabularySize: vocabulary,
      sequenceLength: columns)
    settings.positions = .rotary(width: 4, base: 10000)
    settings.initializationDeviation = 0.2
    return settings
  }

  struct Variant: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var change: @Sendable (inout ModelSettings) -> Void
  }

  static let variants = [
    Variant(testDescription: "rotary") { _ in },
    Variant(testDescription: "learned, parallel") {
      $0.positions = .learned(count: 26, offset: 2)
      $0.isParallel = true
    },
    Variant(testDescription: "no positions, tied, one head of keys") {
      $0.positions = .none
      $0.head = .tied
      $0.keyValueHeadCount = 1
    },
    Variant(testDescription: "sinusoidal, gated, two heads of keys") {
      $0.positions = .sinusoidal
      $0.activation = Activation(.silu, isGated: true)
      $0.keyValueHeadCount = 2
    },
    Variant(testDescription: "alibi, window") {
      $0.positions = .alibi
      $0.slidingWindow = 5
    },
    Variant(testDescription: "relative bias, norm of queries and keys") {
      $0.positions = .relativeBias(buckets: 8, maximumDistance: 16)
      $0.normalizesQueriesAndKeys = true
    },
    Variant(testDescription: "recomputed") { $0.checkpointedLayers = 1 },
    Variant(testDescription: "recomputed by twos, parallel, shared norm") {
      $0.checkpointedLayers = 2
      $0.isParallel = true
      $0.sharesNorm = true
    },
  ]

  struct Outcome {
    var result: ObjectiveResult
    var gradients: [[Float]]
  }

  /// Both ways of computing DPO for batches one after another, in the same memory.
  static func run(
    _ settings: ModelSettings, type: ScalarType = .float32, _ batches: [Batch]
  ) throws -> [(plain: Outcome, shared: Outcome)] {
    let engine = CPUEngine(threads: 2)
    let model = try GPTNeoX(settings, type: type, engine: engine)
    model.parameters.initialize(seed: 7)
    let reference = try GPTNeoX(settings, type: type, gradients: .none, engine: engine)
    reference.parameters.initialize(seed: 8)
    let shared = try model.makePackedWorkspace(training: true)
    let sharedReference = try ReferenceModel(sharingPrefixes: reference)
    return try batches.map { batch in
      let plain = try model.makeWorkspace(
        batch: batch.rowCount, length: columns, training: true)
      let plainReference = try ReferenceModel(
        reference, rows: batch.rowCount, length: columns)
      func run(_ reference: ReferenceModel, _ space: ModelWorkspace) throws -> Outcome {
        model.parameters.clearGradients()
        let result = try DirectPreference(beta: 0.3, reference: .model(reference)).run(
          batch, on: model, in: space, gradientScale: 2, dropout: nil)
        return Outcome(
          result: result, gradients: model.parameters.gradients.map(engine.numbers))
      }
      return (try run(plainReference, plain), try run(sharedReference, shared))
    }
  }

  static func check(
    _ found: [(plain: Outcome, shared: Outcome)], loss: Double, gradients: Double
  ) {
    for (plain, shared) in found {
      let scale = max(plain.result.loss, 0.1)
      #expect(abs(plain.result.loss - shared.result.loss) <= loss * scale)
      #expect(plain.result.metrics.map(\.name) == shared.result.metrics.map(\.name))
      // Most are differences of sums, and are as exact as these.
      let sums = plain.result.metrics.map { abs($0.value) }.max() ?? 0
      for (a, b) in zip(plain.result.metrics, shared.result.metrics) where a.name != "reward_acc" {
        #expect(abs(a.value - b.value) <= loss * max(sums, 1), "\(a.name)")
      }
      // All as one vector, for gradients that are zero but for rounding.
      #expect(
        relativeDifference(
          shared.gradients.flatMap { $0 }, plain.gradients.flatMap { $0 }) < gradients)
    }
  }

  @Test("losses, metrics and gradients are those of whole rows", arguments: variants)
  func equal(variant: Variant) throws {
    var settings = Self.settings()
    variant.change(&settings)
    let batches = Self.sets.enumerated().map { Self.batch($1, seed: UInt64($0) + 5) }
    // Smaller again at the end: what larger passes left in memory does not matter.
    Self.check(
      try Self.run(settings, batches + [batches[0]]), loss: 1e-6, gradients: 1e-5)
  }

  @Test("half precisions to their rounding", arguments: [ScalarType.bfloat16, .float16])
  func halfPrecision(type: ScalarType) throws {
    var settings = Self.settings()
    settings.initializationDeviation = 0.1
    let batches = Self.sets.enumerated().map { Self.batch($1, seed: UInt64($0) + 5) }
    let isCoarse = type == .bfloat16
    Self.check(
      try Self.run(settings, type: type, batches), loss: isCoarse ? 5e-3 : 1e-3,
      gradients: isCoarse ? 3e-2 : 4e-3)
  }

  @Test("evaluation makes no gradients and needs less memory")
  func evaluation() throws {
    let engine = CPUEngine(threads: 1)
    let model = try GPTNeoX(Self.settings(), engine: engine)
    model.parameters.initialize(seed: 7)
    let batch = Self.batch(Self.sets[1], seed: 3)
    let training = try model.makePackedWorkspace(training: true)
    let evaluating = try model.makePackedWorkspace(training: false)
    let objective = DirectPreference(beta: 0.1, reference: nil)
    let first = try objective.run(
      batch, on: model, in: training, gradientScale: 1, dropout: nil)
    let second = try objective.run(
      batch, on: model, in: evaluating, gradientScale: nil, dropout: nil)
    #expect(first.loss == second.loss)
    #expect(evaluating.byteCount * 2 < training.byteCount)
  }

  // MARK: - Packing

  @Test("what both begin with stands once, and nothing after the last trained label")
  func packing() throws {
    var batch = Batch(
      rowCount: 2, columnCount: 6, tokens: [1, 2, 3, 4, 5, 0, 1, 2, 3, 9, 8, 7],
      labels: [2, 3, 4, 5, 6, 0, 2, 3, 9, 8, 7, 0],
      lossMask: [0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0])
    let packing = try PairPacking(batch, sequenceLength: 6)
    // The third token is common, but has two labels.
    #expect(packing.tokens == [1, 2, 3, 4, 3, 9, 8])
    #expect(
      packing.parts == [
        RowPart(rows: 0..<4), RowPart(rows: 4..<7, firstPosition: 2, prefix: 0..<2),
      ])
    #expect(packing.packed(batch.lossMask) == [0, 0, 1, 1, 1, 1, 1])
    #expect(
      packing.unpacked([1, 2, 3, 4, 5, 6, 7]) == [1, 2, 3, 4, 0, 0, 1, 2, 5, 6, 7, 0])
    // A label of one answer only leaves the token common.
    batch.lossMask[2] = 0
    let masked = try PairPacking(batch, sequenceLength: 6)
    #expect(masked.tokens == [1, 2, 3, 4, 9, 8] && masked.labels == [2, 3, 9, 5, 8, 7])
    let even = try PairPacking(batch, sequenceLength: 6, granularity: 2)
    #expect(even.tokens == [1, 2, 3, 4, 3, 9, 8, 7])
  }

  @Test("rows that are the same are computed once; without a trained label, one token is")
  func equalRows() throws {
    let row: [Int32] = [1, 2, 3, 4]
    var batch = Batch(
      rowCount: 2, columnCount: 4, tokens: row + row, labels: row + row,
      lossMask: [0, 1, 1, 0, 0, 1, 1, 0])
    #expect(try PairPacking(batch, sequenceLength: 4).tokens == [1, 2, 3])
    batch.lossMask = [Float](repeating: 0, count: 8)
    #expect(try PairPacking(batch, sequenceLength: 4).tokens == [1])
  }

  @Test("what cannot enter is an error")
  func errors() throws {
    let engine = CPUEngine(threads: 1)
    let model = try GPTNeoX(Self.settings(), engine: engine)
    let space = try model.makePackedWorkspace(training: false)
    func run(_ batch: Batch) throws {
      _ = try DirectPreference(beta: 0.1, reference: nil).run(
        batch, on: model, in: space, gradientScale: nil, dropout: nil)
    }
    var batch = Self.batch(Self.sets[0], seed: 1)
    try run(batch)
    batch.tokens[3] = Int32(Self.vocabulary)
    #expect(throws: TrainError.self) { try run(batch) }
    #expect(throws: TrainError.self) { try run(Batch(rowCount: 3, columnCount: 4)) }
    #expect(throws: TrainError.self) { try run(Batch(rowCount: 2, columnCount: 25)) }
    // Other objectives take rows as they are.
    #expect(throws: TrainError.self) {
      try CrossEntropy().run(
        Batch(rowCount: 2, columnCount: 4), on: model, in: space, gradientScale: nil, dropout: nil)
    }
  }

  @Test("dropout and other objectives do not go with it")
  func configuration() throws {
    let pairs = """
      dataset_impl: pairwise
      train_impl: dpo
      pos_train_data_path: p
      neg_train_data_path: n
      dpo_shared_prefix: true

      """
    let objective = try ConfigurationFixture.configuration(pairs).objective
    #expect(objective == .dpo(beta: 0.1, isReferenceFree: false, sharesPrefixes: true))
    for key in ["hidden_dropout", "attention_dropout"] {
      #expect(try ConfigurationFixture.problems(pairs + "\(key): 0.1").count == 1)
    }
    #expect(try ConfigurationFixture.problems("dpo_shared_prefix: true").count == 1)
  }
}
