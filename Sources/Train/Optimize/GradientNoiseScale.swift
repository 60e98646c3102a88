/// The gradient noise scale: how large a batch would still help (McCandlish et al., arXiv
/// 1812.06162; `megatron/gradient_noise_scale`).
///
/// The gradients of several steps are added up; their mean stands for a large batch, the last of
/// them for a small one.
package final class GradientNoiseScale {
  /// The noise scale; `nil` until it was measured once.
  package private(set) var value: Double?

  private let operations: any OptimizerOperations
  private let parameters: [ParameterSlice]
  private let sums: [any NumberStorage]
  private let batchSize: Double
  private let batchCount: Int
  private var stepCount = 0
  private var scale = 0.0
  private var noise = 0.0

  // How much of the old averages stays.
  private static let beta = 0.99

  /// Measures every `batchCount` steps of `batchSize` samples (`gradient_noise_scale_n_batches`,
  /// `train_batch_size`).
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` where fewer than 2 batches are asked for.
  package init(
    parameters: [ParameterSlice], operations: any OptimizerOperations, batchSize: Int,
    batchCount: Int
  ) throws(TrainError) {
    guard batchCount > 1 else {
      throw .unsupported(
        what: "gradient_noise_scale_n_batches \(batchCount)", reason: "it has to be at least 2")
    }
    self.operations = operations
    self.parameters = parameters
    self.batchSize = Double(batchSize)
    self.batchCount = batchCount
    sums = parameters.map { operations.makeNumbers(count: $0.value.count) }
  }

  /// Takes in the gradients of a step, which are `lossScale` times too large; those with an infinite
  /// number or none are passed over.
  package func update(lossScale: Double = 1) {
    let gradients = parameters.map(\.gradient)
    let small = operations.sumOfSquares(gradients) / (lossScale * lossScale)
    guard small.isFinite else { return }
    // A step of SGD at the rate −1 adds the gradients to the sums.
    descend(gradients, scale: Float(1 / lossScale), rate: -1, decay: 0)
    if stepCount % batchCount == batchCount - 1 {
      let count = Double(batchCount)
      measure(small: small, big: operations.sumOfSquares(sums.map(\.numbers)) / (count * count))
      // At the rate 1, a decay of 1 takes the sums from themselves.
      descend(gradients, scale: 0, rate: 1, decay: 1)
    }
    stepCount += 1
  }

  private func measure(small: Double, big: Double) {
    let bigBatch = batchSize * Double(batchCount)
    let newNoise = (bigBatch * big - batchSize * small) / (bigBatch - batchSize)
    let newScale = (small - big) / (1 / batchSize - 1 / bigBatch)
    noise = Self.beta * noise + (1 - Self.beta) * newNoise
    scale = Self.beta * scale + (1 - Self.beta) * newScale
    // Both averages are corrected by the same factor for their start at zero.
    value = scale / noise
  }

  private func descend(_ gradients: [Tensor], scale: Float, rate: Float, decay: Float) {
    let step = SGDStep(
      scale: scale, rate: rate, decay: decay, momentum: 0, dampening: 0, isNesterov: false,
      isFirst: true)
    operations.update(
      .sgd(step),
      zip(sums, gradients).map { sum, gradient in
        UpdatePiece(
          value: sum.numbers, gradient: gradient.reshaped(sum.numbers.shape), states: [])
      })
  }
}
