import TestSupport
import Testing

@testable import IndexedData
@testable import Train

@Suite("Batches")
struct BatchTests {
  let fixture: DataFixture

  init() throws {
    fixture = try DataFixture()
  }

  // Two documents of six tokens, drawn one a sample in the order 0, 1.
  private func batch(labels: Bool, masksEnd: Bool) throws -> Batch {
    let text = try fixture.write("x", [[5, 6, 0, 7, 8, 0], [9, 0, 0, 0, 1, 2]], .uint16)
    var settings = fixture.settings([text], iterations: 3, length: 5)
    settings.packing = .unpacked
    settings.masksEndOfDocument = masksEnd
    settings.endOfDocument = 0
    if labels {
      let rows: [[Int64]] = [[-100, 6, 0, -100, 8, 0], [-100, -100, -5, 0, -1, 2]]
      settings.train.labels = [try fixture.write("x_label", rows)]
    }
    let source = try TrainingData(settings).train
    let first = try source.batch(microStep: 0)
    let second = try source.batch(microStep: 1)
    let (upper, lower) = first.tokens[0] == 5 ? (first, second) : (second, first)
    var both = Batch(rowCount: 2, columnCount: 5, hasRewards: false, hasReferences: false)
    both.tokens = upper.tokens + lower.tokens
    both.labels = upper.labels + lower.labels
    both.lossMask = upper.lossMask + lower.lossMask
    return both
  }

  @Test(
    "labels and loss mask",
    arguments: [
      (
        false, false, [6, 0, 7, 8, 0, 0, 0, 0, 1, 2],
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
      ),
      (
        false, true, [6, 0, 7, 8, 0, 0, 0, 0, 1, 2],
        [1, 1, 0, 1, 1, 1, 0, 0, 0, 1]
      ),
      (
        true, false, [6, 0, 0, 8, 0, 0, 0, 0, 0, 2],
        [1, 1, 0, 1, 1, 0, 0, 1, 0, 1]
      ),
      (
        true, true, [6, 0, 0, 8, 0, 0, 0, 0, 0, 2],
        [1, 1, 0, 1, 1, 0, 0, 0, 0, 1]
      ),
    ] as [(Bool, Bool, [Int32], [Float])])
  func masks(labels: Bool, masksEnd: Bool, expected: [Int32], mask: [Float]) throws {
    let batch = try batch(labels: labels, masksEnd: masksEnd)
    #expect(batch.tokens == [5, 6, 0, 7, 8, 9, 0, 0, 0, 1])
    #expect(batch.positions == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    #expect(batch.labels == expected)
    #expect(batch.lossMask == mask)
  }

  @Test("rewards and reference log-probabilities go with their documents")
  func companions() throws {
    let text = try fixture.write("t", DataFixture.text, .uint16)
    // The samples asked for are 0.5 % more than the iterations: 7 of 6.
    var settings = fixture.settings([text], iterations: 6, length: 6)
    settings.packing = .unpacked
    settings.train.labels = [try fixture.write("t_label", DataFixture.labels)]
    settings.train.rewards = [try fixture.write("t_reward", [[1], [-1], [1], [-1], [1]])]
    settings.referenceName = "ref"
    try fixture.write(
      "t_ref", values: (0..<7).map { i in (0..<6).map { -Double(i + 1) - Double($0) / 10 } })
    let source = try TrainingData(settings).train
    #expect(source.count == 6)
    func row(_ step: Int) throws -> (Batch, [Double]) {
      let batch = try source.batch(microStep: step)
      return (batch, batch.references.map { (Double($0) * 10).rounded() / 10 })
    }
    let (first, firstReferences) = try row(0)
    #expect(first.tokens == [40, 0, 50, 0, 0, 0])
    #expect(first.lossMask == [1, 0, 0, 0, 0, 0] && first.labels == [0, 0, 0, 0, 0, 0])
    #expect(first.rewards == [-1, -1, 1, 0, 0, 0])
    #expect(firstReferences == [-4, -4.1, -4.2, -4.3, -4.4, -4.5])
    let (second, _) = try row(1)
    #expect(second.tokens == [20, 21, 0, 40, 0, 0])
    #expect(second.labels == [21, 0, 0, 0, 0, 0] && second.lossMask == [1, 1, 0, 0, 0, 0])
    let (fourth, references) = try row(3)
    #expect(fourth.tokens == [10, 11, 12, 0, 20, 0])
    #expect(fourth.rewards == [1, 1, 1, 1, -1, 0])
    #expect(references == [-1, -1.1, -1.2, -1.3, -1.4, -1.5])
  }

