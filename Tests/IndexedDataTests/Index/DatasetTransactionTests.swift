import Foundation
import TestSupport
import Testing

@testable import IndexedData
@testable import Machine

/// A small work with every kind of append, which can be killed at any of its durable steps.
struct SampleWork {
  struct Killed: Error {}

  /// What stands in for a kill: an error that no code of ours throws.
  static let kill = IndexedDataError.notAnIndex(path: "killed", found: [])

  let folder: TemporaryFolder
  var identity: [UInt8] = [1, 2, 3]
  var policy = DatasetTransaction.Policy.keep
  var batchCount = 6

  var outputs: [DatasetOutput] {
    [
      DatasetOutput(prefix: folder.file("a"), elementType: .uint16),
      DatasetOutput(prefix: folder.file("b"), elementType: .int32, format: .cached),
    ]
  }

  func open(
    step: @escaping DatasetTransaction.StepHook = { _ throws(IndexedDataError) in }
  ) throws(IndexedDataError) -> DatasetTransaction {
    try DatasetTransaction(
      journal: folder.file("journal"), outputs: outputs,
      auxiliaries: [folder.file("bad.jsonl"), folder.file("never")], identity: identity,
      policy: policy, step: step)
  }

  /// Runs until the end, or until step `steps` throws; says whether the end was reached.
  @discardableResult
  func run(steps: Int = .max) throws(IndexedDataError) -> Int {
    var count = 0
    do throws(IndexedDataError) {
      let transaction = try open { _ throws(IndexedDataError) in
        if count == steps { throw Self.kill }
        count += 1
      }
      try drive(transaction)
    } catch {
      guard error == Self.kill else { throw error }
    }
    return count
  }

  func drive(_ transaction: DatasetTransaction) throws(IndexedDataError) {
    guard !transaction.isFinished else { return }
    var batch = Int(transaction.resumedPosition?.first ?? 0)
    while batch < batchCount {
      try appendBatch(batch, to: transaction)
      batch += 1
      if batch % 2 == 0 { try transaction.checkpoint(position: [UInt8(batch)]) }
    }
    try transaction.requireEqualShapes([0, 1])
    try transaction.finish(position: [UInt8(batch)]) { summaries in
      let text = summaries.map { "\($0.tokenCount) \($0.elementsHash) \($0.indexHash)" }
      return (folder.file("manifest"), Array(text.joined(separator: "\n").utf8))
    }
  }

  private func appendBatch(
    _ batch: Int, to transaction: DatasetTransaction
  ) throws(IndexedDataError) {
    let sizes = [Int32](arrayLiteral: 3, 0, Int32(batch), 1)
    let count = Int(sizes.reduce(0, +))
    for output in 0..<2 {
      let width = output == 0 ? 2 : 4
      let elements = GoldenPair.numbers((0..<count).map { $0 + 100 * batch }, width)
      try transaction.append(output, elements, sizes: sizes)
      // A document in pieces with two sequences, and one that is taken back.
      try transaction.extend(output, GoldenPair.numbers([1, 2], width))
      try transaction.extend(output, GoldenPair.numbers([3], width))
      try transaction.endSequence(output: output)
      try transaction.endSequence(output: output)
      try transaction.endDocument(output: output)
      try transaction.extend(output, GoldenPair.numbers([9, 9], width))
      try transaction.endSequence(output: output)
      try transaction.abandonDocuments(position: [])
    }
    try transaction.note(Array("line \(batch)\n".utf8))
  }

  /// All files of the folder with their bytes.
  func files() throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      files[name] = try folder.read(name)
    }
    return files
  }

  /// What an uninterrupted run leaves.
  static func reference() throws -> [String: [UInt8]] {
    let work = SampleWork(folder: try TemporaryFolder())
    try work.run()
    return try work.files()
  }
}

// The compiler stumbles over spans of temporary arrays in long functions.
extension DatasetTransaction {
  func append(_ output: Int, _ elements: [UInt8], sizes: [Int32]) throws(IndexedDataError) {
    try append(output: output, elements: elements.span.bytes, documentSizes: sizes.span)
  }

