internal import Machine

extension TrainingRun {
  /// Saves a checkpoint and removes old ones; returns its path.
  @discardableResult
  func save() throws(TrainError) -> String? {
    guard let path = try writeCheckpoint() else { return nil }
    try log.say("  successfully saved checkpoint at iteration \(iteration) to \(path)")
    return path
  }

  /// Saves as ``save()`` does, and tells nobody.
  func writeCheckpoint() throws(TrainError) -> String? {
    guard let folder = configuration.checkpoints.folder else { return nil }
    var state = optimization.checkpointState(iteration: iteration)
    state.dataPosition = ["train": samplesTaken]
    state.dataOrder = configuration.data.order.rawValue
    state.randomState = ["seed": UInt64(configuration.seed)]
    state.reference = reference?.record
    state.arguments = configuration.runArguments(vocabulary)
    state.settings = configuration.runSettings
    state.awaitsEvaluation = awaitsEvaluation
    state.hasLoss = hasLoss
    let contents = CheckpointContents(
      state: state, weights: weights, optimizer: optimization.optimizer,
      configs: CheckpointConfiguration.files(configuration))
    canSave = false
    let path = try log.timers.measure("save checkpoint") { () throws(TrainError) in
      try CheckpointWriter.write(contents, into: folder, engine: model.engine)
    }
    mayRotate = true
    if !hasLoss {
      options.warn(
        "\(path): the loss is no number, so older checkpoints are kept"
          + (soundPath.map { "; \($0) is from before" } ?? ""))
    }
    canSave = true
    savedIteration = iteration
    savedPath = path
    return path
  }

  /// Removes the checkpoints that the newest one has made superfluous.
  ///
  /// Not until a step with a loss was taken from it, or the run ends: an update may have spoilt it.
  func removeOldCheckpoints() throws(TrainError) {
    guard mayRotate, hasLoss, let folder = configuration.checkpoints.folder, let savedIteration
    else { return }
    try saves.rotate(folder, latest: savedIteration, sparing: reference?.record.path)
    mayRotate = false
  }

  /// What a run begins with.
  struct Beginning {
    /// The step from which the run goes on.
    var iteration = 0
    /// What the weights come from; `nil` for the seed.
    var path: String?
    /// The reference of the run that goes on.
    var reference: ReferenceRecord?
    /// Whether the run was saved before an evaluation that was due.
    var awaitsEvaluation = false
  }

  /// Loads what the configuration names.
  func load() throws(TrainError) -> Beginning {
    let checkpoints = configuration.checkpoints
    guard let path = checkpoints.load else { return Beginning() }
    let (source, notices) = try LoadSource.open(
      path, iteration: checkpoints.iteration, paddedVocabularySize: vocabulary.paddedSize)
    // Before the notice that training starts from the beginning, which it then does not.
    guard source.weights != nil || !checkpoints.isFinetuning else {
      throw .unsupported(
        what: "load \(path)",
        reason: DurableFile.exists(path)
          ? "has no checkpoint to finetune" : "is not there, and finetune is true")
    }
    for notice in notices { options.note(notice) }
    guard let source = source.weights.map({ ($0, source) }) else { return Beginning() }
    guard case .checkpoint(let checkpoint) = source.1 else {
      try source.1.check(configuration, vocabularySize: vocabulary.paddedSize)
      try loadWeights(source.0)
      options.note("\(path): weights alone were loaded; the run begins at step 0")
      return Beginning(path: FileIdentity.absolute(path))
    }
    try checkpoint.state.check(
      arguments: configuration.runArguments(vocabulary), path: checkpoint.path)
    try loadWeights(source.0)
    let origin = FileIdentity.absolute(checkpoint.path)
    guard !checkpoints.isFinetuning else {
      try log.say("  successfully loaded the weights of \(checkpoint.path); step 0 comes next")
      return Beginning(path: origin)
    }
    try resume(checkpoint)
    try log.say("  successfully loaded checkpoint \(checkpoint.path)")
    let isOwn =
      FileIdentity(DurableFile.folder(of: checkpoint.path))
      == checkpoints.folder.flatMap { FileIdentity($0) }
    if isOwn {
      savedIteration = checkpoint.state.iteration
      savedPath = checkpoint.path
      hasLoss = checkpoint.state.hasLoss
    }
    return Beginning(
      iteration: checkpoint.state.iteration, path: origin, reference: checkpoint.state.reference,
      awaitsEvaluation: checkpoint.state.awaitsEvaluation)
  }

