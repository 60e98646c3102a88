import CommandLineKit
import Preprocess
import Synchronization

/// Tells how far a run has come.
final class RunReport: Sendable {
  private let line: ProgressLine
  private let logInterval: Int?
  private let activity: String
  private let last = Mutex<PreprocessRun.Progress?>(nil)

  init(style: ProgressStyle, logInterval: Int?, documentCount: Int?) {
    line = ProgressLine(style: style)
    self.logInterval = logInterval
    activity =
      documentCount.map { "preprocessing about \(grouped($0)) documents" } ?? "preprocessing"
  }

  /// Takes in where the run stands; cheap enough to be called for every block of input.
  func update(_ now: PreprocessRun.Progress) {
    let earlier = last.withLock { last in
      let earlier = last
      last = now
      return earlier
    }
    // Blocks are read ahead: the first that is done may be all there is.
    guard let before = earlier?.records else { return line.begin(shown(now)) }
    guard let logInterval else { return line.update(shown(now)) }
    if now.records / logInterval > before / logInterval { line.finish(shown(now)) }
  }

  /// Shows the end of the work.
  func finish() {
    guard var end = last.withLock({ $0 }) else { return }
    end.bytes = max(end.totalBytes, end.bytes)
    line.finish(shown(end))
  }

  /// Lets a message follow on a line of its own.
  func close() {
    line.interrupt()
  }

  private func shown(_ now: PreprocessRun.Progress) -> Progress {
    Progress(
      activity: activity, bytes: now.bytes, totalBytes: now.totalBytes > 0 ? now.totalBytes : nil,
      documents: now.records,
      tokens: now.tokens)
  }
}