  func extend(_ output: Int, _ elements: [UInt8]) throws(IndexedDataError) {
    try extendSequence(output: output, elements: elements.span.bytes)
  }

  func note(_ bytes: [UInt8]) throws(IndexedDataError) {
    try appendAuxiliary(0, bytes.span.bytes)
  }
}

extension DatasetSpool {
  func extend(_ elements: [UInt8]) throws(IndexedDataError) {
    try extendSequence(elements.span.bytes)
  }
}

func hash(_ bytes: [UInt8]) -> UInt64 { ContentHash.hash(bytes.span.bytes) }

@Suite("Dataset transaction")
struct DatasetTransactionTests {
  @Test("an uninterrupted run leaves finished files only, and both formats read alike")
  func uninterrupted() throws {
    let work = SampleWork(folder: try TemporaryFolder())
    try work.run()
    #expect(
      Set(try work.files().keys) == [
        "a.bin", "a.idx", "b.bin", "b.idx", "bad.jsonl", "manifest",
      ])
    let a = try IndexedDataset(prefix: work.folder.file("a"))
    let b = try IndexedDataset(prefix: work.folder.file("b"))
    #expect(a.documentCount == 30 && a.sequenceCount == 6 * 4 + 5)
    #expect(b.format == .cached && b.elementType == .int32)
    for sequence in 0..<a.sequenceCount {
      #expect(try a.tokens(of: sequence) == b.tokens(of: sequence))
    }
    for document in 0..<a.documentCount {
      #expect(
        try a.sequences(ofDocument: document) == b.sequences(ofDocument: document))
    }
    #expect(try a.tokens(of: 2) == [1, 2, 3] && a.tokens(of: 3) == [])
  }

  @Test("killed at any durable step and resumed, the bytes are the same")
  func killedAnywhere() throws {
    let reference = try SampleWork.reference()
    let stepCount = try SampleWork(folder: TemporaryFolder()).run()
    #expect(stepCount > 30)
    for kill in 0..<stepCount {
      let scribble = kill % 2 == 1
      let work = SampleWork(folder: try TemporaryFolder())
      #expect(try work.run(steps: kill) == kill)
      if scribble { try Self.scribble(work.folder) }
      do throws(IndexedDataError) {
        try work.run()
      } catch {
        // Only the claim was left to remove: the work is done, and the next run says so.
        #expect(error == .alreadyExists(path: work.folder.file("a.bin")))
        #expect(kill == stepCount - 1)
      }
      #expect(try work.files() == reference, "killed at step \(kill), scribble \(scribble)")
    }
  }

  /// Bytes behind what is durable, as a kill between two writes leaves them.
  static func scribble(_ folder: TemporaryFolder) throws {
    let journal = (try? folder.read("journal")).flatMap(TransactionJournal.init(bytes:))
    guard journal?.isFinishing != true else { return }
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
    where name.hasSuffix(".partial") {
      try folder.write(name, try folder.read(name) + [7, 7, 7, 7, 7])
    }
  }

  @Test("killed again and again at random steps, the bytes are the same")
  func killedOften() throws {
    let reference = try SampleWork.reference()
    for seed in UInt64(0)..<15 {
      var generator = SeededGenerator(seed: seed)
      let work = SampleWork(folder: try TemporaryFolder())
      for _ in 0..<100 {
        try work.run(steps: .random(in: 0..<40, using: &generator))
        let files = try work.files()
        if files["a.idx"] != nil, files["journal"] == nil { break }
      }
      try? FileManager.default.removeItem(atPath: work.folder.file("journal.lock"))
      #expect(try work.files() == reference, "seed \(seed)")
    }
  }

  @Test("tools that write one dataset and work on several exclude each other")
  func exclusion() throws {
    let folder = try TemporaryFolder()
    let input = try Sample.t.write(folder, "in")
    let outputs = ["x", "y"].map { DatasetOutput(prefix: folder.file($0), elementType: .uint8) }
    func open() throws -> DatasetTransaction {
      try DatasetTransaction(journal: folder.file("j"), outputs: outputs, identity: [])
    }
    let busy = IndexedDataError.busy(journal: folder.file("y"))
    do {
      let claim = try OutputLock(output: folder.file("y"))
      withExtendedLifetime(claim) {
        _ = #expect(throws: busy) { try open() }
      }
    }
    #expect(try folder.names == ["in.bin", "in.idx"])
    let work = try open()
    #expect(throws: busy) { try mergeDatasets([input], to: folder.file("y")) }
    try work.append(0, [1], sizes: [1])
    try work.append(1, [2], sizes: [1])
    try work.finish()
    #expect(
      try folder.names == ["in.bin", "in.idx", "x.bin", "x.idx", "y.bin", "y.idx"])
    #expect(throws: IndexedDataError.alreadyExists(path: folder.file("y.bin"))) {
      try mergeDatasets([input], to: folder.file("y"))
    }
  }

  @Test("a document may be open at a checkpoint, and be taken back after it")
  func openDocument() throws {
    let folder = try TemporaryFolder()
    let output = DatasetOutput(prefix: folder.file("x"), elementType: .uint8)
    func open() throws -> DatasetTransaction {
      try DatasetTransaction(journal: folder.file("j"), outputs: [output], identity: [])
    }
    do {
      let first = try open()
      try first.append(0, [5, 6], sizes: [2])
      try first.extend(0, [1, 2, 3])
      try first.suspend(position: [42])
    }
    #expect(!DurableFile.exists(folder.file("j.lock")))
    do {
      let second = try open()
      #expect(second.resumedPosition == [42])
      try second.abandonDocuments(position: [42])
      try second.extend(0, [8])
      try second.checkpoint(position: [43])
    }
    let third = try open()
    #expect(third.resumedPosition == [43] && third.documentCount(output: 0) == 1)
    try third.extend(0, [9])
    try third.endSequence(output: 0)
    try third.endDocument(output: 0)
    try third.finish()
    #expect(try folder.read("x.bin") == [5, 6, 8, 9])
    #expect(
      third.summaries[0].elementsHash == hash([5, 6, 8, 9]))
    let dataset = try IndexedDataset(prefix: folder.file("x"))
    #expect(try dataset.tokens(of: 1) == [8, 9])
    #expect(third.summaries[0].documentCount == 2 && third.summaries[0].tokenCount == 4)
    #expect(third.summaries[0].indexHash == hash(try folder.read("x.idx")))
  }

  @Test("work of other options, finished files and a second process are errors")
  func inTheWay() throws {
    var work = SampleWork(folder: try TemporaryFolder())
    try work.run(steps: 12)
    work.identity = [9]
    #expect(throws: IndexedDataError.otherWork(journal: work.folder.file("journal"))) {
      try work.run()
    }
    work.identity = [1, 2, 3]
    do {
      let first = try work.open()
      #expect(first.resumedPosition == [2])
      #expect(throws: IndexedDataError.busy(journal: work.folder.file("journal"))) {
        _ = try work.open()
      }
      _ = first.isFinished
    }
    try work.run()
    #expect(throws: IndexedDataError.alreadyExists(path: work.folder.file("a.bin"))) {
      try work.run()
    }
    #expect(try work.files() == SampleWork.reference())
  }

  @Test("with overwrite, other unfinished work and finished files are replaced")
  func overwrite() throws {
    var work = SampleWork(folder: try TemporaryFolder())
    work.identity = [9]
    work.batchCount = 3
    try work.run(steps: 12)
    work.identity = [1, 2, 3]
    work.policy = .overwrite
    work.batchCount = 6
    try work.run()
    #expect(try work.files() == SampleWork.reference())
    for kill in [5, 20, 27, 30, 33] {
      try work.run(steps: kill)
      try work.run()
      #expect(try work.files() == SampleWork.reference(), "killed at step \(kill)")
    }
  }

  @Test("a torn journal or a cut partial file starts the work anew and says why")
  func torn() throws {
    for length in [8, 9, 100, 300] {
      let work = SampleWork(folder: try TemporaryFolder())
      try work.run(steps: 14)
      try work.folder.write("journal", Array(work.folder.read("journal").prefix(length)))
      let transaction = try work.open()
      #expect(transaction.resumedPosition == nil)
      #expect(transaction.restartReason != nil, "cut to \(length)")
      try work.drive(transaction)
      #expect(try work.files() == SampleWork.reference())
    }
    for name in ["a.bin.partial", "b.sizes.partial", "bad.jsonl.partial", "a.documents.partial"] {
      let work = SampleWork(folder: try TemporaryFolder())
      try work.run(steps: 14)
      try work.folder.write(name, Array(work.folder.read(name).prefix(3)))
      let transaction = try work.open()
      #expect(
        transaction.restartReason
          == .lostWork(path: work.folder.file(name), journal: work.folder.file("journal")))
      try work.drive(transaction)
      #expect(try work.files() == SampleWork.reference())
    }
  }

  @Test(
    "somebody else's file under the journal's name is refused and stays", arguments: [0, 1, 7, 900])
  func foreignJournal(length: Int) throws {
    for policy in [DatasetTransaction.Policy.keep, .overwrite] {
      var work = SampleWork(folder: try TemporaryFolder())
      work.policy = policy
      let bytes = Array(Array("NEOXJRNX".utf8) + [UInt8](repeating: 7, count: 900))[..<length]
      try work.folder.write("journal", Array(bytes))
      #expect(throws: IndexedDataError.notAJournal(path: work.folder.file("journal"))) {
        try work.run()
      }
      #expect(throws: IndexedDataError.notAJournal(path: work.folder.file("journal"))) {
        try DatasetTransaction.unfinished(journal: work.folder.file("journal"))
      }
      #expect(try work.files() == ["journal": Array(bytes)])
    }
  }

  @Test("somebody else's file under the name of unfinished work is refused and stays")
  func foreignPartial() throws {
    for name in ["a.bin.partial", "b.sizes.partial", "bad.jsonl.partial"] {
      var work = SampleWork(folder: try TemporaryFolder())
      try work.folder.write(name, [1, 2])
      #expect(throws: IndexedDataError.unknownPartial(path: work.folder.file(name))) {
        try work.run()
      }
      #expect(try work.files() == [name: [1, 2]])
      work.policy = .overwrite
      try work.run()
      #expect(try work.files() == SampleWork.reference())
    }
    // Killed before its first journal, work is known by its claim.
    let work = SampleWork(folder: try TemporaryFolder())
    try work.run(steps: 4)
    #expect(try work.files().keys.contains("a.bin.partial"))
    #expect(try !work.files().keys.contains("journal"))
    try work.run()
    #expect(try work.files() == SampleWork.reference())
  }

  @Test("work that is dropped for other outputs leaves none of its files")
  func otherOutputs() throws {
    for kill in [12, 14] {
      var work = SampleWork(folder: try TemporaryFolder())
      try work.run(steps: kill)
      #expect(try work.files().keys.contains("journal"))
      work.identity = [9]
      let folder = work.folder
      let other = try DatasetTransaction(
        journal: folder.file("journal"),
        outputs: [DatasetOutput(prefix: folder.file("a"), elementType: .uint16)], identity: [9],
        policy: .overwrite)
      try other.append(0, [5, 0], sizes: [1])
      try other.finish()
      #expect(Set(try work.files().keys) == ["a.bin", "a.idx"])
    }
  }

  @Test("files that cannot all be opened leave none")
  func unopened() throws {
    let folder = try TemporaryFolder()
    #expect(throws: IndexedDataError.self) {
      try DatasetTransaction(
        journal: folder.file("j"),
        outputs: ["x", "no/y"].map { DatasetOutput(prefix: folder.file($0), elementType: .uint8) },
        identity: [])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
  }

  @Test("what is kept of dropped work gets its name")
  func keptAuxiliaries() throws {
    let work = SampleWork(folder: try TemporaryFolder())
    let transaction = try work.open()
    try transaction.append(0, [5, 0], sizes: [1])
    try transaction.note([1, 2, 3])
    try transaction.checkpoint(position: [1])
    try transaction.note([4])
    try transaction.discard(keeping: [0])
    #expect(try work.files() == ["bad.jsonl": [1, 2, 3, 4]])
  }

  @Test("a claim left at the very end is removed, and one that is held is not")
  func leftClaim() throws {
    let work = SampleWork(folder: try TemporaryFolder())
    let stepCount = try SampleWork(folder: TemporaryFolder()).run()
    try work.run(steps: stepCount - 1)
    #expect(try work.files().keys.contains("journal.lock"))
    DatasetTransaction.removeLeftClaim(journal: work.folder.file("journal"))
    #expect(try work.files() == SampleWork.reference())
    let held = SampleWork(folder: try TemporaryFolder())
    let transaction = try held.open()
    DatasetTransaction.removeLeftClaim(journal: held.folder.file("journal"))
    #expect(try held.files().keys.contains("journal.lock"))
    try transaction.discard()
    #expect(try held.files().isEmpty)
  }

  @Test("every single changed byte of a journal is noticed")
  func journalBytes() throws {
    let work = SampleWork(folder: try TemporaryFolder())
    try work.run(steps: 14)
    let bytes = try work.folder.read("journal")
    #expect(TransactionJournal(bytes: bytes)?.bytes == bytes)
    for place in bytes.indices {
      var changed = bytes
      changed[place] ^= 0x41
      #expect(TransactionJournal(bytes: changed) == nil, "byte \(place)")
    }
  }

  @Test("shapes that differ are named")
  func shapes() throws {
    let folder = try TemporaryFolder()
    let transaction = try DatasetTransaction(
      journal: folder.file("j"),
      outputs: ["x", "y"].map { DatasetOutput(prefix: folder.file($0), elementType: .uint8) },
      identity: [])
    let bytes: [UInt8] = [1, 2, 3]
    try transaction.append(0, bytes, sizes: [1, 2])
    #expect(throws: IndexedDataError.self) { try transaction.requireEqualShapes([0, 1]) }
    try transaction.append(1, bytes, sizes: [2, 1])
    #expect(
      throws: IndexedDataError.unequalShapes(
        first: folder.file("x"), second: folder.file("y"), what: "size of sequence 0",
        expected: 1, found: 2)
    ) {
      try transaction.requireEqualShapes([0, 1])
    }
  }

  @Test("a sequence above the format's limit is refused with its document")
  func tooLarge() throws {
    let folder = try TemporaryFolder()
    let output = DatasetOutput(prefix: folder.file("x"), elementType: .uint8)
    var mark = DatasetSpool.Mark()
    mark.openElementCount = Int(Int32.max) - 1
    let spool = try DatasetSpool(output, mark: mark, documentStart: .init())
    try spool.extend([1])
    #expect(
      throws: IndexedDataError.tooLarge(
        path: output.prefix, document: 0, what: "number of elements of a sequence",
        found: 2_147_483_648, limit: 2_147_483_647)
    ) {
      try spool.extend([1])
    }
  }

  @Test("an index larger than the blocks it is made in", arguments: IndexFormat.allCases)
  func large(format: IndexFormat) throws {
    let folder = try TemporaryFolder()
    let output = DatasetOutput(prefix: folder.file("x"), elementType: .int32, format: format)
    let transaction = try DatasetTransaction(
      journal: folder.file("j"), outputs: [output], identity: [])
    let sizes = (0..<300_000).map { Int32($0 % 3) }
    let elements = GoldenPair.numbers(Array(0..<Int(sizes.reduce(0, +))), 4)
    try transaction.append(0, elements, sizes: sizes)
    try transaction.finish()
    let dataset = try IndexedDataset(prefix: output.prefix)
    #expect(dataset.documentCount == 300_000 && dataset.sequenceCount == 200_000)
    var start = 0
    for (document, size) in sizes.enumerated() {
      let sequences = try dataset.sequences(ofDocument: document)
      guard sequences.count == min(Int(size), 1) else {
        Issue.record("document \(document) has \(sequences.count) sequences")
        return
      }
      for sequence in sequences {
        guard try dataset.byteRange(of: sequence) == start..<(start + 4 * Int(size)) else {
          Issue.record("sequence \(sequence) lies elsewhere")
          return
        }
      }
      start += 4 * Int(size)
    }
  }
}
