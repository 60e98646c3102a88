internal import Machine

extension DatasetTransaction {
  /// Makes the indexes, gives all files their names and removes what the work needed.
  ///
  /// The manifest gets its name last, so that it never tells of a dataset that is not there. What
  /// it returns must not depend on when it is asked.
  ///
  /// The position is kept for a run that is killed from here on; see ``isFinished``. The manifest
  /// is the path and the bytes of a file that describes the outcome.
  package func finish(
    position: [UInt8] = [],
    manifest: (([DatasetSummary]) -> (path: String, bytes: [UInt8]))? = nil
  ) throws(IndexedDataError) {
    precondition(spools.allSatisfy(\.isBetweenDocuments), "a document is open")
    for spool in spools { try spool.beginWriting() }
    var journal = journal(position: position)
    var group = DurableGroup()
    for place in outputs.indices {
      try step("write \(outputs[place].partialIndexPath)")
      let index = try IndexWriter.write(outputs[place], journal.outputs[place].mark, &group)
      journal.outputs[place].indexByteCount = index.byteCount
      journal.outputs[place].indexHash = index.hash
    }
    // Sizes and documents stand in the index now; the last checkpoint's are durable as they are.
    for spool in spools { try spool.join(&group) }
    for file in auxiliaryFiles where file.byteCount > 0 { try file.join(&group) }
    if let manifest = manifest?(summaries(of: journal)) {
      journal.manifestPath = manifest.path
      journal.manifest = manifest.bytes
      manifestBeside = manifest.path + ".new"
      try step("write \(manifest.path).new")
      try Self.write(manifest.bytes, to: manifest.path + ".new", &group)
    }
    try addFolders(to: &group)
    try keep(&journal, with: &group)
    try complete(journal, hasManifest: true)
  }

  /// Makes the data durable, and the journal that says so.
  ///
  /// Behind an earlier checkpoint, whose journal is worth keeping, the data comes first. Without one
  /// all goes to the disk at once; whoever goes on after a loss of power compares hashes then, which
  /// auxiliary files have not.
  private func keep(
    _ journal: inout TransactionJournal, with group: inout DurableGroup
  ) throws(IndexedDataError) {
    guard !DurableFile.exists(journalPath), auxiliaryFiles.allSatisfy({ $0.byteCount == 0 }) else {
      journal.stage = .finishing
      try step("synchronize data")
      try Self.synchronize(group)
      return try write(journal)
    }
    journal.stage = .finishingUnproven
    try step("write journal in place")
    do throws(IndexedDataError) {
      try Self.write(journal.bytes, to: journalPath, &group)
    } catch {
      throw withoutJournal(error)
    }
    try step("synchronize data and journal")
    do throws(IndexedDataError) { try Self.synchronize(group) } catch {
      throw withoutJournal(error)
    }
  }

  /// Takes back a journal in place, so that nothing that the disk has refused passes for kept.
  private func withoutJournal(_ error: IndexedDataError) -> IndexedDataError {
    try? DurableFile.remove(journalPath)
    return error
  }

  private static func write(
    _ bytes: [UInt8], to path: String, _ group: inout DurableGroup
  ) throws(IndexedDataError) {
    do throws(SystemError) {
      var file = try AppendFile(path: path)
      try unsafe file.append(bytes.span.bytes)
      try group.add(&file)
    } catch {
      throw .system(error)
    }
  }

  private static func synchronize(
    _ group: borrowing DurableGroup
  ) throws(IndexedDataError) {
    do throws(SystemError) { try group.synchronize() } catch { throw .system(error) }
  }

  /// Drops the work with its partial files and its journal; finished files are not touched.
  ///
  /// Of the auxiliary files those in `kept` get their names first, where they hold something.
  package func discard(keeping kept: [Int] = []) throws(IndexedDataError) {
    try asking { () throws(SystemError) in try DurableFile.remove(journalPath) }
    for file in kept.map({ auxiliaryFiles[$0] }) where file.byteCount > 0 {
      try file.synchronize()
      try asking { () throws(SystemError) in
        try DurableFile.rename(AuxiliaryFile.partialPath(file.path), to: file.path)
      }
    }
    try removeSpools(includingPartials: true)
    if !kept.isEmpty { try synchronizeFolders() }
  }

