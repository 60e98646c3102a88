import TestSupport
import Testing

@testable import IndexedData
@testable import Train

/// What a step is made of, and where a document is seen: ids that tell their document and place say
/// what is true.
@Suite("Sightings")
struct SightingsTests {
  let fixture: DataFixture

  init() throws {
    fixture = try DataFixture()
  }

  /// A token of a dataset, its document and its place, as an id; 0 is none.
  private func id(_ dataset: Int, _ document: Int, _ place: Int) -> Int64 {
    Int64(dataset * 1_000_000 + document * 1000 + place + 1)
  }

  private func text(_ name: String, _ dataset: Int, sizes: (Int) -> Int) throws -> String {
    try fixture.write(
      name, (0..<25).map { i in (0..<sizes(i)).map { id(dataset, i, $0) } })
  }

  private func settings(_ packing: Packing) throws -> DataSettings {
    let a = try text("a", 0) { 1 + 7 * $0 % 23 }
    let b = try text("b", 1) { 1 + 5 * $0 % 19 }
    var settings = fixture.settings([a, b], iterations: 6, length: 12, micro: 2)
    settings.train.weights = [0.4, 0.6]
    settings.packing = packing
    settings.accumulationSteps = 2
    settings.rankCount = 3
    return settings
  }

  private struct Token: Hashable {
    var microStep: Int
    var rank: Int
    var row: Int
    var column: Int
  }

  /// Where each token of the micro steps is, by its id.
  private func tokens(_ source: BatchSource, _ microSteps: Range<Int>) throws -> [Int64: Set<Token>]
  {
    var found: [Int64: Set<Token>] = [:]
    for microStep in microSteps {
      for rank in 0..<3 {
        let batch = try source.forRank(rank).batch(microStep: microStep)
        for row in 0..<batch.rowCount {
          let ids = batch.tokens(row: row) + [batch.labels[row * 12 + 11]]
          for (column, id) in ids.enumerated() where id > 0 {
            found[Int64(id), default: []].insert(
              Token(microStep: microStep, rank: rank, row: row, column: column))
          }
        }
      }
    }
    return found
  }

  private func tokens(_ sightings: [Sighting], _ dataset: Int) -> [Int64: Set<Token>] {
    var found: [Int64: Set<Token>] = [:]
    for one in sightings {
      for column in one.piece.columns {
        let place = one.piece.offset + column - one.piece.columns.lowerBound
        found[id(dataset, one.piece.document, place), default: []].insert(
          Token(microStep: one.microStep, rank: one.rank, row: one.row, column: column))
      }
    }
    return found
  }

  @Test("of a blend, in every packing", arguments: Packing.allCases)
  func blend(packing: Packing) throws {
    let data = try StepData(.train, settings(packing))
    #expect(data.stepCount == 6)
    // The second range reaches into the next pass.
    let all = try data.microSteps(of: 1...6)
    #expect(all == 0..<12)
    for range in [all, 3..<5, (data.source.count - 1)..<(2 * data.source.count + 1)] {
      let expected = try tokens(data.source, range)
      var found: [Int64: Set<Token>] = [:]
      for dataset in 0..<2 {
        for document in 0..<25 {
          let sightings = try data.source.sightings(
            of: document, inDataset: dataset, sides: [0], microSteps: range)
          found.merge(tokens(sightings, dataset)) { $0.union($1) }
          let order = sightings.map {
            [$0.microStep, $0.rank, $0.row, $0.piece.columns.lowerBound]
          }
          #expect(order == order.sorted { $0.lexicographicallyPrecedes($1) })
        }
      }
      #expect(found == expected, "\(packing) \(range)")
    }
  }

  @Test("of pairs, each side by itself", arguments: [Packing.unpacked, .packUntilOverflow])
  func pairs(packing: Packing) throws {
    let a = try text("a", 0) { 2 + 3 * $0 % 7 }
    let b = try text("b", 1) { 2 + 5 * $0 % 9 }
    var settings = fixture.settings([a], iterations: 5, length: 12, micro: 2)
    settings.train.negatives = [b]
    settings.hasPairs = true
    settings.packing = packing
    settings.rankCount = 3
    let source = try StepData(.train, settings).source
    var found: [Int64: Set<Token>] = [:]
    for side in 0..<2 {
      for document in 0..<25 {
        let sightings = try source.sightings(
          of: document, inDataset: 0, sides: [side], microSteps: 0..<5)
        #expect(sightings.allSatisfy { $0.row / 2 == side })
        found.merge(tokens(sightings, side)) { $0.union($1) }
      }
    }
    #expect(try found == tokens(source, 0..<5))
  }

  @Test("steps are counted from 1 to the last of the run")
  func steps() throws {
    var settings = try settings(.packed)
    settings.valid = settings.train
    settings.test = settings.train
    settings.evaluationInterval = 2
    settings.evaluationIterations = 3
    #expect(try StepData(.valid, settings).stepCount == 12)
    #expect(try StepData(.test, settings).stepCount == 3)
    let data = try StepData(.train, settings)
    #expect(try data.microSteps(of: 3...3) == 4..<6)
    #expect(data.step(ofMicroStep: 5) == (3, 2))
    #expect(throws: TrainError.self) { try data.microSteps(of: 0...1) }
    #expect(throws: TrainError.self) { try data.microSteps(of: 7...7) }
    settings.evaluationIterations = 0
    #expect(throws: TrainError.self) { try StepData(.valid, settings) }
    settings.train.weights = []
    settings.valid.weights = []
    settings.test.weights = []
    settings.evaluationIterations = 1
    settings.trainIterations = nil
    settings.trainEpochs = 2
    settings.sequenceLength = 4
    let epochs = try StepData(.train, settings)
    #expect(try epochs.stepCount == TrainingData(settings).iterations)
  }
}
