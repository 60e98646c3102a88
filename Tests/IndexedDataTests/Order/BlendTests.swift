import Foundation
import TestSupport
import Testing

@testable import IndexedData

/// Figures of GPT-NeoX itself.
@Suite("Blends")
struct BlendTests {
  @Test(
    "samples for each dataset",
    arguments: [
      ([1], 1000, [1], [1005]), ([1, 1], 1000, [0.5, 0.5], [503, 503]),
      ([1, 2, 3], 100, [0.16666666666666666, 0.3333333333333333, 0.5], [17, 34, 51]),
      ([0.3, 0.7], 12345, [0.3, 0.7], [3723, 8685]),
      ([0.1, 0.2, 0.7], 10, [0.1, 0.2, 0.7], [2, 3, 8]),
      ([1.0 / 3, 2.0 / 3], 3200, [1.0 / 3, 2.0 / 3], [1072, 2144]),
      ([0.3, 0.7], 800, [0.3, 0.7], [242, 563]), ([3, 1], 40, [0.75, 0.25], [31, 11]),
      ([0.2, 0.5, 0.3], 1000, [0.2, 0.5, 0.3], [201, 503, 302]),
    ] as [([Double], Int, [Double], [Int])])
  func shares(weights: [Double], samples: Int, normalized: [Double], counts: [Int]) {
    let shares = BlendWeights.shares(weights, samples: samples)
    #expect(shares.weights == normalized)
    #expect(shares.counts == counts)
  }

  @Test(
    "weights by number of documents",
    arguments: [
      ([10], 0.3, [1]), ([10, 90], 1, [0.5000000000000001, 0.49999999999999994]),
      ([10, 90], 0.3, [0.823182122369588, 0.17681787763041204]),
      ([10, 90], 0, [0.9, 0.09999999999999998]),
      ([1, 10, 100], 1, [0.04954954954954956, 0.454954954954955, 0.49549549549549543]),
      ([1, 10, 100], 0.3, [0.30958594962596214, 0.5671656639253285, 0.12324838644870927]),
      ([1, 10, 100], 0, [0.49549549549549543, 0.4549549549549549, 0.04954954954954953]),
      ([40, 37], 0.3, [0.48636011529065215, 0.5136398847093478]),
      ([40, 37], 1, [0.5000000000000001, 0.5]),
      ([10, 1000, 50], 0.3, [0.3588851021032976, 0.08164270431551243, 0.5594721935811899]),
    ] as [([Int], Double, [Double])])
  func byDocumentCount(counts: [Int], alpha: Double, expected: [Double]) {
    #expect(BlendWeights.byDocumentCount(counts, alpha: alpha) == expected)
  }

  @Test("the second normalisation adds as NumPy does")
  func pairwise() {
    let harmonic = (0..<20).map { 1 / Double($0 + 1) }
    let sum = harmonic.reduce(0, +)
    let weights = harmonic.map { $0 / sum }
    #expect(weights.reduce(0, +) == 1)
    #expect(BlendWeights.pairwiseSum(weights[...]) == 0.9999999999999998)
    #expect(weights[0] == 0.2779522965244017)
    #expect(weights[0] / BlendWeights.pairwiseSum(weights[...]) == 0.27795229652440173)
    // Whole numbers add up to the same in any order.
    for count in [0, 1, 7, 8, 9, 127, 128, 129, 1000, 1025] {
      let numbers = (0..<count).map(Double.init)
      #expect(BlendWeights.pairwiseSum(numbers[...]) == Double(count * (count - 1) / 2))
    }
  }

  @Test(
    "which dataset and which of its samples",
    arguments: [
      ([0.5, 0.5], [0, 1, 0, 1, 0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]),
      (
        [0.1, 0.2, 0.7], [2, 1, 2, 0, 2, 2, 1, 2, 2, 2, 0, 2, 1, 2, 2, 2, 1, 2, 2, 2],
        [0, 0, 1, 0, 2, 3, 1, 4, 5, 6, 1, 7, 2, 8, 9, 10, 3, 11, 12, 13]
      ),
      (
        [1.0 / 3, 1.0 / 3, 1.0 / 3], [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2],
        [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
      ),
      ([0.25, 0.75], [1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1], [0, 0, 1, 2, 1, 3, 4, 5, 2, 6, 7, 8]),
      ([0, 1], [1, 0, 1, 1, 1], [0, 0, 1, 2, 3]), ([1], [0, 0, 0], [0, 1, 2]),
      (
        [0.3, 0.7], [1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1],
        [0, 0, 1, 2, 1, 3, 4, 2, 5, 6, 3, 7, 8, 9, 4, 10]
      ),
    ] as [([Double], [Int], [Int])])
  func choices(weights: [Double], datasets: [Int], samples: [Int]) {
    let blend = Blend(weights: weights, count: datasets.count)
    #expect(datasets.indices.map { blend[$0].dataset } == datasets)
    #expect(datasets.indices.map { blend[$0].sample } == samples)
  }

  @Test("counting from the nearest block gives each dataset its samples one by one")
  func blocks() {
    let blend = Blend(weights: [0.05, 0.35, 0.6], count: 20_000)
    var taken = [0, 0, 0]
    for index in 0..<20_000 {
      let (dataset, sample) = blend[index]
      #expect(sample == taken[dataset])
      taken[dataset] += 1
    }
    #expect(taken == [1000, 7000, 12_000])
  }
}
