import Foundation
import TestSupport
import Testing

@testable import IndexedData
@testable import Machine

/// Kills where work is taken back, where files get their names, and where what is left is removed.
@Suite("Dataset transaction, killed at its turns")
struct KilledEndingTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func open(
    _ policy: DatasetTransaction.Policy = .keep,
    step: @escaping DatasetTransaction.StepHook = { _ throws(IndexedDataError) in }
  ) throws(IndexedDataError) -> DatasetTransaction {
    try DatasetTransaction(
      journal: folder.file("d.journal"),
      outputs: [DatasetOutput(prefix: folder.file("d"), elementType: .uint8)], identity: [],
      policy: policy, step: step)
  }

  /// Makes a dataset of one document; killed before the first step whose name ends so.
  private func make(
    _ elements: [UInt8], _ policy: DatasetTransaction.Policy = .keep, killedAt end: String? = nil
  ) throws {
    do throws(IndexedDataError) {
      let transaction = try open(policy) { name throws(IndexedDataError) in
        if let end, name.hasSuffix(end) { throw SampleWork.kill }
      }
      try transaction.append(0, elements, sizes: [Int32(elements.count)])
      try transaction.finish { _ in (folder.file("manifest"), elements) }
    } catch {
      guard error == SampleWork.kill else { throw error }
    }
  }

  private func names() throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
  }

  @Test("a document of which a checkpoint tells is taken back without losing what came before it")
  func abandoned() throws {
    var count = 0
    var isWhole = false
    for kill in 0..<100 where !isWhole {
      let work = try KilledEndingTests()
      var steps = 0
      let hook: DatasetTransaction.StepHook = { _ throws(IndexedDataError) in
        if steps == kill { throw SampleWork.kill }
        steps += 1
      }
      do throws(IndexedDataError) {
        let first = try work.open(step: hook)
        try first.append(0, [5, 6], sizes: [2])
        try first.checkpoint(position: [1])
        try first.extend(0, [1, 2, 3])
        try first.endSequence(output: 0)
        try first.extend(0, [4])
        try first.checkpoint(position: [2])
        try first.abandonDocuments(position: [3])
        // What comes next takes the place of what the journal told of.
        try first.append(0, [7, 8, 9], sizes: [3])
        try first.synchronize()
        isWhole = true
      } catch {
        #expect(error == SampleWork.kill)
      }
      let second = try work.open()
      #expect(second.restartReason == nil, "killed at step \(kill)")
      let position = second.resumedPosition
      if position == [2] { try second.abandonDocuments(position: [3]) }
      if position == nil { try second.append(0, [5, 6], sizes: [2]) }
      if position == [3] { count += 1 }
      try second.append(0, [7], sizes: [1])
      try second.finish()
      #expect(try work.folder.read("d.bin") == [5, 6, 7], "killed at step \(kill)")
    }
    #expect(isWhole && count >= 2)
  }

  @Test("finished files that were moved away before all was removed do not block their name")
  func movedAway() throws {
    for policy in [DatasetTransaction.Policy.keep, .overwrite] {
      let work = try KilledEndingTests()
      try work.make([1, 2], killedAt: "d.sizes.partial")
      for name in ["d.bin", "d.idx", "manifest"] {
        try FileManager.default.removeItem(atPath: work.folder.file(name))
      }
      let again = try work.open(policy)
      #expect(
        again.restartReason
          == .lostWork(path: work.folder.file("d.bin"), journal: work.folder.file("d.journal")))
      #expect(!again.isFinished)
      try again.append(0, [3], sizes: [1])
      try again.finish()
      #expect(try work.folder.read("d.bin") == [3])
      #expect(try work.names() == ["d.bin", "d.idx"])
    }
  }

  @Test(
    "a first ending of which the disk got the journal and not all data begins anew",
    arguments: [
      ("d.bin.partial", [9, 9]), ("d.idx.partial", nil), ("d.bin.partial", []),
    ] as [(String, [UInt8]?)])
  func lostData(name: String, bytes: [UInt8]?) throws {
    try make([1, 2], killedAt: "rename \(folder.file("d.bin.partial"))")
    let journal = TransactionJournal(bytes: try folder.read("d.journal"))
    #expect(journal?.stage == .finishingUnproven)
    var lost = try folder.read(name)
    if let bytes { lost = bytes } else { lost[lost.count - 1] ^= 1 }
    try folder.write(name, lost)
    let again = try open()
    #expect(
      again.restartReason
        == .lostWork(path: folder.file(name), journal: folder.file("d.journal")))
    #expect(!again.isFinished)
    try again.append(0, [3], sizes: [1])
    try again.finish()
    #expect(try folder.read("d.bin") == [3])
    #expect(try names() == ["d.bin", "d.idx"])
  }

  @Test("what a killed process may not have waited for is made durable before it gets its names")
  func proof() throws {
    try make([1, 2], killedAt: "rename \(folder.file("d.bin.partial"))")
    var steps: [String] = []
    let again = try open { name throws(IndexedDataError) in steps.append(name) }
    #expect(again.isFinished)
    #expect(steps.first == "synchronize what was found" && steps.count > 3, "\(steps)")
    #expect(try names() == ["d.bin", "d.idx", "manifest"])
  }

  @Test("a journal that the disk did not get is nobody's", arguments: [0, 8, 40])
  func tornJournal(count: Int) throws {
    try make([1, 2], killedAt: "synchronize data and journal")
    try folder.write("d.journal", [UInt8](repeating: 0, count: count))
    #expect(try DatasetTransaction.unfinished(journal: folder.file("d.journal")) == nil)
    let again = try open()
    #expect(again.restartReason != nil && !again.isFinished)
    try again.append(0, [3], sizes: [1])
    try again.finish()
    #expect(try folder.read("d.bin") == [3])
    // A try that fails for another reason keeps the claim, by which the journal is known.
    try make([4], .overwrite, killedAt: "synchronize data and journal")
    try folder.write("d.journal", [UInt8](repeating: 0, count: count))
    #expect(throws: IndexedDataError.alreadyExists(path: folder.file("d.bin"))) {
      _ = try self.open()
    }
    try make([5], .overwrite)
    #expect(try folder.read("d.bin") == [5])
    // Without the claim it is somebody else's file.
    try folder.write("d.journal", [UInt8](repeating: 0, count: count))
    #expect(throws: IndexedDataError.notAJournal(path: folder.file("d.journal"))) {
      _ = try self.open(.overwrite)
    }
    #expect(try folder.read("d.journal").count == count)
  }

  @Test("behind a checkpoint, or with an auxiliary file, the data is durable before the journal")
  func proven() throws {
    let transaction = try open { name throws(IndexedDataError) in
      if name.hasPrefix("rename") { throw SampleWork.kill }
    }
    try transaction.append(0, [1], sizes: [1])
    try transaction.checkpoint(position: [1])
    #expect(throws: SampleWork.kill) { try transaction.finish() }
    #expect(TransactionJournal(bytes: try folder.read("d.journal"))?.stage == .finishing)
  }

  @Test("what replaces never stands beside what it replaces")
  func replaced() throws {
    try make([1, 2])
    try make([3, 4, 5], .overwrite, killedAt: "write \(folder.file("d.idx.partial"))")
    #expect(try names().isSuperset(of: ["d.bin", "d.idx", "manifest"]))
    try make([3, 4, 5], .overwrite, killedAt: "rename \(folder.file("d.idx.partial"))")
    #expect(try folder.read("d.bin") == [3, 4, 5])
    #expect(try names().isDisjoint(with: ["d.idx", "manifest"]))
    #expect(try open(.overwrite).isFinished)
    #expect(try names() == ["d.bin", "d.idx", "manifest"])
    #expect(try folder.read("manifest") == [3, 4, 5])
  }

  @Test("auxiliary files never stand beside those that they replace")
  func replacedAuxiliaries() throws {
    let paths = ["values", "key"].map { folder.file($0) }
    let make = { (content: UInt8, killedAt: String?) throws -> Void in
      do throws(IndexedDataError) {
        let transaction = try DatasetTransaction(
          journal: folder.file("a.journal"), outputs: [], auxiliaries: paths, identity: [content],
          policy: .overwrite
        ) { name throws(IndexedDataError) in if name == killedAt { throw SampleWork.kill } }
        guard !transaction.isFinished else { return }
        for place in [0, 1] { try unsafe transaction.appendAuxiliary(place, [content].span.bytes) }
        try transaction.finish()
      } catch {
        guard error == SampleWork.kill else { throw error }
      }
    }
    try make(1, nil)
    try make(2, "rename \(folder.file("key.partial"))")
    #expect(try folder.read("values") == [2])
    #expect(try !names().contains("key"))
    try make(2, nil)
    #expect(try folder.read("key") == [2])
    #expect(try names() == ["values", "key"])
  }

  @Test("a builder begins anew where an earlier one was killed while it finished")
  func builder() throws {
    let output = DatasetOutput(prefix: folder.file("d"), elementType: .uint8)
    try make([1, 2], killedAt: "rename \(folder.file("d.idx.partial"))")
    #expect(throws: IndexedDataError.alreadyExists(path: folder.file("d.bin"))) {
      _ = try DatasetBuilder(output)
    }
    #expect(try IndexedDataset(prefix: output.prefix).tokens(of: 0) == [1, 2])
    try make([1, 2], .overwrite, killedAt: "rename \(folder.file("d.idx.partial"))")
    let builder = try DatasetBuilder(output, overwrite: true)
    try builder.append([3])
    #expect(builder.documentCount == 1)
    try builder.finish()
    #expect(try folder.read("d.bin") == [3])
  }
}
