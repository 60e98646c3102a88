internal import Glibc

/// Files and folders that are made durable at the same time, so that they share the waits for the
/// disk.
@safe
package struct DurableGroup: ~Copyable {
  private struct Item {
    let path: String
    let descriptor: Int32
    let isFolder: Bool
    /// What has made a file durable early: kept, so that nobody waits for its end before the group does.
    var earlySync: EarlySync?
  }

  private var items: [Item] = []

  /// An empty group.
  package init() {}

  deinit { for item in items { close(item.descriptor) } }

  /// Adds what was appended to a file so far; the system begins to write it.
  package mutating func add(_ file: inout AppendFile) throws(SystemError) {
    try file.beginWriting()
    let descriptor = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)
    guard descriptor >= 0 else { throw SystemError(call: "open", path: file.path, code: errno) }
    items.append(
      Item(
        path: file.path, descriptor: descriptor, isFolder: false, earlySync: file.earlySync))
  }

  /// Adds a file as it is.
  package mutating func addFile(at path: String) throws(SystemError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError(call: "open", path: path, code: errno) }
    items.append(Item(path: path, descriptor: descriptor, isFolder: false))
  }

  /// Adds the names in the folder of a path.
  package mutating func addFolder(of path: String) throws(SystemError) {
    let folder = DurableFile.folder(of: path)
    guard !items.contains(where: { $0.isFolder && $0.path == folder }) else { return }
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError(call: "open", path: folder, code: errno) }
    items.append(Item(path: folder, descriptor: descriptor, isFolder: true))
  }

  /// Waits until all of it would survive a loss of power.
  ///
  /// - Throws: the error of the first that could not be made durable.
  package borrowing func synchronize() throws(SystemError) {
    let items = items
    try WorkerPool.forEach(
      count: items.count, workers: Self.threadLimit, name: "sync"
    ) { (place: Int) throws(SystemError) in
      try Self.synchronize(items[place])
    }
  }

  /// The threads wait and do not compute.
  private static let threadLimit = 4

  private static func synchronize(_ item: Item) throws(SystemError) {
    while (item.isFolder ? fsync(item.descriptor) : fdatasync(item.descriptor)) != 0 {
      if errno == EINTR { continue }
      // Some network file systems do not know this call for folders.
      if item.isFolder, errno == EINVAL || errno == EROFS { return }
      throw SystemError(
        call: item.isFolder ? "fsync" : "fdatasync", path: item.path, code: errno)
    }
    if let code = item.earlySync?.failure() {
      throw SystemError(call: "fdatasync", path: item.path, code: code)
    }
  }
}
