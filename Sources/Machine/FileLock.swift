internal import Glibc

/// A claim on a file, which the system drops when the process ends in any way.
package struct FileLock: ~Copyable, Sendable {
  /// Whether the file was there already: whoever held it before has not come to its end.
  package let wasLeft: Bool
  private let descriptor: Int32

  /// Claims a file, which is made when absent; with `waits`, once nobody else holds it any more.
  ///
  /// - Throws: ``SystemError`` with `EWOULDBLOCK` when another process holds it and nobody waits, or
  ///   `interruption` is raised before it is free.
  package init(
    path: String, waits: Bool = false, until interruption: Interruption? = nil
  ) throws(SystemError) {
    (descriptor, wasLeft) = try Self.claim(path, waits: waits, until: interruption)
  }

  deinit {
    // A process that is being started has a copy of the descriptor for a moment, and the claim with it.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// Holds the claim up to here: a value that is not used any more may be dropped early.
  package func extend() {}

  private static func claim(
    _ path: String, waits: Bool, until interruption: Interruption?
  ) throws(SystemError) -> (descriptor: Int32, wasLeft: Bool) {
    while true {
      var wasLeft = true
      var descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
      if descriptor < 0 && errno == ENOENT {
        wasLeft = false
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        if descriptor < 0 && errno == EEXIST { continue }
      }
      guard descriptor >= 0 else { throw SystemError(call: "open", path: path, code: errno) }
      // Who listens to signals has to look for them, since they end no call.
      let asksAgain = waits && interruption != nil
      guard flock(descriptor, LOCK_EX | (waits && !asksAgain ? 0 : LOCK_NB)) == 0 else {
        let code = errno
        close(descriptor)
        if code == EINTR { continue }
        if code == EWOULDBLOCK, asksAgain, interruption?.isRaised == false {
          usleep(20_000)
          continue
        }
        throw SystemError(call: "lock", path: path, code: code)
      }
      // Whoever held it before may have removed the file: then the name is another file's by now.
      var mine = stat()
      var named = stat()
      if unsafe fstat(descriptor, &mine) == 0, unsafe stat(path, &named) == 0,
        mine.st_ino == named.st_ino
      {
        return (descriptor, wasLeft)
      }
      close(descriptor)
    }
  }
}
