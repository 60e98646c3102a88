internal import Glibc
internal import Synchronization

/// Standard output, buffered; safe to use from several threads.
///
/// A reader that goes away, as `head` does, ends the program quietly with status 141, unless
/// ``goOnWithoutReader(_:)`` says otherwise. Any other failure to write is kept and reported when the
/// program ends.
package final class StandardOutput: Sendable {
  /// The one standard output.
  package static let shared = StandardOutput()

  private struct State {
    var pending: [UInt8] = []
    var failure: Int32 = 0
    var whenReaderLeft: (@Sendable () -> Void)?
    var isUnread = false
  }

  private let state = Mutex(State())

  private init() {}

  /// Whether people look at it as it comes, and color is welcome (NO_COLOR unset).
  package var isTerminal: Bool { unsafe isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil }

  /// Writes a text and a line feed.
  package func line(_ text: String = "") {
    write(Array(text.utf8) + [0x0A])
  }

  /// Writes a text.
  package func write(_ text: String) {
    write(Array(text.utf8))
  }

  /// Writes bytes as they are.
  package func write(_ bytes: [UInt8]) {
    state.withLock { state in
      state.pending += bytes
      if state.pending.count >= 1 << 16 { Self.drain(&state) }
    }
  }

  /// Lets the program go on when its reader goes away; what is written from then on is dropped.
  ///
  /// `note` is called once, when that is found out.
  package func goOnWithoutReader(_ note: @escaping @Sendable () -> Void) {
    state.withLock { $0.whenReaderLeft = note }
  }

  /// Hands everything to the system.
  ///
  /// - Returns: `errno` of the first write that failed, or 0.
  @discardableResult
  package func flush() -> Int32 {
    state.withLock { state in
      Self.drain(&state)
      return state.failure
    }
  }

  private static func drain(_ state: inout State) {
    defer { state.pending.removeAll(keepingCapacity: true) }
    guard state.failure == 0, !state.isUnread else { return }
    let failure = writeAll(state.pending, to: STDOUT_FILENO)
    guard failure == EPIPE else {
      state.failure = failure
      return
    }
    guard let note = state.whenReaderLeft else { exit(141) }
    state.isUnread = true
    note()
  }
}

/// Writes to a file descriptor until all is written; returns `errno`, or 0.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
  var start = 0
  while start < bytes.count {
    let written = unsafe bytes[start...].withUnsafeBytes { rest in
      unsafe write(descriptor, rest.baseAddress, rest.count)
    }
    if written > 0 {
      start += written
    } else if errno != EINTR {
      return errno
    }
  }
  return 0
}

/// Writes a text to standard error, unbuffered; a failure there has nobody to hear of it.
package func writeError(_ text: String) {
  _ = writeAll(Array(text.utf8), to: STDERR_FILENO)
}
