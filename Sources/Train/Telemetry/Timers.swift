internal import Machine

/// Named stopwatches that add up (`megatron/utils.py: Timers`).
package struct Timers {
  private struct Timer {
    var total = 0.0
    var running: Stopwatch?
  }

  private var timers: [(name: String, timer: Timer)] = []

  /// Has no timers yet.
  package init() {}

  /// The names of all timers, in the order of their first start.
  package var names: [String] { timers.map(\.name) }

  /// Measures `body` under a name.
  package mutating func measure<Outcome, Failure: Error>(
    _ name: String, _ body: () throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome {
    let watch = Stopwatch()
    defer { add(watch.seconds, to: name) }
    return try body()
  }

  /// Adds seconds that were measured elsewhere.
  package mutating func add(_ seconds: Double, to name: String) {
    timers[index(name)].timer.total += seconds
  }

  /// Starts a timer; one that runs already goes on.
  package mutating func start(_ name: String) {
    let index = index(name)
    if timers[index].timer.running == nil { timers[index].timer.running = Stopwatch() }
  }

  /// Stops a timer; one that stands still stays so.
  package mutating func stop(_ name: String) {
    let index = index(name)
    timers[index].timer.total += timers[index].timer.running?.seconds ?? 0
    timers[index].timer.running = nil
  }

  /// Seconds measured since the last reset, a running timer's included.
  package func seconds(_ name: String) -> Double {
    guard let timer = timers.first(where: { $0.name == name })?.timer else { return 0 }
    return timer.total + (timer.running?.seconds ?? 0)
  }

  /// Sets all timers to zero; running ones go on.
  package mutating func reset() {
    for index in timers.indices {
      timers[index].timer.total = 0
      if timers[index].timer.running != nil { timers[index].timer.running = Stopwatch() }
    }
  }

  /// `time (ms) | forward: 1.23 | …`: each timer by a number of steps.
  package func line(steps: Int = 1) -> String {
    let parts = timers.map { entry in
      let milliseconds = seconds(entry.name) * 1000 / Double(max(1, steps))
      return " | \(entry.name): \(FormattedNumber.fixed(milliseconds, digits: 2))"
    }
    return "time (ms)" + parts.joined()
  }

  private mutating func index(_ name: String) -> Int {
    if let index = timers.firstIndex(where: { $0.name == name }) { return index }
    timers.append((name, Timer()))
    return timers.count - 1
  }
}
