import CommandLineKit
import Train

/// What a run of a configuration needs, in numbers.
struct TrainingPlan {
  private let configuration: TrainingConfiguration
  private let vocabularySize: Int
  private let parameters: TrainingConfiguration.Model.ParameterCount
  private let stock: DataStock
  private let speed: Speed

  /// How fast the machine is, in 10^12 operations a second.
  enum Speed {
    /// What training reaches.
    case given(Double)
    /// What the fastest matrix products reach, and training does not.
    case peak(Double)
  }

  init(
    _ configuration: TrainingConfiguration, vocabularySize: Int, stock: DataStock,
    speed: Speed
  ) throws {
    guard
      let parameters = configuration.model.parameterCount(
        vocabularySize: vocabularySize, isRewardModel: configuration.objective.isRewardModel)
    else {
      throw TrainError.unsupported(
        what: "a model of this size", reason: "its parameters are more than can be counted")
    }
    self.configuration = configuration
    self.vocabularySize = vocabularySize
    self.parameters = parameters
    self.stock = stock
    self.speed = speed
  }

  /// The lines, each with a line feed.
  var text: String {
    var table = TextTable([.left(""), .right(""), .left("")])
    for row in modelRows + memoryRows + lengthRows + dataRows + checkpointRows {
      table.add([row.name, row.figure, row.remark])
    }
    return table.text
  }

  private typealias Row = (name: String, figure: String, remark: String)

  // MARK: - Model and memory

  private var modelRows: [Row] {
    [
      ("vocabulary", grouped(vocabularySize), "padded"),
      ("parameters", grouped(parameters.total), humanCount(parameters.total)),
      ("  in blocks", grouped(parameters.blocks), "\(configuration.model.layerCount) blocks"),
      ("  in embeddings", grouped(parameters.embeddings), ""),
      ("  in the rest", grouped(parameters.ends), "last norm and output"),
    ]
  }

  private var memoryRows: [Row] {
    let count = Double(parameters.total)
    let weights = weightBytes
    let gradients = gradientBytes
    let lent = min(activationBytes, lentNumbers * gradients.each)
    var kinds: [(String, Double, String)] = [
      ("  weights", count * weights.each, weights.type),
      ("  gradients", count * gradients.each, gradients.type),
      ("  optimizer", count * stateBytes, configuration.optimizer.kind),
      (
        "  activations", activationBytes - lent,
        "about" + (lent > 0 ? "; others lie where gradients will" : "")
          + (configuration.recomputation.isOn ? "; some are computed again" : "")
      ),
    ]
    if configuration.needsReferenceModel {
      kinds.append(
        (
          "  reference", count * weights.each,
          "a second model; precompute_model_name does without it"
        ))
    }
    let total = kinds.reduce(0) { $0 + $1.1 }
    return [("memory", bytes(total), "")] + kinds.map { ($0.0, bytes($0.1), $0.2) }
  }

  /// Bytes of each weight.
  private var weightBytes: (each: Double, type: String) {
    switch configuration.precision.kind {
    case .float32: (4, "fp32")
    case .bfloat16: (4, "fp32, of which bf16 is a half")
    case .float16: (6, "fp32 and fp16")
    }
  }

  /// Bytes of each gradient.
  private var gradientBytes: (each: Double, type: String) {
    switch configuration.precision.kind {
    case .float16: (2, "fp16")
    case .bfloat16 where configuration.gradientKind != .sums: (2, "bf16")
    case .float32, .bfloat16: (4, "fp32")
    }
  }

  /// Gradients whose memory activations may have: those of layers and of an embedding of its own.
  private var lentNumbers: Double {
    guard configuration.gradientKind != .sums else { return 0 }
    return Double(parameters.blocks + (configuration.model.tiesWeights ? 0 : parameters.embeddings))
  }

  /// Bytes of optimizer state a parameter.
  private var stateBytes: Double {
    let hasMomentum = configuration.optimizer.parameters.contains {
      if case .number(let value) = $0.value { $0.name == "momentum" && value > 0 } else { false }
    }
    switch configuration.optimizer.kind {
    case "lion": return 4
    case "sgd", "sm3": return hasMomentum ? 4 : 0
    case "madgrad_wd": return 12
    default: return 8
    }
  }

  /// Bytes of activations that a micro batch keeps for the backward pass: what enters each matrix
  /// product, norm and activation.
  private var activationBytes: Double {
    let model = configuration.model
    let tokens = Double(configuration.rowsPerMicroBatch) * Double(model.sequenceLength)
    let element: Double = configuration.precision.kind == .float32 ? 4 : 2
    let keyValueWidth = Double(2 * model.keyValueHeadCount * model.headSize)
    let inner = Double(model.mlpWidth) * (model.activation.isGated ? 3 : 2)
    let layer = Double(model.hiddenSize) * 6 + keyValueWidth + inner
    let layers = Double(model.layerCount)
    guard configuration.recomputation.isOn else { return tokens * element * layers * layer }
    let chunk = min(layers, Double(configuration.recomputation.layersPerChunk))
    let kept = (layers / chunk).rounded(.up) * Double(model.hiddenSize)
    return tokens * element * (kept + chunk * layer)
  }

