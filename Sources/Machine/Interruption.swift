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
  /// closes. Signals that the parent has blocked are let in, and those of ``unignored`` alone are heard.
  package static func listen() {
    // Made here, because nothing may be made inside a signal handler.
    _ = process.isRaised
    useAlternateStack()
    var heard = sigset_t()
    unsafe sigemptyset(&heard)
    for number in unignored {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { Interruption.process.raise($0) }
      action.sa_flags = SA_RESTART | SA_ONSTACK
      if number != SIGHUP { action.sa_flags |= Int32(bitPattern: UInt32(SA_RESETHAND)) }
      unsafe sigaction(number, &action, nil)
      unsafe sigaddset(&heard, number)
    }
    unsafe pthread_sigmask(SIG_UNBLOCK, &heard, nil)
  }

  /// Calls `body` while signals raise ``process``; afterwards they do what they did before.
  ///
  /// One that came too late to end the body is sent again then, so that none is lost.
  package static func listening<Outcome, Failure: Error>(
    _ body: () throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome {
    var before: [(number: Int32, action: sigaction)] = []
    for number in unignored {
      var action = sigaction()
      unsafe sigaction(number, nil, &action)
      before.append((number, action))
    }
    let outcome: Outcome
    do {
      defer {
        for (number, action) in before {
          var action = action
          unsafe sigaction(number, &action, nil)
        }
      }
      listen()
      outcome = try body()
    }
    let late = process.signalNumber
    if late != 0 { Glibc.raise(late) }
    return outcome
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