  /// Checks that outputs have the same documents, sequences and sizes.
  ///
  /// Call it before ``finish(position:manifest:)``; it reads the sizes back block by block.
  package func requireEqualShapes(_ places: [Int]) throws(IndexedDataError) {
    guard let first = places.first else { return }
    for spool in spools { try spool.flush() }
    for other in places.dropFirst() {
      let a = spools[first]
      let b = spools[other]
      for (what, expected, found) in [
        ("number of documents", a.documentCount, b.documentCount),
        ("number of sequences", a.sequenceCount, b.sequenceCount),
      ] where expected != found {
        throw .unequalShapes(
          first: a.output.prefix, second: b.output.prefix, what: what, expected: expected,
          found: found)
      }
      try compare(a, b, "size of sequence", count: a.sequenceCount) {
        ($0.output.sizesPath, $0.output.sizeByteCount)
      }
      try compare(a, b, "end of document", count: a.documentCount) {
        ($0.output.documentsPath, 8)
      }
    }
  }

  private func compare(
    _ a: DatasetSpool, _ b: DatasetSpool, _ what: String, count: Int,
    _ file: (DatasetSpool) -> (path: String, width: Int)
  ) throws(IndexedDataError) {
    var first = try NumberSpool(path: file(a).path, width: file(a).width, count: count)
    var second = try NumberSpool(path: file(b).path, width: file(b).width, count: count)
    var place = 0
    while place < count {
      let expected = try first.block(from: place)
      let found = try second.block(from: place)
      if let offset = expected.indices.first(where: { expected[$0] != found[$0] }) {
        throw .unequalShapes(
          first: a.output.prefix, second: b.output.prefix, what: "\(what) \(place + offset)",
          expected: Int(expected[offset]), found: Int(found[offset]))
      }
      place += expected.count
    }
  }

  // MARK: - Names

  /// The first file of a finishing journal that is there under neither of its names as it was.
  ///
  /// Where nothing proves that the data was durable before the journal, hashes are compared.
  func lostFile(of journal: TransactionJournal) throws(IndexedDataError) -> String? {
    for file in files(of: journal) {
      guard DurableFile.exists(file.found) else { return file.path }
      let found = try FileBytes(path: file.found, mode: .pread)
      if found.byteCount != file.byteCount { return file.found }
      if journal.stage == .finishingUnproven, let hash = file.hash,
        try found.hash(first: found.byteCount) != hash
      {
        return file.found
      }
    }
    return nil
  }

  /// Makes durable what a journal tells of: who wrote it may have been killed before that.
  func prove(_ journal: TransactionJournal) throws(IndexedDataError) {
    try step("synchronize what was found")
    var group = DurableGroup()
    do throws(SystemError) {
      for file in files(of: journal) { try group.addFile(at: file.found) }
      try group.addFile(at: journalPath)
    } catch {
      throw .system(error)
    }
    try addFolders(to: &group)
    try Self.synchronize(group)
  }

  /// A file that a finishing journal tells of.
  private struct NotedFile {
    let partial: String
    let path: String
    let byteCount: Int
    let hash: UInt64?

    /// Under which of its names it is.
    var found: String { DurableFile.exists(partial) ? partial : path }
  }

  private func files(of journal: TransactionJournal) -> [NotedFile] {
    var files: [NotedFile] = []
    for (summary, output) in zip(summaries(of: journal), outputs) {
      files += [
        NotedFile(
          partial: output.partialElementsPath, path: output.elementsPath,
          byteCount: summary.elementsByteCount, hash: summary.elementsHash),
        NotedFile(
          partial: output.partialIndexPath, path: output.indexPath,
          byteCount: summary.indexByteCount, hash: summary.indexHash),
      ]
    }
    for (path, noted) in zip(auxiliaries, journal.auxiliaries) where noted.byteCount > 0 {
      files.append(
        NotedFile(
          partial: AuxiliaryFile.partialPath(path), path: path, byteCount: noted.byteCount,
          hash: nil))
    }
    return files
  }

  /// Removes the manifest, the indexes and the auxiliary files that are to be replaced, before any
  /// file gets its name: what is new never stands beside what is old.
  private func removeReplaced(_ journal: TransactionJournal) throws(IndexedDataError) {
    let waiting = zip(auxiliaries, journal.auxiliaries).filter { path, noted in
      noted.byteCount > 0 && DurableFile.exists(AuxiliaryFile.partialPath(path))
    }
    let hasElements = outputs.contains { DurableFile.exists($0.partialElementsPath) }
    guard hasElements || !waiting.isEmpty else { return }
    var paths = journal.manifestPath.isEmpty ? [] : [journal.manifestPath]
    paths += waiting.map(\.0)
    paths += outputs.filter { DurableFile.exists($0.partialIndexPath) }.map(\.indexPath)
    // New ones get their names behind all elements.
    paths += outputs.filter { DurableFile.exists($0.partialElementsPath) }.map(\.sourcePath)
    let replaced = paths.filter(DurableFile.exists)
    for path in replaced { try remove(path) }
    if !replaced.isEmpty { try synchronizeFolders() }
  }

