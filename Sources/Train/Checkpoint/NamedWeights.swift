/// Weights under GPT-NeoX's names, wherever they come from.
package protocol NamedWeights {
  /// What they come from, for messages.
  var path: String { get }
  /// All names.
  var names: [String] { get }
  /// The shape of a weight; `nil` where there is none of that name.
  func shape(_ name: String) -> [Int]?
  /// The numbers of a weight as fp32.
  ///
  /// - Throws: ``TrainError`` where they cannot be read.
  func floats(of name: String) throws(TrainError) -> [Float]
}

extension SafetensorsFile: NamedWeights {
  /// All names.
  package var names: [String] { entries.map(\.name) }

  /// The shape of a tensor; `nil` where there is none of that name.
  package func shape(_ name: String) -> [Int]? { self[name]?.shape }

  /// The numbers of a tensor as fp32.
  package func floats(of name: String) throws(TrainError) -> [Float] {
    guard let entry = self[name] else {
      throw .malformed(path: path, place: "tensor \(name)", reason: "it is missing")
    }
    return try floats(entry)
  }
}

/// Copies weights and states from files into an engine's memory.
package enum WeightLoader {
  /// Loads every weight of a model.
  ///
  /// Buffers that follow from the configuration (`inv_freq`, ALiBi slopes) are passed over. With
  /// `head`, the name of a reward model's head, so is a language model's head, and that of the reward
  /// model may be missing and is left alone then.
  ///
  /// - Returns: whether the reward model's head was missing.
  /// - Throws: ``TrainError/malformed(path:place:reason:)`` with all names that are missing, left
  ///   over or of another shape; nothing is copied then.
  @discardableResult
  package static func load(
    _ source: any NamedWeights, into weights: [CheckpointContents.Weight], head: String? = nil,
    engine: any ComputeEngine
  ) throws(TrainError) -> Bool {
    let isFresh = head.map { source.shape($0) == nil } ?? false
    let weights = isFresh ? weights.filter { $0.name != head } : weights
    try check(source, weights.map { ($0.name, $0.tensor.shape) }, passesOverHead: head != nil)
    for weight in weights {
      let numbers = try source.floats(of: weight.name)
      engine.write(numbers.span, to: weight.tensor)
    }
    return isFresh
  }

  /// Loads the states of an optimizer and takes up its count of steps.
  ///
  /// - Throws: ``TrainError/malformed(path:place:reason:)``, where nothing is copied.
  package static func load(
    _ checkpoint: Checkpoint, into optimizer: Optimizer
  ) throws(TrainError) {
    guard let states = checkpoint.optimizer else {
      throw .malformed(
        path: checkpoint.path, place: CheckpointName.optimizer,
        reason: "the checkpoint has no states of an optimizer; set no_load_optim to start with new"
          + " ones")
    }
    let kind = optimizer.settings.kind.rawValue
    guard checkpoint.state.optimizer == kind else {
      throw .malformed(
        path: checkpoint.path, place: "optimizer.type",
        reason: "it was \(checkpoint.state.optimizer) there and is \(kind) here; set no_load_optim"
          + " to start with new states")
    }
    try load(
      states, into: optimizer.namedStates.map { ($0.name, $0.numbers) },
      engine: optimizer.engine)
    optimizer.resume(stepCount: checkpoint.state.optimizerStepCount)
  }

  private static func check(
    _ source: any NamedWeights, _ wanted: [(name: String, shape: [Int])],
    passesOverHead: Bool
  ) throws(TrainError) {
    var problems: [String] = []
    for (name, shape) in wanted {
      guard let found = source.shape(name) else {
        problems.append("\(name) is missing")
        continue
      }
      if found != shape { problems.append("\(name) is \(found), and \(shape) is wanted") }
    }
    let names = Set(wanted.map(\.name))
    problems += source.names.filter {
      !names.contains($0) && !isDerived($0)
        && !(passesOverHead && $0.hasSuffix(".final_linear.weight"))
    }
    .map { "\($0) is not known to the model" }
    guard !problems.isEmpty else { return }
    let shown = problems.prefix(8).joined(separator: "; ")
    throw .malformed(
      path: source.path, place: "\(problems.count) tensors do not fit",
      reason: problems.count > 8 ? shown + "; …" : shown)
  }

  private static func isDerived(_ name: String) -> Bool {
    name.hasSuffix(".inv_freq") || name.hasSuffix(".alibi_embed.slopes")
  }
}
