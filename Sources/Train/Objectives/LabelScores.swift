internal import Glibc

/// The log-probabilities that a model gives the labels of a micro batch, and their gradients.
///
/// They are made in float32 and for a few rows of logits at a time, so that memory does not grow
/// with the vocabulary; a gradient makes the logits once more.
struct LabelScores {
  let model: GPTNeoX
  let space: ModelWorkspace

  /// Runs the model; the log-probability of each label, rows × columns.
  func run(dropout: DropoutSeed?) -> [Float] {
    model.forward(space, dropout: dropout)
    model.engine.labelLogProbabilities(
      hidden: space.output, weight: model.head.value, labels: space.labels,
      workspace: space.logits, into: space.logProbabilities, gradient: nil)
    return model.engine.numbers(of: space.logProbabilities)
  }

  /// Adds the gradients of −Σ coefficient · log-probability, after ``run(dropout:)``.
  func backward(_ coefficients: [Float]) {
    model.engine.write(coefficients.span, to: space.coefficients)
    model.engine.labelLogProbabilities(
      hidden: space.output, weight: model.head.value, labels: space.labels,
      workspace: space.logits, into: space.logProbabilities,
      gradient: HeadGradient(
        coefficients: space.coefficients, hidden: space.outputGradient,
        weight: model.head.gradient))
    model.backward(space)
  }
}

extension Batch {
  /// How many labels of each row are trained.
  var trainedCounts: [Int] {
    (0..<rowCount).map { row in
      lossMask[row * columnCount..<(row + 1) * columnCount].count { $0 != 0 }
    }
  }

  /// Σ mask · value of each row.
  func maskedSums(_ values: [Float]) -> [Double] {
    (0..<rowCount).map { row in
      var sum = 0.0
      for place in row * columnCount..<(row + 1) * columnCount where lossMask[place] != 0 {
        sum += Double(values[place]) * Double(lossMask[place])
      }
      return sum
    }
  }

  /// Each token's mask times a factor of its row.
  func maskedFactors(_ factors: [Double]) -> [Float] {
    var result = lossMask
    for row in 0..<rowCount {
      let factor = Float(factors[row])
      for place in row * columnCount..<(row + 1) * columnCount { result[place] *= factor }
    }
    return result
  }
}

/// 1 / (1 + e⁻ˣ), without overflow.
func sigmoid(_ x: Double) -> Double {
  x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
}

/// −log σ(x), without overflow.
func negativeLogSigmoid(_ x: Double) -> Double {
  max(-x, 0) + log1p(exp(-abs(x)))
}

extension [Double] {
  /// The mean; 0 of nothing.
  var mean: Double { isEmpty ? 0 : reduce(0, +) / Double(count) }
}