  /// Loads weights; a reward model's head keeps its random numbers where they have none.
  private func loadWeights(_ source: any NamedWeights) throws(TrainError) {
    let isFresh = try WeightLoader.load(
      source, into: weights, head: model.settings.head == .reward ? model.headName : nil,
      engine: model.engine)
    if isFresh {
      options.note("\(source.path): it is no reward model; its head begins with random numbers")
    }
    model.parameters.refreshValues()
  }

  /// Refuses to write among checkpoints of a run that this one does not continue.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)``.
  func checkFolder() throws(TrainError) {
    let checkpoints = configuration.checkpoints
    guard let folder = checkpoints.folder, !options.overwrites else { return }
    let steps = try onSystem(FolderContents.names(folder)).compactMap {
      CheckpointName.iteration($0)
    }
    guard let newest = steps.max() else { return }
    if let savedIteration {
      let isChosen =
        checkpoints.iteration != nil
        || checkpoints.load.flatMap { FileIdentity($0) } == savedPath.flatMap { FileIdentity($0) }
      guard isChosen, savedIteration < newest else { return }
      throw .unsupported(
        what: "save \(folder)",
        reason: "going back to step \(savedIteration) would replace its checkpoints up to step"
          + " \(newest) and cut its metrics; name another folder, or replace them with --overwrite")
    }
    throw .unsupported(
      what: "save \(folder)",
      reason:
        "it holds checkpoints up to step \(newest) of a run that this one does not continue: set"
        + " \(checkpoints.settingsToGoOn ?? "load=\(folder)") to go on, name another folder, or"
        + " replace them with --overwrite")
  }

  /// Removes what a run that was killed has left of checkpoints it was writing or removing.
  func removeRemains() throws(TrainError) {
    guard let folder = configuration.checkpoints.folder else { return }
    for name in try onSystem(FolderContents.names(folder))
    where name.hasSuffix(CheckpointName.partialEnding)
      && CheckpointName.iteration(name.dropLast(CheckpointName.partialEnding.count)) != nil
    {
      try onSystem(FolderContents.remove(folder + "/" + name))
    }
  }

  private func resume(_ checkpoint: Checkpoint) throws(TrainError) {
    let state = checkpoint.state
    if configuration.checkpoints.loadsOptimizer {
      try optimization.resume(
        checkpoint,
        prefer: LearningRateScheduler.Preference(
          overrideLRScheduler: configuration.learningRate.overridesCheckpoint,
          useCheckpointLRScheduler: configuration.learningRate.followsCheckpoint))
    }
    samplesTaken =
      state.dataPosition["train"] ?? state.iteration * configuration.batch.global
    if let seed = state.randomState["seed"], seed != UInt64(configuration.seed) {
      options.note(
        "\(checkpoint.path): the run was begun with seed \(seed); data and dropout follow"
          + " \(configuration.seed) from here")
    }
    if let changes = state.changes(to: configuration.runSettings) {
      let isReordered = !changes.names.isDisjoint(with: configuration.orderingSettings)
      options.note(
        "\(checkpoint.path): \(changes.text), from here on"
          + (isReordered
            ? "; samples may be in another order, so that some come again and some are left out"
            : ""))
    }
    let order = configuration.data.order.rawValue
    if let before = state.dataOrder, before != order {
      options.note(
        "\(checkpoint.path): the run was begun with data_order \(before); samples follow \(order)"
          + " from sample \(samplesTaken) on, so that some come again and some are left out")
    }
  }

  /// All weights under their names.
  private var weights: [CheckpointContents.Weight] {
    zip(model.parameters.parameters, model.parameters.masters).map { ($0.name, $1) }
  }
}
