import Glibc

/// A call to the operating system that failed, with what it was done to.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The call, as its manual page is named.
  public let call: String
  /// The file it was about; empty when it was about none.
  public let path: String
  /// The value of `errno`.
  public let code: Int32

  /// Describes a failed call.
  public init(call: String, path: String, code: Int32) {
    self.call = call
    self.path = path
    self.code = code
  }

  /// Whether a file was opened at a length that it has not, or is not there at all.
  package var isTooShort: Bool { code == ENODATA || code == ENOENT }

  /// Whether a path leads to another file than before.
  package var isStale: Bool { code == ESTALE }

  /// Whether another process holds a claim.
  package var isHeldElsewhere: Bool { code == EWOULDBLOCK }

  /// Whether a disk or a quota is full, or a file may not grow; one that is too long to be read is not.
  package var isFull: Bool {
    code == ENOSPC || code == EDQUOT || (code == EFBIG && call != "read")
  }

  /// `PATH: REASON (CALL)`, for instance `data/x.bin: Permission denied (open)`, and what to do where
  /// there is no room.
  public var description: String {
    let reason = unsafe String(cString: strerror(code))
    let remedy = isFull ? "; make room" : ""
    return (path.isEmpty ? "" : "\(path): ") + "\(reason) (\(call))\(remedy)"
  }
}
