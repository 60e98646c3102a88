import Foundation
import Machine
import TestSupport
import Testing

@testable import IndexedData

@Suite("Archives of datasets")
struct ArchiveTests {
  @Test(
    "files come back byte for byte",
    arguments: [ArchiveMethod.zstd(level: 3), .zstd(level: 19), .lz4], [1 << 12, 5000, 1 << 20])
  func roundTrip(method: ArchiveMethod, block: Int) throws {
    for (old, type) in [(false, ElementType.uint16), (true, .int32), (false, .int64)] {
      let sample = try ArchiveSample(documents: 900, old: old, type: type)
      let archive = try Archive(path: sample.pack(method: method, block: block))
      #expect(try archive.contents() == sample.files)
      let target = try TemporaryFolder()
      for workers in [1, 3] {
        var settings = UnpackOptions()
        settings.workers = workers
        var options = TendOptions()
        options.overwrite = workers > 1
        #expect(try archive.check(settings))
        let paths = try archive.unpack(
          to: target.file("o_text_document"), settings, options)
        #expect(paths?.count == sample.files.count)
        #expect(try target.names == sample.files.keys.sorted())
        for (name, bytes) in sample.files { #expect(try target.read(name) == bytes) }
      }
    }
  }

  @Test("what is written does not depend on the number of threads")
  func threads() throws {
    let sample = try ArchiveSample(documents: 2000)
    let one = try sample.folder.read(URL(filePath: sample.pack("1")).lastPathComponent)
    for workers in [2, 5] {
      try sample.pack("\(workers)", workers: workers)
      #expect(try sample.folder.read("\(workers)") == one)
    }
    #expect(one.count < sample.files.values.reduce(0) { $0 + $1.count })
  }

  @Test("an empty dataset, modes, and a dataset without a document index")
  func unusual() throws {
    let folder = try TemporaryFolder()
    var modes = Sample(sequences: [[1, 2], [], [3]], documents: [0, 2, 3])
    modes.modes = [1, -1, 3]
    let samples = [
      Sample(documents: []), modes, Sample(sequences: [[7, 8], [9]], documents: [0]),
    ]
    for (place, sample) in samples.enumerated() {
      let prefix = try sample.write(folder, "d\(place)")
      _ = try packDataset(
        PackPlan(prefix: prefix), to: prefix + ".p", PackOptions(), TendOptions())
      let archive = try Archive(path: prefix + ".p")
      _ = try archive.unpack(to: folder.file("e\(place)"), UnpackOptions(), TendOptions())
      #expect(try folder.pair("e\(place)") == [sample.idx, sample.bin])
      #expect(try IndexedDataset(archive: archive).sequenceCount == sample.sequences.count)
    }
  }

  @Test("a dataset in an archive reads as its files do", arguments: [false, true])
  func reading(old: Bool) throws {
    let sample = try ArchiveSample(seed: 4, documents: 3000, old: old, type: .int32)
    let archive = try Archive(path: sample.pack())
    let files = try IndexedDataset(prefix: sample.plan.prefix)
    let packed = try IndexedDataset(archive: archive)
    #expect(packed.documentCount == 3000 && packed.elementType == files.elementType)
    var random = SeededGenerator(seed: 9)
    for _ in 0..<500 {
      let sequence = Int.random(in: 0..<3000, using: &random)
      #expect(try packed.tokens(of: sequence) == files.tokens(of: sequence))
      let start = Int.random(in: 0...files.elementsByteCount, using: &random)
      let end = Int.random(in: start...files.elementsByteCount, using: &random)
      let bytes = try packed.withElementBytes(start..<end) { ContentHash.hash($0) }
      #expect(try bytes == files.withElementBytes(start..<end) { ContentHash.hash($0) })
    }
    #expect(throws: IndexedDataError.self) { try packed.tokens(of: 3000) }
    #expect(archive.datasets.count == 3)
    let labels = try IndexedDataset(archive: archive, archive.datasets[1])
    let labelFiles = try IndexedDataset(prefix: sample.folder.file("o_text_label_document"))
    #expect(try labels.tokens(of: 2999) == labelFiles.tokens(of: 2999))
  }

  @Test("some documents, and what companions have of them")
  func extraction() throws {
    let sample = try ArchiveSample(seed: 2, documents: 700)
    let archive = try Archive(path: sample.pack())
    let target = try TemporaryFolder()
    let results = try archive.extract(
      100..<103, to: target.file("x_document"), TendOptions())
    #expect(results.map(\.documents) == [3, 3, 3])
    #expect(
      try target.names == [
        "x_document.bin", "x_document.idx", "x_label_document.bin", "x_label_document.idx",
        "x_reward_document.bin", "x_reward_document.idx",
      ])
    for (mine, whole) in [("x", "o_text"), ("x_label", "o_text_label")] {
      let some = try IndexedDataset(prefix: target.file(mine + "_document"))
      let all = try IndexedDataset(prefix: sample.folder.file(whole + "_document"))
      #expect(
        try (0..<3).map { try some.tokens(of: $0) } == (100..<103).map { try all.tokens(of: $0) })
    }
    #expect(throws: IndexedDataError.self) {
      try archive.extract(699..<701, to: target.file("y_document"), TendOptions())
    }
    #expect(throws: IndexedDataError.alreadyExists(path: target.file("x_document.bin"))) {
      try archive.extract(0..<1, to: target.file("x_document"), TendOptions())
    }
    #expect(throws: IndexedDataError.self) {
      try archive.extract(0..<1, to: target.file("z"), TendOptions())
    }
    #expect(try target.names.count == 6)
  }

  @Test("an interruption leaves nothing")
  func interruption() throws {
    let sample = try ArchiveSample(documents: 3000)
    let path = try sample.pack()
    let names = try sample.folder.names
    for workers in [1, 2] {
      let interruption = Interruption()
      var options = TendOptions()
      options.progress = { done, _ in if done > 20_000 { interruption.raise() } }
      var settings = PackOptions()
      settings.blockByteCount = 1 << 12
      settings.workers = workers
      settings.interruption = interruption
      #expect(try !packDataset(sample.plan, to: sample.folder.file("b"), settings, options))
      #expect(try sample.folder.names == names)
      interruption.clear()
      var unpacking = UnpackOptions()
      unpacking.workers = workers
      unpacking.interruption = interruption
      let target = try TemporaryFolder()
      let paths = try Archive(path: path).unpack(
        to: target.file("o_text_document"), unpacking, options)
      #expect(try paths == nil && target.names == [])
    }
  }

  @Test("nothing is overwritten unasked, and no input at all")
  func overwriting() throws {
    let sample = try ArchiveSample()
    let path = try sample.pack()
    #expect(throws: IndexedDataError.alreadyExists(path: path)) { try sample.pack() }
    try sample.pack(overwrite: true)
    #expect(throws: IndexedDataError.outputIsInput(path: sample.folder.file("o_manifest.json"))) {
      try sample.pack("o_manifest.json", overwrite: true)
    }
    let archive = try Archive(path: path)
    let target = try TemporaryFolder()
    try target.write("o_text_label_document.idx", [1])
    let prefix = target.file("o_text_document")
    #expect(
      throws: IndexedDataError.alreadyExists(path: target.file("o_text_label_document.idx"))
    ) { try archive.unpack(to: prefix, UnpackOptions(), TendOptions()) }
    #expect(try target.names == ["o_text_label_document.idx"])
    // Sources of another dataset go with it, a manifest of the same run stays.
    try target.write("o_text_document.src", [1])
    try target.write("o_manifest.json", #require(sample.files["o_manifest.json"]))
    var options = TendOptions()
    options.overwrite = true
    _ = try archive.unpack(to: prefix, UnpackOptions(), options)
    #expect(try target.names == sample.files.keys.sorted())
  }
}
