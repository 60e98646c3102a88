internal import Glibc
internal import Synchronization

/// A wish that the work stop soon and in good order, from a signal or from the program itself.
package final class Interruption: Sendable {
  /// The process's own, which ``listen()`` connects with signals.
  package static let process = Interruption()

  private let signal = Atomic<Int32>(0)

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
  }

  /// Lets SIGINT, SIGTERM and SIGHUP raise ``process``.
  ///
  /// A second SIGINT or SIGTERM ends the program at once. SIGHUP comes more than once where a terminal
  /// closes, and stays ignored where it was, as `nohup` wants it. Signals that the parent has blocked
  /// are let in.
  package static func listen() {
    // Made here, because nothing may be made inside a signal handler.
    _ = process.isRaised
    useAlternateStack()
    var heard = sigset_t()
    unsafe sigemptyset(&heard)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      var action = sigaction()
      if number == SIGHUP {
        unsafe sigaction(number, nil, &action)
        if unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1 {
          continue
        }
      }
      unsafe action.__sigaction_handler.sa_handler = { Interruption.process.raise($0) }
      action.sa_flags = SA_RESTART | SA_ONSTACK
      if number != SIGHUP { action.sa_flags |= Int32(bitPattern: UInt32(SA_RESETHAND)) }
      unsafe sigaction(number, &action, nil)
      unsafe sigaddset(&heard, number)
    }
    unsafe pthread_sigmask(SIG_UNBLOCK, &heard, nil)
  }

  /// Gives handlers with `SA_ONSTACK` a stack of their own on the calling thread.
  ///
  /// Some matrix kernels use the stack pointer for their data: a handler that ran on top of that would
  /// write into it. ``WorkerThread`` lets no such signal in at all.
  package static func useAlternateStack() {
    let byteCount = 1 << 16
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
