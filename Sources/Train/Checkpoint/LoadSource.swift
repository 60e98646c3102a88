internal import Machine

/// What the `load` key of a configuration names.
package enum LoadSource {
  /// A checkpoint of ours, from which a run can go on.
  case checkpoint(Checkpoint)
  /// One safetensors file with GPT-NeoX's names: weights alone.
  case file(WeightFile)
  /// A folder of transformers: weights alone.
  case huggingFace(HuggingFaceWeights)
  /// A folder without any checkpoint, as at the beginning of a run.
  case nothing

  /// The weights; `nil` where there are none.
  package var weights: (any NamedWeights)? {
    switch self {
    case .checkpoint(let checkpoint): checkpoint.weights
    case .file(let file): file
    case .huggingFace(let model): model
    case .nothing: nil
    }
  }

  /// Finds out what is there and opens it: a run's folder with checkpoints, one checkpoint, a
  /// safetensors file, or a folder of transformers.
  ///
  /// - Returns: the source, and what should be said about the choice.
  /// - Throws: ``TrainError`` naming the file that is damaged, absent or of another kind.
  package static func open(
    _ path: String, iteration: Int? = nil, paddedVocabularySize: Int? = nil
  ) throws(TrainError) -> (source: LoadSource, notices: [String]) {
    guard DurableFile.isFolder(path) else {
      guard DurableFile.exists(path) else {
        let choice = try Checkpoint.choose(in: path, iteration: iteration)
        return (.nothing, choice.notices)
      }
      try refuse(iteration, "\(path) is one file of weights")
      return (.file(try WeightFile(path: path)), [])
    }
    if DurableFile.exists(path + "/" + CheckpointName.hashes) {
      let checkpoint = try Checkpoint(path: path)
      if iteration != checkpoint.state.iteration {
        try refuse(iteration, "\(path) is the checkpoint of step \(checkpoint.state.iteration)")
      }
      return (.checkpoint(checkpoint), [])
    }
    let names = try onSystem(FolderContents.names(path))
    if names.contains("config.json"), !names.contains(CheckpointName.latest) {
      try refuse(iteration, "\(path) is a folder of transformers")
      let model = try HuggingFaceWeights(path: path, paddedVocabularySize: paddedVocabularySize)
      return (.huggingFace(model), [])
    }
    let hasCheckpoints = names.contains { CheckpointName.iteration($0) != nil }
    if !hasCheckpoints, let pickle = names.first(where: Self.isPickle) {
      throw .unsupported(
        what: path + "/" + pickle,
        reason: "files of torch are not read; convert them to safetensors first")
    }
    let choice = try Checkpoint.choose(in: path, iteration: iteration)
    return (choice.checkpoint.map { .checkpoint($0) } ?? .nothing, choice.notices)
  }

  /// The error of a path, named at a place, where no weights are.
  package static func nothing(at path: String, place: String) -> TrainError {
    let found =
      DurableFile.exists(path)
      ? "the folder has no checkpoint"
      : "there is no such file or folder\(WorkingDirectory.note(path))"
    return .malformed(
      path: path, place: place,
      reason: "\(found); a run's folder with folders global_stepN, one of these, a"
        + " safetensors file, or a folder of transformers was expected")
  }

  /// Refuses to choose where there is no choice.
  private static func refuse(_ iteration: Int?, _ reason: String) throws(TrainError) {
    guard let iteration else { return }
    throw .unsupported(
      what: "iteration \(iteration)",
      reason: reason + "; leave iteration out, or name the folder of a run")
  }

  private static func isPickle(_ name: String) -> Bool {
    name.hasSuffix(".pt") || name.hasPrefix("pytorch_model") && name.hasSuffix(".bin")
  }
}
