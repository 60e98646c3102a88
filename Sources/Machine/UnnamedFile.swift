internal import CMachine
internal import Glibc

/// Temporary files without a name, which vanish with their last user.
package enum UnnamedFile {
  /// Makes an empty file in a folder, open for reading and writing; the caller closes it.
  ///
  /// Where the file system knows files that never had a name, a kill at any instant leaves nothing;
  /// elsewhere it has one, `neox-spool-` and six characters, for a moment.
  package static func open(in folder: String) throws(SystemError) -> Int32 {
    let unnamed = unsafe cm_open_unnamed(folder)
    if unnamed >= 0 { return unnamed }
    var path = Array("\(folder)/neox-spool-XXXXXX".utf8CString)
    let descriptor = unsafe mkstemp(&path)
    guard descriptor >= 0 else {
      throw SystemError(call: "mkstemp", path: folder, code: errno)
    }
    unsafe unlink(path)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
  }
}
