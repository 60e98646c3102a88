extension OptimizationLoop {
  /// Where the loop stands, for a checkpoint after an iteration; data, random streams and settings
  /// are the caller's to add.
  package func checkpointState(iteration: Int) -> CheckpointState {
    var state = CheckpointState(iteration: iteration, scheduler: scheduler)
    state.skippedCount = skippedCount
    state.optimizer = optimizer.settings.kind.rawValue
    state.optimizerStepCount = optimizer.stepCount
    state.lossScale = scaler.state
    return state
  }

  /// Goes on from a checkpoint: the optimizer's states and count, the learning rate, the loss scale.
  ///
  /// - Throws: ``TrainError/malformed(path:place:reason:)`` where states are missing or do not fit,
  ///   or where the schedule is another one and `preference` does not say what to do.
  package func resume(
    _ checkpoint: Checkpoint, prefer preference: LearningRateScheduler.Preference
  ) throws(TrainError) {
    var scheduler = scheduler
    try scheduler.resume(checkpoint.state.scheduler, prefer: preference, path: checkpoint.path)
    try WeightLoader.load(checkpoint, into: optimizer)
    resume(
      scheduler, scale: checkpoint.state.lossScale, skipped: checkpoint.state.skippedCount)
  }
}