  /// Does what is left once the data is complete; can be begun again after any of its steps.
  ///
  /// With `hasManifest` the manifest is there and durable, beside its name.
  func complete(
    _ journal: TransactionJournal, hasManifest: Bool = false
  ) throws(IndexedDataError) {
    try removeReplaced(journal)
    for (place, output) in outputs.enumerated() {
      let noted = journal.outputs[place]
      try rename(output.partialElementsPath, to: output.elementsPath, noted.mark.byteCount)
      try rename(output.partialIndexPath, to: output.indexPath, noted.indexByteCount)
    }
    for (path, noted) in zip(auxiliaries, journal.auxiliaries) where noted.byteCount > 0 {
      try rename(AuxiliaryFile.partialPath(path), to: path, noted.byteCount)
    }
    if !journal.manifestPath.isEmpty {
      try step("name \(journal.manifestPath)")
      let path = journal.manifestPath
      try asking { () throws(SystemError) in
        if hasManifest {
          try DurableFile.rename(path + ".new", to: path)
        } else {
          try DurableFile.replace(path, with: journal.manifest)
        }
      }
    }
    // All names are durable before the journal goes, without which nobody would look for them.
    try step("synchronize folders")
    try synchronizeFolders(and: journal.manifestPath)
    try removeSpools(includingPartials: false)
    summaries = summaries(of: journal)
  }

  private func rename(
    _ partial: String, to path: String, _ byteCount: Int
  ) throws(IndexedDataError) {
    try step("rename \(partial)")
    // Without the partial file an earlier run has come past this step already.
    let isNamed = !DurableFile.exists(partial)
    let found = try asking { () throws(SystemError) in
      try InputFile(path: isNamed ? path : partial).byteCount
    }
    guard found == byteCount else { throw .lostWork(path: partial, journal: journalPath) }
    if isNamed { return }
    try asking { () throws(SystemError) in try DurableFile.rename(partial, to: path) }
  }

  func removeSpools(includingPartials: Bool) throws(IndexedDataError) {
    var paths: [String] = outputs.flatMap { [$0.sizesPath, $0.documentsPath] }
    // An auxiliary file that got a name has no partial one any more; an empty one goes here.
    paths += auxiliaries.map(AuxiliaryFile.partialPath)
    if includingPartials {
      paths += outputs.flatMap { [$0.partialElementsPath, $0.partialIndexPath] }
    }
    for path in paths + [manifestBeside, journalPath + ".new", journalPath].compactMap(\.self) {
      try remove(path)
    }
    // A kill in between leaves the journal's claim, which the next run clears away.
    claims = []
    try remove(journalPath + ".lock")
  }

  func remove(_ path: String) throws(IndexedDataError) {
    try step("remove \(path)")
    try asking { () throws(SystemError) in try DurableFile.remove(path) }
  }

  /// Makes the names in all folders durable, and in that of one more path.
  func synchronizeFolders(and path: String = "") throws(IndexedDataError) {
    var group = DurableGroup()
    try addFolders(to: &group)
    if !path.isEmpty {
      do throws(SystemError) { try group.addFolder(of: path) } catch { throw .system(error) }
    }
    try Self.synchronize(group)
  }

  private func addFolders(to group: inout DurableGroup) throws(IndexedDataError) {
    do throws(SystemError) {
      for path in outputs.map(\.prefix) + auxiliaries + [journalPath] {
        try group.addFolder(of: path)
      }
    } catch {
      throw .system(error)
    }
  }

  private func summaries(of journal: TransactionJournal) -> [DatasetSummary] {
    zip(outputs, journal.outputs).map { output, noted in
      DatasetSummary(
        output: output, documentCount: noted.mark.documentCount,
        sequenceCount: noted.mark.sequenceCount, elementsByteCount: noted.mark.byteCount,
        elementsHash: ContentHash(saved: noted.mark.hash)?.value ?? 0,
        indexByteCount: noted.indexByteCount, indexHash: noted.indexHash)
    }
  }
}
