internal import Glibc
internal import Machine

/// The two files of a dataset that is being written, which get their names when both are whole.
struct OutputPair: ~Copyable {
  /// The output's prefix.
  let prefix: String
  /// The path under which `.bin` is written.
  let binPath: String
  /// The path under which `.idx` is written.
  let idxPath: String
  private let lock: OutputLock
  private var isFinished = false

  /// Claims the output, and checks that writing it destroys nothing.
  ///
  /// - Throws: ``IndexedDataError/outputIsInput(path:)`` also where links give a file two names;
  ///   ``IndexedDataError/busy(journal:)`` when another process writes the same output.
  init(prefix: String, inputs: [String], overwrite: Bool) throws(IndexedDataError) {
    try Self.check(prefix, inputs, overwrite)
    let lock = try OutputLock(output: prefix)
    // Another process may have finished in between.
    try Self.check(prefix, inputs, overwrite)
    self.prefix = prefix
    binPath = prefix + ".bin.new"
    idxPath = prefix + ".idx.new"
    self.lock = lock
  }

  private static func check(
    _ prefix: String, _ inputs: [String], _ overwrite: Bool
  ) throws(IndexedDataError) {
    for suffix in [".bin", ".idx"] {
      let path = prefix + suffix
      guard let mine = FileIdentity(path) else { continue }
      if inputs.contains(where: { mine == FileIdentity($0 + suffix) }) {
        throw .outputIsInput(path: path)
      }
      guard overwrite else { throw .alreadyExists(path: path) }
    }
    if inputs.contains(prefix) { throw .outputIsInput(path: prefix + ".idx") }
  }

  deinit {
    if !isFinished {
      unsafe unlink(binPath)
      unsafe unlink(idxPath)
    }
  }

  /// Gives both files their names; at no time does an old index stand beside new elements.
  mutating func finish(durable: Bool) throws(IndexedDataError) {
    try asking { () throws(SystemError) in
      try DurableFile.remove(prefix + ".idx")
      try DurableFile.rename(binPath, to: prefix + ".bin")
      try DurableFile.rename(idxPath, to: prefix + ".idx")
      if durable { try DurableFile.synchronizeFolder(of: prefix + ".idx") }
    }
    isFinished = true
  }
}
