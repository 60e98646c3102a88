import TestSupport
import Testing

@testable import IndexedData

struct SplitBoundariesTests {
  @Test(arguments: [
    ("949,50,1", 1, [0, 1, 1, 1]), ("949,50,1", 19, [0, 18, 19, 19]),
    ("949,50,1", 101, [0, 96, 101, 101]), ("949,50,1", 999, [0, 948, 998, 999]),
    ("949,50,1", 12345, [0, 11716, 12333, 12345]),
    ("949,50,1", 517401, [0, 491014, 516884, 517401]),
    ("969, 30, 1", 1001, [0, 970, 1000, 1001]), ("995,4,1", 500, [0, 498, 500, 500]),
    ("90,5,5", 50, [0, 46, 48, 50]), ("1,1,1", 2, [0, 0, 1, 2]), ("1,1,1", 7, [0, 3, 5, 7]),
    ("1,1,1", 100, [0, 34, 67, 100]), ("1,1", 12345, [0, 6173, 12345, 12345]),
    ("1,2,3,4", 7, [0, 1, 3, 7]), ("98/1/1", 12345, [0, 12099, 12222, 12345]),
    ("0.8,0.1,0.1", 7, [0, 5, 6, 7]), ("1", 9, [0, 9, 9, 9]), ("0,0,1", 10, [0, 0, 0, 10]),
    ("1,1,2", 6, [0, 1, 3, 6]), ("1,3", 2, [0, 0, 2, 2]), ("0,1,1", 1, [0, 1, 1, 1]),
    ("0,1,1", 3, [0, -1, 1, 3]), ("-1,1,1", 10, [0, -10, 0, 10]),
  ])
  func boundariesAreGPTNeoXs(text: String, count: Int, expected: [Int]) throws {
    #expect(try splitBoundaries(text, count: count) == expected)
  }

  @Test(arguments: ["", "a,b", "1,,1", "0,0,0", "nan,1", "1e300,-1e300,1"])
  func otherTextIsRefused(text: String) {
    #expect(throws: IndexedDataError.self) { try splitBoundaries(text, count: 10) }
  }

  @Test func impossibleBoundariesAreExplained() throws {
    let folder = try TemporaryFolder()
    let input = try Sample(documents: [[1], [2], [3]]).write(folder, "a")
    #expect(throws: IndexedDataError.self) {
      try splitDataset(input, to: folder.file("p"), .documents(weights: "0,1,1"))
    }
  }

  @Test func emptyPartsAreNotWritten() throws {
    let folder = try TemporaryFolder()
    let input = try Sample.t.write(folder, "a")
    let parts = try splitDataset(input, to: folder.file("p"), .documents(weights: "949,50,1"))
    #expect(parts.map(\.prefix) == [folder.file("p_train")])
    #expect(try folder.names == ["a.bin", "a.idx", "p_train.bin", "p_train.idx"])
  }

  @Test func tokensAreSharedAtTheNearestDocumentEnd() throws {
    let folder = try TemporaryFolder()
    // Lengths 4 3 6 2 8, ends at 4 7 13 15 23; half of 23 is 12 by GPT-NeoX's rounding.
    let dataset = try IndexedDataset(prefix: Sample.t.write(folder, "a"))
    let parts = try splitParts(dataset, .tokens(weights: "1,1,0"))
    #expect(parts.map(\.documents) == [0..<3, 3..<5, 5..<5])
    let three = try splitParts(dataset, .partsByTokens(3))
    #expect(three.map(\.documents) == [0..<2, 2..<4, 4..<5])
    #expect(three.map(\.suffix) == ["_0", "_1", "_2"])
    #expect(try splitParts(dataset, .parts(12)).map(\.suffix).last == "_11")
  }
}
