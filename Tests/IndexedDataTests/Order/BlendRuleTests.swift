import TestSupport
import Testing

@testable import IndexedData

@Suite("Blends drawn block by block")
struct BlendRuleTests {
  /// GPT-NeoX's rule, one sample after another over all datasets.
  private func oracle(_ weights: [Double], count: Int) -> [Int] {
    let sum = BlendWeights.pairwiseSum(weights[...])
    let shares = weights.map { $0 / sum }
    var taken = [Double](repeating: 0, count: weights.count)
    return (0..<count).map { place in
      let samples = Double(max(place, 1))
      var choice = 0
      for dataset in 1..<shares.count
      where shares[dataset] * samples - taken[dataset] > shares[choice] * samples - taken[choice] {
        choice = dataset
      }
      taken[choice] += 1
      return choice
    }
  }

  private func check(_ weights: [Double], count: Int, _ comment: Comment) {
    let expected = oracle(weights, count: count)
    let blend = Blend(weights: weights, count: count)
    var taken = [Int](repeating: 0, count: weights.count)
    for (index, dataset) in expected.enumerated() {
      let place = blend[index]
      guard place.dataset == dataset, place.sample == taken[dataset] else {
        Issue.record("\(comment): sample \(index) is \(place), not \(dataset), \(taken[dataset])")
        return
      }
      taken[dataset] += 1
    }
    // Another blend is asked from behind first.
    let other = Blend(weights: weights, count: count)
    #expect(other[count - 1].dataset == expected[count - 1], comment)
    #expect(weights.indices.map { other.taken(from: $0, first: count) } == taken, comment)
    for index in stride(from: 0, to: count, by: 997) {
      let place = other[index]
      #expect(place.dataset == expected[index], comment)
      #expect(other.index(of: place.sample, from: place.dataset) == index, comment)
    }
    for dataset in weights.indices.prefix(5) {
      #expect(other.index(of: taken[dataset], from: dataset) == nil, comment)
    }
  }

  @Test("two datasets", arguments: [0.5, 0.3, 1e-4, 1.0 / 3, 0, 1])
  func two(first: Double) {
    check([first, 1 - first], count: 9001, "\(first)")
  }

  @Test("few and many datasets with weights of any kind", arguments: 0..<24 as Range<UInt64>)
  func many(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let datasetCount = [3, 8, 32, 33, 64, 200, 700, 1500][Int(seed % 8)]
    let weights = (0..<datasetCount).map { _ in
      switch seed / 8 {
      case 0: return Double(Int.random(in: 1...7, using: &random))
      case 1: return Double.random(in: 0...1, using: &random)
      default:
        let weight = Double.random(in: 0...1, using: &random)
        return weight < 0.1 ? 0 : weight * weight * weight * weight * weight
      }
    }
    check(weights, count: 9001, "seed \(seed)")
  }

  @Test("thousands of equal datasets take turns")
  func equal() {
    let blend = Blend(weights: [Double](repeating: 1, count: 5000), count: 12_000)
    for index in stride(from: 0, to: 12_000, by: 331) {
      #expect(blend[index] == (index % 5000, index / 5000))
    }
  }
}
