import TestSupport
import Testing

@testable import IndexedData
@testable import Machine

/// How inputs are compared with what was written down of them.
struct InputCheckTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func hash(_ bytes: [UInt8]) -> UInt64 { ContentHash.hash(bytes.span.bytes) }

  private func record(_ name: String) throws -> DatasetRecord {
    let bin = try folder.read(name + ".bin")
    let idx = try folder.read(name + ".idx")
    var record = DatasetRecord()
    record.path = "m.json"
    record.binBytes = bin.count
    record.binHash = hash(bin)
    record.idxBytes = idx.count
    record.idxHash = hash(idx)
    return record
  }

  private func difference(
    _ name: String, _ what: String, _ expected: String, _ found: String
  ) -> IndexedDataError {
    .notAsRecorded(
      path: folder.file(name), what: what, expected: expected, found: found, record: "m.json",
      prefix: folder.file(String(name.dropLast(4))))
  }

  @Test("pieces in any order, twice or not at all make the hash of the file", arguments: 0..<20)
  func pieces(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let prefix = try Sample.random(seed: seed, documents: 200).write(folder, "a")
    let bytes = try folder.read("a.bin")
    var record = try record("a")
    for isChanged in [false, true] {
      if isChanged { record.binHash? ^= 1 }
      let check = try InputCheck(prefix, record)
      func show() throws(IndexedDataError) {
        var place = 0
        while place < bytes.count {
          let end = min(place + Int.random(in: 1...900, using: &random), bytes.count)
          let again = Int.random(in: 0..<4, using: &random) == 0
          if Int.random(in: 0..<4, using: &random) > 0 {
            try check.take(bytes.span.bytes.extracting(place..<end), at: place, nil)
          }
          place = again ? max(0, place - 300) : end
        }
        try check.finish(nil)
      }
      guard isChanged else {
        try show()
        continue
      }
      let digits = ContentHash.text(try #require(record.binHash))
      let real = ContentHash.text(try #require(self.record("a").binHash))
      #expect(throws: difference("a.bin", "content hash", digits, real)) { try show() }
    }
  }

  @Test("lengths are compared before hashes, and those of all inputs before any work")
  func lengths() throws {
    let a = try Sample.random(seed: 1, documents: 20).write(folder, "a")
    let b = try Sample.random(seed: 2, documents: 20).write(folder, "b")
    var options = TendOptions()
    options.records = [a: try record("a"), b: try record("b")]
    options.records[a]?.idxHash = 1
    let length = try folder.read("b.bin").count
    options.records[b]?.binBytes = length + 2
    let names = try folder.names
    #expect(throws: difference("b.bin", "length", "\(length + 2) bytes", "\(length)")) {
      try mergeDatasets([a, b], to: folder.file("m"), options)
    }
    #expect(try folder.names == names)
  }

  /// Inputs larger than what is hashed at once, of which the second is wrong in its last byte.
  @Test("large inputs with and without a manifest of the output", arguments: [false, true])
  func large(hasManifest: Bool) throws {
    let long = Sample(documents: (0..<3).map { [Int64](repeating: 7 + $0, count: 3_000_000) })
    let a = try long.write(folder, "a")
    var options = TendOptions()
    options.isDurable = false
    options.records = [a: try record("a")]
    if hasManifest {
      options.manifest = { prefix throws(IndexedDataError) in
        OutputManifest(path: prefix + ".json") { _, files in
          Array(ContentHash.text(files.binHash).utf8)
        }
      }
    }
    _ = try mergeDatasets([a, a, a], to: folder.file("m"), options)
    let bytes = try folder.read("a.bin")
    #expect(try folder.read("m.bin") == bytes + bytes + bytes)
    if hasManifest {
      let expected = ContentHash.text(hash(bytes + bytes + bytes))
      #expect(try folder.read("m.json") == Array(expected.utf8))
    }
    _ = try splitDataset(a, to: folder.file("p"), .parts(3), options)
    #expect(
      try folder.read("p_0.bin") + folder.read("p_1.bin") + folder.read("p_2.bin") == bytes)
    options.overwrite = true
    try folder.write("a.bin", bytes.dropLast() + [1])
    let names = try folder.names
    let before = try folder.read("p_0.bin")
    let changed = hash(bytes.dropLast() + [1])
    let refusal = difference(
      "a.bin", "content hash", ContentHash.text(hash(bytes)),
      ContentHash.text(changed))
    let replacing = options
    #expect(throws: refusal) { try mergeDatasets([a, a], to: folder.file("m"), replacing) }
    #expect(throws: refusal) { try splitDataset(a, to: folder.file("p"), .parts(3), replacing) }
    #expect(throws: refusal) {
      try deduplicateDatasets([a], to: [folder.file("u")], workers: 2, replacing)
    }
    #expect(try folder.names == names)
    #expect(try folder.read("p_0.bin") == before)
  }

  @Test("documents that are left out are compared too")
  func dedupe() throws {
    var sample = Sample.random(seed: 5, documents: 300, longest: 4)
    sample.sequences = sample.sequences.map { $0.map { $0 % 3 } }
    let a = try sample.write(folder, "a")
    var options = TendOptions()
    options.records = [a: try record("a")]
    let result = try deduplicateDatasets([a], to: [folder.file("u")], workers: 1, options)
    #expect(result.repeatedDocuments > 100)
    options.overwrite = true
    let bytes = try folder.read("a.bin")
    for place in [0, bytes.count / 2, bytes.count - 1] {
      var changed = bytes
      changed[place] ^= 1
      try folder.write("a.bin", changed)
      let found = ContentHash.text(hash(changed))
      let expected = ContentHash.text(hash(bytes))
      #expect(throws: difference("a.bin", "content hash", expected, found)) {
        try deduplicateDatasets([a], to: [folder.file("u")], workers: 1, options)
      }
    }
  }
}
