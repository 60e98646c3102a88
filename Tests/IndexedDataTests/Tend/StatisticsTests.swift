import Foundation
import TestSupport
import Testing

@testable import IndexedData

struct StatisticsTests {
  @Test func lengthsAreExact() throws {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 2)
    var documents: [[Int64]] = (0..<200).map { _ in
      [Int64](repeating: 1, count: Int.random(in: 0..<500, using: &random))
    }
    documents.append([Int64](repeating: 2, count: 70_000))
    documents.append([Int64](repeating: 2, count: 70_003))
    documents.append([Int64](repeating: 2, count: 140_000))
    let dataset = try IndexedDataset(prefix: Sample(documents: documents).write(folder, "a"))
    let statistics = try DatasetStatistics(dataset)
    let sorted = documents.map(\.count).sorted()
    #expect(statistics.shortest == sorted[0] && statistics.longest == 140_000)
    #expect(statistics.median == sorted[101])
    #expect(statistics.percentile99 == sorted[200])
    #expect(statistics.tokens == sorted.reduce(0, +) && statistics.documents == 203)
    #expect(statistics.histogram.reduce(0, +) == 203)
    #expect(statistics.emptySequences == sorted.count { $0 == 0 })
    for (bin, count) in statistics.histogram.enumerated() {
      #expect(sorted.count { DatasetStatistics.lengths(ofBin: bin).contains($0) } == count)
    }
  }

  @Test func anEmptyDatasetHasNumbersToo() throws {
    let folder = try TemporaryFolder()
    let dataset = try IndexedDataset(prefix: Sample(documents: []).write(folder, "a"))
    let statistics = try DatasetStatistics(dataset)
    #expect(statistics.sequences == 0 && statistics.longest == 0 && statistics.mean == 0)
    #expect(statistics.histogram == [0])
  }

  @Test func differencesAreFound() throws {
    let folder = try TemporaryFolder()
    let a = try IndexedDataset(prefix: Sample.t.write(folder, "a"))
    var other = Sample.t
    other.type = .int32
    let same = try IndexedDataset(prefix: other.write(folder, "b"))
    var difference = try compareDatasets(a, same)
    #expect(difference.first == nil && difference.facts == ["element type: uint16 and int32"])
    #expect(try compareDatasets(a, a).isEmpty)
    other.type = .uint16
    other.sequences[2][4] = 99
    other.sequences[4].removeLast()
    difference = try compareDatasets(a, IndexedDataset(prefix: other.write(folder, "c")))
    #expect(difference.first == .init(sequence: 2, element: 4))
    #expect(difference.differingSequences == 2 && difference.facts == ["tokens: 23 and 22"])
    other = Sample.t
    other.documents[2] = 1
    try folder.write("d.bin", other.bin)
    try folder.write("d.idx", other.idx)
    difference = try compareDatasets(a, IndexedDataset(prefix: folder.file("d")))
    #expect(difference.firstDocumentEntry == 2 && !difference.isEmpty)
  }
}
