import Foundation
import TestSupport

@testable import IndexedData

/// A folder with small datasets of bytes, configurations for them, and `neox-index` to look at both.
struct StepFixture {
  let folder: TemporaryFolder

  init() throws {
    self.init(try TemporaryFolder())
  }

  /// Writes into a folder that is there.
  init(_ folder: TemporaryFolder) {
    self.folder = folder
  }

  /// Writes texts, a byte a token and a 0 behind each; returns the prefix.
  @discardableResult
  func write(_ name: String, _ texts: [String]) throws -> String {
    try write(name, ids: texts.map { $0.utf8.map { Int64($0) } + [0] })
  }

  /// Writes documents of numbers; returns the prefix.
  @discardableResult
  func write(_ name: String, ids: [[Int64]]) throws -> String {
    let builder = try DatasetBuilder(
      DatasetOutput(prefix: folder.file(name), elementType: .int32), overwrite: true)
    for document in ids { try builder.append(sequences: [document]) }
    try builder.finish()
    return folder.file(name)
  }

  /// Writes a dataset of texts made from a few words; returns the prefix.
  func writeWords(_ name: String, _ count: Int, seed: UInt64) throws -> String {
    let words = ["the ", "model ", "learns ", "what ", "text ", "looks ", "like. "]
    var generator = SeededGenerator(seed: seed)
    return try write(
      name,
      (0..<count).map { _ in
        (0..<Int.random(in: 1...12, using: &generator)).map { _ in
          words.randomElement(using: &generator) ?? ""
        }.joined()
      })
  }

  /// Writes a configuration with some keys beside those of a small model; returns its path.
  func configuration(_ keys: [String: Any], name: String = "c.yml") throws -> String {
    var all: [String: Any] = [
      "num_layers": 1, "hidden_size": 8, "num_attention_heads": 2, "seq_length": 16,
      "max_position_embeddings": 16, "tokenizer_type": "CharLevelTokenizer",
      "train_micro_batch_size_per_gpu": 2, "gradient_accumulation_steps": 2, "train_iters": 6,
      "eval_interval": 2, "eval_iters": 1,
      "optimizer": ["type": "Adam", "params": ["lr": 0.01]],
    ]
    all.merge(keys) { $1 }
    let bytes = try JSONSerialization.data(withJSONObject: all)
    return try folder.write(name, Array(bytes))
  }

  /// The lists of all three splits under a key such as `pos_*_data_paths`; they go together.
  static func lists(_ key: String, _ prefixes: [String]) -> [String: Any] {
    Dictionary(
      uniqueKeysWithValues: ["train", "valid", "test"].map {
        (key.replacing("*", with: $0), prefixes)
      })
  }

  func run(_ words: [String], in workingFolder: String? = nil) throws -> ProgramRun {
    try IndexProgramTests.program.run(
      words, shellSetup: workingFolder.map { "cd '\($0)'" })
  }

  /// The lines of a run that prints JSON.
  func json(_ words: [String], in workingFolder: String? = nil) throws -> [[String: Any]] {
    let run = try run(words + ["--json"], in: workingFolder)
    guard run.status == 0 else { throw StepFixtureError(text: run.all) }
    return try run.output.split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
  }
}

/// A run that should not have failed.
struct StepFixtureError: Error {
  let text: String
}

extension [String: Any] {
  /// The numbers of a member that is a list for each row.
  func numbers(_ name: String) -> [Double]? {
    (self[name] as? [[NSNumber]])?.flatMap { $0.map(\.doubleValue) }
  }

  /// A member that is a whole number.
  func integer(_ name: String) -> Int { self[name] as? Int ?? -1 }
}
