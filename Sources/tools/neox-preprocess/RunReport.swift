import CommandLineKit
import Preprocess
import Synchronization

/// Tells how far a run has come.
final class RunReport: Sendable {
  private let line: ProgressLine
  private let logInterval: Int?
  private let activity: String
  private let last = Mutex(PreprocessRun.Progress())

  init(style: ProgressStyle, logInterval: Int?, documentCount: Int?) {
    line = ProgressLine(style: style)
    self.logInterval = logInterval
    activity =
      documentCount.map { "preprocessing about \(grouped($0)) documents" } ?? "preprocessing"
  }

  /// Takes in where the run stands; cheap enough to be called for every block of input.
  func update(_ now: PreprocessRun.Progress) {
    let before = last.withLock { last in
      let before = last.records
      last = now
      return before
    }
    guard let logInterval else { return line.update(shown(now)) }
    if now.records / logInterval > before / logInterval { line.finish(shown(now)) }
  }

  /// Shows the end of the work.
  func finish() {
    var end = last.withLock { $0 }
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
