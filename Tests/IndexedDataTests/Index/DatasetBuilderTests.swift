import TestSupport
import Testing

@testable import IndexedData

@Suite("Dataset builder")
struct DatasetBuilderTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  func builder(
    _ type: ElementType, _ format: IndexFormat = .mmap, overwrite: Bool = false
  ) throws -> DatasetBuilder {
    try DatasetBuilder(
      DatasetOutput(prefix: folder.file("d"), elementType: type, format: format),
      overwrite: overwrite)
  }

  func expect(_ golden: GoldenPair) throws {
    #expect(try folder.read("d.idx") == golden.index)
    #expect(try folder.read("d.bin") == golden.elements)
  }

  @Test(
    "the bytes of the reference programs",
    arguments: [
      (GoldenPair.uint16, ElementType.uint16, IndexFormat.mmap), (.int32, .int32, .mmap),
      (.cached, .int32, .cached),
    ])
  func goldens(golden: GoldenPair, type: ElementType, format: IndexFormat) throws {
    let builder = try builder(type, format)
    for document in GoldenPair.documents { try builder.append(document.map(Int64.init)) }
    let summary = try builder.finish()
    #expect(summary.tokenCount == 23 && summary.documentCount == 5)
    #expect(summary.indexByteCount == golden.index.count)
    try expect(golden)
  }

  @Test("several sequences, fractions and nothing at all")
  func oddGoldens() throws {
    var builder = try builder(.uint16)
    try builder.append(sequences: [[1, 2], [3]])
    try builder.append([])
    try builder.append(sequences: [[], [7, 8, 9]])
    try builder.finish()
    try expect(.twoSequences)

    builder = try self.builder(.float32, overwrite: true)
    try builder.append(values: [1.5, -2])
    try builder.finish()
    try expect(.float32)

    builder = try self.builder(.uint16, overwrite: true)
    try builder.finish()
    try expect(.empty)
  }

  @Test("what an element type cannot hold is refused before anything is written")
  func unfit() throws {
    for (type, bad) in [
      (ElementType.uint16, Int64(65_536)), (.uint16, -1), (.int8, 128), (.int32, 1 << 31),
      (.float32, 1),
    ] {
      let builder = try builder(type)
      #expect(
        throws: IndexedDataError.unfitElement(
          path: folder.file("d"), document: 0, element: type == .float32 ? 0 : 1, type: type,
          found: "\(type == .float32 ? 0 : bad)")
      ) {
        try builder.append([0, bad])
      }
    }
    let builder = try builder(.uint16)
    #expect(throws: IndexedDataError.self) { try builder.append(values: [1]) }
    try builder.append([65_535])
    try builder.finish()
    #expect(try IndexedDataset(prefix: folder.file("d")).tokens(of: 0) == [65_535])
  }

  @Test("an existing dataset stays unless asked, and a dropped builder leaves nothing")
  func existing() throws {
    var first = try builder(.uint8)
    try first.append([1])
    try first.finish()
    #expect(throws: IndexedDataError.alreadyExists(path: folder.file("d.bin"))) {
      _ = try builder(.uint8)
    }
    do {
      let dropped = try builder(.uint8, overwrite: true)
      try dropped.append([2, 3])
    }
    #expect(try IndexedDataset(prefix: folder.file("d")).tokens(of: 0) == [1])
    first = try builder(.uint8, overwrite: true)
    try first.append([4])
    try first.finish()
    #expect(try folder.read("d.bin") == [4])
  }
}
