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
    if let data = try Self.find(split, settings) {
      self = data
      return
    }
    throw .unsupported(
      what: "the \(split.rawValue) data",
      reason: split != .train && settings.evaluationIterations == 0
        ? "eval_iters is 0: they are not used"
        : settings.dataPath == nil
          ? "the configuration names none"
          : "the split '\(settings.split)' leaves no documents for them")
  }

  /// Opens the split's datasets and finds their order; `nil` where the run has no such data.
  ///
  /// - Throws: what ``TrainingData`` throws.
  package static func find(
    _ split: DataSplit, _ settings: DataSettings
  ) throws(TrainError) -> StepData? {
    try settings.check()
    guard split == .train || settings.evaluationIterations > 0,
      let source = try TrainingData.source(split, settings)
    else { return nil }
    return try StepData(source, split, settings)
  }

  private init(
    _ source: BatchSource, _ split: DataSplit, _ settings: DataSettings
  ) throws(TrainError) {
    self.source = source
    self.settings = settings
    notes = settings.tokenizerNotes + TrainingData.notes([source], settings)
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

  /// How many samples of one of the split's datasets the run draws, over all ranks and passes.
  ///
  /// - Precondition: the dataset is one of the split's.
  package func drawnCount(from member: Int) -> Int {
    let (microSteps, overflow) = stepCount.multipliedReportingOverflow(
      by: settings.accumulationSteps)
    let (passes, rest) = (overflow ? .max : microSteps).quotientAndRemainder(
      dividingBy: source.count)
    let batch = settings.globalMicroBatchSize
    let last = source.dataset.taken(from: member, first: rest * batch)
    guard passes > 0 else { return last }
    let pass = source.dataset.taken(from: member, first: source.count * batch)
    let (before, isTooMany) = passes.multipliedReportingOverflow(by: pass)
    let (sum, isTooLarge) = before.addingReportingOverflow(last)
    return isTooMany || isTooLarge ? .max : sum
  }
}
