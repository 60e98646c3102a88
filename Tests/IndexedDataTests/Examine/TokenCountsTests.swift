import Machine
import TestSupport
import Testing

@testable import IndexedData

struct TokenCountsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// One id after the other.
  private func oracle(_ sample: Sample) -> [TokenCounts.Entry] {
    Dictionary(sample.sequences.joined().map { ($0, 1) }, uniquingKeysWith: +)
      .map { TokenCounts.Entry(id: $0, count: $1) }
      .sorted { ($1.count, $0.id) < ($0.count, $1.id) }
  }

  private func sample(_ type: ElementType, seed: UInt64) throws -> Sample {
    var random = SeededGenerator(seed: seed)
    let range = try #require(type.range)
    // Some ids often, and some of the whole range once in a while.
    let common = range.clamped(to: -3...40)
    return Sample(
      documents: (0..<200).map { _ in
        (0..<Int.random(in: 0..<40, using: &random)).map { _ in
          Int.random(in: 0..<4, using: &random) == 0
            ? Int64.random(in: range, using: &random) : Int64.random(in: common, using: &random)
        }
      }, type: type)
  }

  @Test(
    arguments: [ElementType.uint8, .int8, .int16, .uint16, .int32, .int64],
    [(1, 1 << 20), (3, 1 << 20), (3, 16), (1, 100)])
  func everyIDIsCounted(type: ElementType, limits: (workers: Int, table: Int)) throws {
    let sample = try sample(type, seed: 21)
    let expected = oracle(sample)
    let dataset = try IndexedDataset(prefix: sample.write(folder, "a"))
    let counts = try TokenCounts(
      dataset, keeping: 50, watching: 7, workers: limits.workers, tableLimit: limits.table)
    #expect(counts.mostFrequent == Array(expected.prefix(50)))
    #expect(counts.distinct == expected.count)
    #expect(counts.total == sample.sequences.joined().count)
    #expect(counts.least == expected.map(\.id).min())
    #expect(counts.greatest == expected.map(\.id).max())
    #expect(counts.watchedCount == expected.first { $0.id == 7 }?.count)
    let frequencies = Dictionary(grouping: expected, by: \.count).mapValues(\.count)
    #expect(counts.frequencies.map(\.count) == frequencies.keys.sorted(by: >))
    #expect(counts.frequencies.allSatisfy { frequencies[$0.count] == $0.ids })
    let ranks = Array(1...expected.count)
    #expect(counts.counts(atRanks: ranks) == expected.map(\.count))
  }

  @Test func manyBlocksAreCounted_andALastHalfPair() throws {
    var random = SeededGenerator(seed: 4)
    let ids = (0..<1_300_001).map { _ in Int64.random(in: 0..<70_000, using: &random) }
    let sample = Sample(documents: [ids], type: .int32)
    let dataset = try IndexedDataset(prefix: sample.write(folder, "a"), mode: .pread)
    let counts = try TokenCounts(dataset, keeping: 9, workers: 2)
    #expect(counts.mostFrequent == Array(oracle(sample).prefix(9)))
    #expect(counts.total == ids.count && counts.watchedCount == 0)
  }

  @Test func anInterruptionEndsReading() throws {
    let dataset = try IndexedDataset(prefix: Sample(documents: [[1, 2]]).write(folder, "a"))
    let interruption = Interruption()
    interruption.raise()
    #expect(throws: IndexedDataError.interrupted) {
      try TokenCounts(dataset, keeping: 3, workers: 2, interruption: interruption)
    }
    #expect(throws: IndexedDataError.interrupted) {
      try DocumentMarks(
        dataset, endOfDocument: 1, labels: nil, workers: 2, interruption: interruption)
    }
  }

  @Test func nothingAndFractions() throws {
    let empty = try IndexedDataset(prefix: Sample(documents: []).write(folder, "a"))
    let counts = try TokenCounts(empty, keeping: 3, watching: 1, workers: 2)
    #expect(counts.total == 0 && counts.distinct == 0 && counts.least == nil)
    #expect(counts.mostFrequent.isEmpty && counts.frequencies.isEmpty)
    let fractions = Sample(documents: [[1, 2]], type: .float32)
    let dataset = try IndexedDataset(prefix: fractions.write(folder, "b"))
    #expect(throws: IndexedDataError.self) {
      try TokenCounts(dataset, keeping: 3, workers: 1)
    }
  }

  // MARK: - Lengths

  @Test(arguments: [false, true])
  func lengthsOfDocumentsAreExact(isLong: Bool) throws {
    var random = SeededGenerator(seed: 8)
    var sizes = (0..<400).map { _ in Int.random(in: 0..<300, using: &random) }
    if isLong { sizes += [65_535, 65_536, 70_000, 70_001, 200_000, 200_000] }
    var starts: [Int64] = [0]
    var place = 0
    while place < sizes.count {
      place = min(sizes.count, place + Int.random(in: 0...3, using: &random))
      starts.append(Int64(place))
    }
    let sample = Sample(
      sequences: sizes.map { [Int64](repeating: 1, count: $0) }, documents: starts)
    let dataset = try IndexedDataset(prefix: sample.write(folder, "a"))
    let lengths = try LengthCounts(dataset, of: .documents)
    let documents = zip(starts, starts.dropFirst()).map { start, end in
      sizes[Int(start)..<Int(end)].reduce(0, +)
    }.sorted()
    #expect(lengths.count == documents.count && lengths.sum == sizes.reduce(0, +))
    #expect(lengths.shortest == documents.first && lengths.longest == documents.last)
    let asked = [0, 1, 5, 25, 50, 75, 95, 99, 100]
    let expected = asked.map { documents[max(0, (documents.count * $0 + 99) / 100 - 1)] }
    #expect(try lengths.percentiles(asked) == expected)
    let edges = [0, 1, 100, 500, 65_536, 70_001, 300_000]
    let bins = zip(edges, edges.dropFirst()).map { low, high in
      documents.count { $0 >= low && $0 < high }
    }
    #expect(try lengths.histogram(edges: edges) == bins)
  }

  @Test func aDocumentIndexThatCannotBeIsToldOf() throws {
    let sample = Sample(sequences: [[1], [2], [3]], documents: [0, 2, 3])
    var idx = sample.idx
    idx[34 + 3 * 12 + 8] = 9
    try folder.write("a.bin", sample.bin)
    try folder.write("a.idx", idx)
    let dataset = try IndexedDataset(prefix: folder.file("a"))
    #expect(throws: IndexedDataError.self) { try LengthCounts(dataset, of: .documents) }
    #expect(throws: IndexedDataError.self) {
      try DocumentMarks(dataset, endOfDocument: 0, labels: nil, workers: 2)
    }
  }

  // MARK: - Marks

  @Test(arguments: [ElementType.int32, .int16, .int64, .int8])
  func endsAndLabelsAreCounted(type: ElementType) throws {
    var random = SeededGenerator(seed: 12)
    var text = Sample.random(seed: 3, documents: 9_000, longest: 6, type: .uint16)
    for place in stride(from: 5, to: 9_000, by: 97) { text.sequences[place][0] = 9 }
    for place in stride(from: 11, to: 9_000, by: 1_001) { text.sequences[place] = [] }
    for place in stride(from: 20, to: 9_000, by: 500) { text.sequences[place].append(3) }
    let labels = text.sequences.map { ids in
      let isMasked = Int.random(in: 0..<9, using: &random) == 0
      return ids.map { isMasked || Bool.random(using: &random) ? Int64(-100) : $0 }
    }
    let dataset = try IndexedDataset(prefix: text.write(folder, "a"))
    let beside = try IndexedDataset(
      prefix: Sample(documents: labels, type: type).write(folder, "b"))
    let marks = try DocumentMarks(dataset, endOfDocument: 0, labels: beside, workers: 3)
    #expect(
      try marks == DocumentMarks(dataset, endOfDocument: 0, labels: beside, workers: 1))
    let filled = text.sequences.indices.filter { !text.sequences[$0].isEmpty }
    let lacking = filled.filter { text.sequences[$0].last != 0 }
    let untrained = filled.filter { labels[$0].allSatisfy { $0 < 0 } }
    let masked = labels.joined().count { $0 < 0 }
    #expect(marks.emptyDocuments == 9_000 - filled.count && !lacking.isEmpty)
    #expect(marks.endings?.ended == filled.count - lacking.count)
    #expect(marks.endings?.lacking == lacking.count)
    #expect(marks.endings?.firstLacking == Array(lacking.prefix(10)))
    #expect(marks.supervision?.masked == masked)
    #expect(marks.supervision?.trained == labels.joined().count - masked)
    #expect(marks.supervision?.untrainedDocuments == untrained.count)
    #expect(marks.supervision?.firstUntrained == Array(untrained.prefix(10)))
  }

  @Test func labelsThatDoNotFitAreToldOf() throws {
    let dataset = try IndexedDataset(prefix: Sample.t.write(folder, "a"))
    var other = Sample.t
    other.sequences[1].removeLast()
    other.type = .int32
    let labels = try IndexedDataset(prefix: other.write(folder, "b"))
    let error = #expect(throws: IndexedDataError.self) {
      try DocumentMarks(dataset, endOfDocument: nil, labels: labels, workers: 1)
    }
    #expect(error?.description.contains("document 1 has not as many labels") == true)
  }
}
