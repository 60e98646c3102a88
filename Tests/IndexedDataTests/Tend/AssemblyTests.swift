import Foundation
import TestSupport
import Testing

@testable import IndexedData

struct AssemblyTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func theSampleIsTheFactSheets() {
    #expect(Sample.t.idx.count == 142 && Sample.t.bin.count == 46)
    #expect(Sample.t.oldIdx.count == 240 - 0)
  }

  @Test(arguments: [1, 2, 3, 7], [false, true])
  func mergingTheParts_ofASplit_givesTheDataset(parts: Int, old: Bool) throws {
    let sample = Sample.random(seed: 3, documents: 57, type: old ? .int32 : .uint16)
    let input = try sample.write(folder, "a", old: old)
    for plan in [SplitPlan.parts(parts), .partsByTokens(parts)] {
      let results = try splitDataset(input, to: folder.file("p"), plan, replacing)
      #expect(results.count == parts)
      let merged = try mergeDatasets(results.map(\.prefix), to: folder.file("m"), replacing)[0]
      #expect(try folder.pair("m") == folder.pair("a"))
      #expect(merged.documents == 57 && merged.tokens == sample.sequences.joined().count)
      #expect(merged.notes == [])
      for result in results { #expect(try verifyDataset(result.prefix).isSound) }
    }
  }

  @Test func documentsOfSeveralSequencesAreKept() throws {
    // The fact sheet's dataset of two sequences in one document, an empty one, and one more.
    let sample = Sample(
      sequences: [[1, 2], [3], [], [7, 8, 9]], documents: [0, 2, 2, 4])
    let input = try sample.write(folder, "a")
    let merged = try mergeDatasets([input, input], to: folder.file("m"))[0]
    let twice = Sample(
      sequences: sample.sequences + sample.sequences, documents: [0, 2, 2, 4, 6, 6, 8])
    #expect(try folder.pair("m") == [twice.idx, twice.bin])
    #expect(merged.documents == 6)
    let parts = try splitDataset(folder.file("m"), to: folder.file("p"), .parts(2))
    #expect(try folder.pair("p_0") == folder.pair("a") && parts.count == 2)
  }

  @Test func modesAreKeptOrDroppedWhenAsked() throws {
    var sample = Sample(sequences: [[1, 2], [3], [4, 5, 6]], documents: [0, 2, 3])
    let plain = sample
    sample.modes = [0, 1, 0]
    let input = try sample.write(folder, "a")
    _ = try mergeDatasets([input, input], to: folder.file("m"))
    #expect(try folder.read("m.idx").suffix(6) == [0, 1, 0, 0, 1, 0])
    var conversion = Conversion()
    conversion.dropsModes = true
    _ = try convertDataset(input, to: folder.file("c"), conversion)
    #expect(try folder.pair("c") == [plain.idx, plain.bin])
    conversion = Conversion()
    conversion.format = .cached
    #expect(throws: IndexedDataError.self) {
      try convertDataset(input, to: folder.file("d"), conversion)
    }
  }

  @Test func formatsConvertIntoEachOtherWithGPTNeoXsBytes() throws {
    var sample = Sample.t
    sample.type = .int32
    let input = try sample.write(folder, "a")
    var conversion = Conversion()
    conversion.format = .cached
    _ = try convertDataset(input, to: folder.file("old"), conversion)
    #expect(try folder.pair("old") == [sample.oldIdx, sample.bin])
    conversion.format = .mmap
    conversion.elementType = .uint16
    _ = try convertDataset(folder.file("old"), to: folder.file("new"), conversion)
    #expect(try folder.pair("new") == [Sample.t.idx, Sample.t.bin])
  }

  @Test func anIdThatDoesNotFitIsNamedWithItsPlace() throws {
    var sample = Sample.t
    sample.type = .int32
    sample.sequences[2][1] = 70_000
    let input = try sample.write(folder, "a")
    var conversion = Conversion()
    conversion.elementType = .uint16
    #expect(
      throws: IndexedDataError.doesNotFit(
        path: input + ".bin", byte: 4 * 8, value: "70000", type: .uint16)
    ) { try convertDataset(input, to: folder.file("b"), conversion) }
    #expect(try folder.names == ["a.bin", "a.idx"])
  }

  @Test func floatingPointCodesFollowTheVariant() throws {
    let bin = bytes(hex: "0000c03f000000c0")
    try folder.write("a.bin", bin)
    try folder.write("a.idx", Sample(sequences: [[0, 0]], documents: [0, 1], type: .float32).idx)
    var conversion = Conversion()
    conversion.variant = .megatronCore
    _ = try convertDataset(folder.file("a"), to: folder.file("b"), conversion)
    #expect(try folder.read("b.idx")[17] == 7 && folder.read("a.idx")[17] == 6)
    conversion.variant = .neox
    _ = try convertDataset(folder.file("b"), to: folder.file("c"), conversion)
    #expect(try folder.pair("c") == folder.pair("a"))
    conversion.elementType = .float64
    _ = try convertDataset(folder.file("a"), to: folder.file("d"), conversion)
    #expect(try IndexedDataset(prefix: folder.file("d")).values(of: 0) == [1.5, -2])
  }

  @Test func lostDocumentIndexesAreMadeGoodWithANote() throws {
    var lost = Sample.t
    lost.documents = [0]
    let input = try lost.write(folder, "a")
    let merged = try mergeDatasets([input], to: folder.file("m"))[0]
    #expect(try folder.pair("m") == [Sample.t.idx, Sample.t.bin])
    #expect(merged.notes.count == 1 && merged.notes[0].contains("document index is empty"))
  }

  @Test func typesMustAgreeUnlessOneIsNamed() throws {
    var wide = Sample.t
    wide.type = .int32
    let a = try Sample.t.write(folder, "a")
    let b = try wide.write(folder, "b")
    #expect(throws: IndexedDataError.self) { try mergeDatasets([a, b], to: folder.file("m")) }
    _ = try mergeDatasets([a, b], to: folder.file("m"), elementType: .int32)
    #expect(try IndexedDataset(prefix: folder.file("m")).tokens(of: 5) == [10, 11, 12, 0])
  }

  @Test func inputsAndFinishedFilesAreSafe() throws {
    let a = try Sample.t.write(folder, "a")
    #expect(throws: IndexedDataError.outputIsInput(path: a + ".bin")) {
      try mergeDatasets([a, a], to: a, replacing)
    }
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link.bin"), withDestinationPath: a + ".bin")
    #expect(throws: IndexedDataError.outputIsInput(path: folder.file("link.bin"))) {
      try mergeDatasets([a], to: folder.file("link"), replacing)
    }
    _ = try mergeDatasets([a], to: folder.file("m"))
    #expect(throws: IndexedDataError.alreadyExists(path: folder.file("m.bin"))) {
      try mergeDatasets([a], to: folder.file("m"))
    }
    _ = try mergeDatasets([a], to: folder.file("m"), replacing)
    #expect(try folder.pair("a") == [Sample.t.idx, Sample.t.bin])
  }

  private var replacing: TendOptions {
    var options = TendOptions()
    options.overwrite = true
    return options
  }
}
