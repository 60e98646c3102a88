import Foundation
import TestSupport
import Testing

@testable import IndexedData

struct DeduplicateTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [1, 3], [false, true])
  func theFirstOfEqualDocumentsStays(workers: Int, old: Bool) throws {
    var sample = Sample.random(
      seed: 5, documents: 300, longest: 4, type: old ? .int32 : .uint16)
    sample.sequences = sample.sequences.map { $0.map { $0 % 3 } }
    let input = try sample.write(folder, "a", old: old)
    var places: [[Int64]: Int64] = [:]
    var kept: [[Int64]] = []
    var map: [Int64] = []
    for document in sample.sequences {
      if places[document] == nil {
        places[document] = Int64(kept.count)
        kept.append(document)
      }
      map.append(try #require(places[document]))
    }
    let result = try deduplicateDatasets([input], to: [folder.file("u")], workers: workers)
    let expected = Sample(documents: kept, type: sample.type)
    try expected.write(folder, "e", old: old)
    #expect(try folder.pair("u") == folder.pair("e"))
    #expect(result.repeatedDocuments == 300 - kept.count && kept.count < 200)
    #expect(
      result.repeatedTokens
        == sample.sequences.joined().count - kept.joined().count)
    let file = try NumPyFile(path: result.mapPath)
    #expect(file.header.type == .int64 && file.header.shape == [300])
    #expect((0..<300).map { file.integer(at: $0) } == map)
  }

  @Test func documentsOfSeveralSequencesAreEqualByTheirTokens() throws {
    var sample = Sample(
      sequences: [[1, 2], [3], [1], [2, 3], [], [1, 2]], documents: [0, 2, 4, 5, 6])
    sample.modes = [1, 2, 3, 4, 5, 6]
    let input = try sample.write(folder, "a")
    let result = try deduplicateDatasets([input], to: [folder.file("u")], workers: 2)
    var expected = Sample(sequences: [[1, 2], [3], [], [1, 2]], documents: [0, 2, 3, 4])
    expected.modes = [1, 2, 5, 6]
    #expect(try folder.pair("u") == [expected.idx, expected.bin])
    #expect(result.repeatedDocuments == 1 && result.repeatedTokens == 3)
  }

  @Test func longDocumentsAreComparedPieceByPiece() throws {
    let long = (0..<700_000).map { Int64($0 % 251) }
    var other = long
    other[699_999] = 7
    let input = try Sample(
      sequences: [long, [], Array(long[..<3]), Array(long[3...]), other, Array(long.dropLast())],
      documents: [0, 1, 4, 5, 6]
    ).write(folder, "a")
    let dataset = try IndexedDataset(prefix: input)
    for (place, isSame) in [true, true, false, false].enumerated() {
      #expect(try dataset.haveSameElements(0, place) == isSame)
      #expect(try dataset.haveSameElements(place, 0) == isSame)
    }
    let found = try DuplicateSearch(dataset).run(workers: 2)
    #expect(found.keptPlaces == [0, 0, 1, 2] && found.repeatedTokens == 700_000)
  }

  @Test func nothingIsOverwrittenUnasked() throws {
    let input = try Sample.t.write(folder, "a")
    try folder.write("u_dedupe_map.npy", [1])
    #expect(throws: IndexedDataError.alreadyExists(path: folder.file("u_dedupe_map.npy"))) {
      try deduplicateDatasets([input], to: [folder.file("u")], workers: 1)
    }
    #expect(try folder.names == ["a.bin", "a.idx", "u_dedupe_map.npy"])
    var options = TendOptions()
    options.overwrite = true
    let result = try deduplicateDatasets([input], to: [folder.file("u")], workers: 1, options)
    #expect(result.repeatedDocuments == 0)
    #expect(try folder.pair("u") == folder.pair("a"))
    #expect(throws: IndexedDataError.self) {
      try deduplicateDatasets([input], to: [input], workers: 1, options)
    }
  }

  @Test func companionsTakePartInTheComparison() throws {
    let texts: [[Int64]] = [[1, 2], [3], [1, 2], [3], [1, 2]]
    let text = try Sample(documents: texts).write(folder, "a")
    let labels = try Sample(documents: [[1, 2], [3], [9, 2], [3], [1, 2]]).write(folder, "b")
    let result = try deduplicateDatasets(
      [text, labels], to: [folder.file("u"), folder.file("v")], workers: 2)
    try Sample(documents: [[1, 2], [3], [1, 2]]).write(folder, "e")
    try Sample(documents: [[1, 2], [3], [9, 2]]).write(folder, "f")
    #expect(try folder.pair("u") == folder.pair("e"))
    #expect(try folder.pair("v") == folder.pair("f"))
    #expect(result.repeatedDocuments == 2 && result.repeatedTokens == 3)
    // Nothing is written where the second output is in the way.
    #expect(throws: IndexedDataError.alreadyExists(path: folder.file("v.bin"))) {
      try deduplicateDatasets(
        [text, labels], to: [folder.file("x"), folder.file("v")], workers: 1)
    }
    #expect(try !folder.names.contains { $0.hasPrefix("x") })
  }

  @Test func anErrorLeavesNoMapBesideOtherDatasetsThanItsOwn() throws {
    let old = try Sample.random(seed: 1, documents: 9).write(folder, "a")
    let new = try Sample.random(seed: 2, documents: 9).write(folder, "b")
    _ = try deduplicateDatasets([old], to: [folder.file("u")], workers: 1)
    let pair = try folder.pair("u")
    let map = try folder.read("u_dedupe_map.npy")
    var options = TendOptions()
    options.overwrite = true
    let replacing = options
    // A folder where the map is written ends the work before anything is replaced.
    let beside = folder.file("u_dedupe_map.npy.new")
    try FileManager.default.createDirectory(atPath: beside, withIntermediateDirectories: false)
    #expect(throws: IndexedDataError.self) {
      try deduplicateDatasets([new], to: [folder.file("u")], workers: 1, replacing)
    }
    #expect(try folder.pair("u") == pair)
    #expect(try folder.read("u_dedupe_map.npy") == map)
    try FileManager.default.removeItem(atPath: beside)
    // Inputs are compared with what was written down of them when the map lies beside its name.
    let names = try folder.names
    var record = DatasetRecord()
    record.path = "m.json"
    record.binHash = 1
    options.records = [new: record]
    let refusing = options
    #expect(throws: IndexedDataError.self) {
      try deduplicateDatasets([new], to: [folder.file("u")], workers: 1, refusing)
    }
    #expect(try folder.names == names)
    // A folder that is to be removed ends the work behind the removals: the map goes with the dataset.
    let obstacle = folder.file("obstacle")
    try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
    options = replacing
    options.manifest = { prefix throws(IndexedDataError) in
      OutputManifest(path: prefix + ".json", replaced: [obstacle])
    }
    let failing = options
    #expect(throws: IndexedDataError.self) {
      try deduplicateDatasets([new], to: [folder.file("u")], workers: 1, failing)
    }
    #expect(try !folder.names.contains("u_dedupe_map.npy"))
  }
}
