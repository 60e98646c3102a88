import CommandLineKit
import Train

/// What a configuration amounts to, in a few lines.
struct ConfigurationSummary {
  private let configuration: TrainingConfiguration

  init(_ configuration: TrainingConfiguration) { self.configuration = configuration }

  /// The lines, each with a line feed.
  var text: String {
    var table = TextTable([.left(""), .left("")])
    let rows = [
      ("model", model), ("precision", precision), ("batch", batch), ("run", run),
      ("optimizer", optimizer), ("learning rate", learningRate), ("data", data),
      ("tokenizer", tokenizer), ("checkpoints", checkpoints),
    ]
    for (name, value) in rows { table.add([name, value]) }
    return table.text
  }

  private var model: String {
    let model = configuration.model
    let heads =
      model.keyValueHeadCount == model.headCount
      ? "\(model.headCount)" : "\(model.headCount):\(model.keyValueHeadCount)"
    return "\(model.layerCount) layers × \(grouped(model.hiddenSize)), \(heads) heads, "
      + "MLP \(grouped(model.mlpWidth)) \(model.activation.rawValue), \(model.norm.rawValue), "
      + "positions \(model.positions.rawValue), \(grouped(model.sequenceLength)) tokens"
  }

  private var precision: String {
    guard let scale = configuration.precision.lossScale else {
      return configuration.precision.kind.rawValue
    }
    let text = scale.fixed.map { "\($0)" } ?? "2^\(scale.initialPower ?? 16), moving"
    return "fp16, loss scale \(text)"
  }

  private var batch: String {
    let batch = configuration.batch
    let tokens = batch.global.multipliedReportingOverflow(by: configuration.model.sequenceLength)
    return "\(batch.micro) × \(counted(batch.accumulation, "step")) = "
      + "\(counted(batch.global, "sample"))"
      + (tokens.overflow ? "" : ", \(counted(tokens.partialValue, "token"))")
  }

  private var run: String {
    let length = configuration.length
    let steps =
      length.iterations.map { counted($0, "step") }
      ?? length.epochs.map { counted($0, "epoch") } ?? ""
    guard let interval = length.evaluationInterval else { return steps + ", no evaluation" }
    let batches = length.evaluationIterations
    return steps + ", evaluation every \(grouped(interval)) over \(grouped(batches)) "
      + (batches == 1 ? "batch" : "batches")
  }

  private var optimizer: String {
    let optimizer = configuration.optimizer
    let clipping = optimizer.clipping.map { "clipped at \($0)" } ?? "not clipped"
    let decay: ConfigurationValue? =
      switch optimizer.kind {
      case "sm3": nil
      case "onebitadam": optimizer.parameters.first { $0.name == "weight_decay" }?.value
      default: .number(optimizer.weightDecay)
      }
    let decayText = decay.map { "weight decay \($0.spelling)" } ?? "no weight decay"
    return "\(optimizer.kind), \(decayText), gradients \(clipping)"
  }

  private var learningRate: String {
    let rate = configuration.learningRate
    return "\(rate.peak), \(rate.style.rawValue) to \(rate.minimum), warm-up \(rate.warmup)"
  }

  private var data: String {
    switch configuration.data.source {
    case .none: "none named; training needs data_path or train_data_paths"
    case .split(let path, let shares): "\(path), split \(shares)"
    case .lists(let train, let valid, let test):
      "\(counted(train.count, "dataset")), \(valid.count) to validate, \(test.count) to test"
    case .pairs(let train, let valid, let test):
      "\(counted(train.count, "pair")) of datasets, \(valid.count) to validate, "
        + "\(test.count) to test"
    }
  }

  private var tokenizer: String {
    let tokenizer = configuration.tokenizer
    let files = [tokenizer.vocabularyFile, tokenizer.mergesFile].compactMap(\.self)
    return "\(tokenizer.kind) "
      + (files.isEmpty
        ? "without a file; training needs vocab_file" : files.joined(separator: ", "))
  }

  private var checkpoints: String {
    let checkpoints = configuration.checkpoints
    let load = checkpoints.load.map { ", from \($0)" } ?? ""
    guard let folder = checkpoints.folder else { return "none are saved" + load }
    return "in \(folder)" + load
  }
}
