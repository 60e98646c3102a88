internal import Glibc

/// The log-probabilities that a model gives the labels of a micro batch, and their gradients.
///
/// They are made in float32 and for a few rows of logits at a time, so that memory does not grow
/// with the vocabulary; a gradient makes the logits once more.
struct LabelScores {
  let model: GPTNeoX
  let space: ModelWorkspace
  /// How the rows of the pass are those of the batch, where they are not the same.
  var packing: PairPacking?

  /// Runs the model; the log-probability of each label, rows × columns.
  func run(dropout: DropoutSeed?) -> [Float] {
    model.forward(space, dropout: dropout)
    model.engine.labelLogProbabilities(
      hidden: space.output, weight: model.head.value, labels: space.labels,
      workspace: space.logits, into: space.logProbabilities, gradient: nil)
    let numbers = model.engine.numbers(of: space.logProbabilities)
    return packing?.unpacked(numbers) ?? numbers
  }

  /// Adds the gradients of −Σ coefficient · log-probability, after ``run(dropout:)``.
  func backward(_ coefficients: [Float]) {
    let coefficients = packing?.packed(coefficients) ?? coefficients
    model.engine.write(coefficients.span, to: space.coefficients)
    model.engine.labelLogProbabilities(
      hidden: space.output, weight: model.head.value, labels: space.labels,
      workspace: space.logits, into: space.logProbabilities,
      gradient: HeadGradient(
        coefficients: space.coefficients, hidden: space.outputGradient,
        weight: model.head.gradient, accumulates: model.head.begin()))
    model.backward(space)
  }
}

extension LabelScores {
  /// Loads pairs; into a packed workspace, so that what two answers begin with is computed once.
  ///
  /// - Throws: ``TrainError`` when the batch cannot enter the model.
  init(
    pairs batch: Batch, on model: GPTNeoX, in space: ModelWorkspace
  ) throws(TrainError) {
    guard space.isPacked else {
      try model.load(batch, into: space)
      self.init(model: model, space: space)
      return
    }
    let packing = try PairPacking(
      batch, sequenceLength: model.settings.sequenceLength, granularity: model.rowGranularity)
    try model.checkTokens(of: batch)
    try space.arrange(packing.parts)
    model.engine.write(packing.tokens.span, to: space.tokens)
    model.engine.write(packing.labels.span, to: space.labels)
    self.init(model: model, space: space, packing: packing)
  }
}

extension GPTNeoX {
  /// What lengths of packed rows are rounded to.
  ///
  /// Products of bfloat16 numbers have a kernel for each shape, which are to stay few.
  fileprivate var rowGranularity: Int {
    type == .bfloat16 ? max(1, settings.sequenceLength / 32) : 1
  }
}

extension Batch {
  /// How many labels of each row are trained.
  var trainedCounts: [Int] { (0..<rowCount).map { trainedCount(ofRow: $0) } }

  /// How many labels of a row are trained.
  func trainedCount(ofRow row: Int) -> Int {
    lossMask[row * columnCount..<(row + 1) * columnCount].count { $0 != 0 }
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
