import Foundation
import TestSupport

@testable import Train

/// A small configuration that is right, to be changed in one place.
enum ConfigurationFixture {
  static let lines = [
    "num_layers: 2", "hidden_size: 64", "num_attention_heads: 4", "seq_length: 128",
    "max_position_embeddings: 128", "train_micro_batch_size_per_gpu: 4", "train_iters: 10",
    "optimizer: {type: Adam, params: {lr: 0.001}}",
  ]

  /// The small configuration with more lines; those of keys that it has replace its own.
  static func text(_ more: String = "") -> String {
    let given = more.split(separator: "\n").map { $0.prefix { $0 != ":" } }
    let kept = lines.filter { line in !given.contains { $0 == line.prefix { $0 != ":" } } }
    return (kept + [more]).joined(separator: "\n") + "\n"
  }

  /// Loads files given as texts, in a folder of their own.
  static func load(
    _ texts: [(name: String, text: String)], settings: [String] = [], isLenient: Bool = false
  ) throws -> TrainingConfiguration.Outcome {
    let folder = try TemporaryFolder()
    for (name, text) in texts {
      try text.write(toFile: folder.file(name), atomically: true, encoding: .utf8)
    }
    let outcome = TrainingConfiguration.load(
      ConfigurationRequest(
        files: texts.map(\.name), folder: folder.path, settings: settings, isLenient: isLenient))
    return outcome
  }

  /// Loads the small configuration with more lines.
  static func load(
    _ more: String = "", settings: [String] = []
  ) throws -> TrainingConfiguration.Outcome {
    try load([("c.yml", text(more))], settings: settings)
  }

  /// The configuration, which has to be right.
  static func configuration(_ more: String = "") throws -> TrainingConfiguration {
    let outcome = try load(more)
    guard let configuration = outcome.configuration else {
      throw Refused(problems: outcome.report.problems.map(\.description))
    }
    return configuration
  }

  /// A configuration that should have been right.
  struct Refused: Error {
    let problems: [String]
  }

  /// The problems of the small configuration with more lines, without folders.
  static func problems(_ more: String) throws -> [String] {
    try load(more).report.problems.map { remark in
      let text = remark.description
      return text.contains("c.yml")
        ? "c.yml" + (text.components(separatedBy: "c.yml").last ?? "") : text
    }
  }
}
