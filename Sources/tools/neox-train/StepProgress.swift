import CommandLineKit
import Glibc
import Machine
import Synchronization
import Train

/// Shows how far a run has come: on a terminal as a line that rewrites itself, elsewhere as asked.
final class StepProgress: Sendable {
  private struct State: Sendable {
    var watch: Stopwatch?
    var isOpen = false
  }

  private let style: ProgressStyle
  private let isTerminal: Bool
  private let state = Mutex(State())

  init(_ style: ProgressStyle) {
    isTerminal = isatty(STDERR_FILENO) == 1
    self.style = style
  }

  /// Whether anything is shown.
  var isShown: Bool { style != .off && (style != .auto || isTerminal) }

  /// Shows a step, unless the last was shown a moment ago.
  func show(_ line: RunProgress) {
    let pause: Double
    switch style {
    case .off: return
    case .auto where !isTerminal: return
    case .auto: pause = 0.5
    case .json: pause = 1
    case .plain: pause = 10
    }
    state.withLock { state in
      guard state.watch.map({ $0.seconds >= pause }) ?? true else { return }
      state.watch = Stopwatch()
      switch style {
      case .json: writeError(json(line) + "\n")
      case .auto:
        state.isOpen = true
        writeError("\r\u{1B}[K" + line.text)
      default: writeError(line.text + "\n")
      }
    }
  }

  /// Ends a line that rewrites itself.
  func close() {
    state.withLock { state in
      if state.isOpen { writeError("\n") }
      state.isOpen = false
    }
  }

  private func json(_ line: RunProgress) -> String {
    JSONText.object([
      .init("iteration", JSONText(line.iteration)),
      .init("last_iteration", JSONText(line.lastIteration)), .init("lm_loss", .number(line.loss)),
      .init("tokens_per_second", .number(line.tokensPerSecond)),
      .init("seconds_left", .number(line.secondsLeft)),
    ]).text()
  }
}
