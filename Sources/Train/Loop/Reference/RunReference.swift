internal import Machine

/// The reference of a run that is held to one: which weights it has, and whether they are in memory.
///
/// It is `reference_load`, else the weights that training began with; a run that goes on keeps the
/// reference of its beginning, which its checkpoints name (GPT-NeoX takes the resumed policy).
struct RunReference {
  /// What checkpoints say about it.
  let record: ReferenceRecord
  /// The model; `nil` where its log-probabilities were computed before.
  let model: GPTNeoX?

  /// Finds the weights, and loads them where they are needed.
  ///
  /// - Parameters:
  ///   - configuration: names `reference_load`, and the model.
  ///   - policy: as it was loaded, not trained yet.
  ///   - started: what the policy was loaded from; `nil` for weights from the seed.
  ///   - resumed: what the checkpoint says that the run goes on from; `nil` at a beginning.
  ///   - inMemory: whether the model itself is needed.
  /// - Throws: ``TrainError`` where the weights are gone, or are others than at the beginning.
  init(
    _ configuration: TrainingConfiguration, policy: GPTNeoX, started: String?,
    resumed: ReferenceRecord?, inMemory: Bool
  ) throws(TrainError) {
    var path = configuration.checkpoints.referenceLoad ?? (resumed == nil ? started : resumed?.path)
    let isPolicy = configuration.checkpoints.referenceLoad == nil && resumed == nil
    if !inMemory, let resumed, configuration.checkpoints.referenceLoad == nil {
      record = resumed
      model = nil
      return
    }
    let reference: GPTNeoX
    if isPolicy, !inMemory {
      reference = policy
    } else {
      reference = try GPTNeoX(
        policy.settings, type: policy.type, gradients: .none, engine: policy.engine)
      if isPolicy {
        for (source, target) in zip(policy.parameters.masters, reference.parameters.masters) {
          policy.engine.convert(source, into: target)
        }
        reference.parameters.refreshValues()
      } else {
        path = try Self.load(path, configuration, into: reference)
      }
    }
    record = ReferenceRecord(path: path, weights: WeightIdentity.text(reference))
    model = inMemory ? reference : nil
    if let resumed, resumed.weights != record.weights {
      throw .unsupported(
        what: "reference_load",
        reason: "\(path ?? "the seed") gives other weights (\(record.weights)) than the reference"
          + " this run began with (\(resumed.weights) from \(resumed.path ?? "the seed")); name"
          + " that, or begin a new run with finetune")
    }
  }

  /// Loads the weights; returns what they come from, from the root.
  private static func load(
    _ path: String?, _ configuration: TrainingConfiguration, into model: GPTNeoX
  ) throws(TrainError) -> String? {
    guard let path else {
      model.parameters.initialize(seed: UInt64(configuration.seed))
      return nil
    }
    let (source, _) = try LoadSource.open(
      path, paddedVocabularySize: model.settings.vocabularySize)
    guard let weights = source.weights else {
      throw .malformed(
        path: path, place: "reference_load",
        reason: "there are no weights; it names the model that the policy is held to")
    }
    try source.check(configuration, vocabularySize: model.settings.vocabularySize)
    let targets = zip(model.parameters.parameters, model.parameters.masters).map {
      (name: $0.name, tensor: $1)
    }
    try WeightLoader.load(weights, into: targets, engine: model.engine)
    model.parameters.refreshValues()
    if case .checkpoint(let checkpoint) = source { return FileIdentity.absolute(checkpoint.path) }
    return FileIdentity.absolute(path)
  }
}
