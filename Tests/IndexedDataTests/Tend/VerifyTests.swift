import Foundation
import Machine
import TestSupport
import Testing

@testable import IndexedData

struct VerifyTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func soundDatasetsAreSound() throws {
    for seed in 0..<20 as Range<UInt64> {
      for old in [false, true] {
        let sample = Sample.random(seed: seed, documents: Int(seed), type: .int32)
        var options = VerifyOptions()
        options.isDeep = true
        options.endOfDocument = 0
        options.vocabularySize = 121
        let report = try verifyDataset(try sample.write(folder, "a", old: old), options)
        #expect(report.problems == [] && report.warnings == [], "seed \(seed)")
        #expect(report.elements?.documentsEnded == Int(seed) && report.elements?.endsInside == 0)
      }
    }
  }

  @Test func theWrongNumberIsNamedWithItsPlace() throws {
    let prefix = try Sample.t.write(folder, "a")
    func report(_ byte: Int, _ value: UInt8) throws -> [String] {
      var idx = Sample.t.idx
      idx[byte] = value
      try folder.write("a.idx", idx)
      return try verifyDataset(prefix).problems.map {
        $0.description.replacing(folder.path + "/", with: "")
      }
    }
    // Header, a size, the last size, a pointer, an entry of the document index.
    #expect(try report(9, 2) == ["a.idx: byte 9: version: expected 1, found 2"])
    #expect(
      try report(34 + 4, 9) == [
        "a.idx: byte 38: size of sequence 1: expected 3 by the pointers, found 9"
      ])
    #expect(
      try report(34 + 16, 9) == [
        "a.bin: byte 46: file length: expected 48 bytes by the index, whose last sequence has 9"
          + " elements, found 46"
      ])
    #expect(
      try report(54 + 16, 15) == [
        "a.idx: byte 70: pointer of sequence 2: expected 14, found 15"
      ])
    #expect(
      try report(94 + 24, 2) == [
        "a.idx: byte 118: document index entry 3: expected 3, a sequence a document, found 2"
      ])
    #expect(
      try report(94 + 40, 4) == ["a.idx: byte 134: document index entry 5: expected 5, found 4"])
    #expect(try report(17, 3).isEmpty && verifyDataset(prefix).warnings.count == 1)
  }

  @Test func whatStandsInBinIsCheckedDeeply() throws {
    var sample = Sample.random(seed: 1, documents: 200, longest: 4000, type: .uint16)
    sample.sequences[150][0] = 60_000
    sample.sequences[20][sample.sequences[20].count - 1] = 5
    sample.sequences[30].insert(0, at: 0)
    let prefix = try sample.write(folder, "a")
    var options = VerifyOptions()
    options.isDeep = true
    options.endOfDocument = 0
    options.vocabularySize = 50_257
    let report = try verifyDataset(prefix, options)
    let starts = sample.sequences.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) }
    #expect(report.problemCount == 2)
    #expect(report.problems.map(\.byte) == [2 * starts[150], 2 * (starts[21] - 1)])
    #expect(report.elements?.largest == 60_000 && report.elements?.endsInside == 1)
    #expect(report.warnings.count == 1)
    options.endOfDocument = 70
    #expect(
      try verifyDataset(prefix, options).warnings.contains { $0.contains("no document ends") })
  }

  @Test func theManifestsRecordIsCompared() throws {
    let prefix = try Sample.t.write(folder, "a")
    var record = DatasetRecord()
    record.elementType = .uint16
    record.binBytes = 46
    record.idxBytes = 142
    var options = VerifyOptions()
    options.isDeep = true
    options.record = record
    #expect(try verifyDataset(prefix, options).isSound)
    let hash = try #require(verifyDataset(prefix, options).elements?.hash)
    options.record?.binHash = hash
    #expect(try verifyDataset(prefix, options).isSound)
    options.record?.binHash = hash ^ 1
    options.record?.idxHash = 1
    options.record?.elementType = .int32
    #expect(try verifyDataset(prefix, options).problemCount == 3)
  }

  @Test func companionsMustHaveTheSameShape() throws {
    let prefix = try Sample.t.write(folder, "a")
    var other = Sample.t
    other.type = .int32
    var options = VerifyOptions()
    options.companions = [CompanionCheck(try other.write(folder, "b"), .labels)]
    #expect(try verifyDataset(prefix, options).isSound)
    other.sequences[1].append(5)
    other.sequences[2].removeLast()
    options.companions = [CompanionCheck(try other.write(folder, "c"), .labels)]
    #expect(try verifyDataset(prefix, options).problems.map(\.byte) == [38, 42])
  }

  @Test func listsAreLimitedButAllIsCounted() throws {
    let prefix = try Sample.t.write(folder, "a")
    var options = VerifyOptions()
    options.isDeep = true
    options.vocabularySize = 5
    options.limit = 3
    let report = try verifyDataset(prefix, options)
    #expect(report.problems.count == 3 && report.problemCount == 18)
  }

  @Test func fractionsAndIdsAreNotTakenForEachOther() throws {
    let ids = Sample.random(seed: 5, documents: 9, type: .int32)
    var idx = ids.idx
    idx[17] = 6
    try folder.write("a.idx", idx)
    try folder.write("a.bin", ids.bin)
    #expect(try !verifyDataset(folder.file("a")).isSound)
    try folder.write("b.bin", bytes(hex: "0000c03f000000c0"))
    try folder.write("b.idx", Sample(sequences: [[0, 0]], documents: [0, 1], type: .int32).idx)
    #expect(try !verifyDataset(folder.file("b")).isSound)
  }
}
