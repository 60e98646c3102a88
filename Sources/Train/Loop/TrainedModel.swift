internal import Machine
package import Tokenize

/// A model with its trained weights, to evaluate or to write text with.
package final class TrainedModel {
  /// The configuration that describes the model.
  package let configuration: TrainingConfiguration
  /// The model.
  package let model: GPTNeoX
  /// What the weights come from.
  package let path: String
  /// What the weights' own training was held to, where they are a policy's.
  package let reference: ReferenceRecord?
  /// What should be said about the choice of weights.
  package let notices: [String]

  /// Makes the model of a configuration and loads its weights.
  ///
  /// The embedding has as many rows as the weights have, so that no tokenizer is needed; a model of
  /// transformers is given the padding that training gives it where `paddedVocabularySize` is known.
  ///
  /// - Parameters:
  ///   - configuration: describes the model.
  ///   - path: what `load` takes; `nil` for the configuration's `load`, else its `save`.
  ///   - threads: threads that compute.
  ///   - paddedVocabularySize: rows of the embedding in training; `nil` where that is not known.
  /// - Throws: ``TrainError`` where there are no weights, or others than the configuration's.
  package init(
    _ configuration: TrainingConfiguration, load path: String? = nil, threads: Int,
    paddedVocabularySize: Int? = nil
  ) throws(TrainError) {
    let checkpoints = configuration.checkpoints
    guard let path = path ?? checkpoints.load ?? checkpoints.folder else {
      throw .unsupported(
        what: "load",
        reason: "neither it nor save is configured; name a run's folder, a checkpoint,"
          + " a safetensors file or a folder of transformers")
    }
    let (source, notices) = try LoadSource.open(
      path, iteration: checkpoints.iteration, paddedVocabularySize: paddedVocabularySize)
    guard let weights = source.weights else {
      throw LoadSource.nothing(at: path, place: "load")
    }
    let rows = try weights.vocabularyRows
    try source.check(configuration, vocabularySize: rows)
    let engine = CPUEngine(threads: threads)
    let model = try GPTNeoX(
      ModelSettings(configuration, vocabularySize: rows),
      type: ScalarType(configuration.precision.kind), gradients: .none, engine: engine)
    let targets = zip(model.parameters.parameters, model.parameters.masters).map {
      (name: $0.name, tensor: $1)
    }
    try WeightLoader.load(weights, into: targets, engine: engine)
    model.parameters.refreshValues()
    self.configuration = configuration
    self.model = model
    if case .checkpoint(let checkpoint) = source {
      reference = checkpoint.state.reference
    } else {
      reference = nil
    }
    self.path = weights.path
    self.notices = notices
  }
}

extension NamedWeights {
  /// Rows of the embedding.
  var vocabularyRows: Int {
    get throws(TrainError) {
      let name = "sequential.0.word_embeddings.weight"
      guard let rows = shape(name)?.first else {
        throw .malformed(path: path, place: name, reason: "it is missing")
      }
      return rows
    }
  }
}

extension LoadSource {
  /// Compares what is known of a model beside the shapes of its weights with a configuration.
  ///
  /// - Throws: ``TrainError/malformed(path:place:reason:)`` naming what differs.
  package func check(
    _ configuration: TrainingConfiguration, vocabularySize: Int
  ) throws(TrainError) {
    switch self {
    case .checkpoint(let checkpoint):
      try checkpoint.state.check(
        arguments: configuration.modelArguments, path: checkpoint.path)
    case .huggingFace(let model):
      let configured = try HuggingFaceSettings(configuration, vocabularySize: vocabularySize)
      let differences = model.config.settings.differences(from: configured)
      guard differences.isEmpty else {
        throw .malformed(
          path: model.path, place: "config.json", reason: differences.joined(separator: "; "))
      }
    case .file, .nothing: break
    }
  }
}

extension TrainingConfiguration.Tokenizer {
  /// Loads the tokenizer.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` naming the key, or
  ///   ``TrainError/vocabulary(reason:)``.
  package func load() throws(TrainError) -> any Tokenizer {
    guard let kind = TokenizerKind(name: self.kind) else {
      throw .unsupported(
        what: "tokenizer_type \(self.kind)",
        reason: "it is none of \(TokenizerKind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    if let key = missingKey(kind) {
      throw .unsupported(
        what: key.name, reason: "is missing; \(kind.rawValue) needs the path of \(key.file)")
    }
    do throws(TokenizeError) {
      return try loadTokenizer(
        TokenizerChoice(kind: kind, vocabularyFile: vocabularyFile, mergeFile: mergesFile))
    } catch {
      let start = [vocabularyFile, mergesFile].compactMap { $0.map { WorkingDirectory.note($0) } }
        .joined()
      throw .vocabulary(
        reason: "\(error)\(start) (the keys are tokenizer_type, vocab_file and merge_file)")
    }
  }

  /// The first key that a kind of tokenizer needs and the configuration has not.
  private func missingKey(_ kind: TokenizerKind) -> (name: String, file: String)? {
    let vocabulary: String
    switch kind {
    case .gpt2BPE: vocabulary = "vocab.json"
    case .huggingFace: vocabulary = "tokenizer.json"
    case .tiktoken: vocabulary = "a rank file, such as r50k_base.tiktoken"
    case .huggingFaceGPT2, .characterLevel, .sentencePiece: return nil
    }
    if vocabularyFile == nil { return ("vocab_file", vocabulary) }
    return kind == .gpt2BPE && mergesFile == nil ? ("merge_file", "merges.txt") : nil
  }
}
