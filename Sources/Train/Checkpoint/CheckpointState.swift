/// Where a run stands, besides its weights and the states of its optimizer.
package struct CheckpointState: Sendable, Equatable {
  /// Optimizer steps of the run, skipped ones included.
  package var iteration: Int
  /// Steps that were skipped.
  package var skippedCount = 0
  /// Updates that the optimizer has made.
  package var optimizerStepCount = 0
  /// The optimizer, by its `optimizer.type`.
  package var optimizer = ""
  /// The learning-rate schedule and how far it has come.
  package var scheduler: LearningRateScheduler
  /// The loss scale.
  package var lossScale = LossScaler.one.state
  /// How many samples of each stream were taken, for instance `train`.
  package var dataPosition: [String: Int] = [:]
  /// `data_order` of the run; `nil` where the checkpoint does not tell.
  package var dataOrder: String?
  /// Seeds and counters of random streams, by name.
  package var randomState: [String: UInt64] = [:]
  /// The model that the policy is held to; `nil` where the objective has none.
  package var reference: ReferenceRecord?
  /// Settings that have to be the same in a run that goes on from here, as text.
  package var arguments: [String: String] = [:]
  /// Settings that may change, as text; none where the checkpoint does not tell.
  package var settings: [String: String] = [:]
  /// Whether an evaluation was due that had not been made.
  package var awaitsEvaluation = false
  /// Whether the last step's loss was a number.
  package var hasLoss = true

  /// The state at the beginning of a run.
  package init(iteration: Int = 0, scheduler: LearningRateScheduler) {
    self.iteration = iteration
    self.scheduler = scheduler
  }

  /// Checks that a run with these settings can go on from here.
  ///
  /// - Throws: ``TrainError/malformed(path:place:reason:)`` naming the first setting that differs.
  package func check(arguments current: [String: String], path: String) throws(TrainError) {
    for (name, stored) in arguments.sorted(by: { $0.key < $1.key }) {
      guard let now = current[name], now != stored else { continue }
      throw .malformed(
        path: path, place: name,
        reason: "\(name) value from checkpoint (\(stored)) is not equal to the currently set"
          + " argument value (\(now)).")
    }
  }
}

extension CheckpointState {
  /// Which of the run's settings are others now, in the words of a message, and their names; `nil` where
  /// none are, or nothing is known.
  func changes(to current: [String: String]) -> (text: String, names: Set<String>)? {
    // What only one of them names is a default in the other, or was not known to an earlier version.
    let changed = settings.filter { name, before in
      current[name].map { $0 != before } ?? false
    }
    guard !changed.isEmpty else { return nil }
    let lines = changed.sorted { $0.key < $1.key }.map { name, before in
      "\(name) was \(before) and is \(current[name] ?? "")"
    }
    return (lines.joined(separator: "; "), Set(changed.keys))
  }
}

/// Which weights a run is held to, so that it stays the same when the run goes on.
package struct ReferenceRecord: Sendable, Equatable {
  /// What they were loaded from; `nil` for the weights that the seed gives.
  package var path: String?
  /// ``WeightIdentity`` of them, as text.
  package var weights: String

  /// Names a reference.
  package init(path: String?, weights: String) {
    self.path = path
    self.weights = weights
  }
}
