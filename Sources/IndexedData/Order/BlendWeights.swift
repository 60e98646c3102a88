internal import Glibc

/// How GPT-NeoX shares samples out among datasets.
package enum BlendWeights {
  /// Weights that add up to one, and the samples each dataset must have for `samples` in all: its
  /// share and half a per cent more.
  ///
  /// - Precondition: at least one weight, none negative, not all zero.
  package static func shares(
    _ weights: [Double], samples: Int
  ) -> (weights: [Double], counts: [Int]) {
    let sum = weights.reduce(0, +)
    let normalized = weights.map { $0 / sum }
    return (normalized, normalized.map { Int((Double(samples) * $0 * 1.005).rounded(.up)) })
  }

  /// Weights by numbers of documents, raised to `alpha` and then damped by what each holds.
  ///
  /// - Precondition: at least one count, none negative, not all zero.
  package static func byDocumentCount(_ counts: [Int], alpha: Double) -> [Double] {
    guard counts.count > 1 else { return [1] }
    let shares = normalized(counts.map(Double.init))
    let raised = normalized(shares.map { pow($0, alpha) })
    return normalized(zip(raised, shares).map { $0 * (1 - $1) })
  }

  private static func normalized(_ numbers: [Double]) -> [Double] {
    let sum = numbers.reduce(0, +)
    return numbers.map { $0 / sum }
  }

  /// The sum of numbers in the order in which NumPy adds them: pairwise.
  package static func pairwiseSum(_ numbers: ArraySlice<Double>) -> Double {
    let start = numbers.startIndex
    let count = numbers.count
    if count < 8 { return numbers.reduce(0, +) }
    if count > 128 {
      let half = count / 2 / 8 * 8
      return pairwiseSum(numbers.prefix(half)) + pairwiseSum(numbers.dropFirst(half))
    }
    var sums = Array(numbers.prefix(8))
    let whole = count / 8 * 8
    for place in stride(from: 8, to: whole, by: 8) {
      for lane in 0..<8 { sums[lane] += numbers[start + place + lane] }
    }
    let sum =
      ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
    return numbers.dropFirst(whole).reduce(sum, +)
  }
}
