internal import Machine

/// Datasets and auxiliary files that are written together: all of them appear whole, or none.
///
/// Data goes to `….partial` files. A checkpoint makes them durable and then replaces the journal,
/// which says how much of each is good and where the work stood. Killed at any instant, the same
/// work opened again goes on from the last checkpoint: what is behind it in the partial files is
/// cut off. Where the journal is damaged or a partial file too short, it starts anew and says
/// why in ``restartReason``; finished files are never touched without ``Policy/overwrite``, and a
/// file that has the journal's name and is none is never touched at all.
///
/// As long as there is no journal, the file of the claim, `JOURNAL.lock`, tells that partial files
/// are of a transaction; without either they are somebody else's.
///
/// After an error the transaction must be dropped; what is on disk stays at the last checkpoint.
package final class DatasetTransaction {
  /// What to do with files that are in the way.
  package enum Policy: Sendable {
    /// Throw an error.
    case keep
    /// Replace finished files, and drop unfinished work of other options.
    case overwrite
  }

  /// Called before each durable step with its name; tests throw here.
  typealias StepHook = (String) throws(IndexedDataError) -> Void

  /// The datasets.
  package let outputs: [DatasetOutput]
  /// The paths of the auxiliary files; those that stay empty do not appear.
  package let auxiliaries: [String]
  /// What the last checkpoint was told about where the work stood; `nil` at a new start.
  package private(set) var resumedPosition: [UInt8]?
  /// Why unfinished work was dropped, if it was.
  package private(set) var restartReason: IndexedDataError?
  /// Whether an earlier run had all data complete, so that opening finished the work.
  package private(set) var isFinished = false
  /// What was written; empty before the end.
  package internal(set) var summaries: [DatasetSummary] = []

  let journalPath: String
  let identity: [UInt8]
  let step: StepHook
  var spools: [DatasetSpool] = []
  /// Where the manifest stands before it has its name.
  var manifestBeside: String?
  var auxiliaryFiles: [AuxiliaryFile] = []
  private let lock: FileLock
  /// Claims on the datasets, as tools that write only one of them make as well.
  var claims: [OutputClaim] = []
  private var areNamesDurable = false
  private var opensAnew = false
  /// How much of each output the journal on disk tells of; empty where there is none.
  private var journaled: [DatasetSpool.Mark] = []

  /// Begins new work or goes on with what `journal` tells of.
  ///
  /// The identity is a hash of all that decides the outcome; work of another one is not resumed.
  ///
  /// - Throws: `busy` when another process holds the journal, `otherWork` when it is of another
  ///   identity, `alreadyExists` when finished files are in the way.
  package convenience init(
    journal: String, outputs: [DatasetOutput], auxiliaries: [String] = [], identity: [UInt8],
    policy: Policy = .keep
  ) throws(IndexedDataError) {
    try self.init(
      journal: journal, outputs: outputs, auxiliaries: auxiliaries, identity: identity,
      policy: policy, step: { _ throws(IndexedDataError) in })
  }

  init(
    journal: String, outputs: [DatasetOutput], auxiliaries: [String] = [], identity: [UInt8],
    policy: Policy = .keep, step: @escaping StepHook
  ) throws(IndexedDataError) {
    journalPath = journal
    self.outputs = outputs
    self.auxiliaries = auxiliaries
    self.identity = identity
    self.step = step
    do throws(SystemError) {
      lock = try FileLock(path: journal + ".lock")
    } catch {
      if error.call == "lock" { throw .busy(journal: journal) }
      throw .system(error)
    }
    do throws(IndexedDataError) {
      for output in outputs { claims.append(try OutputClaim(output: output.prefix)) }
      try open(policy)
    } catch {
      // A claim that led to nothing leaves nothing behind; removing it can only fail harmlessly.
      if opensAnew { for path in partialPaths { try? DurableFile.remove(path) } }
      if !lock.wasLeft || !([journal] + partialPaths).contains(where: DurableFile.exists) {
        try? DurableFile.remove(journal + ".lock")
      }
      throw error
    }
  }

  // MARK: - Opening

  private func open(_ policy: Policy) throws(IndexedDataError) {
    if let journal = try readJournal() {
      if journal.identity == identity, isOfTheseOutputs(journal) {
        if !journal.isFinishing {
          if try resume(journal) { return }
        } else if let path = try lostFile(of: journal) {
          restartReason = .lostWork(path: path, journal: journalPath)
          if !journal.manifestPath.isEmpty { manifestBeside = journal.manifestPath + ".new" }
        } else {
          resumedPosition = journal.position
          if journal.stage == .finishingUnproven { try prove(journal) }
          try complete(journal)
          isFinished = true
          return
        }
      } else if policy == .keep {
        throw .otherWork(journal: journalPath)
      } else {
        // Before the journal, which alone tells of them where outputs had other names.
        for path in partialPaths(of: journal) { try remove(path) }
      }
    }
    try clearTheWay(policy)
    try step("drop journal")
    try asking { () throws(SystemError) in try DurableFile.remove(journalPath) }
    try step("open files")
    opensAnew = true
    spools = []
    auxiliaryFiles = []
    for output in outputs {
      spools.append(try DatasetSpool(output, mark: .init(), documentStart: .init()))
    }
    for path in auxiliaries { auxiliaryFiles.append(try AuxiliaryFile(path: path, length: 0)) }
  }

  /// Removes what earlier work left that never came to a journal.
  ///
  /// - Throws: `unknownPartial` and `alreadyExists` for what must not be touched.
  private func clearTheWay(_ policy: Policy) throws(IndexedDataError) {
    if !DurableFile.exists(journalPath) {
      for path in partialPaths where DurableFile.exists(path) {
        guard lock.wasLeft || policy == .overwrite else { throw .unknownPartial(path: path) }
        try remove(path)
      }
    }
    guard policy == .keep else { return }
    for path in outputs.flatMap({ [$0.elementsPath, $0.indexPath, $0.sourcePath] }) + auxiliaries
    where DurableFile.exists(path) {
      throw .alreadyExists(path: path)
    }
  }

  /// The files of the work while it is not finished.
  private var partialPaths: [String] {
    outputs.flatMap(\.partialPaths) + auxiliaries.map(AuxiliaryFile.partialPath)
  }

  /// The files that the work of a journal has while it is not finished.
  private func partialPaths(of journal: TransactionJournal) -> [String] {
    let folder = DurableFile.folder(of: journalPath) + "/"
    let path = { (name: String) in name.contains("/") ? name : folder + name }
    return journal.outputs.flatMap {
      DatasetOutput(prefix: path($0.prefix), elementType: .uint8).partialPaths
    } + journal.auxiliaries.map { AuxiliaryFile.partialPath(path($0.path)) }
  }

  /// A path as the journal tells it: a name where it is in the journal's folder.
  private func journalName(_ path: String) -> String {
    guard DurableFile.folder(of: path) == DurableFile.folder(of: journalPath),
      let name = path.split(separator: "/").last
    else { return path }
    return String(name)
  }

  /// What a journal tells of unfinished work.
  package struct Unfinished: Sendable {
    /// What decides the outcome, as the work was opened with it.
    package let identity: [UInt8]
    /// Where the work stood.
    package let position: [UInt8]
    /// Whether the work is complete but for names and for what is to be removed.
    package let isFinishing: Bool
  }

  /// What the journal at a path tells; `nil` where there is none that is whole.
  ///
  /// - Throws: `notAJournal` when somebody else's file has the name.
  package static func unfinished(
    journal path: String
  ) throws(IndexedDataError) -> Unfinished? {
    guard DurableFile.exists(path),
      let journal = TransactionJournal(
        bytes: try bytes(ofJournal: path, isClaimed: DurableFile.exists(path + ".lock")))
    else { return nil }
    return Unfinished(
      identity: journal.identity, position: journal.position, isFinishing: journal.isFinishing)
  }

  /// Removes the file of a claim that nobody holds, as a kill at the very end leaves one.
  package static func removeLeftClaim(journal path: String) {
    guard DurableFile.exists(path + ".lock"), !DurableFile.exists(path),
      let lock = try? FileLock(path: path + ".lock")
    else { return }
    // Held while its name goes; that can only fail harmlessly.
    if lock.wasLeft { try? DurableFile.remove(path + ".lock") }
  }

  private static func bytes(
    ofJournal path: String, isClaimed: Bool
  ) throws(IndexedDataError) -> [UInt8] {
    let magic = TransactionJournal.magic
    let bytes = try asking { () throws(SystemError) -> [UInt8]? in
      let file = try InputFile(path: path)
      var head = ByteBuffer()
      try file.read(magic.count, at: 0, to: &head)
      let begin = unsafe head.bytes.withUnsafeBytes { unsafe Array($0) }
      // After a loss of power the claim may be there and the bytes of the journal not.
      if isClaimed, begin.allSatisfy({ $0 == 0 }) { return [] }
      guard begin == magic else { return nil }
      let buffer = try file.readAll(limit: 1 << 30)
      return unsafe buffer.bytes.withUnsafeBytes { unsafe Array($0) }
    }
    // What does not begin like a journal never was one.
    guard let bytes else { throw .notAJournal(path: path) }
    return bytes
  }

  private func readJournal() throws(IndexedDataError) -> TransactionJournal? {
    guard DurableFile.exists(journalPath) else { return nil }
    let bytes = try Self.bytes(ofJournal: journalPath, isClaimed: lock.wasLeft)
    if let journal = TransactionJournal(bytes: bytes) { return journal }
    restartReason = .malformed(
      path: journalPath, byte: 0, what: "journal of unfinished work", expected: "a whole one",
      found: "\(bytes.count) bytes that are not")
    return nil
  }

  private func isOfTheseOutputs(_ journal: TransactionJournal) -> Bool {
    journal.auxiliaries.count == auxiliaries.count
      && journal.outputs.count == outputs.count
      && zip(journal.outputs, outputs).allSatisfy { noted, output in
        noted.elementCode == output.elementType.code(output.variant)
          && noted.isCached == (output.format == .cached)
      }
  }

  /// Opens the partial files where the journal says; false when they hold less than that.
  private func resume(_ journal: TransactionJournal) throws(IndexedDataError) -> Bool {
    try step("open files")
    do throws(IndexedDataError) {
      for (output, noted) in zip(outputs, journal.outputs) {
        spools.append(
          try DatasetSpool(output, mark: noted.mark, documentStart: noted.documentStart))
      }
      for (path, noted) in zip(auxiliaries, journal.auxiliaries) {
        auxiliaryFiles.append(try AuxiliaryFile(path: path, length: noted.byteCount))
      }
    } catch {
      guard case .system(let cause) = error, cause.isTooShort else { throw error }
      restartReason = .lostWork(path: cause.path, journal: journalPath)
      return false
    }
    resumedPosition = journal.position
    journaled = journal.outputs.map(\.mark)
    return true
  }

  // MARK: - Appending

  /// Appends documents of one sequence each; a size of 0 is a document without one.
  ///
  /// - Precondition: no document is open, and the sizes add up to the elements.
  package func append(
    output: Int, elements: RawSpan, documentSizes: Span<Int32>
  ) throws(IndexedDataError) {
    try spools[output].append(elements, documentSizes: documentSizes)
  }

  /// Appends elements to the open sequence of an output, or begins one.
  ///
  /// - Throws: `tooLarge` when the sequence outgrows the format.
  package func extendSequence(output: Int, elements: RawSpan) throws(IndexedDataError) {
    try spools[output].extendSequence(elements)
  }

  /// Ends the open sequence, which may be empty.
  package func endSequence(output: Int) throws(IndexedDataError) {
    try spools[output].endSequence()
  }

  /// Ends the open document, which may have no sequence.
  package func endDocument(output: Int) throws(IndexedDataError) {
    try spools[output].endDocument()
  }

  /// Takes back everything of all outputs since their last documents ended.
  ///
  /// Where a checkpoint holds a part of that, another one without it comes first, with `position`:
  /// a journal never promises what is not there.
  package func abandonDocuments(position: [UInt8]) throws(IndexedDataError) {
    let starts = spools.map(\.documentStart)
    if zip(starts, journaled).contains(where: { $0.isBefore($1) }) {
      try synchronize()
      var journal = journal(position: position)
      for place in starts.indices { journal.outputs[place].mark = starts[place] }
      try write(journal)
    }
    for spool in spools where !spool.isBetweenDocuments {
      try step("abandon document \(spool.output.prefix)")
      try spool.abandonDocument()
    }
  }

  /// Appends bytes to an auxiliary file.
  package func appendAuxiliary(_ place: Int, _ bytes: RawSpan) throws(IndexedDataError) {
    try auxiliaryFiles[place].append(bytes)
  }

  /// Hands an auxiliary file to the system, so that it can be read.
  func flushAuxiliary(_ place: Int) throws(IndexedDataError) { try auxiliaryFiles[place].flush() }

  /// Number of documents in an output so far.
  package func documentCount(output: Int) -> Int { spools[output].documentCount }

  /// Bytes of elements in an output so far.
  package func elementsByteCount(output: Int) -> Int { spools[output].elementsByteCount }

  /// XXH64 of the elements of an output so far.
  package func elementsHash(output: Int) -> UInt64 { spools[output].elementsHash }

  /// Bytes in an auxiliary file so far.
  package func auxiliaryByteCount(_ place: Int) -> Int { auxiliaryFiles[place].byteCount }

  // MARK: - Checkpoints

  /// Makes everything so far durable, with `position` for whoever goes on from here.
  package func checkpoint(position: [UInt8]) throws(IndexedDataError) {
    try synchronize()
    try write(journal(position: position))
  }

  /// Makes everything durable and gives up the claim on the journal, to be resumed later.
  package func suspend(position: [UInt8]) throws(IndexedDataError) {
    try checkpoint(position: position)
    try asking { () throws(SystemError) in try DurableFile.remove(journalPath + ".lock") }
    claims = []
  }

  func synchronize() throws(IndexedDataError) {
    for spool in spools {
      try step("synchronize \(spool.output.prefix)")
      try spool.synchronize()
    }
    for file in auxiliaryFiles where file.byteCount > 0 {
      try step("synchronize \(file.path)")
      try file.synchronize()
    }
    guard !areNamesDurable else { return }
    try step("synchronize folders")
    try synchronizeFolders()
    areNamesDurable = true
  }

  func journal(position: [UInt8]) -> TransactionJournal {
    TransactionJournal(
      identity: identity, position: position,
      outputs: spools.map { spool in
        TransactionJournal.Output(
          prefix: journalName(spool.output.prefix),
          elementCode: spool.output.elementType.code(spool.output.variant),
          isCached: spool.output.format == .cached, mark: spool.mark,
          documentStart: spool.documentStart)
      },
      auxiliaries: auxiliaryFiles.map {
        .init(path: journalName($0.path), byteCount: $0.byteCount)
      })
  }

  func write(_ journal: TransactionJournal) throws(IndexedDataError) {
    try step("write journal")
    let bytes = journal.bytes
    try asking { () throws(SystemError) in
      try DurableFile.replace(journalPath, with: bytes)
    }
    journaled = journal.outputs.map(\.mark)
  }
}