  private func bytes(_ value: Double) -> String {
    value < 0x1p62 ? humanBytes(Int(value)) : "over 4 EiB"
  }

  // MARK: - Length

  private var samplesThere: Double? {
    let counts = stock.items.compactMap(\.tokenCount)
    guard !counts.isEmpty, counts.count == stock.items.count else { return nil }
    return counts.reduce(0) { $0 + Double($1) } / Double(configuration.model.sequenceLength)
  }

  /// Optimizer steps; `nil` where epochs are asked for and the data is not there.
  private var steps: Double? {
    if let iterations = configuration.length.iterations { return Double(iterations) }
    guard let epochs = configuration.length.epochs, let samples = samplesThere else { return nil }
    return (samples * Double(epochs) / Double(configuration.batch.global)).rounded(.down)
  }

  private var rowsPerStep: Int {
    configuration.rowsPerMicroBatch * configuration.batch.accumulation
  }

  private var tokensPerStep: Double {
    Double(rowsPerStep) * Double(configuration.model.sequenceLength)
  }

  private var lengthRows: [Row] {
    let operations = configuration.model.operationCount(
      samples: rowsPerStep, vocabularySize: vocabularySize,
      recomputes: configuration.recomputation.isOn,
      isRewardModel: configuration.objective.isRewardModel
    ).hardware
    var rows: [Row] = [
      (
        "tokens a step", whole(tokensPerStep),
        "\(configuration.batch.micro) × \(configuration.batch.accumulation) samples of "
          + grouped(configuration.model.sequenceLength)
      ),
      ("operations a step", scientific(operations), ""),
    ]
    guard let steps else {
      rows.append(("steps", "?", "epochs are asked for, and the data is not there"))
      return rows
    }
    rows += [
      ("steps", whole(steps), configuration.length.iterations == nil ? "about" : ""),
      ("tokens", whole(steps * tokensPerStep), ""),
      ("operations", scientific(steps * operations), ""),
    ]
    switch speed {
    case .given(let teraflops):
      let seconds = steps * operations / (teraflops * 1e12)
      rows.append(("time", humanSeconds(seconds), "at \(plainText(teraflops))·10^12 a second"))
    case .peak(let teraflops):
      let seconds = steps * operations / (teraflops * 1e12)
      rows.append(
        (
          "time, at least", humanSeconds(seconds),
          "at \(fixed(teraflops, 2))·10^12 a second, this machine's fastest matrix products;"
            + " training is slower"
        ))
    }
    return rows
  }

  // MARK: - Data and checkpoints

  private var dataRows: [Row] {
    guard let steps, !stock.items.isEmpty else {
      return stock.items.isEmpty ? [("data", "none", "no dataset is named")] : []
    }
    let weights = stock.items.reduce(0) { $0 + $1.weight }
    return stock.items.map { item in
      let needed = steps * tokensPerStep * (weights > 0 ? item.weight / weights : 0)
      guard let there = item.tokenCount else {
        return ("data", "?", "there is no \(item.path).idx")
      }
      let epochs = there > 0 ? fixed(needed / Double(there), 2) : "?"
      return ("data", grouped(there), "tokens to train on in \(item.path): \(epochs) epochs")
    }
  }

  private var checkpointRows: [Row] {
    let checkpoints = configuration.checkpoints
    let size = Double(parameters.total) * (4 + stateBytes)
    guard checkpoints.folder != nil else { return [("checkpoints", "none", "")] }
    var rows: [Row] = [("a checkpoint", bytes(size), "weights and optimizer in fp32")]
    guard let steps, let count = checkpointCount(steps) else { return rows }
    let kept = min(count, checkpoints.keptCount ?? count)
    let remark = "\(counted(kept, "checkpoint")) of \(grouped(count))"
    rows.append(("checkpoints", bytes(size * Double(kept)), remark))
    return rows
  }

  /// How often a run saves, its end included; `nil` where that is not worth counting.
  private func checkpointCount(_ steps: Double) -> Int? {
    guard steps < 1e7, let saves = try? SaveSchedule(configuration) else { return nil }
    let last = Int(steps)
    let due = (0..<max(0, last)).count { saves.isDue(after: $0) }
    return due + 1
  }

  private func whole(_ value: Double) -> String {
    value < 0x1p62 ? grouped(Int(value)) : scientific(value)
  }

  private func plainText(_ value: Double) -> String {
    value.rounded() == value && value < 1e15 ? String(Int(value)) : "\(value)"
  }

  /// `9.94e12`.
  private func scientific(_ value: Double) -> String {
    var (digits, exponent) = (value, 0)
    while digits >= 9.995 {
      digits /= 10
      exponent += 1
    }
    return exponent == 0 ? fixed(digits, 2) : "\(fixed(digits, 2))e\(exponent)"
  }
}
