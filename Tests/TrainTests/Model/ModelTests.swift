import Foundation
import Testing

@testable import Train

@Suite("The model as a whole")
struct ModelTests {
  static func settings(layers: Int = 3) -> ModelSettings {
    var settings = ModelSettings(
      layerCount: layers, hiddenSize: 24, headCount: 4, vocabularySize: 50, sequenceLength: 20)
    settings.positions = .rotary(width: 4, base: 10000)
    settings.keyValueHeadCount = 2
    settings.activation = Activation(.silu, isGated: true)
    settings.innerSize = 40
    settings.slidingWindow = 9
    settings.hiddenDropout = 0.1
    settings.attentionDropout = 0.2
    settings.initializationDeviation = 0.3
    return settings
  }

  static let batch: Batch = {
    let tokens = (0..<40).map { Int32(($0 * $0 + 3) % 50) }
    return Batch(
      rowCount: 2, columnCount: 20, tokens: tokens, labels: tokens.map { ($0 * 7 + 1) % 50 },
      lossMask: (0..<40).map { $0 % 5 == 0 ? 0 : 1 })
  }()

  struct Outcome: Equatable {
    var loss: Double
    var gradients: [[Float]]
  }

  static func run(
    _ settings: ModelSettings, type: ScalarType = .float32, threads: Int = 2, passes: Int = 1,
    gradients: GradientKind = .sums
  ) throws -> Outcome {
    let engine = CPUEngine(threads: threads)
    let model = try GPTNeoX(settings, type: type, gradients: gradients, engine: engine)
    model.parameters.initialize(seed: 7)
    let space = try model.makeWorkspace(batch: 2, length: 20, training: true)
    var loss = 0.0
    for _ in 0..<passes {
      model.parameters.clearGradients()
      loss = try CrossEntropy().run(
        batch, on: model, in: space, gradientScale: 1,
        dropout: DropoutSeed(seed: 1, iteration: 2, microBatch: 3)
      ).loss
    }
    return Outcome(loss: loss, gradients: model.parameters.gradients.map(engine.numbers))
  }

  @Test(
    "a fixed number of threads gives the same bits", arguments: [ScalarType.float32, .bfloat16])
  func sameBits(type: ScalarType) throws {
    let first = try Self.run(Self.settings(), type: type)
    #expect(try Self.run(Self.settings(), type: type) == first)
    // Passes leave nothing behind that the next would see.
    #expect(try Self.run(Self.settings(), type: type, passes: 3) == first)
  }

  @Test("one and two threads differ by rounding", arguments: [ScalarType.float32, .float16])
  func threads(type: ScalarType) throws {
    let one = try Self.run(Self.settings(), type: type, threads: 1)
    let tolerance = type == .float32 ? 1e-5 : 2e-2
    for threads in [2, 3] {
      let more = try Self.run(Self.settings(), type: type, threads: threads)
      #expect(abs(one.loss - more.loss) < tolerance * one.loss)
      for (first, second) in zip(one.gradients, more.gradients) {
        #expect(relativeDifference(first, second) < tolerance)
      }
    }
  }

  @Test("recomputed layers give the same bits", arguments: [1, 2, 3, 4])
  func recomputed(layersOfGroup: Int) throws {
    let kept = try Self.run(Self.settings(layers: 4))
    var settings = Self.settings(layers: 4)
    settings.checkpointedLayers = layersOfGroup
    #expect(try Self.run(settings) == kept)
  }

  @Test("recomputing groups of layers takes less memory, where groups hold only layers")
  func recomputedGroups() throws {
    var settings = Self.settings(layers: 8)
    // Modules: embedding, transpose, eight layers, transpose, norm, head.
    let expected: [Int: [(Range<Int>, Bool)]] = [
      2: [(0..<2, true), (2..<4, true), (4..<6, true), (6..<8, true)],
      3: [(0..<1, false), (1..<4, true), (4..<7, true), (7..<8, false)],
    ]
    for (size, groups) in expected {
      settings.checkpointedLayers = size
      let found = LayerGroup.groups(settings)
      #expect(found == groups.map { LayerGroup(layers: $0.0, isRecomputed: $0.1) })
    }
    let engine = CPUEngine(threads: 1)
    func bytes(_ size: Int?) throws -> Int {
      settings.checkpointedLayers = size
      return try GPTNeoX(settings, engine: engine).makeWorkspace(
        batch: 2, length: 20, training: true
      ).byteCount
    }
    #expect(try bytes(1) * 2 < bytes(nil))
  }

  @Test("evaluation gives the loss of a pass without gradients")
  func evaluation() throws {
    let engine = CPUEngine(threads: 2)
    let model = try GPTNeoX(Self.settings(), engine: engine)
    model.parameters.initialize(seed: 7)
    let training = try model.makeWorkspace(batch: 2, length: 20, training: true)
    let evaluating = try model.makeWorkspace(batch: 2, length: 20, training: false)
    let objective = CrossEntropy()
    let first = try objective.run(
      Self.batch, on: model, in: training, gradientScale: 1, dropout: nil)
    let second = try objective.run(
      Self.batch, on: model, in: evaluating, gradientScale: nil, dropout: nil)
    #expect(first.loss == second.loss)
    #expect(evaluating.byteCount * 2 < training.byteCount)
  }

