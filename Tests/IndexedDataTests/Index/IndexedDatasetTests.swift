import TestSupport
import Testing

@testable import IndexedData
@testable import Machine

@Suite("Indexed dataset")
struct IndexedDatasetTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test(
    "five documents read back in every format and mode",
    arguments: [GoldenPair.uint16, .int32, .cached], ReadingMode.allCases)
  func fiveDocuments(golden: GoldenPair, mode: ReadingMode) throws {
    let dataset = try IndexedDataset(prefix: golden.write(in: folder), mode: mode)
    #expect(dataset.sequenceCount == 5 && dataset.documentCount == 5)
    #expect(dataset.tokenCount == 23 && dataset.variant == .neox && !dataset.hasModes)
    #expect(dataset.format == (golden.name.hasSuffix("TNTIDX") ? .cached : .mmap))
    for (place, document) in GoldenPair.documents.enumerated() {
      #expect(try dataset.size(of: place) == document.count)
      #expect(try dataset.tokens(of: place) == document.map(Int64.init))
      #expect(try dataset.sequences(ofDocument: place) == place..<(place + 1))
      #expect(try dataset.mode(of: place) == 0)
      #expect(
        try dataset.firstToken(after: place)
          == (place == 4 ? nil : Int64(GoldenPair.documents[place + 1][0])))
    }
  }

  @Test("a part of a sequence never reaches into its neighbours", arguments: ReadingMode.allCases)
  func parts(mode: ReadingMode) throws {
    let dataset = try IndexedDataset(prefix: GoldenPair.uint16.write(in: folder), mode: mode)
    var ids = [UInt32](repeating: 0, count: 3)
    func read(_ sequence: Int, from offset: Int) throws {
      var span = ids.mutableSpan
      try dataset.read(sequence, from: offset, into: &span)
    }
    try read(2, from: 1)
    #expect(ids == [31, 32, 33])
    try read(2, from: 3)
    #expect(ids == [33, 34, 0])
    for (sequence, offset) in [(2, 4), (2, 7), (2, -1), (2, .max), (2, .min), (3, 0)] {
      #expect(throws: IndexedDataError.self) { try read(sequence, from: offset) }
    }
    for sequence in [-1, 5, .max, .min] {
      #expect(throws: IndexedDataError.self) { try dataset.size(of: sequence) }
      #expect(throws: IndexedDataError.self) { try dataset.pointer(of: sequence) }
      #expect(throws: IndexedDataError.self) { try dataset.sequences(ofDocument: sequence) }
      #expect(throws: IndexedDataError.self) { try dataset.firstToken(after: sequence) }
      #expect(throws: IndexedDataError.self) { try dataset.mode(of: sequence) }
    }
  }

  @Test("documents of several sequences, empty documents and empty sequences")
  func twoSequences() throws {
    let dataset = try IndexedDataset(prefix: GoldenPair.twoSequences.write(in: folder))
    #expect(dataset.documentCount == 3 && dataset.sequenceCount == 4)
    #expect(try (0..<3).map { try dataset.sequences(ofDocument: $0) } == [0..<2, 2..<2, 2..<4])
    #expect(try (0..<4).map { try dataset.tokens(of: $0) } == [[1, 2], [3], [], [7, 8, 9]])
    #expect(try dataset.firstToken(after: 1) == 7)
  }

  @Test("fractions, and codes 6 and 7 by both projects' meanings")
  func fractions() throws {
    let dataset = try IndexedDataset(prefix: GoldenPair.float32.write(in: folder))
    #expect(dataset.elementType == .float32 && dataset.variant == .neox)
    #expect(try dataset.values(of: 0) == [1.5, -2])
    #expect(throws: IndexedDataError.self) { try dataset.tokens(of: 0) }

    for (code, width, type, variant) in [
      (6, 8, ElementType.float64, IndexVariant.megatronCore), (7, 4, .float32, .megatronCore),
      (6, 4, .float32, .neox), (7, 8, .float64, .neox),
    ] {
      // The first sequence is empty, so the second one has to tell.
      let index =
        GoldenPair.mmapHeader(code: UInt8(code), sequences: 3, documents: 2)
        + GoldenPair.numbers([0, 2, 1], 4) + GoldenPair.numbers([0, 0, 2 * width], 8)
        + GoldenPair.numbers([0, 3], 8)
      let pair = GoldenPair(
        name: "", index: index, elements: Array(repeating: 0, count: 3 * width))
      let dataset = try IndexedDataset(prefix: pair.write(in: folder))
      #expect(dataset.elementType == type && dataset.variant == variant)
      #expect(try dataset.values(of: 1) == [0, 0])
    }
  }

  @Test("modes of Megatron-core are found by the file's length")
  func multimodal() throws {
    var pair = GoldenPair.multimodal
    var dataset = try IndexedDataset(prefix: pair.write(in: folder))
    #expect(dataset.hasModes && dataset.documentCount == 2)
    #expect(try (0..<3).map { try dataset.mode(of: $0) } == [0, 1, 0])
    pair.index.removeLast(3)
    dataset = try IndexedDataset(prefix: pair.write(in: folder))
    #expect(!dataset.hasModes && dataset.documentCount == 2)
    #expect(try dataset.tokens(of: 2) == [4, 5, 6])
  }

  @Test("an empty dataset opens", arguments: ReadingMode.allCases)
  func empty(mode: ReadingMode) throws {
    let dataset = try IndexedDataset(prefix: GoldenPair.empty.write(in: folder), mode: mode)
    #expect(dataset.sequenceCount == 0 && dataset.documentCount == 0 && dataset.tokenCount == 0)
  }

  @Test("a merged file of GPT-NeoX opens without document boundaries")
  func merged() throws {
    var pair = GoldenPair.uint16
    pair.index.removeLast(40)
    pair.index[26] = 1
    let dataset = try IndexedDataset(prefix: pair.write(in: folder))
    #expect(!dataset.hasDocumentBoundaries && dataset.documentCount == 0)
    #expect(try dataset.tokens(of: 3) == [40, 0])
  }

  @Test("ids that 32 bits cannot hold are named")
  func negative() throws {
    var pair = GoldenPair.int32
    pair.elements.replaceSubrange(0..<4, with: [0x9C, 0xFF, 0xFF, 0xFF])
    let dataset = try IndexedDataset(prefix: pair.write(in: folder))
    #expect(try dataset.tokens(of: 0) == [-100, 11, 12, 0])
    var ids = [UInt32](repeating: 0, count: 4)
    var span = ids.mutableSpan
    #expect(
      throws: IndexedDataError.notAnID(path: folder.file("d"), sequence: 0, found: "-100")
    ) {
      try dataset.read(0, into: &span)
    }
  }

  @Test(
    "the first wrong byte is named",
    arguments: [
      (0, 0x20, "byte 0: not an index file: expected MMIDIDX or TNTIDX, found ' MIDIDX..'"),
      (9, 2, "byte 9: version: expected 1, found 2"),
      (17, 9, "byte 17: element type: expected a code from 1 to 8, found 9"),
      (
        18, 99, "byte 18: number of sequences: expected at most 11 in a file of 142 bytes, found 99"
      ),
      (
        18, 4,
        "byte 130: file length: expected 130 bytes for 4 sequences and 6 document entries, found 142"
      ),
      (26, 0, "byte 26: number of document entries: expected at least 1, found 0"),
      (34 + 16, 7, "byte 86: end of the last sequence: expected 46, the length of"),
      (54, 1, "byte 54: pointer of sequence 0: expected 0, found 1"),
      (94, 1, "byte 94: document index entry 0: expected 0, found 1"),
      (134, 4, "byte 134: last document index entry: expected 5, the number of sequences, found 4"),
    ])
  func firstWrongByte(byte: Int, value: UInt8, message: String) throws {
    var pair = GoldenPair.uint16
    pair.index[byte] = value
    let prefix = try pair.write(in: folder)
    let error = #expect(throws: IndexedDataError.self) { try IndexedDataset(prefix: prefix) }
    #expect("\(error.map(String.init(describing:)) ?? "")".hasPrefix("\(prefix).idx: \(message)"))
  }

  @Test("entries in the middle are checked when they are used")
  func middle() throws {
    var pair = GoldenPair.uint16
    pair.index.replaceSubrange(38..<42, with: [0xFF, 0xFF, 0xFF, 0xFF])
    pair.index[70] = 27
    pair.index[78] = 45
    pair.index[110] = 6
    let dataset = try IndexedDataset(prefix: pair.write(in: folder))
    #expect(try dataset.tokens(of: 0) == [10, 11, 12, 0])
    for sequence in 1...3 {
      #expect(throws: IndexedDataError.self) { try dataset.tokens(of: sequence) }
    }
    #expect(throws: IndexedDataError.self) { try dataset.sequences(ofDocument: 1) }
  }

  @Test("missing files and a wrong length of .bin")
  func files() throws {
    #expect(
      throws: IndexedDataError.unsuitable(
        path: folder.file("no.idx"), reason: "there is no such file")
    ) {
      _ = try IndexedDataset(prefix: folder.file("no"))
    }
    var pair = GoldenPair.uint16
    pair.elements.append(0)
    let prefix = try pair.write(in: folder)
    #expect(throws: IndexedDataError.self) { try IndexedDataset(prefix: prefix) }
  }
}
