internal import Machine

/// What a checkpoint holds.
package struct CheckpointContents {
  /// A weight under GPT-NeoX's name.
  package typealias Weight = (name: String, tensor: Tensor)

  /// Where the run stands.
  package var state: CheckpointState
  /// The fp32 weights.
  package var weights: [Weight]
  /// The optimizer, whose states are kept; `nil` leaves them out.
  package var optimizer: Optimizer?
  /// The texts of the configuration files, by their names or paths.
  package var configs: [(name: String, text: [UInt8])]

  /// Gathers what a checkpoint holds.
  package init(
    state: CheckpointState, weights: [Weight], optimizer: Optimizer?,
    configs: [(name: String, text: [UInt8])]
  ) {
    self.state = state
    self.weights = weights
    self.optimizer = optimizer
    self.configs = configs
  }
}

/// Writes checkpoints so that a half-written one is never taken for a whole one.
///
/// All files are written and made durable in a folder of another name, their hashes last; then the
/// folder gets its name, and then `latest` names it.
package enum CheckpointWriter {
  /// Writes a checkpoint into a run's folder, over one of the same iteration if there is one.
  ///
  /// - Returns: the path of the checkpoint.
  /// - Throws: ``TrainError/system(_:)``.
  @discardableResult
  package static func write(
    _ contents: CheckpointContents, into save: String, engine: any ComputeEngine
  ) throws(TrainError) -> String {
    let name = CheckpointName.folder(contents.state.iteration)
    let path = save + "/" + name
    let partial = path + CheckpointName.partialEnding
    try onSystem(FolderContents.make(save))
    try onSystem(FolderContents.remove(partial))
    do throws(TrainError) {
      try writeAll(contents, into: partial, engine: engine)
    } catch {
      // On a full disk it would stand in the way of all else.
      try? onSystem(FolderContents.remove(partial))
      throw error
    }
    try putInPlace(partial, as: path)
    try replace(save + "/" + CheckpointName.latest, Array(name.utf8))
    return path
  }

  /// Writes a checkpoint's folder, which is durable then.
  private static func writeAll(
    _ contents: CheckpointContents, into folder: String, engine: any ComputeEngine
  ) throws(TrainError) {
    try onSystem(FolderContents.make(folder + "/" + CheckpointName.configs))
    let seals = try writeFiles(contents, into: folder, engine: engine)
    try replace(folder + "/" + CheckpointName.hashes, Self.json(seals))
    try system { () throws(SystemError) in
      try DurableFile.synchronizeFolder(of: folder + "/" + CheckpointName.configs + "/x")
    }
  }

  private static func writeFiles(
    _ contents: CheckpointContents, into folder: String, engine: any ComputeEngine
  ) throws(TrainError) -> [(String, FileSeal)] {
    var seals: [(String, FileSeal)] = []
    func source(_ name: String, _ tensor: Tensor) -> SafetensorsSource {
      SafetensorsSource(name: name, type: .float32, shape: tensor.shape) {
        (sink) throws(TrainError) in
        try engine.forEachPiece(of: tensor) { (numbers) throws(TrainError) in
          try unsafe sink(numbers.bytes)
        }
      }
    }
    seals.append(
      (
        CheckpointName.weights,
        try SafetensorsWriter.write(
          folder + "/" + CheckpointName.weights, metadata: [("format", "pt")],
          contents.weights.map { source($0.name, $0.tensor) })
      ))
    if let optimizer = contents.optimizer {
      seals.append(
        (
          CheckpointName.optimizer,
          try SafetensorsWriter.write(
            folder + "/" + CheckpointName.optimizer,
            optimizer.namedStates.map { source($0.name, $0.numbers) })
        ))
    }
    var names: Set<String> = []
    for config in contents.configs {
      var name = String(config.name.split(separator: "/").last ?? "config.yml")
      while !names.insert(name).inserted { name = "other-" + name }
      seals.append(try write(config.text, CheckpointName.configs + "/" + name, folder))
    }
    let text = contents.state.json.bytes(.pretty) + [0x0A]
    seals.append(try write(text, CheckpointName.state, folder))
    return seals
  }

  private static func write(
    _ bytes: [UInt8], _ name: String, _ folder: String
  ) throws(TrainError) -> (String, FileSeal) {
    var output = try SealedOutput(path: folder + "/" + name)
    try unsafe output.append(bytes.span.bytes)
    return (name, try output.finish())
  }

  private static func json(_ seals: [(String, FileSeal)]) -> [UInt8] {
    let files = seals.map { name, seal in
      JSONText.Member(
        name,
        [
          "bytes": JSONText(seal.byteCount), "xxh64": .string(ContentHash.text(seal.hash)),
        ])
    }
    return JSONText.object(files).bytes(.pretty) + [0x0A]
  }

  // The old folder keeps its bytes, under a name that loading knows, until the new one has its own.
  private static func putInPlace(_ partial: String, as path: String) throws(TrainError) {
    let replaced = path + CheckpointName.replacedEnding
    if DurableFile.exists(path) {
      try onSystem(FolderContents.remove(replaced))
      try system { () throws(SystemError) in try DurableFile.rename(path, to: replaced) }
    }
    try system { () throws(SystemError) in
      try DurableFile.rename(partial, to: path)
      try DurableFile.synchronizeFolder(of: path)
    }
    try onSystem(FolderContents.remove(replaced))
  }

  private static func replace(_ path: String, _ bytes: [UInt8]) throws(TrainError) {
    try system { () throws(SystemError) in try DurableFile.replace(path, with: bytes) }
  }

  private static func system(_ body: () throws(SystemError) -> Void) throws(TrainError) {
    do throws(SystemError) { try body() } catch { throw .system(error) }
  }
}
