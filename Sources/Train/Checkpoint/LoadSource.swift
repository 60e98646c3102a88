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
      return (.file(try WeightFile(path: path)), [])
    }
    if DurableFile.exists(path + "/" + CheckpointName.hashes) {
      return (.checkpoint(try Checkpoint(path: path)), [])
    }
    let names = try FolderContents.names(path)
    if names.contains("config.json"), !names.contains(CheckpointName.latest) {
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

  private static func isPickle(_ name: String) -> Bool {
    name.hasSuffix(".pt") || name.hasPrefix("pytorch_model") && name.hasSuffix(".bin")
  }
}
