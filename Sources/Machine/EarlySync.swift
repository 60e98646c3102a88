internal import Glibc

/// A thread that makes a growing file durable again and again, so that whoever waits for that at the end
/// waits for little: a disk that was only asked to begin writing may keep everything in its own memory
/// until then.
///
/// It opens the file itself. The system tells each who has a file open of a failed write once, so that no
/// failure is lost to the one who writes, and those that this thread meets are passed over.
final class EarlySync: Sendable {
  private struct State {
    var isWanted = false
    var isOver = false
  }

  private let state: Monitor<State>
  private let thread: WorkerThread
  private let descriptor: Int32

  /// Opens a file and begins to wait; `nil` where the system has no file or thread to give.
  init?(path: String) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    let state = Monitor(State())
    let thread = try? WorkerThread(name: "disk") {
      while Self.isWanted(state) { fdatasync(descriptor) }
    }
    guard let thread else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
    self.state = state
    self.thread = thread
  }

  deinit {
    state.withLock { $0.isOver = true }
    thread.join()
    close(descriptor)
  }

  /// Asks for what has been written so far, and does not wait; two requests are one while the thread is
  /// busy with an earlier one.
  func request() {
    state.withLock { $0.isWanted = true }
  }

  /// Waits for a request; false when there will be none.
  private static func isWanted(_ state: Monitor<State>) -> Bool {
    state.wait { state in
      if state.isOver { return false }
      guard state.isWanted else { return nil }
      state.isWanted = false
      return true
    }
  }
}
