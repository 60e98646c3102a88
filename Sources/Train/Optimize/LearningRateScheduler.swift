/// A schedule and how far it has come.
package struct LearningRateScheduler: Sendable, Equatable {
  /// The schedule.
  package private(set) var schedule: LearningRateSchedule
  /// Steps that were taken and not skipped.
  package private(set) var stepCount = 0

  /// Stands at the beginning of a schedule.
  package init(_ schedule: LearningRateSchedule) { self.schedule = schedule }

  /// The rate of the next step.
  package var rate: Double { schedule.rate(after: stepCount) }

  /// Notes that a step was taken.
  package mutating func advance() { stepCount += 1 }

  /// Takes up the count of steps of a checkpoint.
  mutating func resume(stepCount: Int) { self.stepCount = stepCount }

  /// What a resumed run does where its schedule is not the checkpoint's.
  package enum Preference: Sendable {
    /// It refuses to go on.
    case equal
    /// `override_lr_scheduler`: it keeps its own.
    case configured
    /// `use_checkpoint_lr_scheduler`: it takes the checkpoint's.
    case stored

    /// Reads the two keys of a configuration.
    ///
    /// - Throws: ``TrainError/unsupported(what:reason:)`` when both are set.
    package init(
      overrideLRScheduler: Bool, useCheckpointLRScheduler: Bool
    ) throws(TrainError) {
      switch (overrideLRScheduler, useCheckpointLRScheduler) {
      case (true, true):
        throw .unsupported(
          what: "override_lr_scheduler and use_checkpoint_lr_scheduler",
          reason: "they exclude each other; remove one of them")
      case (true, false): self = .configured
      case (false, true): self = .stored
      case (false, false): self = .equal
      }
    }
  }

  /// Goes on where a checkpoint stands; the count of steps is always the checkpoint's.
  ///
  /// - Throws: ``TrainError/malformed(path:place:reason:)`` naming the value that differs.
  package mutating func resume(
    _ stored: LearningRateScheduler, prefer preference: Preference, path: String
  ) throws(TrainError) {
    if preference == .equal, let difference = Self.difference(schedule, stored.schedule) {
      throw .malformed(
        path: path, place: "learning-rate schedule",
        reason: "\(difference); set override_lr_scheduler to keep the configured schedule or"
          + " use_checkpoint_lr_scheduler to take the stored one")
    }
    if preference == .stored { schedule = stored.schedule }
    stepCount = stored.stepCount
  }

  private static func difference(
    _ configured: LearningRateSchedule, _ stored: LearningRateSchedule
  ) -> String? {
    func differing(_ pairs: [(String, Double, Double)]) -> String? {
      pairs.first { $0.1 != $0.2 }.map { "\($0.0) is \($0.2) there and \($0.1) here" }
    }
    switch (configured, stored) {
    case (.annealing(let here), .annealing(let there)):
      if let found = differing([
        ("learning rate", here.start, there.start),
        ("minimum learning rate", here.minimum, there.minimum),
        ("warmup iterations", here.warmupSteps, there.warmupSteps),
        ("total number of iterations", Double(here.endStep), Double(there.endStep)),
      ]) {
        return found
      }
      guard here.style != there.style else { return nil }
      return "decay style is \(there.style.rawValue) there and \(here.style.rawValue) here"
    case (.warmupDecay(let here), .warmupDecay(let there)):
      return differing([
        ("learning rate", here.start, there.start),
        ("warmup iterations", Double(here.warmupSteps), Double(there.warmupSteps)),
        ("total number of iterations", Double(here.endStep), Double(there.endStep)),
      ])
    default: return "it is of another kind"
    }
  }
}
