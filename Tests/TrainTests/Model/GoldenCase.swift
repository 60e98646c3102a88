import Foundation
import IndexedData
import TestSupport

@testable import Train

/// A recorded run of the reference: its configuration, weights, batches and log.
struct GoldenCase {
  let name: String
  private let config: [String: Any]
  private let log: [String: Any]

  init(_ name: String) throws {
    self.name = name
    func object(_ file: String) throws -> [String: Any] {
      let data = try Data(contentsOf: URL(filePath: Self.path(name, file)))
      let json = try JSONSerialization.jsonObject(with: data)
      guard let object = json as? [String: Any] else { throw GoldenError(path: name + "/" + file) }
      return object
    }
    config = try object("config.yml")
    log = try object("log.json")
  }

  static func path(_ name: String, _ file: String) -> String {
    SharedMaterial.path("golden/\(name)/\(file)")
  }

  func has(_ file: String) -> Bool { FileManager.default.fileExists(atPath: Self.path(name, file)) }

  func tensors(_ file: String) throws -> [String: [Float]] {
    try SafeTensorsOracle.read(Self.path(name, file))
  }

  // MARK: - The log

  private func step(_ number: Int) -> [String: Any] {
    (log["steps"] as? [[String: Any]])?[number - 1] ?? [:]
  }

  /// The losses of the micro batches of a step, counted from 1.
  func microLosses(step number: Int) -> [Double] { step(number)["micro_losses"] as? [Double] ?? [] }

  func gradientNorm(step number: Int) -> Double? { step(number)["grad_norm_preclip"] as? Double }

  func lossScale(step number: Int) -> Double? { step(number)["loss_scale"] as? Double }

  func isSkipped(step number: Int) -> Bool { step(number)["skipped"] as? Int == 1 }

  /// The names of the parameters in the reference's groups: with and without weight decay.
  var parameterGroups: [[String]] {
    let groups = (log["meta"] as? [String: Any])?["param_groups"] as? [[String: Any]] ?? []
    return groups.map { $0["params"] as? [String] ?? [] }
  }

  // MARK: - The configuration

  private func int(_ key: String) -> Int? { config[key] as? Int }
  private func flag(_ key: String, _ standard: Bool) -> Bool { config[key] as? Bool ?? standard }
  private func number(_ key: String, _ standard: Double) -> Double {
    config[key] as? Double ?? standard
  }
  private func text(_ key: String, _ standard: String) -> String {
    config[key] as? String ?? standard
  }

  var accumulationSteps: Int { int("gradient_accumulation_steps") ?? 1 }
  var microBatchSize: Int { int("train_micro_batch_size_per_gpu") ?? 4 }
  var sequenceLength: Int { int("seq_length") ?? 128 }
  var decaysWeights: Bool { number("weight_decay", 0.1) != 0 }
  var type: ScalarType {
    switch text("precision", "fp32") {
    case "bfloat16": .bfloat16
    case "fp16": .float16
    default: .float32
    }
  }

