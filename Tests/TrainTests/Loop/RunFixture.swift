import Foundation
import Machine
import Synchronization
import TestSupport

@testable import IndexedData
@testable import Train

/// Runs of training and what they wrote.
struct RunFixture {
  /// How the run ended.
  let ending: TrainingRun.Ending
  /// The lines of `metrics.jsonl` for steps.
  let steps: [[String: Any]]
  /// Its lines for evaluations.
  let evaluations: [[String: Any]]
  /// The run's output.
  let output: [String]
  /// The run's notes.
  let notes: [String]

  /// Carries a run out. `interruptAfter` raises an interruption at that step.
  static func run(
    files: [String], pathBase: String? = nil, changes: [String] = [], metrics: String,
    threads: Int = 2, interruptAfter step: Int? = nil
  ) throws -> RunFixture {
    let configuration = try TrainingConfiguration(
      ConfigurationRequest(files: files, settings: changes, pathBase: pathBase))
    let lines = Mutex<(output: [String], notes: [String])>(([], []))
    var options = TrainingRun.Options(
      output: { line in lines.withLock { $0.output.append(line) } },
      note: { line in lines.withLock { $0.notes.append(line) } })
    let interruption = Interruption()
    options.threads = threads
    options.metricsPath = metrics
    options.mapStorage = .memory
    options.interruption = interruption
    options.progress = { if $0.iteration == step { interruption.raise() } }
    let ending = try TrainingRun(configuration, options).run()
    let records = try String(contentsOfFile: metrics, encoding: .utf8).split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
    let said = lines.withLock { $0 }
    return RunFixture(
      ending: ending, steps: records.filter { $0["split"] == nil },
      evaluations: records.filter { $0["split"] != nil }, output: said.output, notes: said.notes)
  }

  /// A dataset of texts made from a few words, one byte a token; returns its prefix.
  static func makeText(in folder: TemporaryFolder, documents: Int = 60) throws -> String {
    let words = ["the ", "model ", "learns ", "what ", "text ", "looks ", "like. ", "\n"]
    var generator = SeededGenerator(seed: 5)
    let builder = try DatasetBuilder(
      DatasetOutput(prefix: folder.file("text"), elementType: .uint16), overwrite: true)
    for _ in 0..<documents {
      let text = (0..<40).map { _ in words.randomElement(using: &generator) ?? "" }.joined()
      try builder.append(sequences: [text.utf8.map { Int64($0) } + [0]])
    }
    try builder.finish()
    return folder.file("text")
  }

  /// Writes the configuration of a small model of bytes, with more keys, those that are null left out;
  /// returns its path.
  static func makeConfiguration(
    in folder: TemporaryFolder, data: String, _ more: [String: Any] = [:]
  ) throws -> String {
    var keys: [String: Any] = [
      "num_layers": 2, "hidden_size": 32, "num_attention_heads": 4, "seq_length": 32,
      "max_position_embeddings": 32, "pos_emb": "rotary", "rotary_pct": 0.5, "norm": "rmsnorm",
      "gpt_j_residual": true, "no_weight_tying": true,
      "train_micro_batch_size_per_gpu": 2, "gradient_accumulation_steps": 2, "train_iters": 12,
      "lr_decay_iters": 12, "warmup": 0.1, "hidden_dropout": 0.1, "attention_dropout": 0.1,
      "optimizer": ["type": "Adam", "params": ["lr": 0.01, "betas": [0.9, 0.95]]],
      "weight_decay": 0.1, "gradient_clipping": 1.0, "data_path": data, "split": "8,1,1",
      "eval_interval": 4, "eval_iters": 2, "tokenizer_type": "CharLevelTokenizer",
      "log_interval": 3,
    ]
    keys.merge(more) { $1 }
    keys = keys.filter { !($0.value is NSNull) }
    let path = folder.file("config.yml")
    try JSONSerialization.data(withJSONObject: keys).write(to: URL(filePath: path))
    return path
  }
}
