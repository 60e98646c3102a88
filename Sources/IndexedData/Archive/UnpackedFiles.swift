internal import Machine

/// The files of an archive that is being unpacked, beside their names until all are whole.
struct UnpackedFiles: ~Copyable {
  private let prefix: String
  private let archive: Archive
  private var paths: [String] = []
  /// Members that are there already, with the same bytes.
  private var present: Set<Int> = []
  private var replaced: [String] = []
  private var written: [String] = []
  private var file: AppendFile?
  private var current: Int?
  private let isDurable: Bool
  /// What manifests become where the dataset gets another name, by their members.
  private var renamed: [Int: [UInt8]] = [:]

  /// Finds the names, and checks that writing destroys nothing.
  init(
    _ archive: Archive, _ prefix: String, _ settings: UnpackOptions, _ options: TendOptions
  ) throws(IndexedDataError) {
    let keepsName = DurableFile.name(of: prefix) == archive.datasetName
    self.prefix = prefix
    self.archive = archive
    isDurable = options.isDurable
    for (place, member) in archive.members.enumerated() {
      guard let path = member.name.path(of: prefix) else {
        throw .unsuitable(
          path: prefix,
          reason:
            "\(archive.originalName(of: member)) is found by its name, so the output has to end"
            + " in \(member.name.replaced) as \(archive.datasetName) does")
      }
      paths.append(path)
      guard member.isManifest else { continue }
      if !keepsName { renamed[place] = settings.renamesManifest(try archive.bytes(of: member)) }
      if try Self.holds(path, member, renamed[place]) { present.insert(place) }
    }
    let manifest = present.isEmpty ? try options.manifest(prefix) : nil
    replaced = manifest?.replaced ?? []
    // Sources of another dataset would be taken for this one's.
    let source = DocumentSources.path(prefix: prefix)
    if !paths.contains(source), DurableFile.exists(source) { replaced.append(source) }
    let absent = paths.enumerated().filter { !present.contains($0.offset) }.map(\.element)
    for path in absent + replaced {
      guard let mine = FileIdentity(path) else { continue }
      if mine == FileIdentity(archive.path) { throw .outputIsInput(path: path) }
      guard options.overwrite else { throw .alreadyExists(path: path) }
    }
  }

  deinit { for path in written { try? DurableFile.remove(path + ".new") } }

  /// Whether a file is there with the bytes of a member, or those that it becomes.
  private static func holds(
    _ path: String, _ member: ArchiveMember, _ renamed: [UInt8]?
  ) throws(IndexedDataError) -> Bool {
    guard DurableFile.exists(path) else { return false }
    let file = try FileBytes(path: path, mode: .pread)
    guard file.byteCount == renamed?.count ?? member.byteCount else { return false }
    let hash = renamed.map { unsafe ContentHash.hash($0.span.bytes) } ?? member.hash
    return try file.hash(first: file.byteCount) == hash
  }

  /// Appends bytes to a member's file; members come in order.
  mutating func append(_ bytes: RawSpan, to member: Int) throws(IndexedDataError) {
    if current != member {
      try close()
      current = member
      guard !present.contains(member) else { return }
      let path = paths[member]
      written.append(path)
      file = try asking { () throws(SystemError) in try AppendFile(path: path + ".new") }
      if let bytes = renamed[member] { try write(unsafe bytes.span.bytes) }
    }
    if renamed[member] == nil { try write(bytes) }
  }

  private mutating func write(_ bytes: RawSpan) throws(IndexedDataError) {
    do throws(SystemError) { try file?.append(bytes) } catch { throw .system(error) }
  }

  private mutating func close() throws(IndexedDataError) {
    do throws(SystemError) {
      if isDurable { try file?.synchronize() } else { try file?.flush() }
    } catch {
      throw .system(error)
    }
    file = nil
  }

  /// Gives the files their names: at no time does an old index stand beside new elements, or a manifest
  /// beside another dataset than its own.
  mutating func finish(durable: Bool) throws(IndexedDataError) -> [String] {
    try close()
    let old = written.filter { !$0.hasSuffix(".bin") } + replaced
    let order = written.sorted { Self.rank($0) < Self.rank($1) }
    do throws(SystemError) {
      for path in old { try DurableFile.remove(path) }
      if durable { try DurableFile.synchronizeFolder(of: prefix + ".idx") }
      for path in order {
        try DurableFile.rename(path + ".new", to: path)
        written.removeAll { $0 == path }
      }
      if durable { try DurableFile.synchronizeFolder(of: prefix + ".idx") }
    } catch {
      throw .system(error)
    }
    return paths
  }

  private static func rank(_ path: String) -> Int {
    if path.hasSuffix(".bin") { return 0 }
    if path.hasSuffix(ManifestName.ending) { return 3 }
    return path.hasSuffix(".idx") ? 2 : 1
  }
}

extension ArchiveMember {
  /// Whether it is a manifest by its name.
  fileprivate var isManifest: Bool { name.ending.hasSuffix(ManifestName.ending) }
}
