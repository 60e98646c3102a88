import CommandLineKit
import Glibc
import IndexedData
import Machine

/// A file that a command writes as a whole: beside, synced, then under its name.
struct WholeFile: ~Copyable {
  /// What Ctrl-C does to commands that write one.
  static let signalNote = "Ctrl-C leaves nothing of the file that --output names."

  private let path: String
  private let lock: OutputLock

  /// Claims a file, and calls `work`, which is to write it; a signal ends that, and nothing is left of
  /// it.
  ///
  /// - Throws: where another process writes the file, or something stands in its place that may not be
  ///   replaced; `Interrupted` after a signal.
  static func claim(
    _ path: String, overwrites: Bool, _ work: (borrowing WholeFile) throws -> Void
  ) throws {
    try WriteFlags.requireFolder(of: path, "--output")
    try check(path, overwrites)
    // Heard before anything is there to be removed.
    Interruption.listen()
    let file = WholeFile(path: path, lock: try OutputLock(output: path))
    // Another process may have finished in between.
    try check(path, overwrites)
    do {
      try work(file)
    } catch IndexedDataError.interrupted {
      throw Interrupted(description: "interrupted; \(path) was not written", exitStatus: 1)
    }
  }

  /// Writes it.
  ///
  /// - Throws: where it is one of the inputs, and `interrupted`.
  func write(inputs: [String], _ body: (inout AppendFile) throws -> Void) throws {
    for path in [path, beside] {
      guard let mine = FileIdentity(path) else { continue }
      guard !inputs.contains(where: { mine == FileIdentity($0) }) else {
        throw IndexedDataError.outputIsInput(path: path)
      }
    }
    do {
      try fill(body)
      try endWhereRaised(.process)
      try DurableFile.rename(beside, to: path)
      try DurableFile.synchronizeFolder(of: path)
    } catch {
      // What went wrong is said, not what this meets.
      try? DurableFile.remove(beside)
      throw error
    }
  }

  private var beside: String { path + ".neox-new" }

  private func fill(_ body: (inout AppendFile) throws -> Void) throws {
    var file = try AppendFile(path: beside)
    try body(&file)
    try file.synchronize()
  }

  private static func check(_ path: String, _ overwrites: Bool) throws {
    try checkIsReplaceable(path)
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
