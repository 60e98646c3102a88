package import Machine

/// Writes trained models for other programs: joins a checkpoint with the configuration that
/// describes it.
package enum ModelExport {
  /// What is exported, as `load` takes it, and what describes it.
  package struct Source {
    /// The weights.
    package let weights: any NamedWeights
    /// What is known of the choice, for the person who asked.
    package let notices: [String]
    private let source: LoadSource
    private let request: ConfigurationRequest

    /// Opens weights.
    ///
    /// - Parameters:
    ///   - path: a run's folder, a checkpoint, a safetensors file, or a folder of transformers.
    ///   - iteration: the checkpoint of a run's folder; `nil` is the newest.
    ///   - configuration: the files that describe the model; without any, the checkpoint's own
    ///     describe it, with the settings changed.
    /// - Throws: ``TrainError`` where there are none.
    package init(
      _ path: String, iteration: Int? = nil,
      configuration: ConfigurationRequest = ConfigurationRequest(files: [])
    ) throws(TrainError) {
      let (source, notices) = try LoadSource.open(path, iteration: iteration)
      guard let weights = source.weights else {
        throw LoadSource.nothing(at: path, place: "export")
      }
      self.source = source
      self.weights = weights
      self.notices = notices
      request = configuration
    }

    /// The configuration: the one that was named, else the checkpoint's own; `nil` where there is
    /// none.
    ///
    /// - Throws: ``TrainError`` where it has problems.
    package var configuration: TrainingConfiguration? {
      get throws(TrainError) {
        guard request.files.isEmpty else { return try TrainingConfiguration(request) }
        guard case .checkpoint(let checkpoint) = source else { return nil }
        var kept = try CheckpointConfiguration.request(checkpoint)
        kept.settings += request.settings
        return try TrainingConfiguration(kept)
      }
    }

    /// The settings for transformers.
    func settings(
      _ configuration: TrainingConfiguration?
    ) throws(TrainError) -> HuggingFaceSettings {
      guard let configuration else {
        guard case .huggingFace(let model) = source else {
          throw .unsupported(
            what: weights.path,
            reason: "a file of weights does not say what computes with them;"
              + " name the configuration's files")
        }
        return model.config.settings
      }
      let rows = try weights.vocabularyRows
      try source.check(configuration, vocabularySize: rows)
      return try HuggingFaceSettings(configuration, vocabularySize: rows)
    }
  }

  /// Writes a folder that transformers loads, with the tokenizer where `hasTokenizer`; nothing is left
  /// of it once `interruption` is raised.
  ///
  /// - Returns: what should be said about it.
  /// - Throws: ``TrainError`` where no class of transformers computes the same, where the tokenizer's
  ///   files are absent, or where the folder holds something.
  package static func writeHuggingFace(
    _ source: Source, to folder: String, precision: WeightExport.Precision, hasTokenizer: Bool,
    overwrites: Bool, interruption: Interruption? = nil
  ) throws(TrainError) -> [String] {
    let configuration = try source.configuration
    let settings = try source.settings(configuration)
    var tokenizer = ExportedTokenizer.Contents()
    if hasTokenizer, let configuration {
      tokenizer = try ExportedTokenizer.contents(
        configuration.tokenizer, maximumLength: settings.maximumPositions)
    }
    try WeightExport.writeHuggingFace(
      folder, source.weights, settings: settings, precision: precision,
      endOfText: tokenizer.endOfText, files: tokenizer.files, overwrites: overwrites,
      interruption: interruption)
    return tokenizer.notice.map { [$0] } ?? []
  }

  /// Writes one safetensors file with GPT-NeoX's names; nothing is left of it once `interruption` is raised.
  ///
  /// - Throws: ``TrainError`` where the file is there and not to be replaced.
  package static func writeFile(
    _ source: Source, to path: String, precision: WeightExport.Precision, overwrites: Bool,
    interruption: Interruption? = nil
  ) throws(TrainError) {
    try WeightExport.writeFile(
      path, source.weights, precision: precision, overwrites: overwrites,
      interruption: interruption)
  }
}
