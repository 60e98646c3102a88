import Foundation
import TestSupport
import Testing

@testable import IndexedData
@testable import Machine

/// When the manifest of an output appears, and what goes before.
struct OutputManifestTests {
  let folder: TemporaryFolder
  let input: String

  init() throws {
    folder = try TemporaryFolder()
    input = try Sample.t.write(folder, "a")
  }

  private func options(path: String, replaced: [String] = []) -> TendOptions {
    var options = TendOptions()
    options.overwrite = true
    options.manifest = { prefix throws(IndexedDataError) in
      OutputManifest(path: path, replaced: replaced) { dataset, files in
        Array("\(dataset.documents) \(files)".utf8)
      }
    }
    return options
  }

  @Test func itTellsOfTheFilesThatAreWritten() throws {
    let path = folder.file("x.json")
    _ = try mergeDatasets([input], to: folder.file("x"), options(path: path))
    let idx = try folder.read("x.idx")
    let bin = try folder.read("x.bin")
    func hash(_ bytes: [UInt8]) -> UInt64 {
      var hash = ContentHash()
      hash.update(bytes.span.bytes)
      return hash.value
    }
    let files = WrittenFiles(
      binBytes: bin.count, idxBytes: idx.count, binHash: hash(bin), idxHash: hash(idx))
    #expect(try folder.read("x.json") == Array("5 \(files)".utf8))
    #expect(try folder.names == ["a.bin", "a.idx", "x.bin", "x.idx", "x.json"])
  }

  @Test func aManifestThatCannotBeWrittenLeavesEverythingAsItWas() throws {
    let old = Sample.random(seed: 1, documents: 3)
    try old.write(folder, "x")
    try folder.write("old.json", [1])
    let options = options(path: folder.file("no/x.json"), replaced: [folder.file("old.json")])
    #expect(throws: IndexedDataError.self) {
      try mergeDatasets([input], to: folder.file("x"), options)
    }
    #expect(try folder.pair("x") == [old.idx, old.bin])
    #expect(try folder.names == ["a.bin", "a.idx", "old.json", "x.bin", "x.idx"])
  }

  @Test func whatIsReplacedGoesFirst() throws {
    try folder.write("old.json", [1])
    // A folder in the place of .bin ends the work behind the other removals.
    try FileManager.default.createDirectory(
      atPath: folder.file("x.bin"), withIntermediateDirectories: false)
    let options = options(path: folder.file("x.json"), replaced: [folder.file("old.json")])
    #expect(throws: IndexedDataError.self) {
      try mergeDatasets([input], to: folder.file("x"), options)
    }
    #expect(try folder.names == ["a.bin", "a.idx", "x.bin"])
  }

  @Test func aRefusalIsObeyedBeforeAnythingIsWritten() throws {
    var options = TendOptions()
    options.manifest = { prefix throws(IndexedDataError) in throw .alreadyExists(path: prefix) }
    #expect(throws: IndexedDataError.alreadyExists(path: folder.file("x"))) {
      try mergeDatasets([input], to: folder.file("x"), options)
    }
    #expect(try folder.names == ["a.bin", "a.idx"])
  }
}
