import Foundation
import Testing

@testable import Train

@Suite("Objectives of preferences and rewards")
struct PreferenceObjectiveTests {
  static let length = 12

  static func settings(reward: Bool = false) -> ModelSettings {
    var settings = ModelSettings(
      layerCount: 2, hiddenSize: 16, headCount: 2, vocabularySize: 40, sequenceLength: length)
    settings.positions = .rotary(width: 4, base: 10000)
    settings.initializationDeviation = 0.4
    settings.head = reward ? .reward : .untied
    return settings
  }

  static func model(seed: UInt64, reward: Bool = false) throws -> GPTNeoX {
    let model = try GPTNeoX(settings(reward: reward), engine: CPUEngine(threads: 2))
    model.parameters.initialize(seed: seed)
    return model
  }

  /// Rows with different prompts, and answers of different lengths behind them.
  static func batch(rows: Int, rewards: [Float] = []) -> Batch {
    var batch = Batch(rowCount: rows, columnCount: length, hasRewards: !rewards.isEmpty)
    for row in 0..<rows {
      for column in 0..<length {
        let place = row * length + column
        batch.tokens[place] = Int32((place * place * 7 + row * 3 + 1) % 40)
        let isTrained = column >= 3 + row % 3 && column < 8 + row % 4
        batch.lossMask[place] = isTrained ? 1 : 0
        batch.labels[place] = isTrained ? Int32((place * place * 7 + place * 5 + 4) % 40) : 0
        if !rewards.isEmpty, column < 9 { batch.rewards[place] = rewards[row] }
      }
    }
    return batch
  }

  static let kto = KahnemanTverskySettings(
    beta: 0.5, desirableWeight: 1.25, undesirableWeight: 0.75)

  /// The objectives, each with a batch and the policy it is tried on.
  static func objective(
    _ name: String
  ) throws -> (objective: any Objective, batch: Batch, policy: GPTNeoX) {
    let policy = try model(seed: 3, reward: name == "rm")
    func reference(_ rows: Int) throws -> ReferenceModel {
      try ReferenceModel(model(seed: 4), rows: rows, length: length)
    }
    switch name {
    case "dpo":
      return (
        DirectPreference(beta: 0.3, reference: .model(try reference(4))), batch(rows: 4), policy
      )
    case "dpo without reference":
      return (DirectPreference(beta: 0.3, reference: nil), batch(rows: 4), policy)
    case "rm": return (RewardModel(squaredValueWeight: 0.1), batch(rows: 4), policy)
    case "kto, one row":
      return (
        KahnemanTversky(kto, reference: .model(try reference(1))),
        batch(rows: 1, rewards: [-1]), policy
      )
    default:
      return (
        try PublishedKahnemanTversky(
          kto, reference: reference(4), policy: policy, rows: 4),
        batch(rows: 4, rewards: [1, -1, 1, -1]), policy
      )
    }
  }

  @Test(
    "gradients are the slopes of the loss",
    arguments: ["dpo", "dpo without reference", "rm", "kto, one row"])
  func gradients(name: String) throws {
    let (objective, batch, model) = try Self.objective(name)
    let space = try model.makeWorkspace(
      batch: batch.rowCount, length: Self.length, training: true)
    let engine = model.engine
    func loss() throws -> Double {
      try objective.run(batch, on: model, in: space, gradientScale: nil, dropout: nil).loss
    }
    model.parameters.clearGradients()
    let first = try objective.run(
      batch, on: model, in: space, gradientScale: 1, dropout: nil)
    #expect(first.loss.isFinite)
    #expect(try loss() == first.loss)
    let gradients = model.parameters.gradients.map(engine.numbers)
    let masters = model.parameters.masters.map(engine.numbers)
    // Along the gradient itself the slope is its square: every parameter takes part at once.
    let square = gradients.joined().reduce(0.0) { $0 + Double($1) * Double($1) }
    try #require(square > 0)
    let step = Float(2e-3 / square.squareRoot())
    func move(_ factor: Float) {
      for (index, master) in model.parameters.masters.enumerated() {
        let moved = zip(masters[index], gradients[index]).map { $0 + factor * $1 }
        engine.write(moved.span, to: master)
      }
      model.parameters.refreshValues()
    }
    move(step)
    let above = try loss()
    move(-step)
    let below = try loss()
    let slope = (above - below) / Double(2 * step)
    #expect(abs(slope - square) < 0.02 * square, "\(name): slope \(slope), gradients \(square)")
  }

