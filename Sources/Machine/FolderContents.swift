internal import Glibc

/// Folders: their entries, making and removing them.
package enum FolderContents {
  /// The names in a folder, sorted; none where there is no such folder.
  package static func names(_ path: String) throws(SystemError) -> [String] {
    guard let stream = unsafe opendir(path) else {
      if errno == ENOENT { return [] }
      throw SystemError(call: "opendir", path: path, code: errno)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(cString: $0)
        }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Makes a folder and those above it; it is no error when it is there.
  package static func make(_ path: String) throws(SystemError) {
    guard unsafe mkdir(path, 0o777) != 0, errno != EEXIST else { return }
    guard errno == ENOENT, DurableFile.folder(of: path) != path else {
      throw SystemError(call: "mkdir", path: path, code: errno)
    }
    try make(DurableFile.folder(of: path))
    guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST else {
      throw SystemError(call: "mkdir", path: path, code: errno)
    }
  }

  /// Removes a folder with all that is in it; it is no error when it is absent.
  package static func remove(_ path: String) throws(SystemError) {
    guard isFolder(path) else {
      return try DurableFile.remove(path)
    }
    for name in try names(path) { try remove(path + "/" + name) }
    guard unsafe rmdir(path) == 0 || errno == ENOENT else {
      throw SystemError(call: "rmdir", path: path, code: errno)
    }
  }

  /// Whether this is a folder itself and no link to one.
  package static func isFolder(_ path: String) -> Bool {
    var facts = stat()
    return unsafe lstat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
  }
}
