/// One split of a run's data, to look at: what each of its steps is made of, without a model.
///
/// Steps are counted from 1, as in logs. The steps of validation and test data are those of all
/// evaluations one after another: `eval_iters` each.
package struct StepData: Sendable {
  /// Batches of the split, for rank 0.
  package let source: BatchSource
  /// How many steps the run takes through the split.
  package let stepCount: Int
  /// What the data are made from.
  package let settings: DataSettings
  /// What the user should know.
  package let notes: [String]

  /// Opens the split's datasets and finds their order.
  ///
  /// - Throws: `unsupported` where the run has no such data, and what ``TrainingData`` throws.
  package init(_ split: DataSplit, _ settings: DataSettings) throws(TrainError) {
    try settings.check()
    guard split == .train || settings.evaluationIterations > 0 else {
      throw .unsupported(
        what: "the \(split.rawValue) data", reason: "eval_iters is 0: they are not used")
    }
    guard let source = try TrainingData.source(split, settings) else {
      throw .unsupported(
        what: "the \(split.rawValue) data",
        reason: settings.dataPath == nil
          ? "the configuration names none"
          : "the split '\(settings.split)' leaves no documents for them")
    }
    self.source = source
    self.settings = settings
    notes = TrainingData.notes([source], settings)
    let evaluation = settings.evaluationIterations
    switch split {
    case .train: stepCount = TrainingData.iterations(settings, of: source)
    case .test: stepCount = evaluation
    case .valid:
      let iterations: Int
      if let given = settings.trainIterations {
        iterations = given
      } else if let train = try TrainingData.source(.train, settings) {
        iterations = TrainingData.iterations(settings, of: train)
      } else {
        iterations = 0
      }
      // One evaluation more than intervals: that at the end of training.
      let evaluations = (settings.evaluationInterval.map { iterations / $0 } ?? 0) + 1
      let steps = evaluations.multipliedReportingOverflow(by: evaluation)
      stepCount = steps.overflow ? .max : steps.partialValue
    }
  }

  /// The micro steps of some steps, counted from 1.
  ///
  /// - Throws: `unsupported` for steps that the run does not take.
  package func microSteps(of steps: ClosedRange<Int>) throws(TrainError) -> Range<Int> {
    let last = steps.upperBound.multipliedReportingOverflow(by: settings.accumulationSteps)
    guard steps.lowerBound >= 1, steps.upperBound <= stepCount, !last.overflow else {
      let wrong = steps.lowerBound < 1 ? steps.lowerBound : steps.upperBound
      throw .unsupported(
        what: "step \(wrong)",
        reason: "the run takes \(stepCount) steps through its \(source.split.rawValue) data,"
          + " counted from 1")
    }
    return (steps.lowerBound - 1) * settings.accumulationSteps..<last.partialValue
  }

  /// The step of a micro step and its micro batch, both counted from 1.
  package func step(ofMicroStep microStep: Int) -> (step: Int, microBatch: Int) {
    let (step, batch) = microStep.quotientAndRemainder(dividingBy: settings.accumulationSteps)
    return (step + 1, batch + 1)
  }
}
