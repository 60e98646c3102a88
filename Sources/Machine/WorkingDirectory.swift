internal import Glibc

/// Where relative paths begin.
package enum WorkingDirectory {
  /// What a message says of a path that is not there: empty where it is there, or is no relative one.
  package static func note(_ path: String) -> String {
    guard !path.hasPrefix("/"), !DurableFile.exists(path),
      let buffer = unsafe getcwd(nil, 0)
    else { return "" }
    defer { unsafe free(buffer) }
    return unsafe "; relative paths begin at the working directory, \(String(cString: buffer))"
  }
}
