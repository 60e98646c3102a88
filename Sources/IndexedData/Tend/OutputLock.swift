internal import Glibc
internal import Machine

/// A claim on an output that is being written: the file `OUTPUT.neox-lock`, gone when the work is done.
///
/// The system drops the claim of a process that was killed, so a file left behind hinders nobody.
package struct OutputLock: ~Copyable {
  /// Ends the names of claims, as no file of a user's does.
  package static let ending = ".neox-lock"

  private let path: String
  private let lock: FileLock

  /// Claims a path or prefix.
  ///
  /// - Throws: ``IndexedDataError/busy(journal:)`` when another process writes it.
  package init(output: String) throws(IndexedDataError) {
    path = output + Self.ending
    do throws(SystemError) {
      lock = try FileLock(path: path)
    } catch {
      if error.call == "lock" { throw .busy(journal: output) }
      throw .system(error)
    }
  }

  deinit {
    // The name goes before the claim does: whoever waits for the claim looks at the name again.
    unsafe unlink(path)
  }
}

/// An ``OutputLock`` that can lie in an array.
final class OutputClaim {
  private let lock: OutputLock

  init(output: String) throws(IndexedDataError) {
    lock = try OutputLock(output: output)
  }
}
