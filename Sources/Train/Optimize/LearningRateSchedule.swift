internal import Glibc

/// The learning rate as a function of the optimizer steps taken.
package enum LearningRateSchedule: Sendable, Equatable {
  /// Warm-up, then a decay (`megatron/learning_rates.py: AnnealingLR`).
  case annealing(Annealing)
  /// Logarithmic warm-up, then a linear decay to 0, which OneBitAdam gets whatever the style
  /// (DeepSpeed's `WarmupDecayLR`).
  case warmupDecay(WarmupDecay)

  /// The rate for the step that follows `taken` steps; skipped steps don't count.
  package func rate(after taken: Int) -> Double {
    switch self {
    case .annealing(let annealing): annealing.rate(after: taken)
    case .warmupDecay(let decay): decay.rate(after: taken)
    }
  }

  /// The shape of a decay, by GPT-NeoX's `lr_decay_style`.
  package enum Style: String, Sendable, CaseIterable {
    case constant
    case linear
    case cosine
    case exponential
  }

  /// The steps a decay lasts: `lr_decay_iters`, else that fraction of `train_iters`, else all of
  /// them; at least 1.
  package static func decaySteps(trainSteps: Int, decaySteps: Int?, decayFraction: Double?) -> Int {
    if let decaySteps { return max(1, decaySteps) }
    guard let decayFraction else { return max(1, trainSteps) }
    let steps = (Double(trainSteps) * decayFraction).rounded(.down)
    return max(1, Int(exactly: steps) ?? trainSteps)
  }
}

/// A linear warm-up to the highest rate, then a decay to the lowest.
package struct Annealing: Sendable, Equatable {
  /// The shape of the decay.
  package var style: LearningRateSchedule.Style
  /// The highest rate.
  package var start: Double
  /// The lowest rate after the warm-up.
  package var minimum: Double
  /// The steps of the warm-up, not necessarily whole.
  package var warmupSteps: Double
  /// The step at which the decay ends.
  package var endStep: Int
  /// Whether a warm-up of less than one step overshoots and the cosine rises again behind its end,
  /// as in the reference.
  package var neoxQuirks: Bool

  /// Describes a schedule; `warmup` is the share of `endStep` that the warm-up takes.
  package init(
    style: LearningRateSchedule.Style, start: Double, minimum: Double = 0, warmup: Double,
    endStep: Int, neoxQuirks: Bool = false
  ) {
    self.style = style
    self.start = start
    self.minimum = minimum
    warmupSteps = warmup * Double(endStep)
    self.endStep = endStep
    self.neoxQuirks = neoxQuirks
  }

  /// The rate for the step that follows `taken` steps.
  package func rate(after taken: Int) -> Double {
    if warmupSteps > 0, Double(taken) <= warmupSteps {
      let rate = start * Double(max(1, taken)) / warmupSteps
      return neoxQuirks ? rate : min(rate, start)
    }
    let length = Double(endStep) - warmupSteps
    var place = Double(taken) - warmupSteps
    if style == .cosine, !neoxQuirks { place = min(place, length) }
    guard length > 0 else { return max(style == .constant ? start : minimum, minimum) }
    let rate =
      switch style {
      case .constant: start
      case .linear: start * (length - place) / length
      case .cosine: minimum + (start - minimum) / 2 * (cos(Double.pi * place / length) + 1)
      case .exponential: start * exp(-0.693 * place / length)
      }
    return max(rate, minimum)
  }
}

/// A rate that grows with the logarithm of the step and then falls to 0 along a line.
package struct WarmupDecay: Sendable, Equatable {
  /// The highest rate.
  package var start: Double
  /// The steps of the warm-up, at least 2.
  package var warmupSteps: Int
  /// The step at which the rate is 0.
  package var endStep: Int

  /// Describes a schedule; the warm-up takes the share `warmup` of `trainSteps`.
  package init(start: Double, warmup: Double, trainSteps: Int, decaySteps: Int? = nil) {
    self.start = start
    warmupSteps = max(2, Int(exactly: (Double(trainSteps) * warmup).rounded(.down)) ?? 2)
    endStep = decaySteps ?? trainSteps
  }

  /// The rate for the step that follows `taken` steps.
  package func rate(after taken: Int) -> Double {
    let count = taken - 1
    if count < 0 { return 0 }
    if count < warmupSteps { return start * (log(Double(count + 1)) / log(Double(warmupSteps))) }
    return start * max(0, Double(endStep - count) / Double(max(1, endStep - warmupSteps)))
  }
}