  var settings: ModelSettings {
    var settings = ModelSettings(
      layerCount: int("num_layers") ?? 2, hiddenSize: int("hidden_size") ?? 64,
      headCount: int("num_attention_heads") ?? 4, vocabularySize: 512,
      sequenceLength: sequenceLength)
    settings.keyValueHeadCount = int("num_kv_heads") ?? settings.headCount
    let width = settings.headWidth
    switch text("pos_emb", "learned") {
    case "none": settings.positions = .none
    case "rotary":
      settings.positions = .rotary(
        width: Int(Double(width) * number("rotary_pct", 1)),
        base: number("rotary_emb_base", 10000))
    case "alibi": settings.positions = .alibi
    case "rpe": settings.positions = .relativeBias(buckets: 32, maximumDistance: 128)
    case "sinusoidal": settings.positions = .sinusoidal
    default:
      settings.positions = .learned(
        count: int("max_position_embeddings") ?? sequenceLength, offset: 0)
    }
    switch text("norm", "layernorm") {
    case "rmsnorm":
      settings.norm = .rmsNorm
      settings.normEpsilon = Float(number("rms_norm_epsilon", 1e-8))
    case "scalenorm":
      settings.norm = .scaleNorm
      settings.normEpsilon = 1e-8
    case "non_parametric_layernorm": settings.norm = .nonParametricLayerNorm
    default: break
    }
    settings.normalizesQueriesAndKeys = flag("use_qk_layernorm", false)
    let gates: [String: Activation.Function] = [
      "geglu": .gelu, "swiglu": .silu, "glu": .sigmoid, "reglu": .relu, "bilinear": .identity,
    ]
    let plain: [String: Activation.Function] = [
      "gelu": .gelu, "relu": .relu, "softsign": .softsign, "swish": .silu, "silu": .silu,
      "mish": .mish,
    ]
    let activation = text("activation", "gelu")
    settings.activation =
      gates[activation].map { Activation($0, isGated: true) }
      ?? Activation(plain[activation] ?? .gelu)
    settings.innerSize =
      TrainingConfiguration.mlpWidth(
        nominal: int("intermediate_size") ?? 4 * settings.hiddenSize,
        multiple: int("mlp_multiple_of") ?? 1, isGated: settings.activation.isGated) ?? 0
    settings.hasFeedForwardBias = flag("use_bias_in_mlp", true)
    settings.hasAttentionBias = flag("use_bias_in_attn_linear", true)
    settings.isParallel = flag("gpt_j_residual", false)
    settings.sharesNorm = flag("gpt_j_tied", false)
    settings.head = flag("no_weight_tying", false) ? .untied : .tied
    if text("train_impl", "normal") == "rm" { settings.head = .reward }
    settings.slidingWindow = int("sliding_window_width")
    settings.scalesScoresByLayer = flag("apply_query_key_layer_scaling", false)
    settings.initialization =
      InitializationScheme(rawValue: text("init_method", "normal")) ?? .normal
    settings.outputInitialization =
      InitializationScheme(rawValue: text("output_layer_init_method", "scaled_normal"))
      ?? .scaledNormal
    return settings
  }

  // MARK: - Batches

  /// A micro batch of a step, both counted from 1: as recorded, or drawn by the recorded maps.
  func batch(step: Int, micro: Int) throws -> Batch {
    let prefix = "batch_step\(step)_micro\(micro)_"
    let count = microBatchSize
    let length = sequenceLength
    if has(prefix + "tokens.npy") {
      func numbers(_ kind: String) throws -> [Double] {
        try NumPyOracle.read(Self.path(name, prefix + kind + ".npy"))
      }
      return Batch(
        rowCount: count, columnCount: length, tokens: try numbers("tokens").map(Int32.init),
        labels: try numbers("labels").map(Int32.init),
        lossMask: try numbers("loss_mask").map(Float.init))
    }
    let maps = try RecordedOrder(folder: Self.path(name, "maps"), data: dataPrefix)
    var tokens: [Int32] = []
    var labels: [Int32] = []
    let first = ((step - 1) * accumulationSteps + micro - 1) * count
    for sample in first..<first + count {
      let ids = try maps.tokens(of: sample, length: length + 1)
      tokens += ids.dropLast()
      labels += ids.dropFirst()
    }
    return Batch(
      rowCount: count, columnCount: length, tokens: tokens, labels: labels,
      lossMask: [Float](repeating: 1, count: count * length))
  }

  private var dataPrefix: String {
    SharedMaterial.path(
      "golden/data/" + (text("data_path", "").split(separator: "/").last.map(String.init) ?? ""))
  }
}

/// What a recording lacks.
struct GoldenError: Error {
  let path: String
}

/// Samples in the order that the reference's cached maps give.
private struct RecordedOrder {
  private let documents: [Int]
  private let samples: [Int]
  private let shuffle: [Int]
  private let dataset: IndexedDataset

  init(folder: String, data: String) throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    func numbers(_ ending: String) throws -> [Int] {
      guard let file = files.first(where: { $0.contains("_train_") && $0.hasSuffix(ending) })
      else { throw GoldenError(path: folder + "/*" + ending) }
      return try NumPyOracle.read(folder + "/" + file).map { Int($0) }
    }
    documents = try numbers("doc_idx.npy")
    samples = try numbers("sample_idx.npy")
    shuffle = try numbers("shuffle_idx.npy")
    dataset = try IndexedDataset(prefix: data)
  }

  func tokens(of sample: Int, length: Int) throws -> [Int32] {
    let index = shuffle[sample]
    var place = samples[2 * index]
    var offset = samples[2 * index + 1]
    var ids: [Int32] = []
    while ids.count < length {
      ids += try dataset.tokens(of: documents[place]).dropFirst(offset).map { Int32($0) }
      place += 1
      offset = 0
    }
    return Array(ids.prefix(length))
  }
}
