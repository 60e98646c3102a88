internal import Glibc
internal import Machine

/// What a run writes: its log lines, `metrics.jsonl`, TensorBoard's events, and progress.
///
/// Lines and names are those of GPT-NeoX (`megatron/logging.py`).
struct RunLog: ~Copyable {
  /// The phases of a step.
  var timers = Timers()
  private var line = TrainingLine()
  /// The metrics of the last step.
  private var figures: [TrainingLine.Metric] = []
  private var secondsSinceLine = 0.0
  private var stepsSinceLine = 0
  private var metrics: MetricsFile
  private var events: EventFile?
  private var text: LogFile?
  private let options: TrainingRun.Options
  private let configuration: TrainingConfiguration
  private let lastIteration: Int
  /// The operations of a step.
  let flops: FlopsCount
  private let tokensPerStep: Int
  private var meanSeconds: Double?
  /// Operations a second of this machine's fastest matrix products, where they were measured.
  private var peak: Double?

  /// Opens the files.
  init(
    _ configuration: TrainingConfiguration, _ options: TrainingRun.Options, data: TrainingData,
    vocabulary: RunVocabulary
  ) throws(TrainError) {
    let logging = configuration.logging
    let folder = logging.folder ?? configuration.checkpoints.folder
    if options.metricsPath == nil, let folder { try onSystem(FolderContents.make(folder)) }
    let path = options.metricsPath ?? (folder.map { $0 + "/" } ?? "") + "metrics.jsonl"
    let metrics = try MetricsFile(path: path)
    var events: EventFile?
    if let folder = logging.tensorBoardFolder {
      events = try EventFile(folder: folder)
      for (name, text) in configuration.files { try events?.text(name, text) }
    }
    var text: LogFile?
    if let folder = logging.folder { text = try LogFile(folder: folder) }
    self.metrics = metrics
    self.events = events
    self.text = text
    self.options = options
    self.configuration = configuration
    lastIteration = data.iterations
    let model = configuration.model
    flops = model.operationCount(
      samples: configuration.batch.global, vocabularySize: vocabulary.paddedSize,
      recomputes: configuration.recomputation.isOn,
      isRewardModel: configuration.objective.isRewardModel)
    tokensPerStep =
      configuration.rowsPerMicroBatch * configuration.batch.accumulation * model.sequenceLength
  }

  /// Tells what is about to be trained.
  mutating func begin(_ model: GPTNeoX, iteration: Int) throws(TrainError) {
    if options.measuresPeak { peak = try MatrixPeak.measure(model.engine, model.type) }
    try say(
      "\(model.parameters.count) parameters in \(model.type.rawValue), \(model.engine.summary);"
        + (iteration < lastIteration
          ? " steps \(iteration + 1) to \(lastIteration), \(tokensPerStep) tokens each"
          : " no step is left: \(iteration) are done, and the run has \(lastIteration)"))
  }

  /// Writes a line.
  mutating func say(_ line: String) throws(TrainError) {
    options.output(line)
    try text?.write(line)
  }

  /// Takes in a step; writes the line where one is due.
  ///
  /// `nextRate` is the learning rate that the next step will use, which the reference logs.
  mutating func step(
    _ result: ObjectiveResult, _ outcome: OptimizationLoop.Outcome, iteration: Int,
    seconds: Double, nextRate: Double
  ) throws(TrainError) {
    figures.removeAll(keepingCapacity: true)
    figures += result.metrics
    figures.append((name: "lm_loss", value: result.loss))
    let lossScale = configuration.precision.kind == .float16 ? outcome.lossScale : nil
    line.add(figures, isSkipped: outcome.isSkipped)
    secondsSinceLine += seconds
    stepsSinceLine += 1
    try metrics.write(
      MetricsFile.Step(
        iteration: iteration, metrics: figures, learningRate: outcome.learningRate,
        gradientNorm: outcome.gradientNorm, lossScale: lossScale, isSkipped: outcome.isSkipped,
        tokensPerSecond: Double(tokensPerStep) / seconds))
    try event("train/learning_rate", nextRate, iteration)
    for figure in figures { try event("train/\(figure.name)", figure.value, iteration) }
    if let lossScale { try event("train/loss_scale", lossScale, iteration) }
    if iteration % configuration.logging.interval == 0 {
      try writeLine(iteration: iteration, nextRate: nextRate, lossScale: lossScale)
    }
    showProgress(result.loss, iteration: iteration, seconds: seconds)
  }

  private mutating func writeLine(
    iteration: Int, nextRate: Double, lossScale: Double?
  ) throws(TrainError) {
    let (text, scalars) = line.finish(
      TrainingLine.Facts(
        iteration: iteration, lastIteration: lastIteration, elapsed: secondsSinceLine,
        learningRate: nextRate, flops: flops, lossScale: lossScale,
        peakTeraflops: configuration.logging.peakTeraflops))
    secondsSinceLine = 0
    try say(text)
    for scalar in scalars { try event(scalar.name, scalar.value, iteration) }
    if configuration.logging.timesPhases {
      try say(timers.line(steps: stepsSinceLine))
      for name in timers.names {
        try event("timers/\(name)", timers.seconds(name) / Double(stepsSinceLine), iteration)
      }
    }
    timers.reset()
    stepsSinceLine = 0
    try events?.flush()
  }

  /// Removes what the run has written behind the checkpoint from which it goes on, and says whether an
  /// evaluation after that step stands there.
  mutating func goOn(after iteration: Int) throws(TrainError) -> Bool {
    try events?.begin(step: iteration + 1)
    return try metrics.goOn(after: iteration, isOver: iteration >= lastIteration)
  }

  /// Writes the results of an evaluation.
  mutating func evaluation(
    _ result: ObjectiveResult, split: DataSplit, title: String, isFinal: Bool, iteration: Int
  ) throws(TrainError) {
    var figures: [TrainingLine.Metric] = [("lm_loss", result.loss)]
    figures += result.metrics
    figures.append(("lm_loss_ppl", exp(result.loss)))
    let name = split == .test ? "test" : "validation"
    for line in EvaluationLines.text("\(name) results at \(title)", figures) {
      try say(line)
    }
    try metrics.write(iteration: iteration, split: name, isFinal: isFinal, figures)
    for figure in figures { try event("\(name)/\(figure.name)", figure.value, iteration) }
    try events?.flush()
  }

  /// Says that `exit_interval` ends the run.
  mutating func exit(iteration: Int) throws(TrainError) {
    try say("rank: 0 | exiting the program at iteration \(iteration)")
  }

  /// Hands everything that is left to the system.
  mutating func end() throws(TrainError) { try events?.flush() }

  private mutating func event(
    _ tag: String, _ value: Double, _ iteration: Int
  ) throws(TrainError) {
    try events?.scalar(tag, value, step: iteration)
  }

  private mutating func showProgress(_ loss: Double, iteration: Int, seconds: Double) {
    let mean = RunProgress.mean(meanSeconds, seconds)
    meanSeconds = mean
    options.progress(
      RunProgress(
        iteration: iteration, lastIteration: lastIteration, loss: loss, meanSeconds: mean,
        tokensPerStep: tokensPerStep, operationsPerStep: flops.model, peak: peak))
  }
}