  @Test("the published form holds its estimate of the divergence fixed")
  func publishedGradients() throws {
    let (objective, batch, model) = try Self.objective("kto published")
    let space = try model.makeWorkspace(batch: 4, length: Self.length, training: true)
    model.parameters.clearGradients()
    let result = try objective.run(
      batch, on: model, in: space, gradientScale: 1, dropout: nil)
    let estimate = try #require(result.metrics.last)
    #expect(estimate.name == "kl_estimate" && estimate.value >= 0)
    // By hand, from the sums.
    let figures = KahnemanTverskyFigures(
      batch, rewards: batch.rewardSigns,
      policy: model.engine.numbers(of: space.logProbabilities),
      reference: try ReferenceModel(Self.model(seed: 4), rows: 4, length: Self.length)
        .logProbabilities(batch), settings: Self.kto)
    var expected = 0.0
    for (row, isGood) in [true, false, true, false].enumerated() {
      let gain = 0.5 * (figures.ratios[row] - estimate.value)
      expected += isGood ? 1.25 / (1 + exp(gain)) / 4 : 0.75 / (1 + exp(-gain)) / 4
    }
    #expect(abs(result.loss - expected) < 1e-6)
    let (loss, slopes) = figures.published(Self.kto, divergence: estimate.value)
    for row in 0..<4 {
      var moved = figures
      moved.ratios[row] += 1e-4
      let change = moved.published(Self.kto, divergence: estimate.value).loss - loss
      #expect(abs(change / 1e-4 + slopes[row]) < 1e-5)
    }
  }

  @Test("the published form goes by the reward of a row's own document, not of the next one")
  func neighbours() throws {
    var batch = Self.batch(rows: 4, rewards: [1, -1, 0, -0.0004])
    // The first token of the next document, behind the row's.
    for row in 0..<4 { batch.rewards[row * Self.length + 9] = -1 + 2 * Float(row % 2) }
    #expect(batch.rewardSigns == [1, -1, 0, -1])
    #expect(batch.rewardSums[2] == -1 && batch.rewardSums[3] > 0.9)
    #expect(batch.unrewardedCount == 1)
    let zeros = [Float](repeating: -1, count: 4 * Self.length)
    let figures = KahnemanTverskyFigures(
      batch, rewards: batch.rewardSigns, policy: zeros, reference: zeros, settings: Self.kto)
    let slopes = figures.published(Self.kto, divergence: 0).slopes
    #expect(slopes[0] > 0 && slopes[1] < 0 && slopes[2] == 0 && slopes[3] == slopes[1])
  }

  @Test("GPT-NeoX's form holds the divergence of the other half fixed", arguments: [3, 4])
  func halves(rows: Int) throws {
    let batch = Self.batch(rows: rows, rewards: [1, -1, 0.5, -2].prefix(rows).map { $0 })
    let policy = [Float](repeating: -1, count: rows * Self.length)
    var figures = KahnemanTverskyFigures(
      batch, rewards: batch.rewardSums, policy: policy, reference: policy, settings: Self.kto)
    // Below zero, where the divergence does not depend on them.
    figures.ratios = [-0.4, -0.1, -0.7, -0.2].prefix(rows).map { $0 }
    let (loss, slopes) = figures.halves(Self.kto)
    // Half of 12 places: a row's temperature is 9/12 of β times its reward.
    let first = (0..<2).map { row in
      let steepness = 0.5 * [1, -1][row] * 9 / 12
      return 1 - 1 / (1 + exp(-steepness * figures.ratios[row]))
    }
    let second = (2..<rows).map { row in
      let steepness = 0.5 * [0.5, -2][row - 2] * 9 / 12
      return 1 - 1 / (1 + exp(-steepness * figures.ratios[row]))
    }
    let weights = (1.0, rows == 4 ? 1.0 : 1.25)
    #expect(abs(loss - 0.5 * weights.0 * first.mean - 0.5 * weights.1 * second.mean) < 1e-12)
    for row in 0..<rows {
      var moved = figures
      moved.ratios[row] += 1e-5
      #expect(abs((moved.halves(Self.kto).loss - loss) / 1e-5 + slopes[row]) < 1e-5)
    }
  }

