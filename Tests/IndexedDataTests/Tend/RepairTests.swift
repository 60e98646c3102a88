import Foundation
import TestSupport
import Testing

@testable import IndexedData

struct RepairTests {
  let folder: TemporaryFolder
  let sample = Sample.random(seed: 11, documents: 40, type: .int32)

  init() throws { folder = try TemporaryFolder() }

  private func repair(_ options: RepairOptions = RepairOptions()) throws -> TendedDataset {
    var options = options
    options.output.overwrite = true
    return try repairDataset(folder.file("a"), to: folder.file("r"), options)
  }

  @Test func aLostIndexIsMadeFromTheTokens() throws {
    try folder.write("a.bin", sample.bin)
    var options = RepairOptions()
    #expect(throws: IndexedDataError.self) { try repair(options) }
    options.elementType = .int32
    #expect(throws: IndexedDataError.self) { try repair(options) }
    options.endOfDocument = 0
    #expect(try repair(options).documents == 40)
    #expect(try folder.pair("r") == [sample.idx, sample.bin])
  }

  @Test func aCutIndexIsMadeFromTheTokens() throws {
    try folder.write("a.bin", sample.bin)
    try folder.write("a.idx", Array(sample.idx.dropLast(9)))
    var options = RepairOptions()
    options.endOfDocument = 0
    _ = try repair(options)
    #expect(try folder.pair("r") == [sample.idx, sample.bin])
  }

  @Test(arguments: [false, true])
  func aHalfWrittenEndIsCut(old: Bool) throws {
    let prefix = try sample.write(folder, "a", old: old)
    try folder.write("a.bin", Array(sample.bin.dropLast(5)))
    #expect(throws: IndexedDataError.self) { try IndexedDataset(prefix: prefix) }
    let result = try repair()
    let rest = Sample(documents: Array(sample.sequences.dropLast()), type: .int32)
    #expect(try folder.pair("r") == [old ? rest.oldIdx : rest.idx, rest.bin])
    #expect(result.notes.count == 1)
  }

  @Test func aTailWithoutIndexIsCutOrKept() throws {
    let tail = sample.bin + [7, 0, 0, 0, 8, 0]
    try folder.write("a.bin", tail)
    var options = RepairOptions()
    options.endOfDocument = 0
    options.elementType = .int32
    #expect(try repair(options).notes.count == 2)
    #expect(try folder.pair("r") == [sample.idx, sample.bin])
    options.keepsTail = true
    #expect(try repair(options).documents == 41)
    #expect(try verifyDataset(folder.file("r")).isSound)
  }

  @Test func aMergedFileOfGPTNeoXGetsItsDocuments() throws {
    var lost = sample
    lost.documents = [0]
    let prefix = try lost.write(folder, "a")
    #expect(try !verifyDataset(prefix).isSound)
    _ = try repair()
    #expect(try folder.pair("r") == [sample.idx, sample.bin])
    #expect(try folder.pair("a") == [lost.idx, lost.bin])
  }

  @Test func overflownPointersAreMadeAnew() throws {
    var idx = sample.idx
    for byte in (34 + 4 * 40 + 8 * 20)..<(34 + 12 * 40) { idx[byte] = 0xFF }
    try folder.write("a.bin", sample.bin)
    try folder.write("a.idx", idx)
    #expect(try repair().notes.count == 1)
    #expect(try folder.pair("r") == [sample.idx, sample.bin])
  }

  @Test func aWrongEndOfDocumentIsToldOfInsteadOfUsed() throws {
    try folder.write("a.bin", sample.bin)
    var options = RepairOptions()
    options.elementType = .int32
    options.endOfDocument = 121
    #expect(throws: IndexedDataError.self) { try repair(options) }
    #expect(try folder.names == ["a.bin"])
  }

  @Test func aDocumentIndexThatVerifyRefusesIsMadeAnew() throws {
    var damaged = sample
    damaged.documents[20] = 19
    let prefix = try damaged.write(folder, "a")
    #expect(try !verifyDataset(prefix).isSound)
    #expect(try repair().notes == ["made the document index anew: each sequence is a document"])
    #expect(try folder.pair("r") == [sample.idx, sample.bin])
  }

  @Test func whatIsLeftOfACutIndexKeepsToTheRuleByItself() throws {
    // Two sequences are whole; the documents in them would be [0, 2, 2], which is no plain index.
    let lost = Sample(
      sequences: [[5, 0], [6, 0], [7, 0], [8, 0], [9, 0]], documents: [0, 2, 2, 4, 5],
      type: .int32)
    let prefix = try lost.write(folder, "a")
    #expect(try verifyDataset(prefix).isSound)
    try folder.write("a.bin", Array(lost.bin.dropLast(8 * 3)))
    let result = try repair()
    #expect(result.documents == 2)
    let report = try verifyDataset(result.prefix)
    #expect(report.isSound, "\(report.problems)")
  }

  @Test func fractionsUnderTheNameOfIdsAreRefused() throws {
    let fractions = (1...9).flatMap { value in
      let bits = Float(value).bitPattern
      return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    }
    let ids = Sample(documents: [[1, 2, 3], [4], [5, 6, 7, 8, 9]], type: .int32)
    try ids.write(folder, "a")
    try folder.write("a.bin", fractions)
    #expect(throws: IndexedDataError.self) { try repair() }
    #expect(try folder.names == ["a.bin", "a.idx"])
    var options = RepairOptions()
    options.elementType = .float32
    #expect(try verifyDataset(repair(options).prefix).isSound)
  }

  /// Indexes of documents of any number of sequences, none included, damaged by whole entries.
  @Test(arguments: 0..<400 as Range<UInt64>)
  func whateverEntriesSayARepairIsSoundOrRefused(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let sequences = (0..<Int.random(in: 1...8, using: &random)).map { _ in
      [Int64](repeating: 7, count: Int.random(in: 0...3, using: &random)) + [0]
    }
    let inner = (0..<Int.random(in: 0...8, using: &random)).map { _ in
      Int64.random(in: 0...Int64(sequences.count), using: &random)
    }
    var index = Sample(
      sequences: sequences, documents: [0] + inner.sorted() + [Int64(sequences.count)],
      type: .int32)
    for _ in 0..<Int.random(in: 0...2, using: &random) {
      let place = Int.random(in: 0..<index.documents.count, using: &random)
      index.documents[place] = Int64.random(in: -1...9, using: &random)
    }
    try index.write(folder, "a", old: Bool.random(using: &random))
    let cut = Bool.random(using: &random) ? Int.random(in: 0...40, using: &random) : 0
    try folder.write("a.bin", Array(index.bin.dropLast(cut)))
    guard let result = try? repair() else { return }
    let report = try verifyDataset(result.prefix)
    #expect(report.isSound, "seed \(seed): \(index.documents), cut \(cut): \(report.problems)")
  }

  @Test(arguments: 0..<300 as Range<UInt64>)
  func whateverIsDamagedARepairIsSoundOrRefused(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var idx = sample.idx
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let byte = Int.random(in: 0..<idx.count, using: &random)
      idx[byte] = UInt8.random(in: 0...255, using: &random)
    }
    try folder.write("a.idx", idx)
    try folder.write(
      "a.bin", Array(sample.bin.dropLast(Int.random(in: 0...50, using: &random))))
    var options = RepairOptions()
    options.endOfDocument = 0
    do {
      let result = try repair(options)
      let report = try verifyDataset(result.prefix)
      #expect(report.isSound, "seed \(seed): \(report.problems)")
    } catch let error as IndexedDataError {
      #expect(!error.description.isEmpty)
    }
  }
}
