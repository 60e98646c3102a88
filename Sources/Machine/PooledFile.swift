internal import Glibc

/// A file for reading at any place that holds a descriptor only while its pool has room for it.
///
/// Any number of them can be in use, from any threads. A file that was opened again must be the same
/// as at first: on the same device, with the same number, length and time of the last change. The
/// number alone does not tell, as a system gives it to the next file that is made.
package final class PooledFile: Sendable {
  /// The path it was opened under.
  package let path: String
  /// Its length when it was opened first; 0 for a device.
  package let byteCount: Int
  private let identity: FileIdentity
  private let modifiedNanoseconds: Int64
  private let pool: FilePool
  private let slot = FilePool.Slot()

  /// Opens a file.
  package init(path: String, pool: FilePool = .shared) throws(SystemError) {
    let opened = try pool.open(path)
    self.path = path
    self.pool = pool
    byteCount = opened.file.byteCount
    modifiedNanoseconds = opened.file.modifiedNanoseconds
    identity = try opened.file.identity()
    pool.keep(opened, in: slot)
  }

  deinit {
    pool.forget(slot)
  }

  /// Runs `body` with the open file.
  ///
  /// - Throws: `ESTALE` where the path leads to another file by now, or the file was changed.
  package func withFile<Outcome: ~Copyable>(
    _ body: (borrowing InputFile) throws(SystemError) -> Outcome
  ) throws(SystemError) -> Outcome {
    if let opened = pool.file(in: slot) { return try body(opened.file) }
    let opened = try pool.open(path)
    guard try opened.file.identity() == identity, opened.file.byteCount == byteCount,
      opened.file.modifiedNanoseconds == modifiedNanoseconds
    else {
      throw SystemError(call: "open", path: path, code: ESTALE)
    }
    pool.keep(opened, in: slot)
    return try body(opened.file)
  }
}
