import TestSupport
import Testing

@testable import IndexedData

@Suite("Stable blends")
struct StableBlendTests {
  /// Draws samples from `start` on and checks that each prefix has its shares.
  private func check(_ weights: [Double], _ range: Range<Int>) {
    let sum = weights.reduce(0, +)
    let shares = weights.map { $0 / sum }
    let blend = StableBlend(weights: weights)
    var taken = weights.indices.map { dataset in
      // What was drawn before is told by the next sample of the dataset.
      range.lowerBound == 0
        ? 0
        : (range.lowerBound...).lazy.map { blend[$0] }.first { $0.dataset == dataset }?.sample ?? 0
    }
    var worst = 0.0
    for index in range {
      let (dataset, sample) = blend[index]
      guard sample == taken[dataset] else {
        Issue.record("\(weights): sample \(index) is \(sample), not \(taken[dataset])")
        return
      }
      taken[dataset] += 1
      for (count, share) in zip(taken, shares) {
        worst = max(worst, abs(Double(count) - share * Double(index + 1)))
      }
    }
    #expect(worst < 1, "\(weights)")
  }

  @Test("at every prefix each dataset has its share within less than one sample")
  func shares() {
    for weights in [
      [1], [0.3, 0.7], [1, 1, 1], [0.1, 0.2, 0.7], [1e-9, 1], [0.5, 0.25, 0.125, 0.125],
      [Double(2).squareRoot(), Double(3).squareRoot(), 1], [Double](repeating: 1, count: 254),
      (1...40).map { 1 / Double($0) }, [0.9] + [Double](repeating: 0.01, count: 10), [0, 1, 0, 2],
    ] {
      check(weights, 0..<12_000)
    }
    for seed: UInt64 in 0..<60 {
      var random = SeededGenerator(seed: seed)
      let weights = (0..<Int.random(in: 2...14, using: &random)).map { _ in
        let weight = Double.random(in: 0...1, using: &random)
        return seed % 2 == 0 ? weight : weight * weight * weight * weight
      }
      check(weights, 0..<9000)
    }
  }

  @Test("far away too")
  func far() {
    check([0.3, 0.7], 1_000_000_000..<1_000_005_000)
    check([3, 5, 7, 11], (1 << 39)..<((1 << 39) + 5000))
    check([Double(2).squareRoot(), Double(3).squareRoot(), 1], 1_000_000..<1_005_000)
  }

  @Test("shares that are fractions repeat, and any sample is found from the beginning")
  func periods() {
    #expect(StableBlend(weights: [0.3, 0.7]).total == 10)
    // What is beyond any run is not found, however small the share.
    #expect(
      StableBlend(weights: [1e-15, Double(2).squareRoot()]).index(of: .max - 1, from: 0) == nil)
    #expect(StableBlend(weights: [1, 2]).index(of: .max - 1, from: 0) == nil)
    #expect(StableBlend(weights: [1, 1, 1]).total == 3)
    #expect(StableBlend(weights: [2, 0.5, 0.25]).total == 11)
    #expect(StableBlend(weights: [1.0 / 3, 2.0 / 3]).total == 3)
    #expect(StableBlend(weights: [0, 5]).total == 1)
    let odd = StableBlend(weights: [Double(2).squareRoot(), 1])
    #expect(odd.total == 1 << 52 && odd.parts.reduce(0, +) == 1 << 52)
    #expect(odd.parts.allSatisfy { $0 > 0 })
  }

  @Test("the same in whatever order samples are asked for")
  func seeking() {
    for weights in [[0.31, 0.29, 0.4], [Double(3).squareRoot(), 1, 0.01]] {
      let forward = StableBlend(weights: weights)
      let places = (0..<30_000).map { forward[$0] }
      let other = StableBlend(weights: weights)
      var random = SeededGenerator(seed: 3)
      for _ in 0..<300 {
        let index = Int.random(in: 0..<30_000, using: &random)
        #expect(other[index] == places[index])
        let (dataset, sample) = places[index]
        #expect(other.index(of: sample, from: dataset) == index)
        #expect(other.taken(from: dataset, first: index) == sample)
        #expect(other.taken(from: dataset, first: index + 1) == sample + 1)
      }
    }
  }

  @Test("a dataset of no weight is never drawn")
  func noWeight() {
    let blend = StableBlend(weights: [0, 1, 0, 2])
    #expect((0..<3000).allSatisfy { [1, 3].contains(blend[$0].dataset) })
  }
}
