internal import Glibc
internal import Synchronization

/// A wish that the work stop soon and in good order, from a signal or from the program itself.
package final class Interruption: Sendable {
  /// The process's own, which ``listen()`` connects with signals.
  package static let process = Interruption()

  private let signal = Atomic<Int32>(0)
  // When the first of each was heard, in nanoseconds since the system's start; 0 when none was.
  private let interruptHeardAt = Atomic<UInt64>(0)
  private let terminateHeardAt = Atomic<UInt64>(0)

  /// Makes one that only ``raise(_:)`` sets.
  package init() {}

  /// Whether the work should stop.
  package var isRaised: Bool { signalNumber != 0 }

  /// The signal that asked for it, 0 when none did.
  package var signalNumber: Int32 { signal.load(ordering: .relaxed) }

  /// Asks the work to stop.
  package func raise(_ number: Int32 = SIGINT) {
    signal.store(number, ordering: .relaxed)
  }

  /// Takes the wish back.
  package func clear() {
    signal.store(0, ordering: .relaxed)
    interruptHeardAt.store(0, ordering: .relaxed)
    terminateHeardAt.store(0, ordering: .relaxed)
  }

  /// Takes a signal, inside its handler.
  private func hear(_ number: Int32) {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    let time = UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
    let first =
      switch number {
      case SIGINT: exchange(interruptHeardAt, time)
      case SIGTERM: exchange(terminateHeardAt, time)
      default: 0 as UInt64
      }
    guard first != 0 else { return raise(number) }
    // `timeout` sends SIGTERM to a process and to its group: what comes within a fifth of a second is one
    // wish.
    guard time > first &+ 200_000_000 else { return }
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = SIG_DFL
    unsafe sigaction(number, &action, nil)
    Glibc.raise(number)
  }

  /// Sets a time that is not set, and says what it was.
  private func exchange(_ heardAt: borrowing Atomic<UInt64>, _ time: UInt64) -> UInt64 {
    heardAt.compareExchange(expected: 0, desired: max(1, time), ordering: .relaxed).original
  }

  /// Lets SIGINT, SIGTERM and SIGHUP raise ``process``.
  ///
  /// A second SIGINT or SIGTERM ends the program at once, unless it comes with the first. SIGHUP comes
  /// more than once where a terminal closes. Signals that the parent has blocked are let in, and those
  /// of ``unignored`` alone are heard.
  package static func listen() {
    // Made here, because nothing may be made inside a signal handler.
    _ = process.isRaised
    useAlternateStack()
    var heard = sigset_t()
    unsafe sigemptyset(&heard)
    for number in unignored {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { Interruption.process.hear($0) }
      action.sa_flags = SA_RESTART | SA_ONSTACK
      unsafe sigaction(number, &action, nil)
      unsafe sigaddset(&heard, number)
    }
    unsafe pthread_sigmask(SIG_UNBLOCK, &heard, nil)
  }

  /// Calls `body` while signals raise ``process``; afterwards they do what they did before.
  ///
  /// One that came too late to end the body is sent again then, so that none is lost: also where the
  /// body threw an error that is no end by a signal, as `isEnd` says.
  package static func listening<Outcome, Failure: Error>(
    endedBy isEnd: (Failure) -> Bool = { _ in false }, _ body: () throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome {
    let wasRaised = process.isRaised
    let before = SignalState()
    listen()
    let result: Result<Outcome, Failure>
    do throws(Failure) {
      result = .success(try body())
    } catch {
      result = .failure(error)
    }
    before.restore()
    let late = process.signalNumber
    if late != 0, !wasRaised {
      if case .failure(let error) = result, isEnd(error) { throw error }
      Glibc.raise(late)
    }
    return try result.get()
  }

  /// What signals do, and which are blocked in the calling thread.
  private struct SignalState {
    private var actions: [(number: Int32, action: sigaction)] = []
    private var blocked = sigset_t()

    init() {
      for number in unignored {
        var action = sigaction()
        unsafe sigaction(number, nil, &action)
        actions.append((number, action))
      }
      unsafe pthread_sigmask(SIG_BLOCK, nil, &blocked)
    }

    func restore() {
      // First the mask: what was blocked must not meet the actions that come back.
      var blocked = blocked
      unsafe pthread_sigmask(SIG_SETMASK, &blocked, nil)
      for (number, action) in actions {
        var action = action
        unsafe sigaction(number, &action, nil)
      }
    }
  }

  /// The signals that ask for an end, without those that whoever started the program wants to mean
  /// nothing: a shell's `&` in a script, or `nohup`.
  package static var unignored: [Int32] {
    [SIGINT, SIGTERM, SIGHUP].filter { number in
      var action = sigaction()
      unsafe sigaction(number, nil, &action)
      // SIG_IGN is no function to compare with.
      let handler = unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      return handler != 1
    }
  }

  /// Gives handlers with `SA_ONSTACK` a stack of their own on the calling thread, where it has none.
  ///
  /// Some matrix kernels use the stack pointer for their data: a handler that ran on top of that would
  /// write into it. ``WorkerThread`` lets no such signal in at all.
  package static func useAlternateStack() {
    let byteCount = 1 << 16
    // Where there is none, it has no bytes.
    var present = unsafe stack_t()
    unsafe sigaltstack(nil, &present)
    guard unsafe present.ss_size < byteCount else { return }
    // Stays as long as the process: a signal may come at its very end.
    guard let memory = unsafe malloc(byteCount) else { return }
    var stack = unsafe stack_t(ss_sp: memory, ss_flags: 0, ss_size: byteCount)
    unsafe sigaltstack(&stack, nil)
  }

  /// Leaves the signals of ``listen()`` to other threads than the calling one.
  static func leaveToOthers() {
    var heard = sigset_t()
    unsafe sigemptyset(&heard)
    for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&heard, number) }
    unsafe pthread_sigmask(SIG_BLOCK, &heard, nil)
  }
}