  @Test(
    "gradients of the whole model, along random directions",
    arguments: [
      ModelSettings.NormKind.layerNorm, .rmsNorm, .scaleNorm,
    ], [false, true])
  func wholeGradient(norm: ModelSettings.NormKind, isParallel: Bool) throws {
    var settings = Self.settings()
    settings.norm = norm
    settings.isParallel = isParallel
    settings.sharesNorm = isParallel && norm == .rmsNorm
    settings.head = norm == .layerNorm ? .tied : .untied
    settings.hasAttentionBias = norm != .rmsNorm
    let engine = CPUEngine(threads: 2)
    let model = try GPTNeoX(settings, engine: engine)
    model.parameters.initialize(seed: 3)
    let space = try model.makeWorkspace(batch: 2, length: 20, training: true)
    func loss(_ scale: Float?) throws -> Double {
      try CrossEntropy().run(
        Self.batch, on: model, in: space, gradientScale: scale,
        dropout: DropoutSeed(seed: 1, iteration: 1, microBatch: 1)
      ).loss
    }
    _ = try loss(1)
    for (index, parameter) in model.parameters.parameters.enumerated() {
      let gradient = engine.numbers(of: model.parameters.gradients[index])
      let start = engine.numbers(of: model.parameters.masters[index])
      let length = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      guard length > 1e-4 else { continue }
      // Along the gradient itself the slope is its length.
      let step = 3e-3 / max(1, length)
      func moved(_ amount: Double) throws -> Double {
        let numbers = zip(start, gradient).map { $0 + Float(amount / length) * $1 }
        engine.write(numbers.span, to: model.parameters.masters[index])
        return try loss(nil)
      }
      let slope = (try moved(step) - moved(-step)) / (2 * step)
      engine.write(start.span, to: model.parameters.masters[index])
      #expect(
        abs(slope - length) < 0.02 * length + 1e-3, "\(parameter.name): \(slope), \(length)")
    }
  }

  @Test(
    "tokens in pieces, with a cache, give what they give at once",
    arguments: [
      ModelSettings.Positions.none, .learned(count: 22, offset: 2), .sinusoidal,
      .rotary(width: 4, base: 10000), .relativeBias(buckets: 8, maximumDistance: 16), .alibi,
    ])
  func cache(positions: ModelSettings.Positions) throws {
    var settings = Self.settings()
    settings.positions = positions
    let engine = CPUEngine(threads: 2)
    let model = try GPTNeoX(settings, engine: engine)
    model.parameters.initialize(seed: 4)
    let whole = try model.makeWorkspace(batch: 2, length: 20, training: false)
    let tokens = Self.batch.tokens
    engine.write(tokens.span, to: whole.tokens)
    model.forward(whole)
    let expected = engine.numbers(of: whole.output)
    let cache = try model.makeCache(batch: 2)
    for (start, length) in [(0, 11), (11, 1), (12, 8)] {
      let space = try model.makeWorkspace(batch: 2, length: length, training: false)
      var ids: [Int32] = []
      var rows: [Float] = []
      for first in [start, 20 + start] {
        ids += tokens[first..<first + length]
        rows += expected[first * 24..<(first + length) * 24]
      }
      engine.write(ids.span, to: space.tokens)
      try model.forward(space, cache: cache)
      #expect(relativeDifference(engine.numbers(of: space.output), rows) < 1e-5)
    }
    #expect(cache.count == 20)
    let more = try model.makeWorkspace(batch: 2, length: 1, training: false)
    #expect(throws: TrainError.self) { try model.forward(more, cache: cache) }
    cache.count = 19
    try model.forward(more, cache: cache)
  }

  @Test("an empty mask gives no loss and no gradient")
  func emptyMask() throws {
    let engine = CPUEngine(threads: 1)
    let model = try GPTNeoX(Self.settings(), engine: engine)
    model.parameters.initialize(seed: 7)
    let space = try model.makeWorkspace(batch: 2, length: 20, training: true)
    var batch = Self.batch
    batch.lossMask = [Float](repeating: 0, count: 40)
    let result = try CrossEntropy().run(
      batch, on: model, in: space, gradientScale: 1, dropout: nil)
    #expect(result.loss == 0)
    for gradient in model.parameters.gradients {
      #expect(engine.numbers(of: gradient).allSatisfy { $0 == 0 })
    }
  }

  @Test("what cannot enter the model is an error")
  func errors() throws {
    let engine = CPUEngine(threads: 1)
    let model = try GPTNeoX(Self.settings(), engine: engine)
    let space = try model.makeWorkspace(batch: 2, length: 20, training: false)
    var batch = Self.batch
    batch.tokens[3] = 50
    #expect(throws: TrainError.self) {
      try CrossEntropy().run(batch, on: model, in: space, gradientScale: nil, dropout: nil)
    }
    #expect(throws: TrainError.self) {
      try model.makeWorkspace(batch: 1, length: 21, training: false)
    }
    var settings = Self.settings()
    settings.headCount = 5
    #expect(throws: TrainError.self) { try GPTNeoX(settings, engine: engine) }
  }
}
