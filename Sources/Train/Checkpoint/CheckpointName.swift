/// The names of checkpoints in a run's folder.
package enum CheckpointName {
  /// The folder of a checkpoint.
  package static func folder(_ iteration: Int) -> String { "global_step\(iteration)" }
  /// The file that names the newest checkpoint.
  package static let latest = "latest"
  /// The fp32 weights under GPT-NeoX's names.
  package static let weights = "weights.safetensors"
  /// The states of the optimizer.
  package static let optimizer = "optimizer.safetensors"
  /// Where the run stands.
  package static let state = "state.json"
  /// The length and hash of every other file.
  package static let hashes = "hashes.json"
  /// The folder with the configuration files.
  package static let configs = "configs"

  // While it is written, and while another takes its place.
  static let partialEnding = ".partial"
  static let replacedEnding = ".replaced"

  /// The iteration of a checkpoint's folder; `nil` for other names.
  package static func iteration(_ name: some StringProtocol) -> Int? {
    let prefix = "global_step"
    guard name.hasPrefix(prefix) else { return nil }
    let digits = name.dropFirst(prefix.count)
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    return Int(digits)
  }
}
