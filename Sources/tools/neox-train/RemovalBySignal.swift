import Glibc
import Machine
import Synchronization

/// Removes an unfinished file when SIGINT, SIGTERM or SIGHUP ends the program.
enum RemovalBySignal {
  /// The address of the path as C knows it, 0 for none; the path stays for as long as the process, since
  /// a signal may come at its very end.
  private static let place = Atomic<UInt>(0)

  /// Begins to listen; the program ends by the signal as it would without.
  ///
  /// A handler, since libraries have threads of their own: whichever thread the signal comes to, the
  /// file is removed.
  static func listen(_ path: String) {
    // Stored before the handler is there, because nothing may be made inside one.
    place.store(UInt(bitPattern: unsafe strdup(path)), ordering: .releasing)
    Interruption.useAlternateStack()
    var heard = sigset_t()
    unsafe sigemptyset(&heard)
    for number in Interruption.unignored {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { RemovalBySignal.removeAndEnd($0) }
      // The second time, which comes from the handler, the signal does what it does by default.
      action.sa_flags = SA_ONSTACK | Int32(bitPattern: UInt32(SA_RESETHAND))
      unsafe sigemptyset(&action.sa_mask)
      unsafe sigaction(number, &action, nil)
      unsafe sigaddset(&heard, number)
    }
    unsafe pthread_sigmask(SIG_UNBLOCK, &heard, nil)
  }

  /// Runs inside the handler: `unlink` and `raise` alone, which are safe there.
  private static func removeAndEnd(_ number: Int32) {
    if let path = unsafe UnsafePointer<CChar>(bitPattern: place.load(ordering: .acquiring)) {
      unsafe unlink(path)
    }
    raise(number)
  }
}
