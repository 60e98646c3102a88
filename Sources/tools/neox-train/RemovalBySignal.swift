import Foundation
import Glibc
import Machine

/// Removes an unfinished file when SIGINT, SIGTERM or SIGHUP ends the program.
enum RemovalBySignal {
  /// Begins to listen; the program ends by the signal as it would without.
  ///
  /// To be called before other threads begin, as these take over what is blocked here.
  static func listen(_ path: String) {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) {
      unsafe sigaddset(&signals, number)
    }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    let awaited = signals
    Thread.detachNewThread {
      var number: Int32 = 0
      var set = awaited
      guard unsafe sigwait(&set, &number) == 0 else { return }
      try? DurableFile.remove(path)
      signal(number, SIG_DFL)
      unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
      raise(number)
    }
  }

  /// Whether the one who started the program wants the signal to mean nothing, as `nohup` does.
  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    unsafe sigaction(number, nil, &action)
    return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }
}
