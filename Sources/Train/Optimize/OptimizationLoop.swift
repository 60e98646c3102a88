/// One optimizer step as the reference takes it: overflow test, loss scale, clipping, update,
/// learning rate.
package final class OptimizationLoop {
  /// The optimizer.
  package let optimizer: Optimizer
  /// The loss scale.
  package private(set) var scaler: LossScaler
  /// The learning rate.
  package private(set) var scheduler: LearningRateScheduler
  /// Steps that were skipped because a gradient was infinite or not a number.
  package private(set) var skippedCount = 0
  /// Such steps in a row up to now.
  package private(set) var skippedInRow = 0

  private let wrapper: PrecisionWrapper
  private let largestNorm: Double
  private let communicator: any Communicator
  private let neoxQuirks: Bool
  private let gradients: [Tensor]

  /// Steps skipped in a row after which a run ends.
  package static let patience = 50

  /// What one step did.
  package struct Outcome: Sendable, Equatable {
    /// The learning rate that it used, or would have used.
    package var learningRate: Double
    /// The norm of all gradients before clipping, without the loss scale.
    package var gradientNorm: Double
    /// The loss scale for the next step.
    package var lossScale: Double
    /// Whether nothing was updated.
    package var isSkipped: Bool
  }

  /// Joins the parts; gradients of a norm above `gradientClipping` are scaled down to it, and 0 lets
  /// them be.
  ///
  /// With `neoxQuirks` the reference's faults come back: a clipping of exactly 1.0 does nothing, the
  /// fp16 wrappers of ZeRO stage 0 take a step without gradients first, and fp32 goes on with
  /// gradients that are no numbers.
  package init(
    optimizer: Optimizer, wrapper: PrecisionWrapper, scaler: LossScaler,
    scheduler: LearningRateScheduler, gradientClipping: Double, communicator: any Communicator,
    neoxQuirks: Bool = false
  ) {
    self.optimizer = optimizer
    self.wrapper = wrapper
    self.scaler = scaler
    self.scheduler = scheduler
    self.communicator = communicator
    self.neoxQuirks = neoxQuirks
    largestNorm = neoxQuirks && gradientClipping == 1 ? 0 : gradientClipping
    gradients = optimizer.parameters.map(\.gradient)
    if neoxQuirks, wrapper == .fp16Fused || wrapper == .fp16Unfused {
      optimizer.stepWithoutGradients(learningRate: scheduler.rate)
    }
  }

  /// Takes one step with the gradients as they are: summed over all processes, averaged, times the
  /// loss scale.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` after ``patience`` skipped steps in a row,
  ///   or where the loss scale cannot fall any more; or what the communicator throws.
  package func step() throws(TrainError) -> Outcome {
    // Every process has the gradients of all.
    let scaledNorm = optimizer.engine.sumOfSquares(gradients).squareRoot()
    let rate = scheduler.rate
    let scaleBefore = scaler.scale
    // A step is skipped by all processes or by none.
    let isFinite = try communicator.allReduce(scaledNorm.isFinite ? 0 : 1, by: .maximum) == 0
    let isPoisoned = !isFinite && !(neoxQuirks && wrapper == .none)
    // The reference updates the scale before it unscales, so that the gradients are halved in the
    // one step at which the scale grows.
    try scaler.update(overflow: isPoisoned)
    var outcome = Outcome(
      learningRate: rate, gradientNorm: scaledNorm / scaleBefore, lossScale: scaler.scale,
      isSkipped: isPoisoned)
    guard !isPoisoned else {
      try noteSkipped()
      outcome.gradientNorm = .nan
      return outcome
    }
    skippedInRow = 0
    optimizer.step(
      learningRate: rate, gradientFactor: clipping(scaledNorm / scaler.scale) / scaler.scale)
    scheduler.advance()
    return outcome
  }

  /// Goes on where a checkpoint stands; the optimizer's states have been copied in.
  package func resume(_ scheduler: LearningRateScheduler, scale: LossScaler.State, skipped: Int) {
    self.scheduler = scheduler
    scaler.resume(scale)
    skippedCount = skipped
  }

  private func clipping(_ norm: Double) -> Double {
    guard largestNorm > 0 else { return 1 }
    let ratio = largestNorm / (norm + 1e-6)
    return ratio >= 1 ? 1 : ratio
  }

  private func noteSkipped() throws(TrainError) {
    skippedCount += 1
    skippedInRow += 1
    guard skippedInRow < Self.patience else {
      throw .unsupported(
        what: "training",
        reason: "Skipped \(Self.patience) iterations in a row due to Overflow - Exiting training."
          + " The gradients are infinite or not numbers: lower the learning rate, or look at the"
          + " data")
    }
  }
}
