internal import Glibc

/// A thread that makes a growing file durable again and again, so that whoever waits for that at the end
/// waits for little: a disk that was only asked to begin writing may keep everything in its own memory
/// until then.
///
/// What the system tells of a failed write it may tell this thread alone, so that who writes the file asks
/// for ``failure()`` after each time he has made it durable himself.
final class EarlySync: Sendable {
  private struct State {
    var isWanted = false
    var isBusy = false
    var isOver = false
    /// The system's code of the first failure.
    var failure: Int32?
  }

  private let state: Monitor<State>
  private let thread: WorkerThread
  private let descriptor: Int32

  /// Begins to wait; `nil` where the system has no descriptor or thread to give.
  ///
  /// - Parameters:
  ///   - descriptor: The file; another descriptor of it is taken.
  ///   - synchronize: Makes it durable; returns the system's code of a failure, or 0.
  init?(
    _ descriptor: Int32,
    by synchronize: @escaping @Sendable (Int32) -> Int32 = { fdatasync($0) == 0 ? 0 : errno }
  ) {
    let descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard descriptor >= 0 else { return nil }
    let state = Monitor(State())
    let thread = try? WorkerThread(name: "disk") {
      while Self.isWanted(state) {
        let code = synchronize(descriptor)
        state.withLock { state in
          state.isBusy = false
          if code == EINTR { state.isWanted = true }
          // Some files cannot be made durable.
          if code != 0, code != EINTR, code != EINVAL { state.failure = state.failure ?? code }
        }
      }
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

  /// Asks for what has been written so far, and does not wait; requests that come while the thread is busy
  /// are one.
  func request() {
    state.withLock { $0.isWanted = true }
  }

  /// Waits until the thread is idle; returns the system's code of the first failure it has met.
  func failure() -> Int32? {
    state.wait { state in
      state.isBusy || state.isWanted ? nil : .some(state.failure)
    }
  }

  /// Waits for a request; false when there will be none.
  private static func isWanted(_ state: Monitor<State>) -> Bool {
    state.wait { state in
      if state.isOver { return false }
      guard state.isWanted else { return nil }
      state.isWanted = false
      state.isBusy = true
      return true
    }
  }
}