  @Test("pairs: preferred rows first, then rejected ones")
  func pairs() throws {
    let text = try fixture.write("t", DataFixture.text, .uint16)
    var settings = fixture.settings([text], iterations: 3, length: 6, micro: 2)
    settings.hasPairs = true
    settings.packing = .unpacked
    settings.train.labels = [
      try fixture.write("l", DataFixture.firstMasked(DataFixture.text))
    ]
    settings.train.negatives = [try fixture.write("n", DataFixture.negatives, .uint16)]
    settings.train.negativeLabels = [
      try fixture.write("m", DataFixture.firstMasked(DataFixture.negatives))
    ]
    let source = try TrainingData(settings).train
    let batch = try source.batch(microStep: 0)
    #expect(batch.rowCount == 4)
    #expect(batch.tokens(row: 0) == [30, 31, 32, 33, 34, 0])
    #expect(batch.tokens(row: 2) == [30, 0, 40, 0, 0, 0])
    #expect(Array(batch.lossMask[0..<6]) == [1, 1, 1, 1, 1, 0])
    #expect(Array(batch.lossMask[12..<18]) == [1, 0, 0, 0, 0, 0])
    settings.packing = .packed
    #expect(throws: TrainError.self) { try TrainingData(settings) }
    settings.packing = .unpacked
    settings.train.negatives = [try fixture.write("n", Array(DataFixture.negatives.dropLast()))]
    settings.train.negativeLabels = []
    settings.train.labels = []
    #expect(throws: TrainError.self) { try TrainingData(settings) }
  }

  @Test("ids that the model does not know are an error that names the dataset")
  func unknownIDs() throws {
    let text = try fixture.write("t", DataFixture.text, .uint16)
    var settings = fixture.settings([text], iterations: 3, length: 4)
    settings.vocabularySize = 57
    let source = try TrainingData(settings).train
    for step in 0..<source.count { _ = try source.batch(microStep: step) }
    settings.vocabularySize = 56
    let small = try TrainingData(settings).train
    let error = #expect(throws: TrainError.self) {
      for step in 0..<small.count { _ = try small.batch(microStep: step) }
    }
    #expect("\(error!)".contains("found 56") && "\(error!)".contains(text))
    let loader = try BatchLoader(small)
    var batch = small.makeBatch()
    #expect(throws: TrainError.self) {
      for _ in 0..<small.count { try loader.next(&batch) }
    }
    #expect(throws: TrainError.self) { try loader.next(&batch) }
  }

  @Test("empty documents are stepped over, also where their first token is asked for")
  func emptyDocuments() throws {
    let text = try fixture.write("e", [[1, 2], [], [3], []])
    var settings = fixture.settings([text], iterations: 4, length: 2)
    settings.packing = .unpacked
    let source = try TrainingData(settings).train
    let rows = try Set((0..<4).map { try source.batch(microStep: $0).tokens })
    #expect(rows.isSubset(of: [[1, 2], [3, 0], [0, 0], [3, 1], [1, 0]]))
    #expect(rows.contains([1, 2]))
  }

  @Test("an index whose sizes and pointers disagree is an error where it is met")
  func disagreeingIndex() throws {
    let text = try fixture.write("d", DataFixture.text)
    var index = try fixture.folder.read("d.idx")
    // The size of the second document, 3; the last one's end is as before.
    #expect(index[38] == 3)
    index[38] = 2
    try fixture.folder.write("d.idx", index)
    let error = #expect(throws: TrainError.self) {
      let source = try TrainingData(fixture.settings([text], iterations: 3, length: 4)).train
      for step in 0..<source.count { _ = try source.batch(microStep: step) }
    }
    #expect("\(error!)".contains("d.idx: byte 38: size of sequence 1"))
  }
}
