import Foundation
import TestSupport
import Testing

@testable import IndexedData
@testable import Train

/// What entered the model when GPT-NeoX was run.
@Suite(
  "Recorded batches",
  .enabled(if: SharedMaterial.isPresent, Comment(rawValue: SharedMaterial.absent)))
struct RecordedBatchesTests {
  static let golden = SharedMaterial.path("golden/")

  /// Every recorded run with its batches.
  static let runs: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: golden)) ?? []
    return names.sorted().filter {
      FileManager.default.fileExists(atPath: "\(golden)\($0)/batch_step1_micro1_tokens.npy")
    }
  }()

  // The recorded configurations are JSON.
  private struct Config: Decodable {
    var seqLength: Int
    var seed: UInt32
    var trainMicroBatchSizePerGpu: Int
    var gradientAccumulationSteps: Int
    var trainIters: Int
    var evalInterval: Int
    var evalIters: Int
    var dataPath: String?
    var split: String?
    var packImpl: String?
    var datasetImpl: String?
    var precomputeModelName: String?
    var eodMaskLoss: Bool?
    var trainDataPaths: [String]?
    var trainLabelDataPaths: [String]?
    var trainRewardDataPaths: [String]?
    var trainDataWeights: [Double]?
    var posTrainDataPaths: [String]?
    var posTrainLabelDataPaths: [String]?
    var negTrainDataPaths: [String]?
    var negTrainLabelDataPaths: [String]?
  }

  private func settings(_ run: String) throws -> DataSettings {
    let text = try Data(contentsOf: URL(filePath: "\(Self.golden)\(run)/config.yml"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let config = try decoder.decode(Config.self, from: text)
    func resolve(_ path: String) -> String { "\(Self.golden)\(run)/\(path)" }
    var settings = DataSettings(
      sequenceLength: config.seqLength, microBatchSize: config.trainMicroBatchSizePerGpu)
    settings.accumulationSteps = config.gradientAccumulationSteps
    settings.seed = config.seed
    settings.trainIterations = config.trainIters
    settings.evaluationInterval = config.evalInterval
    settings.evaluationIterations = config.evalIters
    settings.dataPath = config.dataPath.map(resolve)
    if let split = config.split { settings.split = split }
    settings.packing = try #require(Packing(rawValue: config.packImpl ?? "packed"))
    settings.hasPairs = config.datasetImpl == "pairwise"
    settings.referenceName = config.precomputeModelName
    settings.masksEndOfDocument = config.eodMaskLoss ?? false
    settings.endOfDocument = 0
    settings.vocabularySize = 512
    settings.mapStorage = .memory
    let paths = config.trainDataPaths ?? config.posTrainDataPaths ?? []
    settings.train.paths = paths.map(resolve)
    settings.train.labels =
      (config.trainLabelDataPaths ?? config.posTrainLabelDataPaths ?? []).map(resolve)
    settings.train.rewards = (config.trainRewardDataPaths ?? []).map(resolve)
    settings.train.negatives = (config.negTrainDataPaths ?? []).map(resolve)
    settings.train.negativeLabels = (config.negTrainLabelDataPaths ?? []).map(resolve)
    settings.train.weights = config.trainDataWeights ?? []
    return settings
  }

  private func values(_ run: String, _ step: Int, _ micro: Int, _ name: String) -> [Double]? {
    let path = "\(Self.golden)\(run)/batch_step\(step)_micro\(micro)_\(name).npy"
    guard let file = try? NumPyFile(path: path) else { return nil }
    return (0..<file.count).map { file.value(at: $0) }
  }

  @Test("every recorded array is equal", arguments: runs)
  func recordedArrays(run: String) throws {
    let settings = try settings(run)
    let data = try TrainingData(settings)
    let loader = try BatchLoader(data.train)
    var batch = data.train.makeBatch()
    for step in 1...3 {
      for micro in 1...settings.accumulationSteps {
        try loader.next(&batch)
        let place: Comment = "\(run), step \(step), micro batch \(micro)"
        let tokens = try #require(values(run, step, micro, "tokens"))
        #expect(batch.tokens.map(Double.init) == tokens, place)
        #expect(batch.labels.map(Double.init) == values(run, step, micro, "labels"), place)
        #expect(batch.lossMask.map(Double.init) == values(run, step, micro, "loss_mask"), place)
        if let rewards = values(run, step, micro, "rewards") {
          #expect(batch.rewards.map(Double.init) == rewards, place)
        }
        if settings.referenceName != nil {
          #expect(batch.references.map(Double.init) == values(run, step, micro, "ref_logp"), place)
        }
      }
    }
  }
}
