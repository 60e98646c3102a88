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
  /// The path under which the sources are written, where there are any.
  let srcPath: String
  private var hasSources = false
  private let lock: OutputLock
  private let manifest: OutputManifest?
  private var elementsHash = ContentHash()
  private var hashedCount = 0
  private var unfinished: [String]

  /// Claims the output, and checks that writing it destroys nothing.
  ///
  /// - Throws: ``IndexedDataError/outputIsInput(path:)`` also where links give a file two names;
  ///   ``IndexedDataError/busy(journal:)`` when another process writes the same output.
  init(prefix: String, inputs: [String], _ options: TendOptions) throws(IndexedDataError) {
    _ = try Self.check(prefix, inputs, options)
    let lock = try OutputLock(output: prefix)
    // Another process may have finished in between.
    manifest = try Self.check(prefix, inputs, options)
    self.prefix = prefix
    binPath = prefix + ".bin.new"
    idxPath = prefix + ".idx.new"
    srcPath = DocumentSources.path(prefix: prefix) + ".new"
    unfinished = [binPath, idxPath, srcPath]
    self.lock = lock
  }

  /// Looks whether an output can be written, before the work for it is done.
  ///
  /// - Throws: what ``init(prefix:inputs:_:)`` throws.
  static func requireFree(
    _ prefix: String, inputs: [String], _ options: TendOptions
  ) throws(IndexedDataError) {
    _ = try check(prefix, inputs, options)
  }

  private static func check(
    _ prefix: String, _ inputs: [String], _ options: TendOptions
  ) throws(IndexedDataError) -> OutputManifest? {
    for suffix in [".bin", ".idx", ".src"] {
      let path = prefix + suffix
      guard let mine = FileIdentity(path) else { continue }
      if inputs.contains(where: { mine == FileIdentity($0 + suffix) }) {
        throw .outputIsInput(path: path)
      }
      guard options.overwrite else { throw .alreadyExists(path: path) }
    }
    if inputs.contains(prefix) { throw .outputIsInput(path: prefix + ".idx") }
    return try options.manifest(prefix)
  }

  deinit {
    for path in unfinished { unsafe unlink(path) }
  }

  /// Gives the files their names: at no time does an old index stand beside new elements, or a
  /// manifest beside another dataset than its own.
  mutating func finish(_ dataset: TendedDataset, _ options: TendOptions) throws(IndexedDataError) {
    let source = DocumentSources.path(prefix: prefix)
    let paths =
      [
        manifest?.bytes == nil ? nil : manifest?.path, prefix + ".idx", prefix + ".bin",
        hasSources ? source : nil,
      ].compactMap(\.self)
    let older = paths + [source] + (manifest?.replaced ?? [])
    let hasReplaced = older.contains(where: DurableFile.exists)
    try giveNames(dataset, options)
    options.finished(FinishedOutput(prefix: prefix, paths: paths, hasReplaced: hasReplaced))
  }

  private mutating func giveNames(
    _ dataset: TendedDataset, _ options: TendOptions
  ) throws(IndexedDataError) {
    let durable = options.isDurable
    let hasManifest = try writeManifest(dataset, options)
    try endWhereRaised(options.interruption)
    let source = DocumentSources.path(prefix: prefix)
    let replaced = ((manifest?.replaced ?? []) + [source, prefix + ".idx"])
      .filter(DurableFile.exists)
    try asking { () throws(SystemError) in
      for path in replaced { try DurableFile.remove(path) }
      if durable {
        let folders = Set(replaced.map(DurableFile.folder(of:)))
        for folder in folders.sorted() { try DurableFile.synchronizeFolder(of: folder + "/.") }
      }
      try DurableFile.rename(binPath, to: prefix + ".bin")
      try DurableFile.rename(idxPath, to: prefix + ".idx")
      if hasSources { try DurableFile.rename(srcPath, to: source) }
      if durable { try DurableFile.synchronizeFolder(of: prefix + ".idx") }
    }
    guard hasManifest, let path = manifest?.path else {
      unfinished = []
      return
    }
    unfinished = [path + ".new"]
    try asking { () throws(SystemError) in
      try DurableFile.rename(path + ".new", to: path)
      if durable { try DurableFile.synchronizeFolder(of: path) }
    }
    unfinished = []
  }

  /// Writes where the documents came from, where any piece of the dataset knows it.
  mutating func writeSources(
    _ pieces: [SourcePiece], _ dataset: inout TendedDataset, _ options: TendOptions,
    passesOverDamage: Bool = false
  ) throws(IndexedDataError) {
    let outcome = try SourcePiece.write(
      pieces, to: srcPath, options, passesOverDamage: passesOverDamage)
    dataset.source = outcome.summary
    dataset.notes += outcome.notes
    hasSources = outcome.summary != nil
  }

  /// Takes what was appended to `.bin` into its hash, where a manifest will have it, and where there is
  /// enough of it: soon after it was written, while the system has it in memory.
  mutating func noteElements(in target: inout AppendFile) throws(IndexedDataError) {
    guard manifest?.bytes != nil, target.byteCount - hashedCount >= Self.hashStep else { return }
    try asking { () throws(SystemError) in try target.flush() }
    try hashElements()
  }

  /// Bytes of `.bin` that are hashed at once.
  private static let hashStep = 32 << 20

  /// Hashes what the file `.bin` has beyond what was hashed.
  private mutating func hashElements() throws(IndexedDataError) {
    let elements = try FileBytes(path: binPath, mode: .pread)
    while hashedCount < elements.byteCount {
      let step = min(1 << 20, elements.byteCount - hashedCount)
      try elements.withBytes(at: hashedCount, count: step) { elementsHash.update($0) }
      hashedCount += step
    }
  }

  /// Writes the manifest beside its name, so that no lack of room can part it from the dataset.
  private mutating func writeManifest(
    _ dataset: TendedDataset, _ options: TendOptions
  ) throws(IndexedDataError) -> Bool {
    guard let manifest, let makeBytes = manifest.bytes else { return false }
    let index = try FileBytes(path: idxPath, mode: .pread)
    try endWhereRaised(options.interruption)
    try hashElements()
    let files = try WrittenFiles(
      binBytes: hashedCount, idxBytes: index.byteCount, binHash: elementsHash.value,
      idxHash: index.hash(first: index.byteCount, interruption: options.interruption))
    let bytes = makeBytes(dataset, files)
    unfinished.append(manifest.path + ".new")
    try asking { () throws(SystemError) in
      var file = try AppendFile(path: manifest.path + ".new")
      try unsafe file.append(bytes.span.bytes)
      if options.isDurable { try file.synchronize() } else { try file.flush() }
    }
    return true
  }
}

/// Looks whether all outputs of a command can be written, before the first one is.
///
/// - Throws: where one is in the way, or is one of the inputs.
package func requireFreeOutputs(
  _ outputs: [String], inputs: [String], _ options: TendOptions
) throws(IndexedDataError) {
  for output in outputs { try OutputPair.requireFree(output, inputs: inputs, options) }
}
