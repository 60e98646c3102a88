internal import Machine
internal import Tokenize

/// A checkpoint whose files are all there and as they were written.
package struct Checkpoint: Sendable {
  /// Its folder.
  package let path: String
  /// Where the run stood.
  package let state: CheckpointState
  /// The fp32 weights under GPT-NeoX's names.
  package let weights: SafetensorsFile
  /// The states of the optimizer, where they were kept.
  package let optimizer: SafetensorsFile?

  /// Opens a checkpoint and checks every file against its hash.
  ///
  /// - Throws: ``TrainError/malformed(path:place:reason:)`` naming the first file that is not as it
  ///   was written, or ``TrainError/system(_:)``.
  package init(path: String) throws(TrainError) {
    let names = try Self.verify(path)
    self.path = path
    state = try CheckpointState(path: path + "/" + CheckpointName.state)
    weights = try SafetensorsFile(path: path + "/" + CheckpointName.weights)
    let optimizerPath = path + "/" + CheckpointName.optimizer
    optimizer =
      names.contains(CheckpointName.optimizer) ? try SafetensorsFile(path: optimizerPath) : nil
  }

  private static func verify(_ path: String) throws(TrainError) -> Set<String> {
    guard DurableFile.exists(path + "/" + CheckpointName.hashes) else {
      throw .malformed(
        path: path, place: CheckpointName.hashes,
        reason: "it is missing: the checkpoint was not finished, or is none of this program's")
    }
    let hashes = try JSONFields(path: path + "/" + CheckpointName.hashes)
    let files = try hashes.dictionary { file in
      file["bytes"]?.integer.flatMap { count in
        file["xxh64"]?.string.flatMap { UInt64($0, radix: 16) }.map {
          FileSeal(byteCount: count, hash: $0)
        }
      }
    }
    for name in [CheckpointName.weights, CheckpointName.state] where files[name] == nil {
      throw .malformed(path: path, place: CheckpointName.hashes, reason: "\(name) is not listed")
    }
    for (name, seal) in files.sorted(by: { $0.key < $1.key }) {
      guard !name.split(separator: "/").contains("..") else {
        throw .malformed(path: path, place: CheckpointName.hashes, reason: "\(name) leads outside")
      }
      let found = try FileSeal(ofFile: path + "/" + name)
      guard found != seal else { continue }
      throw .malformed(
        path: path + "/" + name, place: "file",
        reason: found.byteCount == seal.byteCount
          ? "its bytes are not those that were written"
          : "it has \(found.byteCount) bytes, and \(seal.byteCount) were written")
    }
    return Set(files.keys)
  }

  // MARK: - Which one

  /// The checkpoint to go on from, and what should be said about the choice.
  package struct Choice: Sendable {
    /// The checkpoint; `nil` where there is none at all.
    package var checkpoint: Checkpoint?
    /// One line each, for the person who started the run.
    package var notices: [String]
  }

  /// Finds the checkpoint to go on from in a run's folder: of the `iteration` that is asked for, else
  /// the one that `latest` names, else the newest that is sound.
  ///
  /// - Throws: ``TrainError/malformed(path:place:reason:)`` where the one asked for is absent or
  ///   damaged, or where there are checkpoints and none is sound.
  package static func choose(in folder: String, iteration: Int?) throws(TrainError) -> Choice {
    let steps = try candidates(in: folder)
    if let iteration {
      guard let name = steps.first(where: { $0.iteration == iteration })?.name else {
        let list = steps.map { String($0.iteration) }.joined(separator: ", ")
        throw .malformed(
          path: folder, place: "iteration \(iteration)",
          reason: "there is no such checkpoint; "
            + (list.isEmpty ? "the folder has none" : "there are \(list)"))
      }
      return Choice(checkpoint: try Checkpoint(path: folder + "/" + name), notices: [])
    }
    guard !steps.isEmpty else {
      return Choice(
        checkpoint: nil,
        notices: [
          "Unable to load checkpoint. \(folder) has none: training starts from the beginning."
        ])
    }
    return try newestSound(in: folder, steps)
  }

  private static func newestSound(
    in folder: String, _ steps: [(iteration: Int, name: String)]
  ) throws(TrainError) -> Choice {
    let latest = latestName(in: folder)
    var notices: [String] = []
    if latest == nil {
      notices.append("\(folder)/\(CheckpointName.latest) is absent or unreadable")
    }
    let preferred = steps.filter { $0.name == latest }
    if preferred.isEmpty, let latest {
      notices.append("\(folder)/\(CheckpointName.latest) names \(latest), which is absent")
    }
    for step in preferred + steps.filter({ $0.name != latest }) {
      do throws(TrainError) {
        let checkpoint = try Checkpoint(path: folder + "/" + step.name)
        if !notices.isEmpty { notices.append("using \(checkpoint.path), the newest sound one") }
        return Choice(checkpoint: checkpoint, notices: notices)
      } catch { notices.append("not used: \(error)") }
    }
    throw .malformed(
      path: folder, place: "checkpoints",
      reason: "none is sound: \(notices.joined(separator: "; "))")
  }

  // Newest first. A folder that was being replaced counts where its successor has no name yet.
  private static func candidates(
    in folder: String
  ) throws(TrainError) -> [(iteration: Int, name: String)] {
    let names = try onSystem(FolderContents.names(folder))
    var found: [Int: String] = [:]
    for name in names where name.hasSuffix(CheckpointName.replacedEnding) {
      let plain = name.dropLast(CheckpointName.replacedEnding.count)
      if let iteration = CheckpointName.iteration(plain) { found[iteration] = name }
    }
    for name in names {
      if let iteration = CheckpointName.iteration(name) { found[iteration] = name }
    }
    return found.map { ($0.key, $0.value) }.sorted { $0.0 > $1.0 }
  }

  private static func latestName(in folder: String) -> String? {
    guard let file = try? InputFile(path: folder + "/" + CheckpointName.latest),
      let text = try? file.readAll(limit: 1 << 12)
    else { return nil }
    let name = unsafe text.bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
      .split(whereSeparator: \.isWhitespace).first
    return name.map(String.init)
  }
}
