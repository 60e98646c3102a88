internal import Glibc
internal import Machine

/// When checkpoints are saved and which are kept.
package struct SaveSchedule: Sendable, Equatable {
  /// How the factor is meant (`checkpoint_scale`).
  package enum Scale: String, Sendable {
    /// Every so many iterations.
    case linear
    /// At the powers of the factor.
    case log
  }

  private let scale: Scale
  private let factor: Double?
  private let extra: Set<Int>
  private let keptCount: Int?
  private let neoxQuirks: Bool

  /// Describes a schedule by the keys of a configuration.
  ///
  /// With `neoxQuirks`, rotation removes iterations of `extra_save_iters` like all others.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` naming the key.
  package init(
    scale: Scale, factor: Double?, extraIterations: [Int], keepLast: Int?,
    neoxQuirks: Bool = false
  ) throws(TrainError) {
    if let factor {
      let isGood = scale == .log ? factor > 1 : factor >= 1 && Int(exactly: factor) != nil
      guard isGood, factor.isFinite else {
        throw .unsupported(
          what: "checkpoint_factor \(factor)",
          reason: scale == .log
            ? "with checkpoint_scale log it has to be above 1"
            : "with checkpoint_scale linear it has to be a whole number above 0")
      }
    }
    if let keepLast, keepLast < 1 {
      throw .unsupported(
        what: "keep_last_n_checkpoints \(keepLast)",
        reason: "it has to be at least 1; leave it out to keep all")
    }
    self.scale = scale
    self.factor = factor
    extra = Set(extraIterations)
    keptCount = keepLast
    self.neoxQuirks = neoxQuirks
  }

  /// Whether a checkpoint is due after an iteration; 0 stands for the beginning of the run.
  package func isDue(after iteration: Int) -> Bool {
    if extra.contains(iteration) { return true }
    guard let factor, iteration > 0 else { return false }
    switch scale {
    case .linear: return iteration % Int(factor) == 0
    case .log:
      var exponent = 0.0
      while true {
        let power = pow(factor, exponent)
        guard power < Double(iteration + 1) else { return false }
        if Int(power) == iteration { return true }
        exponent += 1
      }
    }
  }

  /// Removes the oldest checkpoints of a run's folder but for the last ones, those of
  /// `extra_save_iters`, the one that `latest` names, and the one at the path `spared`, which a run is
  /// held to; other entries stay.
  ///
  /// - Returns: the names of those removed.
  @discardableResult
  package func rotate(
    _ folder: String, latest: Int, sparing spared: String? = nil
  ) throws(TrainError) -> [String] {
    guard let keptCount else { return [] }
    let iterations = try onSystem(FolderContents.names(folder)).compactMap {
      CheckpointName.iteration($0)
    }
    .sorted()
    let rotating = neoxQuirks ? iterations : iterations.filter { !extra.contains($0) }
    let reference = spared.flatMap { FileIdentity($0) }
    let removed = rotating.dropLast(keptCount).filter { $0 != latest }.map(CheckpointName.folder)
      .filter { reference == nil || FileIdentity(folder + "/" + $0) != reference }
    for name in removed {
      // Under this name nobody takes what is left of it for a checkpoint.
      let doomed = folder + "/" + name + CheckpointName.partialEnding
      try onSystem(FolderContents.remove(doomed))
      do throws(SystemError) {
        try DurableFile.rename(folder + "/" + name, to: doomed)
      } catch { throw .system(error) }
      try onSystem(FolderContents.remove(doomed))
    }
    return removed
  }
}
