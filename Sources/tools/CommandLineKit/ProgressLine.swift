internal import Glibc
internal import Synchronization

/// Progress on standard error.
///
/// Cheap to call often: it writes only when enough time has gone by.
package final class ProgressLine: Sendable {
  private struct State {
    var start: Start?
    var lastWrite = -Double.infinity
    var hasOpenLine = false
  }

  /// Where a piece of work began.
  private struct Start {
    let time: Double
    let activity: String
    let amount: Int
    let done: Int

    init(_ progress: Progress, at time: Double) {
      self.time = time
      activity = progress.activity
      amount = progress.amount
      done = progress.extent.done
    }
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
      state.start = Start(progress, at: time)
      // A job that is over in a moment needs no plain line.
      if form == .plain { state.lastWrite = time }
    }
  }

  /// Says how far the work has come, if it is time to.
  package func update(_ progress: Progress) {
    guard form != .none else { return }
    state.withLock { state in
      let time = now()
      // A job that is over in a moment needs no plain line.
      if state.start == nil, form == .plain { state.lastWrite = time }
      let start = start(of: progress, at: time, &state)
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
      let start = start(of: progress, at: time, &state)
      emit(progress, since: start, at: time, &state)
      closeLine(&state)
    }
  }

  /// Closes a line that is being rewritten, so that something else can be printed.
  package func interrupt() {
    state.withLock { state in closeLine(&state) }
  }

  /// The start of the work; tokens of another dataset, say, begin anew.
  private func start(of progress: Progress, at time: Double, _ state: inout State) -> Start {
    if let start = state.start, progress.measure == .bytes || start.activity == progress.activity {
      return start
    }
    let start = Start(progress, at: time)
    state.start = start
    return start
  }

  private func closeLine(_ state: inout State) {
    if state.hasOpenLine { write("\n") }
    state.hasOpenLine = false
  }

  private func emit(
    _ progress: Progress, since start: Start, at time: Double, _ state: inout State
  ) {
    let seconds = time - start.time
    let rate = seconds > 0 ? Double(progress.amount - start.amount) / seconds : 0
    let left = secondsLeft(progress, done: progress.extent.done - start.done, in: seconds)
    switch form {
    case .rewriting:
      write("\r\(progressText(progress, rate, left))\u{1B}[K")
      state.hasOpenLine = true
    case .plain:
      write(progressText(progress, rate, left) + "\n")
    case .json:
      write(progressJSON(progress, seconds, rate, left) + "\n")
    case .none:
      break
    }
  }
}

/// At the pace so far; `nil` where the end is not known, or reached.
private func secondsLeft(_ progress: Progress, done: Int, in seconds: Double) -> Double? {
  let extent = progress.extent
  guard let total = extent.total, done > 0, seconds > 0, total > extent.done else { return nil }
  return Double(total - extent.done) / (Double(done) / seconds)
}

/// Bytes a second in a unit that shows digits.
private func speed(_ rate: Double) -> String {
  rate > 0 && rate < 1e6 ? "\(fixed(rate / 1e3, 1)) kB/s" : "\(fixed(rate / 1e6, 1)) MB/s"
}

private func progressText(_ progress: Progress, _ rate: Double, _ left: Double?) -> String {
  var parts: [String] = []
  let extent = progress.extent
  if let total = extent.total, total > 0 {
    parts.append("\(fixed(Double(extent.done) / Double(total) * 100, 1))%")
  }
  if progress.measure == .bytes {
    let total = progress.totalBytes.flatMap { $0 > 0 ? " of \(humanBytes($0))" : nil } ?? ""
    parts.append(humanBytes(progress.bytes) + total)
  }
  if case .documents(let total) = progress.measure {
    parts.append("\(grouped(extent.done)) of \(counted(total, "document"))")
  } else if let documents = progress.documents {
    parts.append("\(humanCount(documents)) document\(documents == 1 ? "" : "s")")
  }
  if case .tokens(let total) = progress.measure {
    parts.append("\(humanCount(extent.done)) of \(humanCount(total)) tokens")
  } else if let tokens = progress.tokens {
    parts.append("\(humanCount(tokens)) token\(tokens == 1 ? "" : "s")")
  }
  parts.append(
    progress.measure == .bytes ? speed(rate) : "\(grouped(Int(min(rate, 1e15)))) tokens/s")
  if let left { parts.append("\(humanSeconds(left)) left") }
  return "\(progress.activity): " + parts.joined(separator: ", ")
}

private func progressJSON(
  _ progress: Progress, _ seconds: Double, _ rate: Double, _ left: Double?
) -> String {
  var fields = ["\"activity\":\(jsonString(progress.activity))"]
  if progress.measure == .bytes { fields.append("\"bytes\":\(progress.bytes)") }
  if let total = progress.totalBytes { fields.append("\"total_bytes\":\(total)") }
  if let documents = progress.documents { fields.append("\"documents\":\(documents)") }
  if case .documents(let total) = progress.measure {
    fields.append("\"total_documents\":\(total)")
  }
  if let tokens = progress.tokens { fields.append("\"tokens\":\(tokens)") }
  if case .tokens(let total) = progress.measure { fields.append("\"total_tokens\":\(total)") }
  fields.append("\"seconds\":\(fixed(seconds, 3))")
  let unit = progress.measure == .bytes ? "bytes" : "tokens"
  fields.append("\"\(unit)_per_second\":\(fixed(rate, 0))")
  if let left { fields.append("\"seconds_left\":\(fixed(left, 1))") }
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
