import Foundation
import Machine
import TestSupport
import Testing

@testable import IndexedData
@testable import Train

@Suite("Training data")
struct TrainingDataTests {
  let fixture: DataFixture

  init() throws {
    fixture = try DataFixture()
  }

  private func rule(_ count: Int, _ factor: Int, _ modulo: Int) -> [[Int64]] {
    (0..<count).map { i in
      (0..<(1 + factor * i % modulo)).map { Int64((31 * i + $0) % 1000) }
    }
  }

  @Test("a blend draws what GPT-NeoX draws, also behind a dataset's end")
  func blend() throws {
    let a = try fixture.write("a", rule(1000, 7919, 97), .uint16)
    let b = try fixture.write("b", rule(300, 104_729, 61), .uint16)
    var settings = fixture.settings([a, b], iterations: 100, length: 128, micro: 8)
    settings.train.weights = [0.3, 0.7]
    let train = try TrainingData(settings).train
    #expect(train.dataset.members.map(\.count) == [381, 582])
    #expect(train.dataset.count == 963 && train.count == 120)
    var bytes: [UInt8] = []
    for step in 0..<2 {
      let batch = try train.batch(microStep: step)
      for row in 0..<8 {
        // The last label is the sample's last token.
        let ids = batch.tokens(row: row) + [batch.labels[row * 128 + 127]]
        for id in ids { bytes += (0..<8).map { UInt8(truncatingIfNeeded: Int64(id) >> (8 * $0)) } }
      }
    }
    #expect(
      SHA256Oracle.hex(bytes) == "e96fcda82ef79549e7aedf6a61019a9f4c822b1de9ed2c02f513f14340f456dd")
    for step in 110..<120 { _ = try train.batch(microStep: step) }
  }

  @Test("counts of samples")
  func counts() throws {
    var settings = fixture.settings([], iterations: 20, length: 8, micro: 4)
    settings.accumulationSteps = 2
    settings.evaluationInterval = 10
    settings.evaluationIterations = 2
    let counts = try DataSplit.allCases.map { try settings.sampleCount(of: $0) }
    #expect(counts == [160, 48, 16])
    settings.evaluationInterval = nil
    #expect(try settings.sampleCount(of: .valid) == 16)
    settings.trainIterations = .max
    #expect(throws: TrainError.self) { try settings.sampleCount(of: .train) }
    settings.microBatchSize = .max
    settings.rankCount = .max
    #expect(throws: TrainError.self) { try settings.sampleCount(of: .test) }
  }

  @Test("one dataset is shared out among the splits; parts do not overlap")
  func split() throws {
    let text = try fixture.write("s", (0..<40).map { i in (0...i).map { _ in Int64(i) } })
    for packing in Packing.allCases {
      var settings = fixture.settings([], iterations: 4, length: 16, micro: 2)
      settings.dataPath = text
      settings.split = "80,10,10"
      settings.evaluationInterval = 2
      settings.evaluationIterations = 2
      settings.packing = packing
      let data = try TrainingData(settings)
      for (source, part) in zip([data.train, data.valid, data.test], [0..<32, 32..<36, 36..<40]) {
        let source = try #require(source)
        for step in 0..<source.count {
          let batch = try source.batch(microStep: step)
          let ids = Set(batch.tokens.filter { $0 > 0 }.map(Int.init))
          #expect(ids.allSatisfy(part.contains), "\(packing) \(source.split)")
        }
      }
    }
  }

  @Test("rows of each rank, and of all passes")
  func sampler() throws {
    let text = try fixture.write("s", (0..<11).map { [Int64($0 + 1)] })
    func samples(
      _ rank: Int, of rankCount: Int, micro: Int, steps: Range<Int>, iterations: Int
    ) throws -> [Range<Int>] {
      var settings = fixture.settings([text], iterations: iterations, length: 1, micro: micro)
      settings.rank = rank
      settings.rankCount = rankCount
      let source = try TrainingData(settings).train
      return steps.map { source.samples(microStep: $0) }
    }
    // 10 tokens a pass of one-token samples: one epoch gives 10, one less is counted.
    #expect(try samples(0, of: 2, micro: 2, steps: 0..<3, iterations: 2) == [0..<2, 4..<6, 0..<2])
    #expect(try samples(1, of: 2, micro: 2, steps: 0..<3, iterations: 2) == [2..<4, 6..<8, 2..<4])
    let resumed = try samples(0, of: 1, micro: 2, steps: 3..<6, iterations: 4)
    #expect(resumed == [6..<8, 0..<2, 2..<4])
  }

  @Test("where a resumed run goes on")
  func resuming() throws {
    let text = try fixture.write("s", (0..<50).map { [Int64($0 + 1), 0] })
    var settings = fixture.settings([text], iterations: 20, length: 2)
    settings.valid.paths = [text]
    settings.test.paths = [text]
    settings.accumulationSteps = 2
    settings.evaluationInterval = 2
    settings.evaluationIterations = 3
    let data = try TrainingData(settings)
    #expect(data.train.resumingMicroStep(iteration: 7) == 14)
    #expect(data.valid?.resumingMicroStep(iteration: 7) == 21)
    #expect(data.test?.resumingMicroStep(iteration: 7) == 0)
    settings.microBatchSize = 3
    let threes = try TrainingData(settings).train
    #expect(try threes.microStep(afterSamples: 42) == 14)
    #expect(throws: TrainError.self) { try threes.microStep(afterSamples: 43) }
  }

  @Test("batches filled ahead are those asked for directly, from any beginning, over all passes")
  func loader() throws {
    let text = try fixture.write("r", rule(60, 7919, 97), .uint16)
    let settings = fixture.settings([text], iterations: 20, length: 30, micro: 3)
    let source = try TrainingData(settings).train
    for (start, depth) in [(0, 1), (5, 2), (source.count - 3, 4)] {
      let loader = try BatchLoader(source, startingAt: start, depth: depth)
      var batch = source.makeBatch()
      for step in start..<(start + 40) {
        #expect(loader.microStep == step)
        try loader.next(&batch)
        #expect(try batch == source.batch(microStep: step))
      }
    }
    // Dropped without a look at its batches.
    _ = try BatchLoader(source)
  }

  @Test("rows name the documents that their tokens come from")
  func rows() throws {
    let a = try fixture.write("a", DataFixture.text, .uint16)
    let b = try fixture.write("b", DataFixture.negatives, .uint16)
    let settings = fixture.settings([a, b], iterations: 9, length: 7, micro: 2)
    let source = try TrainingData(settings).train
    for step in 0..<source.count {
      let batch = try source.batch(microStep: step)
      for (place, row) in try source.rows(microStep: step).enumerated() {
        let documents = [DataFixture.text, DataFixture.negatives][row.dataset]
        let ids = row.pieces.flatMap { piece in
          documents[piece.document].dropFirst(piece.offset).prefix(piece.count ?? .max)
        }
        #expect(batch.tokens(row: place).map(Int64.init) == Array(ids.prefix(7)))
        #expect(row.index == 2 * step + place)
      }
    }
  }

  @Test("the next run takes up the maps; where they cannot be written, a note says so")
  func maps() throws {
    let text = try fixture.write("t", DataFixture.text, .uint16)
    var settings = fixture.settings([text], iterations: 2, length: 4)
    settings.mapStorage = .besideData
    let first = try TrainingData(settings)
    #expect(first.train.dataset.members[0].mapOrigin == .written && first.notes.isEmpty)
    let second = try TrainingData(settings)
    #expect(second.train.dataset.members[0].mapOrigin == .reused)
    #expect(try second.train.batch(microStep: 1) == first.train.batch(microStep: 1))
    try fixture.write("t", DataFixture.text + [[5, 6]], .uint16)
    let other = try TrainingData(settings)
    #expect(other.train.dataset.members[0].mapOrigin == .rebuilt)
    #expect(other.notes.count == 1 && other.notes[0].contains("were made again"))
    settings.seed = 7
    let lock = fixture.folder.file("t_train_0_indexmap_3ns_4sl_7s_packedpi_ac_lock")
    try FileManager.default.createDirectory(atPath: lock, withIntermediateDirectories: false)
    #expect(try TrainingData(settings).notes.count == 1)
  }

  @Test("maps that are made ahead are those of the run", arguments: Packing.allCases)
  func mapsAhead(packing: Packing) throws {
    let text = try fixture.write("t", rule(60, 7919, 97), .uint16)
    var settings = fixture.settings([], iterations: 4, length: 20, micro: 2)
    settings.dataPath = text
    settings.split = "60,20,20"
    settings.packing = packing
    settings.evaluationInterval = 2
    settings.evaluationIterations = 2
    settings.mapStorage = .besideData
    let maps = try RunMaps(settings)
    #expect(maps.items.map(\.split) == DataSplit.allCases)
    for item in maps.items { #expect(try item.files.prepare(.besideData).origin == .written) }
    let data = try TrainingData(settings)
    for source in [data.train, data.valid, data.test] {
      #expect(source?.dataset.members.map(\.mapOrigin) == [.reused])
    }
    settings.order = .stable
    #expect(try RunMaps(settings).items.isEmpty)
  }

  @Test(
    "an interruption ends the making of maps, of which nothing is left, and takes up whole ones")
  func interrupted() throws {
    let text = try fixture.write("t", rule(60, 7919, 97), .uint16)
    var settings = fixture.settings([text], iterations: 4, length: 20, micro: 2)
    settings.mapStorage = .besideData
    let interruption = Interruption()
    interruption.raise()
    settings.interruption = interruption
    let names = { try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path) }
    let before = try names()
    let error = #expect(throws: TrainError.self) { try TrainingData(settings) }
    guard case .interrupted = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try names() == before)
    interruption.clear()
    _ = try TrainingData(settings)
    interruption.raise()
    #expect(try TrainingData(settings).train.dataset.members.map(\.mapOrigin) == [.reused])
  }

  @Test("documents and pairs that are left out are told of, by new maps and by old ones")
  func leftOut() throws {
    let text = try fixture.write("t", DataFixture.text, .uint16)
    let labels = try fixture.write("l", DataFixture.labels)
    let negative = try fixture.write("n", DataFixture.negatives, .uint16)
    let negativeLabels = try fixture.write(
      "nl", DataFixture.negatives.enumerated().map { $0 > 0 ? $1 : $1.map { _ in -100 } })
    var settings = fixture.settings([text], iterations: 6, length: 4)
    settings.train.labels = [labels]
    settings.valid = settings.train
    settings.evaluationIterations = 1
    settings.packing = .unpacked
    settings.mapStorage = .besideData
    let note =
      " of \(text) have no trained label within seq_length 4 and are left out, as in GPT-NeoX"
    for _ in 0..<2 {
      #expect(
        try TrainingData(settings).notes == [
          "1 of 5 documents" + note,
          "valid data: 1 of the 4 documents looked at in" + note.dropFirst(3),
        ])
    }
    settings.evaluationIterations = 0
    settings.valid = DataList()
    settings.hasPairs = true
    settings.train.negatives = [negative]
    settings.train.negativeLabels = [negativeLabels]
    settings.allowsChopping = false
    for _ in 0..<2 {
      #expect(
        try TrainingData(settings).notes == [
          "1 of 5 pairs of \(text) and \(negative) have a side without a trained label within"
            + " seq_length 4 and are left out, as in GPT-NeoX",
          "3 of 5 pairs of \(text) and \(negative) are left out for their length, as allow_chopped"
            + " is false",
        ])
    }
  }

  @Test("epochs: all samples of a pass, as often as wanted")
  func epochs() throws {
    let text = try fixture.write("s", (0..<41).map { [Int64($0 + 1), 0] })
    var settings = fixture.settings([text], iterations: 1, length: 4, micro: 3)
    settings.trainIterations = nil
    settings.trainEpochs = 5
    settings.accumulationSteps = 2
    // 82 tokens are 20 samples, 19 of them counted, 6 micro batches.
    let data = try TrainingData(settings)
    #expect(data.train.count == 6 && data.iterations == 15)
    settings.packing = .unpacked
    #expect(throws: TrainError.self) { try TrainingData(settings) }
    settings.packing = .packed
    settings.trainIterations = 3
    #expect(throws: TrainError.self) { try TrainingData(settings) }
  }

  @Test("labels of the validation data alone: GPT-NeoX does not look at them")
  func validationLabels() throws {
    let text = try fixture.write("t", DataFixture.text, .uint16)
    let labels = try fixture.write("l", DataFixture.labels)
    var settings = fixture.settings([text], iterations: 4, length: 4)
    settings.evaluationIterations = 2
    settings.valid.paths = [text]
    settings.valid.labels = [labels]
    let isMasked = { (quirks: Bool) throws -> Bool in
      settings.neoxQuirks = quirks
      let valid = try #require(try TrainingData(settings).valid)
      return try (0..<valid.count).contains { try valid.batch(microStep: $0).lossMask.contains(0) }
    }
    #expect(try isMasked(false) && !isMasked(true))
    #expect(try TrainingData(settings).notes.contains { $0.contains("valid_label_data_paths") })
    settings.train.labels = [labels]
    settings.valid.labels = []
    settings.neoxQuirks = true
    #expect(throws: TrainError.self) { try TrainingData(settings) }
  }

  @Test("weights follow from numbers of documents when asked to")
  func documentWeights() throws {
    let a = try fixture.write("a", rule(10, 7, 31))
    let b = try fixture.write("b", rule(90, 7, 31))
    var settings = fixture.settings([a, b], iterations: 10, length: 8)
    settings.weighsByDocumentCount = true
    settings.weightAlpha = 0.3
    let weights = try TrainingData(settings).train.dataset.weights
    #expect(
      weights == BlendWeights.shares([0.823182122369588, 0.17681787763041204], samples: 1).weights)
  }

  @Test("an exponent that leaves no weight is refused")
  func lostWeights() throws {
    let a = try fixture.write("a", rule(10, 7, 31))
    let b = try fixture.write("b", rule(10, 5, 31))
    var settings = fixture.settings([a, b], iterations: 10, length: 8)
    settings.weighsByDocumentCount = true
    settings.weightAlpha = 5000
    #expect {
      try TrainingData(settings)
    } throws: { "\($0)".contains("weighted_sampler_alpha 5000") }
  }

  @Test("settings that contradict each other or the data are refused with their names")
  func refusals() throws {
    let text = try fixture.write("t", DataFixture.text, .uint16)
    let short = try fixture.write("short", DataFixture.labels.map { Array($0.dropLast()) })
    let few = try fixture.write("few", Array(DataFixture.labels.dropLast()))
    let fractions = try fixture.write("f", values: [[1], [2], [3], [4], [5]])
    let good = fixture.settings([text], iterations: 2, length: 4)
    _ = try TrainingData(good)
    func refuse(_ text: String, _ change: (inout DataSettings) -> Void) {
      var settings = good
      change(&settings)
      let error = #expect(throws: TrainError.self) { try TrainingData(settings) }
      #expect(error.map { "\($0)" }?.contains(text) == true, "\(error.map { "\($0)" } ?? "none")")
    }
    refuse("data_path") { $0.dataPath = text }
    refuse("data_path") { $0.train.paths = [] }
    refuse("train_label_data_paths") { $0.train.labels = [text, text] }
    let labelKey = "train_label_data_paths[0]: \(fixture.folder.path)"
    refuse(labelKey + "/short: labels of document 0") { $0.train.labels = [short] }
    refuse(labelKey + "/few: documents") { $0.train.labels = [few] }
    refuse(labelKey + "/f: holds float32") { $0.train.labels = [fractions] }
    refuse("train_reward_data_paths[0]: \(few): documents") {
      $0.train.rewards = [few]
      $0.packing = .unpacked
    }
    refuse("has a number for each token, as labels have") {
      $0.train.rewards = [text]
      $0.packing = .unpacked
    }
    refuse("precompute_model_name: \(text)_bad: log-probabilities of document 0") {
      $0.referenceName = "bad"
      $0.packing = .unpacked
      _ = try? fixture.write("t_bad", values: (0..<5).map { _ in [1, 2] })
    }
    refuse("float32") { $0.train.paths = [fractions] }
    refuse("t_gone.idx") { $0.train.paths = [text + "_gone"] }
    refuse("pack_impl unpacked") { $0.train.rewards = [text] }
    refuse("unpacked only") { $0.referenceName = "m" }
    refuse("t_m.idx") {
      $0.referenceName = "m"
      $0.packing = .unpacked
    }
    refuse("train_data_weights") { $0.train.weights = [-1] }
    refuse("train_data_weights") { $0.train.weights = [.nan] }
    refuse("train_data_weights") { $0.train.weights = [0] }
    refuse("train_data_weights") { $0.train.weights = [1, 1] }
    refuse("seq_length") { $0.sequenceLength = 0 }
    refuse("train_micro_batch_size_per_gpu") { $0.microBatchSize = 0 }
    refuse("rank") { $0.rank = 1 }
    refuse("eval_interval") { $0.evaluationInterval = 0 }
    refuse("eod_mask_loss") { $0.masksEndOfDocument = true }
    refuse("fewer than") {
      $0.microBatchSize = 1000
      $0.trainIterations = 0
    }
    refuse("0,1,1") {
      $0.train.paths = []
      $0.dataPath = fixture.folder.file("three")
      $0.split = "0,1,1"
      _ = try? fixture.write("three", [[1], [2], [3]])
    }
    refuse("leaves no documents") {
      $0.train.paths = []
      $0.dataPath = text
      $0.split = "0,0,1"
    }
    refuse("train_iters") { $0.trainIterations = .max }
    refuse("samples") {
      $0.trainIterations = 1 << 40
      $0.microBatchSize = 2
    }
    refuse("train_epochs") {
      $0.trainIterations = nil
      $0.trainEpochs = .max
    }
  }
}
