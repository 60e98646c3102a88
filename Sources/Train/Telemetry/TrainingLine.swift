/// What happened since the last line, and the line that says so (`megatron/logging.py`).
package struct TrainingLine: Sendable {
  /// A metric by its name, for instance `lm_loss`.
  package typealias Metric = (name: String, value: Double)

  private var sums: [Metric] = []
  private var stepCount = 0
  private var skippedCount = 0
  private var poisonedCount = 0

  /// Nothing has happened yet.
  package init() {}

  /// Takes in one step; the metrics of skipped steps don't count in averages.
  package mutating func add(_ metrics: [Metric], isSkipped: Bool) {
    stepCount += 1
    if isSkipped { skippedCount += 1 }
    if metrics.contains(where: { !$0.value.isFinite }) { poisonedCount += 1 }
    for metric in metrics {
      let value = isSkipped ? 0 : metric.value
      if let index = sums.firstIndex(where: { $0.name == metric.name }) {
        sums[index].value += value
      } else {
        sums.append((metric.name, value))
      }
    }
  }

  /// The run's numbers that a line shows.
  package struct Facts: Sendable {
    /// The step.
    package var iteration: Int
    /// The last step.
    package var lastIteration: Int
    /// Seconds since the last line.
    package var elapsed: Double
    /// The rate of the next step, which is what the reference shows.
    package var learningRate: Double
    /// The operations of a step.
    package var flops: FlopsCount
    /// The loss scale; `nil` but for fp16.
    package var lossScale: Double?
    /// `peak_theoretical_tflops`.
    package var peakTeraflops: Double?

    /// Gathers the numbers of a line.
    package init(
      iteration: Int, lastIteration: Int, elapsed: Double, learningRate: Double,
      flops: FlopsCount, lossScale: Double? = nil, peakTeraflops: Double? = nil
    ) {
      self.iteration = iteration
      self.lastIteration = lastIteration
      self.elapsed = elapsed
      self.learningRate = learningRate
      self.flops = flops
      self.lossScale = lossScale
      self.peakTeraflops = peakTeraflops
    }
  }

  /// The line, without its end, and its scalars; then everything starts anew.
  ///
  /// Times are divided by the steps that were really taken, which after a resume are fewer than
  /// `log_interval`.
  package mutating func finish(_ facts: Facts) -> (text: String, scalars: [Metric]) {
    let perStep = facts.elapsed / Double(max(1, stepCount))
    let samples = Double(facts.flops.batchSize) / perStep
    let flops = facts.flops.hardware / perStep
    var fields = [
      "samples/sec: \(FormattedNumber.fixed(samples, digits: 3))",
      "iteration \(FormattedNumber.padded(facts.iteration, width: 8))"
        + "/\(FormattedNumber.padded(facts.lastIteration, width: 8))",
      "elapsed time per iteration (ms): \(FormattedNumber.fixed(perStep * 1000, digits: 1))",
      "learning rate: \(FormattedNumber.scientific(facts.learningRate, digits: 3))",
      "approx flops per GPU: \(FormattedNumber.operations(flops))",
    ]
    var scalars: [Metric] = [
      ("runtime/samples_per_sec", samples), ("runtime/iteration_time", perStep),
      ("runtime/steps_per_sec", 1 / perStep),
      ("runtime/tokens_per_sec", samples * Double(facts.flops.sequenceLength)),
      ("runtime/flops_per_sec_per_gpu", flops),
    ]
    if let peak = facts.peakTeraflops, peak > 0 {
      let model = facts.flops.model / perStep / (peak * 1e12) * 100
      let hardware = flops / (peak * 1e12) * 100
      fields.append("MFU: \(FormattedNumber.fixed(model, digits: 2))%")
      fields.append("HFU: \(FormattedNumber.fixed(hardware, digits: 2))%")
      scalars.append(("runtime/model_flops_utilization", model))
      scalars.append(("runtime/hardware_flops_utilization", hardware))
    }
    // Of steps that were all skipped there is no mean; 0 would look like success.
    let divisor = stepCount == skippedCount ? Double.nan : Double(stepCount - skippedCount)
    fields += sums.map {
      "\($0.name): \(FormattedNumber.scientific($0.value / divisor, digits: 6))"
    }
    if let scale = facts.lossScale {
      fields.append("loss scale: \(FormattedNumber.fixed(scale, digits: 1))")
    }
    fields.append(
      "number of skipped iterations: \(FormattedNumber.padded(skippedCount, width: 3))")
    fields.append("number of nan iterations: \(FormattedNumber.padded(poisonedCount, width: 3))")
    self = TrainingLine()
    return (fields.map { " \($0) |" }.joined(), scalars)
  }
}

/// The lines around the results of an evaluation.
package enum EvaluationLines {
  /// Dashes, the results and dashes; `title` is, for instance, `validation results at iteration 10`.
  package static func text(_ title: String, _ metrics: [TrainingLine.Metric]) -> [String] {
    let results = metrics.map {
      "\($0.name) value: \(FormattedNumber.scientific($0.value, digits: 6)) | "
    }
    let text = " \(title) | " + results.joined()
    let dashes = String(repeating: "-", count: text.count + 1)
    return [dashes, text, dashes]
  }
}
