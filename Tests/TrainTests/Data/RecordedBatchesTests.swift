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
    var seq_length: Int
    var seed: UInt32
    var train_micro_batch_size_per_gpu: Int
    var gradient_accumulation_steps: Int
    var train_iters: Int
    var eval_interval: Int
    var eval_iters: Int
    var data_path: String?
    var split: String?
    var pack_impl: String?
    var dataset_impl: String?
    var precompute_model_name: String?
    var eod_mask_loss: Bool?
    var train_data_paths: [String]?
    var train_label_data_paths: [String]?
    var train_reward_data_paths: [String]?
    var train_data_weights: [Double]?
    var pos_train_data_paths: [String]?
    var pos_train_label_data_paths: [String]?
    var neg_train_data_paths: [String]?
    var neg_train_label_data_paths: [String]?
  }

  private func settings(_ run: String) throws -> DataSettings {
    let text = try Data(contentsOf: URL(filePath: "\(Self.golden)\(run)/config.yml"))
    let config = try JSONDecoder().decode(Config.self, from: text)
    func resolve(_ path: String) -> String { "\(Self.golden)\(run)/\(path)" }
    var settings = DataSettings(
      sequenceLength: config.seq_length, microBatchSize: config.train_micro_batch_size_per_gpu)
    settings.accumulationSteps = config.gradient_accumulation_steps
    settings.seed = config.seed
    settings.trainIterations = config.train_iters
    settings.evaluationInterval = config.eval_interval
    settings.evaluationIterations = config.eval_iters
    settings.dataPath = config.data_path.map(resolve)
    if let split = config.split { settings.split = split }
    settings.packing = try #require(Packing(rawValue: config.pack_impl ?? "packed"))
    settings.hasPairs = config.dataset_impl == "pairwise"
    settings.referenceName = config.precompute_model_name
    settings.masksEndOfDocument = config.eod_mask_loss ?? false
    settings.endOfDocument = 0
    settings.vocabularySize = 512
    settings.mapStorage = .memory
    let paths = config.train_data_paths ?? config.pos_train_data_paths ?? []
    settings.train.paths = paths.map(resolve)
    settings.train.labels =
      (config.train_label_data_paths ?? config.pos_train_label_data_paths ?? []).map(resolve)
    settings.train.rewards = (config.train_reward_data_paths ?? []).map(resolve)
    settings.train.negatives = (config.neg_train_data_paths ?? []).map(resolve)
    settings.train.negativeLabels = (config.neg_train_label_data_paths ?? []).map(resolve)
    settings.train.weights = config.train_data_weights ?? []
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
