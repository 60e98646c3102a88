import TestSupport
import Testing

@testable import Train

@Suite("Continuing tokens")
struct TokenGeneratorTests {
  private static let length = 24

  private static func model(
    _ positions: ModelSettings.Positions, type: ScalarType = .float32,
    change: (inout ModelSettings) -> Void = { _ in }
  ) throws -> GPTNeoX {
    var settings = ModelSettings(
      layerCount: 2, hiddenSize: 32, headCount: 4, vocabularySize: 64, sequenceLength: length)
    settings.positions = positions
    settings.initializationDeviation = 0.3
    change(&settings)
    let model = try GPTNeoX(settings, type: type, engine: CPUEngine(threads: 2))
    model.parameters.initialize(seed: 5)
    return model
  }

  private static func settings(
    _ change: (inout TokenGenerator.Settings) -> Void = { _ in }
  ) -> TokenGenerator.Settings {
    var settings = TokenGenerator.Settings()
    settings.sampling = Sampling(temperature: 1)
    change(&settings)
    return settings
  }

  static let positions: [ModelSettings.Positions] = [
    .none, .learned(count: 40, offset: 3), .sinusoidal, .rotary(width: 4, base: 10_000),
    .relativeBias(buckets: 8, maximumDistance: 16), .alibi,
  ]

  @Test("kept keys and values give the logits of a whole pass", arguments: positions)
  func cache(positions: ModelSettings.Positions) throws {
    for hasWindow in [false, true] {
      let model = try Self.model(positions) {
        $0.keyValueHeadCount = hasWindow ? 2 : 4
        $0.slidingWindow = hasWindow ? 6 : nil
      }
      let kept = try TokenGenerator(model, Self.settings { $0.keepsLogits = true })
      let whole = try TokenGenerator(
        model,
        Self.settings {
          $0.keepsLogits = true
          $0.recomputes = true
        })
      for (number, prompt) in [[7], [1, 2, 3, 4, 5], Array(0..<23)].enumerated() {
        let tokens = prompt.map { Int32($0) }
        let one = try kept.answer(tokens, number: number)
        let other = try whole.answer(tokens, number: number)
        #expect(one.tokens == other.tokens && one.tokens.count == Self.length - tokens.count)
        for (first, second) in zip(one.logits, other.logits) {
          #expect(zip(first, second).allSatisfy { abs($0 - $1) < 2e-4 })
        }
      }
    }
  }

  @Test("the longest answer may be any number")
  func longest() throws {
    let model = try Self.model(.none)
    let generator = try TokenGenerator(model, Self.settings { $0.maximumTokens = .max })
    #expect(try generator.answer([1, 2], number: 0).tokens.count == Self.length - 2)
  }

  @Test("an earlier prompt leaves nothing behind")
  func independent() throws {
    let model = try Self.model(.rotary(width: 8, base: 10_000))
    let generator = try TokenGenerator(model, Self.settings())
    let first = try generator.answer([1, 2, 3], number: 0)
    _ = try generator.answer([9], number: 1)
    #expect(try generator.answer([1, 2, 3], number: 0) == first)
    #expect(try TokenGenerator(model, Self.settings()).answer([1, 2, 3], number: 0) == first)
  }

  @Test("the seed and the answer's number decide what is drawn")
  func seeds() throws {
    let model = try Self.model(.none)
    func tokens(seed: UInt64, number: Int) throws -> [Int32] {
      try TokenGenerator(model, Self.settings { $0.seed = seed }).answer([3], number: number).tokens
    }
    let answers = [
      try tokens(seed: 1, number: 0), try tokens(seed: 1, number: 1),
      try tokens(seed: 2, number: 0),
    ]
    #expect(Set(answers).count == 3)
    #expect(try tokens(seed: 1, number: 1) == answers[1])
  }

  @Test("the token that ends a text is left out, even where it is 0")
  func end() throws {
    let model = try Self.model(.none)
    let greedy = Self.settings { $0.sampling = Sampling() }
    let open = try TokenGenerator(model, greedy).answer([3], number: 0)
    #expect(!open.isFinished)
    let third = open.tokens[2]
    let place = try #require(open.tokens.firstIndex(of: third))
    var ending = greedy
    ending.endOfText = third
    ending.keepsLogits = true
    let closed = try TokenGenerator(model, ending).answer([3], number: 0)
    #expect(closed.isFinished && closed.tokens == Array(open.tokens[..<place]))
    #expect(closed.logits.count == place + 1)
    // All logits equal: the first token is 0, which ends the text.
    let even = try Self.model(.none) { $0.head = .tied }
    for value in even.parameters.values { even.engine.fill(value, with: 0) }
    ending.endOfText = 0
    #expect(try TokenGenerator(even, ending).answer([3], number: 0).isFinished)
    ending.endOfText = nil
    #expect(try TokenGenerator(even, ending).answer([3], number: 0).tokens.first == 0)
  }

  @Test("answers end at the longest asked for, and where the model's sequence does")
  func limits() throws {
    let model = try Self.model(.learned(count: Self.length, offset: 0))
    let generator = try TokenGenerator(model, Self.settings { $0.maximumTokens = 5 })
    var seen: [Int32] = []
    let answer = try generator.answer([1, 2], number: 0) { seen.append($0) }
    #expect(answer.tokens.count == 5 && seen == answer.tokens)
    let prompt = [Int32](repeating: 1, count: Self.length)
    #expect(try generator.answer(Array(prompt.dropLast()), number: 0).tokens.count == 1)
    #expect(try generator.answer(prompt, number: 0) == TokenGenerator.Answer())
    #expect(throws: TrainError.self) { try generator.answer(prompt + [1], number: 0) }
    #expect(throws: TrainError.self) { try generator.answer([], number: 0) }
    #expect(throws: TrainError.self) { try generator.answer([64], number: 0) }
  }

  @Test("a model that computes no numbers is an error, and so is a reward model")
  func refused() throws {
    let model = try Self.model(.none)
    model.engine.fill(model.head.value, with: .nan)
    let generator = try TokenGenerator(model, Self.settings())
    #expect(throws: TrainError.self) { try generator.answer([1], number: 0) }
    let reward = try Self.model(.none) { $0.head = .reward }
    #expect(throws: TrainError.self) { try TokenGenerator(reward, Self.settings()) }
  }

  @Test("a model that is not for training has no room for gradients, and computes the same")
  func withoutGradients() throws {
    let model = try Self.model(.alibi)
    let lean = try GPTNeoX(model.settings, gradients: .none, engine: model.engine)
    lean.parameters.initialize(seed: 5)
    #expect(!lean.parameters.hasGradients && model.parameters.hasGradients)
    let answers = try [model, lean].map {
      try TokenGenerator($0, Self.settings { $0.keepsLogits = true }).answer([4], number: 0)
    }
    #expect(answers[0] == answers[1])
    lean.parameters.clearGradients()
    #expect(throws: TrainError.self) {
      try lean.makeWorkspace(batch: 1, length: 2, training: true)
    }
  }

  @Test("models of less precision write text too", arguments: [ScalarType.bfloat16, .float16])
  func precision(type: ScalarType) throws {
    let model = try Self.model(.rotary(width: 8, base: 10_000), type: type)
    let answer = try TokenGenerator(model, Self.settings()).answer([1, 2], number: 0)
    #expect(answer.tokens.count == Self.length - 2)
  }
}
