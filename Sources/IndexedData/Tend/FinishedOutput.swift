internal import Machine

/// An output that has its names, while other outputs of the same work have not.
package struct FinishedOutput: Sendable {
  /// The prefix.
  package let prefix: String
  private let hasReplaced: Bool
  /// In the order in which they may go: what describes others before these.
  private let files: [(path: String, identity: FileIdentity)]

  /// Notes the files that stand under `paths`, in the order in which they may go.
  init(prefix: String, paths: [String], hasReplaced: Bool) {
    self.prefix = prefix
    self.hasReplaced = hasReplaced
    files = paths.compactMap { path in FileIdentity(path).map { (path, $0) } }
  }

  /// Removes the files again, unless the output took the place of an older one, which is gone, or
  /// somebody else has put something there since.
  ///
  /// - Returns: whether they are gone.
  package func remove() -> Bool {
    // Who writes the same output now holds the claim.
    guard !hasReplaced, let lock = try? OutputLock(output: prefix) else { return false }
    return withExtendedLifetime(lock) {
      guard files.allSatisfy({ FileIdentity($0.path) == $0.identity }) else { return false }
      return files.allSatisfy { (try? DurableFile.remove($0.path)) != nil }
    }
  }
}