  @Test("mismatched pairs have each prompt with another answer, never a row's own")
  func mismatched() throws {
    var batch = Self.batch(rows: 3)
    let (pairs, rows) = try #require(batch.mismatched())
    #expect(rows == [0, 1, 2])
    for row in 0..<3 {
      let other = (row + 1) % 3
      let (end, start) = (3 + row, 3 + other)
      let (first, from) = (row * Self.length, other * Self.length)
      #expect(pairs.tokens[first...first + end] == batch.tokens[first...first + end])
      let count = pairs.trainedCounts[row]
      #expect(count == min(5 + (other % 4) - other % 3, Self.length - end))
      #expect(
        pairs.labels[first + end..<first + end + count]
          == batch.labels[from + start..<from + start + count])
    }
    // Three rows with the same answer: there is nothing to estimate from.
    for row in 1..<3 {
      for column in 0..<Self.length {
        let place = row * Self.length + column
        batch.labels[place] = batch.labels[column]
        batch.lossMask[place] = batch.lossMask[column]
      }
    }
    #expect(batch.mismatched() == nil)
    #expect(Self.batch(rows: 1).mismatched() == nil)
  }

  @Test("with the policy as its own reference the first loss is ln 2, and nothing is preferred")
  func firstLoss() throws {
    let policy = try Self.model(seed: 3)
    let reference = try ReferenceModel(policy, rows: 4, length: Self.length)
    let space = try policy.makeWorkspace(batch: 4, length: Self.length, training: true)
    let result = try DirectPreference(beta: 0.1, reference: .model(reference)).run(
      Self.batch(rows: 4), on: policy, in: space, gradientScale: 1,
      dropout: DropoutSeed(seed: 1, iteration: 0, microBatch: 0))
    #expect(abs(result.loss - log(2)) < 1e-6)
    #expect(result.metrics.suffix(4).allSatisfy { $0.value == 0 })
  }

  @Test("the figures of one pair, by hand")
  func byHand() {
    let pairs = PreferencePairs(beta: 0.1, policy: [-10, -12], reference: [-11, -11.5])
    #expect(abs(pairs.result.loss - 0.620957) < 1e-6)
    let names = pairs.result.metrics.map(\.name)
    #expect(
      names == [
        "ref_neg", "ref_pos", "chosen_neg", "chosen_pos", "chosen_rewards", "rejected_rewards",
        "reward_acc", "margins",
      ])
  }

  @Test("precomputed log-probabilities give what the model gives")
  func precomputed() throws {
    var batch = Self.batch(rows: 4, rewards: [1, -1, 1, -1])
    let policy = try Self.model(seed: 3)
    let reference = try ReferenceModel(Self.model(seed: 4), rows: 4, length: Self.length)
    let space = try policy.makeWorkspace(batch: 4, length: Self.length, training: true)
    func loss(_ scores: ReferenceScores) throws -> Double {
      try KahnemanTversky(Self.kto, reference: scores).run(
        batch, on: policy, in: space, gradientScale: nil, dropout: nil
      ).loss
    }
    let expected = try loss(.model(reference))
    batch.references = try reference.logProbabilities(batch)
    #expect(try loss(.precomputed) == expected)
  }
}
