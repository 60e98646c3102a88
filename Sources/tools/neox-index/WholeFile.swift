import Glibc
import IndexedData
import Machine

/// A file that a command writes as a whole: beside, synced, then under its name.
struct WholeFile {
  let path: String
  let overwrites: Bool

  /// Checks that the file may be written.
  ///
  /// - Throws: where something stands in its place that may not be replaced, or it is an input.
  init(_ path: String, overwrites: Bool, inputs: [String]) throws {
    self.path = path
    self.overwrites = overwrites
    try Self.checkIsReplaceable(path)
    try checkIsFree()
    for path in [path, beside] {
      guard let mine = FileIdentity(path) else { continue }
      guard !inputs.contains(where: { mine == FileIdentity($0) }) else {
        throw IndexedDataError.outputIsInput(path: path)
      }
    }
  }

  /// Writes it; another process that writes the same file is an error.
  func write(_ body: (inout AppendFile) throws -> Void) throws {
    let lock = try OutputLock(output: path)
    try withExtendedLifetime(lock) {
      // Another process may have finished in between.
      try checkIsFree()
      do {
        try fill(body)
        try DurableFile.rename(beside, to: path)
        try DurableFile.synchronizeFolder(of: path)
      } catch {
        try DurableFile.remove(beside)
        throw error
      }
    }
  }

  private var beside: String { path + ".neox-new" }

  private func fill(_ body: (inout AppendFile) throws -> Void) throws {
    var file = try AppendFile(path: beside)
    try body(&file)
    try file.synchronize()
  }

  private func checkIsFree() throws {
    guard overwrites || !DurableFile.exists(path) else {
      throw IndexedDataError.alreadyExists(path: path)
    }
  }

  /// Refuses to put a file in the place of a device, a pipe, a folder or a link.
  private static func checkIsReplaceable(_ path: String) throws {
    var facts = stat()
    guard unsafe lstat(path, &facts) == 0, facts.st_mode & S_IFMT != S_IFREG else { return }
    let kind =
      switch facts.st_mode & S_IFMT {
      case S_IFLNK: "a symbolic link"
      case S_IFDIR: "a folder"
      case S_IFIFO: "a named pipe"
      default: "a device or socket"
      }
    throw IndexedDataError.unsuitable(
      path: path,
      reason: "is \(kind), and only files are replaced; name a file, or give --output - and lead"
        + " standard output there")
  }
}
