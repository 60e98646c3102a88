internal import Machine
internal import Tokenize

/// The configuration that a checkpoint keeps: the files of its run, and what the command line changed.
package enum CheckpointConfiguration {
  /// The file with what the command line changed.
  static let settingsName = "command-line.json"

  /// What a checkpoint keeps of a configuration.
  package static func files(
    _ configuration: TrainingConfiguration
  ) -> [(name: String, text: [UInt8])] {
    var files = configuration.files.map { (name: $0.name, text: Array($0.text.utf8)) }
    if !configuration.settings.isEmpty {
      let settings = JSONText.array(configuration.settings.map { .string($0) })
      let text = JSONText.object([.init("set", settings)])
      files.append((name: settingsName, text: text.bytes(.pretty) + [0x0A]))
    }
    return files
  }

  /// How to read the configuration of a checkpoint again; paths in it begin at the working directory.
  ///
  /// - Throws: ``TrainError/malformed(path:place:reason:)`` where the checkpoint keeps none.
  package static func request(_ checkpoint: Checkpoint) throws(TrainError) -> ConfigurationRequest {
    let folder = checkpoint.path + "/" + CheckpointName.configs
    let names = try onSystem(FolderContents.names(folder))
    let files = names.filter { $0 != settingsName }.map { folder + "/" + $0 }
    guard !files.isEmpty else {
      throw .malformed(
        path: checkpoint.path, place: CheckpointName.configs,
        reason: "the checkpoint keeps no configuration; name its files")
    }
    var request = ConfigurationRequest(files: files, isLenient: true)
    if names.contains(settingsName) {
      let fields = try JSONFields(path: folder + "/" + settingsName)
      let nodes = fields.optional("set")?.elements ?? []
      request.settings = nodes.compactMap(\.string)
      guard request.settings.count == nodes.count else {
        throw fields.problem("set", "it has to be a list of strings")
      }
    }
    return request
  }
}
