internal import Glibc
internal import Machine

/// `metrics.jsonl`: one JSON object a step and an evaluation.
package struct MetricsFile: ~Copyable {
  private var file: AppendFile
  private let path: String
  private var line = JSONLine()
  /// Whether a killed run left half a line at the end, which the next line may not continue.
  private var hasHalfLine: Bool

  /// Opens a file to add to it; nothing is changed before the first line.
  ///
  /// - Throws: ``TrainError/system(_:)``.
  package init(path: String) throws(TrainError) {
    do throws(SystemError) {
      let end = try Self.end(of: path)
      file = try AppendFile(path: path, length: end.length)
      hasHalfLine = end.isHalf
    } catch { throw .system(error) }
    self.path = path
  }

  private static func end(of path: String) throws(SystemError) -> (length: Int, isHalf: Bool) {
    guard DurableFile.exists(path) else { return (0, false) }
    let file = try InputFile(path: path)
    guard file.byteCount > 0 else { return (0, false) }
    return (file.byteCount, try file.number(at: file.byteCount - 1, UInt8.self) != 0x0A)
  }

  /// Removes the lines at the end that a run which goes on at a step will write again: those of later
  /// steps, and with `isOver` those of the evaluations at its end.
  ///
  /// The first line from the end that is none of these, or was not written by a run, ends the search.
  ///
  /// - Returns: whether that line is of an evaluation after the step.
  /// - Throws: ``TrainError/system(_:)``.
  @discardableResult
  package mutating func goOn(after iteration: Int, isOver: Bool) throws(TrainError) -> Bool {
    do throws(SystemError) {
      var tail = MetricsTail(iteration: iteration, dropsLast: isOver)
      let length = try tail.start(in: InputFile(path: path))
      if length < file.byteCount {
        try file.truncate(to: length)
        hasHalfLine = false
      }
      return tail.endsWithEvaluation
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
    line.add("iteration", JSONText(step.iteration))
    for metric in step.metrics { line.add(metric.name, .number(metric.value)) }
    line.add("learning_rate", .number(step.learningRate))
    line.add("grad_norm", .number(step.gradientNorm))
    line.add("loss_scale", step.lossScale.map { .number($0) } ?? .null)
    line.add("skipped", .bool(step.isSkipped))
    line.add("tokens_per_second", .number((step.tokensPerSecond * 10).rounded() / 10))
    try writeLine()
  }

  /// Adds a line for an evaluation of `validation` or `test`; `isFinal` tells that of the end of
  /// training from one on the way, which may be at the same step and is over other batches.
  package mutating func write(
    iteration: Int, split: String, isFinal: Bool, _ metrics: [TrainingLine.Metric]
  ) throws(TrainError) {
    line.add("iteration", JSONText(iteration))
    line.add("split", .string(split))
    line.add("final", .bool(isFinal))
    for metric in metrics { line.add(metric.name, .number(metric.value)) }
    try writeLine()
  }

  // Each line goes to the system at once, so that it can be followed.
  private mutating func writeLine() throws(TrainError) {
    do throws(SystemError) {
      try line.finish { (bytes) throws(SystemError) in
        if hasHalfLine { try file.append(number: UInt8(0x0A)) }
        hasHalfLine = false
        try file.append(bytes)
      }
      try file.flush()
    } catch { throw .system(error) }
  }
}
