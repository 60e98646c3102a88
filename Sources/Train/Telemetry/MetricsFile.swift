internal import Glibc
internal import Machine

/// `metrics.jsonl`: one JSON object a step and an evaluation.
package struct MetricsFile: ~Copyable {
  private var file: AppendFile

  /// Opens a file to add to it; a last line that a killed run left half-written is ended first.
  ///
  /// - Throws: ``TrainError/system(_:)``.
  package init(path: String) throws(TrainError) {
    let old = try Self.end(of: path)
    file = try openForAppending(path, length: old.length, adding: old.isHalf ? [0x0A] : [])
  }

  private static func end(of path: String) throws(TrainError) -> (length: Int, isHalf: Bool) {
    guard DurableFile.exists(path) else { return (0, false) }
    do throws(SystemError) {
      let file = try InputFile(path: path)
      guard file.byteCount > 0 else { return (0, false) }
      return (file.byteCount, try file.number(at: file.byteCount - 1, UInt8.self) != 0x0A)
    } catch { throw .system(error) }
  }

  /// A step, in the order in which its keys are written.
  package struct Step: Sendable {
    /// The step, from 1.
    package var iteration: Int
    /// The objective's metrics, `lm_loss` among them.
    package var metrics: [TrainingLine.Metric]
    /// The rate that this step used.
    package var learningRate: Double
    /// The norm of all gradients before clipping.
    package var gradientNorm: Double
    /// The loss scale for the next step; `nil` but for fp16.
    package var lossScale: Double?
    /// Whether nothing was updated.
    package var isSkipped: Bool
    /// Tokens of the step by its seconds.
    package var tokensPerSecond: Double

    /// Gathers the numbers of a step.
    package init(
      iteration: Int, metrics: [TrainingLine.Metric], learningRate: Double, gradientNorm: Double,
      lossScale: Double?, isSkipped: Bool, tokensPerSecond: Double
    ) {
      self.iteration = iteration
      self.metrics = metrics
      self.learningRate = learningRate
      self.gradientNorm = gradientNorm
      self.lossScale = lossScale
      self.isSkipped = isSkipped
      self.tokensPerSecond = tokensPerSecond
    }
  }

  /// Adds a line for a step; numbers that are not finite become `null`.
  package mutating func write(_ step: Step) throws(TrainError) {
    var members: [JSONText.Member] = [.init("iteration", JSONText(step.iteration))]
    members += step.metrics.map { .init($0.name, .number($0.value)) }
    members += [
      .init("learning_rate", .number(step.learningRate)),
      .init("grad_norm", .number(step.gradientNorm)),
      .init("loss_scale", step.lossScale.map { .number($0) } ?? .null),
      .init("skipped", .bool(step.isSkipped)),
      .init("tokens_per_second", .number((step.tokensPerSecond * 10).rounded() / 10)),
    ]
    try write(.object(members))
  }

  /// Adds a line for an evaluation of `validation` or `test`.
  package mutating func write(
    iteration: Int, split: String, _ metrics: [TrainingLine.Metric]
  ) throws(TrainError) {
    try write(
      .object(
        [.init("iteration", JSONText(iteration)), .init("split", .string(split))]
          + metrics.map { .init($0.name, .number($0.value)) }))
  }

  // Each line goes to the system at once, so that it can be followed.
  private mutating func write(_ line: JSONText) throws(TrainError) {
    do throws(SystemError) {
      try unsafe file.append((line.bytes() + [0x0A]).span.bytes)
      try file.flush()
    } catch { throw .system(error) }
  }
}
