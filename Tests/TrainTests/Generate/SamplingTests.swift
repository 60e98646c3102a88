import Foundation
import TestSupport
import Testing

@testable import Train

@Suite("Choosing tokens")
struct SamplingTests {
  private let logits: [Float] = [1, 3, 2, 3, -1, 0]

  /// How often each token is drawn, over evenly spread chances.
  private func shares(_ sampling: Sampling, _ logits: [Float]) -> [Double] {
    var counts = [Double](repeating: 0, count: logits.count)
    let draws = 20_000
    for draw in 0..<draws {
      counts[sampling.choose(logits, chance: (Double(draw) + 0.5) / Double(draws))] += 1
    }
    return counts.map { $0 / Double(draws) }
  }

  private func softmax(_ logits: [Float], _ temperature: Double = 1) -> [Double] {
    let weights = logits.map { exp(Double($0) / temperature) }
    return weights.map { $0 / weights.reduce(0, +) }
  }

  private func expect(_ found: [Double], _ wanted: [Double]) {
    #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 2e-4 }, "\(found), not \(wanted)")
  }

  @Test("without rules the likeliest token is taken, of equals the first")
  func greedy() {
    for chance in [0, 0.3, 0.999] { #expect(Sampling().choose(logits, chance: chance) == 1) }
    #expect(Sampling().choose([-.infinity, -.infinity], chance: 0.5) == 0)
  }

  @Test("logits are divided by the temperature", arguments: [0.5, 1, 3])
  func temperature(value: Double) {
    expect(shares(Sampling(temperature: value), logits), softmax(logits, value))
  }

  @Test("tokens below the k-th are left out, those as likely stay")
  func topK() {
    // The first of two equals is the first of all: with k of 1 both stay.
    expect(shares(Sampling(topK: 1), logits), [0, 0.5, 0, 0.5, 0, 0])
    let three = softmax([3, 2, 3])
    expect(shares(Sampling(topK: 3), logits), [0, three[0], three[1], three[2], 0, 0])
    expect(shares(Sampling(topK: 100), logits), softmax(logits))
  }

  @Test("tokens after a sum of probabilities above p are left out, never the first")
  func topP() {
    let even: [Float] = [0, 0, 0, 0]
    // Sums before the tokens: 0, 1/4, 1/2, 3/4; what equals p stays.
    expect(shares(Sampling(topP: 0.5), even), [1.0 / 3, 1.0 / 3, 1.0 / 3, 0])
    expect(shares(Sampling(topP: 0.49), even), [0.5, 0.5, 0, 0])
    expect(shares(Sampling(topP: 1e-9), logits), [0, 1, 0, 0, 0, 0])
    expect(shares(Sampling(topP: 1), logits), softmax(logits))
  }

  @Test("probabilities are those that top k has left, at the temperature")
  func both() {
    // Of [3, 3, 2] at temperature 0.5 the last has a share of e^-4 / (2 + e^-4): below 1 %.
    expect(
      shares(Sampling(temperature: 0.5, topK: 3, topP: 0.9), logits), [0, 0.5, 0, 0.5, 0, 0])
  }

  @Test("tokens without any probability are never drawn")
  func impossible() {
    let logits: [Float] = [-.infinity, 0, -.infinity]
    #expect(shares(Sampling(temperature: 1), logits) == [0, 1, 0])
    #expect(Sampling(topK: 3).choose(logits, chance: 0.9999999999999999) == 1)
  }
}
