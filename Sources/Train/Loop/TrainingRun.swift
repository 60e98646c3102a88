package import IndexedData
package import Machine

/// A run of training, from a configuration to its last checkpoint.
///
/// The order of events is GPT-NeoX's (`megatron/training.py: pretrain`): load, save step 0 where that
/// is asked for, train, evaluate, save, test.
package final class TrainingRun {
  /// How a run is carried out; nothing of it changes what is computed, but for the order of sums.
  package struct Options: Sendable {
    /// Threads that compute.
    package var threads = WorkerPool.processorCount
    /// The file of metrics; `nil` for `metrics.jsonl` in the folder that the configuration gives.
    package var metricsPath: String?
    /// Whether checkpoints of a run that this one does not continue may be replaced.
    package var overwrites = false
    /// Whether index maps are kept beside the data.
    package var mapStorage = MapStorage.besideData
    /// Raised when the run shall save and stop.
    package var interruption = Interruption.process
    /// Takes a line of the run's output.
    package var output: @Sendable (String) -> Void
    /// Takes a note about the run, for the person who started it.
    package var note: @Sendable (String) -> Void
    /// Takes a warning: a note that should not be passed over.
    package var warn: @Sendable (String) -> Void
    /// Whether progress tells the share of the machine's fastest matrix products, for which these are
    /// measured first.
    package var measuresPeak = false
    /// Takes the state of the run after each step.
    package var progress: @Sendable (RunProgress) -> Void = { _ in }

    /// Names where lines and notes go; warnings go where notes go.
    package init(
      output: @escaping @Sendable (String) -> Void, note: @escaping @Sendable (String) -> Void
    ) {
      self.output = output
      self.note = note
      warn = note
    }
  }

  /// How a run ended.
  package enum Ending: Sendable, Equatable {
    /// All steps were taken.
    case finished
    /// `exit_interval` ended it.
    case exited(iteration: Int)
    /// It was interrupted; the checkpoint from which it goes on, where one could be saved.
    case interrupted(iteration: Int, checkpoint: String?)
  }

  /// What was asked for.
  package let configuration: TrainingConfiguration
  /// The model.
  package let model: GPTNeoX
  /// The samples.
  package let data: TrainingData
  /// Steps that were taken.
  package private(set) var iteration = 0

  let options: Options
  let vocabulary: RunVocabulary
  let optimization: OptimizationLoop
  let saves: SaveSchedule
  var log: RunLog
  /// Training samples that were used, over all processes.
  var samplesTaken = 0
  /// Holds the folder of checkpoints for this run alone.
  private let claim: FolderClaim?
  /// Whether weights, optimizer and counters tell of the same step, and saving has not failed.
  var canSave = true
  /// The iteration of the checkpoint saved last, and where it lies.
  var savedIteration: Int?
  var savedPath: String?
  private var objective: any Objective = CrossEntropy()
  /// What the policy is held to.
  private(set) var reference: RunReference?
  /// Samples without a trained label, where they are only counted.
  var unsupervisedCount = 0
  /// Samples of KTO without a reward, which teach nothing.
  var unrewardedCount = 0
  /// What the micro batches of the last step gave.
  private var results: [ObjectiveResult] = []
  private let communicator: any Communicator
  private let space: ModelWorkspace
  private let savesStepZero: Bool
  /// Whether the run was stopped before the evaluation after the step that it goes on from.
  private var lacksEvaluation = false
  /// The step after which the last evaluation on the way was made.
  private var evaluatedIteration = 0
  /// Whether the last step's loss is a number; without one the weights are lost.
  package var hasLoss = true
  /// The newest checkpoint of this run from which a step with a loss was taken.
  package private(set) var soundPath: String?
  /// Whether a checkpoint was saved since old ones were removed.
  var mayRotate = false

  /// Opens the data, makes the model, and loads what the configuration names.
  ///
  /// - Throws: ``TrainError`` for what cannot be run, read or written.
  package init(_ configuration: TrainingConfiguration, _ options: Options) throws(TrainError) {
    let engine = CPUEngine(threads: options.threads)
    let communicator = SingleProcess { engine.convert($0, into: $1) }
    let vocabulary = try RunVocabulary(configuration.tokenizer)
    var dataSettings = try DataSettings(
      configuration, vocabulary: vocabulary, rank: communicator.rank,
      rankCount: communicator.size)
    dataSettings.mapStorage = options.mapStorage
    dataSettings.interruption = options.interruption
    let data = try TrainingData(dataSettings)
    for note in data.notes { options.note(note) }
    for warning in data.warnings { options.warn(warning) }
    let model = try GPTNeoX(
      ModelSettings(configuration, vocabularySize: vocabulary.paddedSize),
      type: ScalarType(configuration.precision.kind), gradients: configuration.gradientKind,
      engine: engine)
    model.parameters.initialize(seed: UInt64(configuration.seed))
    self.configuration = configuration
    self.options = options
    self.vocabulary = vocabulary
    self.data = data
    self.model = model
    self.communicator = communicator
    space = try model.makeTrainingWorkspace(configuration)
    let optimizer = try OptimizerSettings(configuration)
    for notice in optimizer.notices { options.note(notice) }
    optimization = try Self.makeOptimization(
      optimizer, configuration, model, communicator, iterations: data.iterations)
    saves = try SaveSchedule(configuration)
    savesStepZero = configuration.checkpoints.folder != nil && saves.isDue(after: 0)
    if let folder = configuration.checkpoints.folder {
      claim = try FolderClaim(folder)
    } else {
      claim = nil
    }
    log = try RunLog(configuration, options, data: data, vocabulary: vocabulary)
    let loaded = try load()
    iteration = loaded.iteration
    try checkFolder()
    try removeRemains()
    if configuration.objective.hasReference {
      reference = try RunReference(
        configuration, policy: model, started: loaded.path, resumed: loaded.reference,
        inMemory: configuration.needsReferenceModel)
      try checkCompanions()
    }
    objective = try model.makeObjective(configuration, reference: reference?.model)
    if savedIteration != nil {
      lacksEvaluation = try !log.goOn(after: iteration) && loaded.awaitsEvaluation
    }
  }

  private static func makeOptimization(
    _ settings: OptimizerSettings, _ configuration: TrainingConfiguration, _ model: GPTNeoX,
    _ communicator: any Communicator, iterations: Int
  ) throws(TrainError) -> OptimizationLoop {
    let wrapper = PrecisionWrapper(
      computes: model.type, zeroStage: configuration.optimizer.zeroStage,
      optimizer: settings.kind)
    return OptimizationLoop(
      optimizer: try Optimizer(
        settings, parameters: model.parameters.slices, engine: model.engine),
      wrapper: wrapper, scaler: try LossScaler(configuration, wrapper: wrapper),
      scheduler: LearningRateScheduler(
        LearningRateSchedule(configuration, optimizer: settings, iterations: iterations)),
      gradientClipping: configuration.optimizer.clipping ?? 0, communicator: communicator,
      neoxQuirks: configuration.usesQuirks)
  }

  // MARK: - The run

  /// Trains to the end, or until the run is interrupted.
  ///
  /// - Throws: ``TrainError`` for what goes wrong on the way.
  package func run() throws(TrainError) -> Ending {
    do throws(TrainError) {
      let ending = try carryOut()
      try removeOldCheckpoints()
      noteUnsupervised()
      try log.end()
      return ending
    } catch {
      // The error that ended the run is the one to tell.
      try? log.end()
      if canSave, iteration > 0, savedIteration != iteration, let path = try? writeCheckpoint() {
        options.note("the run fails after step \(iteration), which \(path) holds")
      } else if let savedIteration, let savedPath {
        options.note(
          "the run fails after step \(iteration); step \(savedIteration) is in \(savedPath), and"
            + " \(configuration.checkpoints.wayToGoOn)")
      }
      throw error
    }
  }

  private func carryOut() throws(TrainError) -> Ending {
    try log.begin(model, iteration: iteration)
    if savesStepZero, iteration == 0 { try save() }
    if lacksEvaluation, try !evaluateIfDue() { return try interrupt() }
    if iteration < data.iterations, let ending = try train() { return ending }
    if data.valid != nil {
      let before = configuration.length.evaluationInterval.map { iteration / $0 } ?? 0
      guard
        try evaluate(
          .valid, "the end of training for val data", isFinal: true, number: before)
      else {
        return try interrupt()
      }
    }
    if configuration.checkpoints.folder != nil, iteration > 0, savedIteration != iteration {
      try save()
    }
    if data.test != nil {
      guard try evaluate(.test, "the end of training for test data", isFinal: true) else {
        return try interrupt()
      }
    }
    return .finished
  }

  private func train() throws(TrainError) -> Ending? {
    let (source, microStep) = try data.train.resumed(afterSamples: samplesTaken)
    let loader = try BatchLoader(source, startingAt: microStep)
    var batch = source.makeBatch()
    while iteration < data.iterations {
      if options.interruption.isRaised { return try interrupt() }
      let watch = Stopwatch()
      let step = try takeStep(loader, &batch, from: source)
      iteration += 1
      samplesTaken += configuration.batch.global
      canSave = true
      hasLoss = step.result.loss.isFinite
      if hasLoss {
        soundPath = savedPath
        try removeOldCheckpoints()
      }
      if step.outcome.isSkipped, model.type != .float16 {
        options.note("step \(iteration) was skipped: its gradients are infinite or not numbers")
      }
      try log.step(
        step.result, step.outcome, iteration: iteration, seconds: watch.seconds,
        nextRate: optimization.scheduler.rate)
      if configuration.checkpoints.folder != nil, saves.isDue(after: iteration) { try save() }
      if try !evaluateIfDue() { return try interrupt() }
      if let interval = configuration.length.exitInterval, iteration % interval == 0 {
        try log.exit(iteration: iteration)
        return .exited(iteration: iteration)
      }
    }
    return nil
  }

  private func interrupt() throws(TrainError) -> Ending {
    guard configuration.checkpoints.folder != nil else {
      return .interrupted(iteration: iteration, checkpoint: nil)
    }
    let path = try savedIteration == iteration ? savedPath : save()
    return .interrupted(iteration: iteration, checkpoint: path)
  }

  /// Adds up the gradients of a step's micro batches, and updates the weights.
  private func takeStep(
    _ loader: BatchLoader, _ batch: inout Batch, from source: BatchSource
  ) throws(TrainError) -> (result: ObjectiveResult, outcome: OptimizationLoop.Outcome) {
    let count = configuration.batch.accumulation
    // The reference's pipeline engine does not divide by the micro batches of a step.
    let divisor = configuration.usesQuirks && configuration.usesPipelineEngine ? 1 : count
    let scale = optimization.scaler.scale / Double(divisor * communicator.size)
    results.removeAll(keepingCapacity: true)
    model.parameters.clearGradients()
    for micro in 0..<count {
      try log.timers.measure("batch generator") { () throws(TrainError) in
        try loader.next(&batch)
      }
      try checkSupervision(of: batch, from: source)
      let dropout = DropoutSeed(
        seed: UInt64(configuration.seed), iteration: iteration, microBatch: micro)
      results.append(
        try log.timers.measure("forward-backward") { () throws(TrainError) in
          try objective.run(
            batch, on: model, in: space, gradientScale: Float(scale), dropout: dropout)
        })
      try noteInfinity(results[micro], batch, from: source)
    }
    if communicator.size > 1 {
      for gradient in model.parameters.gradients {
        try communicator.allReduce(gradient, by: .sum)
      }
    }
    // Until the step is counted.
    canSave = false
    let outcome = try log.timers.measure("optimizer") { () throws(TrainError) in
      try optimization.step()
    }
    return (try mean(results), outcome)
  }

  /// The mean over the micro batches of all processes, each with equal weight.
  private func mean(_ results: [ObjectiveResult]) throws(TrainError) -> ObjectiveResult {
    let count = Double(results.count * communicator.size)
    func mean(_ value: (ObjectiveResult) -> Double) throws(TrainError) -> Double {
      try communicator.allReduce(results.reduce(0) { $0 + value($1) }, by: .sum) / count
    }
    var result = ObjectiveResult(loss: try mean { $0.loss })
    for (index, metric) in (results.first?.metrics ?? []).enumerated() {
      result.metrics.append((metric.name, try mean { $0.metrics[index].value }))
    }
    return result
  }

  // MARK: - Evaluation

  /// Whether an evaluation is due after this step that was not made yet.
  var awaitsEvaluation: Bool {
    guard let interval = configuration.length.evaluationInterval, data.valid != nil else {
      return false
    }
    return iteration > 0 && iteration % interval == 0 && evaluatedIteration != iteration
  }

  /// Carries out the evaluation that is due after this step, if one is; `false` when it was interrupted.
  private func evaluateIfDue() throws(TrainError) -> Bool {
    guard awaitsEvaluation, let interval = configuration.length.evaluationInterval else {
      return true
    }
    guard try evaluate(.valid, "iteration \(iteration)", number: iteration / interval - 1) else {
      return false
    }
    evaluatedIteration = iteration
    return true
  }

  /// Runs the model over `eval_iters` batches of a split and writes what it found; `false` when it was
  /// interrupted, and nothing was written.
  ///
  /// Each evaluation takes the batches behind those of the ones before it; `number` says how many these
  /// were since the beginning of the run.
  private func evaluate(
    _ split: DataSplit, _ title: String, isFinal: Bool = false, number: Int = 0
  ) throws(TrainError) -> Bool {
    guard let source = split == .valid ? data.valid : data.test else { return true }
    let count = configuration.length.evaluationIterations * configuration.batch.accumulation
    let loader = try BatchLoader(source, startingAt: number * count)
    var batch = source.makeBatch()
    var results: [ObjectiveResult] = []
    for _ in 0..<count {
      if options.interruption.isRaised { return false }
      try loader.next(&batch)
      try checkSupervision(of: batch, from: source)
      results.append(
        try objective.run(batch, on: model, in: space, gradientScale: nil, dropout: nil))
      try noteInfinity(results[results.count - 1], batch, from: source)
    }
    try log.evaluation(
      try mean(results), split: split, title: title, isFinal: isFinal, iteration: iteration)
    return true
  }
}
