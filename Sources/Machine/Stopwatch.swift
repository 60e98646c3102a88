internal import Glibc

/// Time since a moment, by a clock that nobody sets.
package struct Stopwatch: Sendable {
  private var start = now()

  /// Starts at zero.
  package init() {}

  /// Nanoseconds since the start.
  package var nanoseconds: UInt64 { Self.now() &- start }

  /// Seconds since the start.
  package var seconds: Double { Double(nanoseconds) * 1e-9 }

  /// Starts again at zero.
  package mutating func restart() { start = Self.now() }

  /// Nanoseconds that processors have worked for this process, on all its threads.
  package static var processorNanoseconds: UInt64 { now(CLOCK_PROCESS_CPUTIME_ID) }

  private static func now(_ clock: clockid_t = CLOCK_MONOTONIC) -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
