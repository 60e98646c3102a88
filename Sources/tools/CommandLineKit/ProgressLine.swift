internal import Glibc
internal import Synchronization

/// Progress on standard error.
///
/// Cheap to call often: it writes only when enough time has gone by.
package final class ProgressLine: Sendable {
  private struct State {
    var start: (time: Double, bytes: Int)?
    var lastWrite = -Double.infinity
    var hasOpenLine = false
  }

  private enum Form: Sendable {
    case rewriting
    case plain
    case json
    case none

    var interval: Double {
      switch self {
      case .rewriting: 0.2
      case .plain: 10
      case .json: 1
      case .none: .infinity
      }
    }
  }

  private let form: Form
  private let now: @Sendable () -> Double
  private let write: @Sendable (String) -> Void
  private let state = Mutex(State())

  /// Progress of this process.
  package convenience init(style: ProgressStyle) {
    self.init(
      style: style, isTerminal: isatty(STDERR_FILENO) == 1, now: monotonicSeconds,
      write: { writeError($0) })
  }

  init(
    style: ProgressStyle, isTerminal: Bool, now: @escaping @Sendable () -> Double,
    write: @escaping @Sendable (String) -> Void
  ) {
    form =
      switch style {
      case .auto: isTerminal ? .rewriting : .plain
      case .plain: .plain
      case .json: .json
      case .off: .none
      }
    self.now = now
    self.write = write
  }

  /// Counts speed from here on, where work begins or goes on; says nothing.
  package func begin(_ progress: Progress) {
    guard form != .none else { return }
    state.withLock { state in
      let time = now()
      state.start = (time, progress.bytes)
      // A job that is over in a moment needs no plain line.
      if form == .plain { state.lastWrite = time }
    }
  }

  /// Says how far the work has come, if it is time to.
  package func update(_ progress: Progress) {
    guard form != .none else { return }
    state.withLock { state in
      let time = now()
      let start = state.start ?? (time, progress.bytes)
      if state.start == nil {
        state.start = start
        // A job that is over in a moment needs no plain line.
        if form == .plain { state.lastWrite = time }
      }
      guard time - state.lastWrite >= form.interval else { return }
      state.lastWrite = time
      emit(progress, since: start, at: time, &state)
    }
  }

  /// Says how far the work came, whatever the time, and closes the line.
  package func finish(_ progress: Progress) {
    guard form != .none else { return }
    state.withLock { state in
      let time = now()
      let start = state.start ?? (time, progress.bytes)
      emit(progress, since: start, at: time, &state)
      closeLine(&state)
    }
  }

  /// Closes a line that is being rewritten, so that something else can be printed.
  package func interrupt() {
    state.withLock { state in closeLine(&state) }
  }

  private func closeLine(_ state: inout State) {
    if state.hasOpenLine { write("\n") }
    state.hasOpenLine = false
  }

  private func emit(
    _ progress: Progress, since start: (time: Double, bytes: Int), at time: Double,
    _ state: inout State
  ) {
    let seconds = time - start.time
    let rate = seconds > 0 ? Double(progress.bytes - start.bytes) / seconds : 0
    switch form {
    case .rewriting:
      write("\r\(progressText(progress, rate))\u{1B}[K")
      state.hasOpenLine = true
    case .plain:
      write(progressText(progress, rate) + "\n")
    case .json:
      write(progressJSON(progress, seconds, rate) + "\n")
    case .none:
      break
    }
  }
}

private func secondsLeft(_ progress: Progress, _ rate: Double) -> Double? {
  guard let total = progress.totalBytes, rate > 0, total > progress.bytes else { return nil }
  return Double(total - progress.bytes) / rate
}

/// Bytes a second in a unit that shows digits.
private func speed(_ rate: Double) -> String {
  rate > 0 && rate < 1e6 ? "\(fixed(rate / 1e3, 1)) kB/s" : "\(fixed(rate / 1e6, 1)) MB/s"
}

private func progressText(_ progress: Progress, _ rate: Double) -> String {
  var parts: [String] = []
  if let total = progress.totalBytes, total > 0 {
    let percent = fixed(Double(progress.bytes) / Double(total) * 100, 1)
    parts.append("\(percent)%")
    parts.append("\(humanBytes(progress.bytes)) of \(humanBytes(total))")
  } else {
    parts.append(humanBytes(progress.bytes))
  }
  if let documents = progress.documents {
    parts.append("\(humanCount(documents)) document\(documents == 1 ? "" : "s")")
  }
  if let tokens = progress.tokens {
    parts.append("\(humanCount(tokens)) token\(tokens == 1 ? "" : "s")")
  }
  parts.append(speed(rate))
  if let left = secondsLeft(progress, rate) { parts.append("\(humanSeconds(left)) left") }
  return "\(progress.activity): " + parts.joined(separator: ", ")
}

private func progressJSON(_ progress: Progress, _ seconds: Double, _ rate: Double) -> String {
  var fields = ["\"activity\":\(jsonString(progress.activity))", "\"bytes\":\(progress.bytes)"]
  if let total = progress.totalBytes { fields.append("\"total_bytes\":\(total)") }
  if let documents = progress.documents { fields.append("\"documents\":\(documents)") }
  if let tokens = progress.tokens { fields.append("\"tokens\":\(tokens)") }
  fields.append("\"seconds\":\(fixed(seconds, 3))")
  fields.append("\"bytes_per_second\":\(fixed(rate, 0))")
  if let left = secondsLeft(progress, rate) { fields.append("\"seconds_left\":\(fixed(left, 1))") }
  return "{\(fields.joined(separator: ","))}"
}

private func jsonString(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"", "\\": result += "\\\(scalar)"
    case "\u{0}"..<" ":
      result +=
        "\\u00" + (scalar.value < 16 ? "0" : "")
        + String(scalar.value, radix: 16)
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

@Sendable private func monotonicSeconds() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
