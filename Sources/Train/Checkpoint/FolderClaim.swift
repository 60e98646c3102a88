internal import Machine

/// A claim on a folder of checkpoints, so that no two runs write into it at once; the system drops it
/// when the process ends in any way.
struct FolderClaim: ~Copyable {
  private let lock: FileLock

  /// Claims a folder, which is made when absent.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` when another run holds it, or when nothing can
  ///   be written there.
  init(_ folder: String) throws(TrainError) {
    do throws(SystemError) {
      try FolderContents.make(folder)
      lock = try FileLock(path: folder + "/.neox-lock")
    } catch {
      guard error.call == "lock" else {
        throw .unsupported(what: "save \(folder)", reason: "cannot be written into: \(error)")
      }
      throw .unsupported(
        what: "save \(folder)",
        reason: "another run is writing there; wait for it, end it, or name another folder")
    }
  }
}
