import TestSupport
import Testing

@testable import IndexedData

struct TokenSearchTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func hits(
    _ prefix: String, _ runs: [[Int64]], workers: Int = 2, mode: ReadingMode = .mmap
  ) throws -> [TokenSearch.Hit] {
    var all: [TokenSearch.Hit] = []
    try TokenSearch(IndexedDataset(prefix: prefix, mode: mode), runs).run(workers: workers) {
      all += $0
      return true
    }
    return all
  }

  /// One document after the other, one place after the other.
  private func oracle(_ sample: Sample, _ runs: [[Int64]]) -> [TokenSearch.Hit] {
    var all: [TokenSearch.Hit] = []
    for document in 0..<(sample.documents.count - 1) {
      let range = Int(sample.documents[document])..<Int(sample.documents[document + 1])
      let ids = Array(sample.sequences[range].joined())
      for place in ids.indices {
        for (pattern, run) in runs.enumerated() where ids[place...].starts(with: run) {
          all.append(.init(document: document, position: place, pattern: pattern))
        }
      }
    }
    return all
  }

  @Test(
    arguments: [ElementType.uint16, .int32, .int64, .uint8, .int16], [ReadingMode.mmap, .pread])
  func whatIsFound_isWhatOneFindsByLooking(type: ElementType, mode: ReadingMode) throws {
    var sample = Sample.random(seed: 11, documents: 400, longest: 60, type: type)
    // Few different ids, so that runs of them occur.
    sample.sequences = sample.sequences.map { $0.map { $0 % 5 } }
    let prefix = try sample.write(folder, "a")
    for runs: [[Int64]] in [
      [[1]], [[1, 2]], [[3, 3, 3]], [[0, 4, 1], [4]], [[1, 2, 3, 4, 0, 1]],
    ] {
      let expected = oracle(sample, runs)
      #expect(try hits(prefix, runs, mode: mode) == expected)
      #expect(try hits(prefix, runs, workers: 1, mode: mode) == expected)
      #expect(!expected.isEmpty || runs == [[1, 2, 3, 4, 0, 1]])
    }
  }

  @Test func occurrencesLieWithinADocument_butMayCrossItsSequences() throws {
    let sample = Sample(
      sequences: [[1, 2], [3], [], [4, 1], [2, 3]], documents: [0, 2, 2, 4, 5])
    let prefix = try sample.write(folder, "a")
    #expect(
      try hits(prefix, [[2, 3]]) == [
        .init(document: 0, position: 1, pattern: 0), .init(document: 3, position: 0, pattern: 0),
      ])
    #expect(try hits(prefix, [[3, 4]]).isEmpty)
  }

  @Test func aLongDocumentIsSearchedAcrossBlocks() throws {
    var ids = [Int64](repeating: 7, count: 5_000)
    for place in [0, 511, 512, 1_023, 4_998] { ids[place] = 9 }
    let prefix = try Sample(documents: [ids]).write(folder, "a")
    #expect(try hits(prefix, [[9, 7]]).map(\.position) == [0, 512, 1_023, 4_998])
    #expect(try hits(prefix, [[9]]).map(\.position) == [0, 511, 512, 1_023, 4_998])
  }

  @Test(arguments: [ElementType.uint16, .int64, .uint8])
  func howTheDataAreCutForThreadsChangesNothing(type: ElementType) throws {
    var sample = Sample.random(seed: 5, documents: 60, longest: 30, type: type)
    sample.sequences = sample.sequences.map { $0.map { $0 % 3 } }
    // A document that is far longer than a piece, between short ones, with sequences of its own.
    sample.sequences.insert(
      contentsOf: [[1, 2], Array(repeating: 1, count: 700), [], [2, 1]], at: 0)
    sample.documents = [0, 4] + sample.documents.dropFirst().map { $0 + 4 }
    let prefix = try sample.write(folder, "a")
    for runs: [[Int64]] in [
      [[1]], [[1, 2], [1]], [[1, 1, 1, 1, 1, 1, 1, 1, 1, 2]], [[2, 1, 1]],
    ] {
      let expected = oracle(sample, runs)
      for byteCount in [8, 16, 64, 4_096] {
        for workers in [1, 3] {
          var found: [TokenSearch.Hit] = []
          try TokenSearch(IndexedDataset(prefix: prefix), runs).run(
            workers: workers, pieceByteCount: byteCount
          ) {
            found += $0
            return true
          }
          #expect(found == expected, "\(runs) in pieces of \(byteCount)")
        }
      }
    }
  }

  @Test func aLongDocumentIsCutForSeveralThreads() throws {
    let prefix = try Sample(documents: [[1], Array(repeating: 7, count: 100), [2]])
      .write(folder, "a")
    var pieces = SearchPieces(try IndexedDataset(prefix: prefix), byteCount: 64)
    var documents: [Range<Int>] = []
    var parts: [Range<Int>] = []
    while let piece = try pieces.next() {
      switch piece {
      case .documents(let range): documents.append(range)
      case .part(let document, _, let part):
        #expect(document == 1)
        parts.append(part)
      }
    }
    #expect(documents == [0..<1, 2..<3])
    #expect(parts == [2..<66, 66..<130, 130..<194, 194..<202])
  }

  @Test func sequencesOutOfOrderInTheFileAreRefused() throws {
    // The pointer of sequence 1 changed by hand, so that sequence 0 has no bytes.
    let sample = Sample(sequences: [[1, 2], [3, 4], [5, 6]], documents: [0, 1, 3])
    var idx = sample.idx
    idx[34 + 3 * 4 + 8] = 0
    try folder.write("a.bin", sample.bin)
    let prefix = String(try folder.write("a.idx", idx).dropLast(4))
    #expect {
      _ = try hits(prefix, [[1, 2]])
    } throws: {
      "\($0)".contains(
        "a.idx: byte 34: size of sequence 0: expected what lies between the pointers 0 and 0, found "
          + "2 elements of 2 bytes")
    }
  }

  @Test func theSearchEndsWhenItIsEnough() throws {
    let prefix = try Sample(documents: Array(repeating: [1, 2], count: 50)).write(folder, "a")
    var count = 0
    try TokenSearch(IndexedDataset(prefix: prefix), [[1]]).run(workers: 2) { _ in
      count += 1
      return false
    }
    #expect(count == 1)
  }

  @Test func whatCannotBeFoundIsRefused() throws {
    let dataset = try IndexedDataset(prefix: try Sample.t.write(folder, "a"))
    #expect(throws: IndexedDataError.self) { try TokenSearch(dataset, [[]]) }
    #expect(throws: IndexedDataError.self) { try TokenSearch(dataset, [[70_000]]) }
    #expect(throws: IndexedDataError.self) { try TokenSearch(dataset, [[-1]]) }
  }
}
