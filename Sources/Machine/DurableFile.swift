internal import Glibc

/// Changes to names and whole files that survive a loss of power.
package enum DurableFile {
  /// Writes a whole file: beside, synced, then under its name, so that no half of it is ever seen.
  package static func replace(_ path: String, with bytes: RawSpan) throws(SystemError) {
    let beside = path + ".new"
    var file = try AppendFile(path: beside)
    try file.append(bytes)
    try file.synchronize()
    try rename(beside, to: path)
    try synchronizeFolder(of: path)
  }

  /// Writes a whole file: beside, synced, then under its name, so that no half of it is ever seen.
  package static func replace(_ path: String, with bytes: [UInt8]) throws(SystemError) {
    try unsafe replace(path, with: bytes.span.bytes)
  }

  /// Gives a file another name; what had that name before is gone.
  package static func rename(_ path: String, to other: String) throws(SystemError) {
    guard unsafe Glibc.rename(path, other) == 0 else {
      throw SystemError(call: "rename", path: path, code: errno)
    }
  }

  /// Removes a file; it is no error when there is none.
  package static func remove(_ path: String) throws(SystemError) {
    guard unsafe unlink(path) == 0 || errno == ENOENT else {
      throw SystemError(call: "remove", path: path, code: errno)
    }
  }

  /// Whether something has this name.
  package static func exists(_ path: String) -> Bool {
    unsafe access(path, F_OK) == 0
  }

  /// What a message says of a path that is to be a folder and is none.
  package static func missingFolder(_ path: String) -> String {
    exists(path)
      ? "\(path) is a file, where a folder was expected; name a folder"
      : "there is no folder \(path); make it first"
  }

  /// Whether a path is a folder, links followed.
  package static func isFolder(_ path: String) -> Bool {
    var facts = stat()
    return unsafe stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether a path is a file that can be read twice, links followed: no pipe and no device.
  package static func isRegular(_ path: String) -> Bool {
    var facts = stat()
    return unsafe stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
  }

  /// The folder a path lies in.
  package static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last part of a path.
  package static func name(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  /// Makes new names and removals in the folder of `path` durable.
  package static func synchronizeFolder(of path: String) throws(SystemError) {
    var group = DurableGroup()
    try group.addFolder(of: path)
    try group.synchronize()
  }
}
