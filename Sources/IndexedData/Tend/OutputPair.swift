internal import Glibc
internal import Machine

/// The files of a dataset that is being written, which get their names when all are whole.
///
/// What has not got its name goes with it.
final class OutputPair {
  /// The output's prefix.
  let prefix: String
  /// The path under which `.bin` is written.
  let binPath: String
  /// The path under which `.idx` is written.
  let idxPath: String
  /// The path under which the sources are written, where there are any.
  let srcPath: String
  private var hasSources = false
  private var hasManifest = false
  private let lock: OutputLock
  private let manifest: OutputManifest?
  private var elementsHash = ContentHash()
  private var hashedCount = 0
  /// Where bytes of `.bin` that are not hashed yet lie in inputs, in their order; `nil` is nowhere.
  private(set) var origins: [(input: InputCheck?, bytes: Range<Int>)] = []
  /// Whether anybody wants a hash: the output's manifest, or the comparison of an input with its own.
  private let isHashed: Bool
  /// Whether `.bin` has been what one input begins with, so that one hash serves both.
  private var isStartOfInput = true
  private var unfinished: [String]

  /// Claims the output, and checks that writing it destroys nothing.
  ///
  /// - Throws: ``IndexedDataError/outputIsInput(path:)`` also where links give a file two names;
  ///   ``IndexedDataError/busy(journal:)`` when another process writes the same output.
  init(prefix: String, inputs: [String], _ options: TendOptions) throws(IndexedDataError) {
    _ = try Self.check(prefix, inputs, options)
    let lock = try OutputLock(output: prefix)
    // Another process may have finished in between.
    let manifest = try Self.check(prefix, inputs, options)
    self.manifest = manifest
    isHashed =
      manifest?.bytes != nil || inputs.contains { options.records[$0]?.binHash != nil }
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

  /// Does all that is left before the files get their names.
  func prepare(_ dataset: TendedDataset, _ options: TendOptions) throws(IndexedDataError) {
    try hashElements(options.interruption)
    hasManifest = try writeManifest(dataset, options)
  }

  /// The names of the files, once ``prepare(_:_:)`` has been called.
  var names: OutputNames {
    let source = DocumentSources.path(prefix: prefix)
    let (bin, idx) = (prefix + ".bin", prefix + ".idx")
    var names = OutputNames()
    // What describes the dataset goes before it, and its index, which makes it one, comes last.
    names.replaced = (manifest?.replaced ?? []) + [source, idx, bin]
    names.files = [bin] + (hasSources ? [source] : []) + [idx]
    if hasManifest, let manifest { names.manifests = [manifest.path] }
    return names
  }

  /// Writes where the documents came from, where any piece of the dataset knows it.
  func writeSources(
    _ pieces: [SourcePiece], _ dataset: inout TendedDataset, _ options: TendOptions,
    passesOverDamage: Bool = false
  ) throws(IndexedDataError) {
    let outcome = try SourcePiece.write(
      pieces, to: srcPath, options, passesOverDamage: passesOverDamage)
    dataset.source = outcome.summary
    dataset.notes += outcome.notes
    hasSources = outcome.summary != nil
  }

  /// Takes note of bytes that were appended to `.bin`, and of where they lie in an input.
  ///
  /// Where there is enough of them they are hashed, soon after they were written, while the system has
  /// them in memory: for the manifest, and for the comparison of the input with its own. Where there is
  /// neither, nothing is noted.
  func note(
    _ bytes: Range<Int>, of input: InputCheck?, appendedTo target: inout AppendFile,
    _ interruption: Interruption?
  ) throws(IndexedDataError) {
    guard isHashed else { return }
    if let last = origins.last, last.input === input, last.bytes.upperBound == bytes.lowerBound {
      origins[origins.count - 1].bytes = last.bytes.lowerBound..<bytes.upperBound
    } else {
      origins.append((input, bytes))
    }
    guard target.byteCount - hashedCount >= Self.hashStep else { return }
    try asking { () throws(SystemError) in try target.flush() }
    try hashElements(interruption)
  }

  /// Bytes of `.bin` that are hashed at once.
  private static let hashStep = 32 << 20

  /// Hashes what the file `.bin` has beyond what was hashed.
  private func hashElements(_ interruption: Interruption?) throws(IndexedDataError) {
    guard isHashed else { return }
    let hasHash = manifest?.bytes != nil
    let elements = try FileBytes(path: binPath, mode: .pread)
    var block = ByteBuffer()
    var origin = 0
    while hashedCount < elements.byteCount {
      block.removeAll()
      try elements.read(
        min(1 << 18, elements.byteCount - hashedCount), at: hashedCount, to: &block)
      if hasHash { elementsHash.update(block.bytes) }
      if try !shareHash(block.count, of: &origin) {
        isStartOfInput = false
        try show(block.bytes, from: &origin, interruption)
      }
      hashedCount += block.count
    }
    origins.removeAll(keepingCapacity: true)
  }

  /// Gives an input the hash of `.bin` with the next `count` bytes, where those and all before are what
  /// the input begins with; returns whether that is so.
  private func shareHash(
    _ count: Int, of origin: inout Int
  ) throws(IndexedDataError) -> Bool {
    guard isStartOfInput, manifest?.bytes != nil, origin < origins.count else { return false }
    let (input, range) = origins[origin]
    guard let input, range.lowerBound == hashedCount, range.count >= count,
      try input.take(elementsHash, of: hashedCount..<hashedCount + count)
    else { return false }
    origins[origin].bytes = range.lowerBound + count..<range.upperBound
    if range.count == count { origin += 1 }
    return true
  }

  /// Shows bytes to the inputs that they came from, those of `origin` and behind it.
  private func show(
    _ bytes: RawSpan, from origin: inout Int, _ interruption: Interruption?
  ) throws(IndexedDataError) {
    var rest = bytes
    while rest.byteCount > 0, origin < origins.count {
      let (input, range) = origins[origin]
      let part = rest.extracting(first: min(range.count, rest.byteCount))
      try input?.take(part, at: range.lowerBound, interruption)
      rest = rest.extracting(droppingFirst: part.byteCount)
      origins[origin].bytes = range.lowerBound + part.byteCount..<range.upperBound
      if part.byteCount == range.count { origin += 1 }
    }
  }

  /// Writes the manifest beside its name, so that no lack of room can part it from the dataset.
  private func writeManifest(
    _ dataset: TendedDataset, _ options: TendOptions
  ) throws(IndexedDataError) -> Bool {
    guard let manifest, let makeBytes = manifest.bytes else { return false }
    let index = try FileBytes(path: idxPath, mode: .pread)
    try endWhereRaised(options.interruption)
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
