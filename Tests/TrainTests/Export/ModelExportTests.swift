import Foundation
import Machine
import TestSupport
import Testing

@testable import Train

@Suite("Exported models")
struct ModelExportTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try RunFixture.makeText(in: folder, documents: 30)
  }

  private static let llama: [String: any Sendable] = [
    "gpt_j_residual": false, "rotary_pct": 1.0, "activation": "swiglu", "num_kv_heads": 2,
    "use_bias_in_attn_linear": false, "use_bias_in_mlp": false, "train_iters": 2,
    "eval_iters": 0, "checkpoint_factor": 1,
  ]

  /// Trains a model for two steps and returns its configuration file; `changes` are `--set`.
  private func train(_ keys: [String: any Sendable], changes: [String] = []) throws -> String {
    let config = try RunFixture.makeConfiguration(
      in: folder, data: data, keys.merging(["save": folder.file("run")]) { $1 })
    _ = try RunFixture.run(
      files: [config], changes: changes, metrics: folder.file("metrics.jsonl"))
    return config
  }

  private func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return ""
  }

  private func writeHuggingFace(
    _ source: ModelExport.Source, to name: String, overwrites: Bool = false,
    hasTokenizer: Bool = true
  ) throws -> [String] {
    try ModelExport.writeHuggingFace(
      source, to: folder.file(name), precision: .float32, hasTokenizer: hasTokenizer,
      overwrites: overwrites)
  }

  @Test("a checkpoint is described by the configuration that it keeps, the command line included")
  func keptConfiguration() throws {
    let changes = ["hidden_size=16", "rotary_emb_base=500", "sliding_window_width=9"]
    _ = try train(Self.llama, changes: changes)
    let source = try ModelExport.Source(folder.file("run"))
    let configuration = try #require(try source.configuration)
    #expect(configuration.settings == changes)
    #expect(configuration.model.hiddenSize == 16 && configuration.model.rotaryBase == 500)
    let notices = try writeHuggingFace(source, to: "hf")
    #expect(
      notices == [
        "transformers has no files for a CharLevelTokenizer: the tokenizer is not exported"
      ])
    let model = try HuggingFaceWeights(path: folder.file("hf"))
    #expect(model.config.architecture == .mistral)
    #expect(model.config.settings.window == 9 && model.config.settings.rotaryBase == 500)
    let weights = source.weights
    #expect(model.names.sorted() == weights.names.sorted())
    for name in weights.names {
      #expect(try model.floats(of: name) == weights.floats(of: name), "\(name)")
    }
    // What the command line says wins over what the checkpoint keeps.
    let changed = try ModelExport.Source(
      folder.file("run"),
      configuration: ConfigurationRequest(files: [], settings: ["sliding_window_width=5"]))
    #expect(try changed.configuration?.model.slidingWindow == 5)
  }

  @Test("the newest checkpoint is taken, or the one asked for")
  func iterations() throws {
    _ = try train(Self.llama)
    func first(_ path: String, iteration: Int? = nil) throws -> [Float] {
      let source = try ModelExport.Source(path, iteration: iteration)
      return try source.weights.floats(of: source.weights.names[0])
    }
    let newest = try first(folder.file("run"))
    #expect(try first(folder.file("run"), iteration: 2) == newest)
    #expect(try first(folder.file("run/global_step2")) == newest)
    #expect(try first(folder.file("run"), iteration: 1) != newest)
    #expect(throws: TrainError.self) {
      try ModelExport.Source(folder.file("run"), iteration: 7)
    }
    #expect(throws: TrainError.self) { try ModelExport.Source(folder.file("nothing")) }
  }

  @Test("a file of weights needs a configuration to be exported to transformers")
  func file() throws {
    let config = try train(Self.llama)
    let run = try ModelExport.Source(folder.file("run"))
    let path = folder.file("m.safetensors")
    try ModelExport.writeFile(run, to: path, precision: .float32, overwrites: false)
    let alone = try ModelExport.Source(path)
    #expect(
      message { _ = try writeHuggingFace(alone, to: "hf") }.contains("name the configuration"))
    let source = try ModelExport.Source(
      path, configuration: ConfigurationRequest(files: [config]))
    _ = try writeHuggingFace(source, to: "hf")
    // A folder of transformers describes itself.
    let folderSource = try ModelExport.Source(folder.file("hf"))
    _ = try writeHuggingFace(folderSource, to: "again")
    #expect(try folder.read("again/model.safetensors") == folder.read("hf/model.safetensors"))
  }

  @Test("an interruption leaves nothing of an export, and what it would have replaced")
  func interrupted() throws {
    _ = try train(Self.llama)
    let source = try ModelExport.Source(folder.file("run"))
    let path = folder.file("m.safetensors")
    try ModelExport.writeFile(source, to: path, precision: .float32, overwrites: false)
    _ = try writeHuggingFace(source, to: "hf")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    let interruption = Interruption()
    interruption.raise()
    for (file, model) in [("m.safetensors", "hf"), ("new.safetensors", "new")] {
      let ending = message {
        try ModelExport.writeFile(
          source, to: folder.file(file), precision: .float16, overwrites: true,
          interruption: interruption)
      }
      #expect(ending == "interrupted; \(folder.file(file)) was not written")
      let other = message {
        _ = try ModelExport.writeHuggingFace(
          source, to: folder.file(model), precision: .float16, hasTokenizer: true,
          overwrites: true, interruption: interruption)
      }
      #expect(other == "interrupted; \(folder.file(model)) was not written")
    }
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path) == files)
  }

  @Test("nothing is replaced unasked, and nothing but what an export wrote")
  func overwriting() throws {
    _ = try train(Self.llama)
    let source = try ModelExport.Source(folder.file("run"))
    _ = try writeHuggingFace(source, to: "hf")
    #expect(message { _ = try writeHuggingFace(source, to: "hf") }.contains("not empty"))
    try folder.write("hf/config.json", [1])
    _ = try writeHuggingFace(source, to: "hf", overwrites: true)
    #expect(try HuggingFaceWeights(path: folder.file("hf")).config.architecture == .llama)
    try folder.write("hf/notes.txt", [1])
    #expect(
      message { _ = try writeHuggingFace(source, to: "hf", overwrites: true) }
        .contains("notes.txt"))
    #expect(try folder.read("hf/notes.txt") == [1])

    let path = try folder.write("m.safetensors", [1])
    func write(_ path: String, overwrites: Bool) throws {
      try ModelExport.writeFile(source, to: path, precision: .bfloat16, overwrites: overwrites)
    }
    #expect(message { try write(path, overwrites: false) }.contains("there already"))
    #expect(try folder.read("m.safetensors") == [1])
    #expect(message { try write(path, overwrites: true) }.contains("no file that an export"))
    #expect(try folder.read("m.safetensors") == [1])
    try FileManager.default.removeItem(atPath: path)
    try write(path, overwrites: false)
    try write(path, overwrites: true)
    let latest = String(decoding: try folder.read("run/latest"), as: UTF8.self)
    let weights = folder.file("run/\(latest)/weights.safetensors")
    #expect(message { try write(weights, overwrites: true) }.contains("no file that an export"))
    #expect(try SafetensorsFile(path: path).entries.allSatisfy { $0.type == .bfloat16 })
    #expect(message { try write(folder.file("hf"), overwrites: true) }.contains("folder"))
  }

  @Test(
    "what no class of transformers computes is refused by its key",
    arguments: [
      (["pos_emb": "alibi"], "pos_emb alibi"), (["norm": "scalenorm"], "norm scalenorm"),
      (["use_qk_layernorm": true], "use_qk_layernorm"),
      (["norm": "layernorm", "gpt_j_tied": true], "gpt_j_tied"),
      (["train_impl": "rm", "dataset_impl": "pairwise"], "train_impl rm"),
      (
        [
          "pos_emb": "learned", "norm": "layernorm", "opt_pos_emb_offset": 2,
          "max_position_embeddings": 34,
        ], "opt_pos_emb_offset"
      ),
      (["activation": "softsign", "norm": "layernorm"], "softsign"),
    ] as [([String: any Sendable], String)])
  func refused(keys: [String: any Sendable], key: String) throws {
    let config = try RunFixture.makeConfiguration(in: folder, data: data, keys)
    let outcome = TrainingConfiguration.load(
      ConfigurationRequest(files: [config], settings: ["data_path=null"]))
    let configuration = try #require(outcome.configuration, "\(outcome.report.problems)")
    let text = message {
      let settings = try HuggingFaceSettings(configuration, vocabularySize: 384)
      _ = try HuggingFaceArchitecture(for: settings)
    }
    #expect(text.contains(key), "\(text)")
  }

  @Test("transformers finds the width of rotary positions again", arguments: 1...64)
  func rotaryWidths(head: Int) throws {
    for width in stride(from: 2, through: head, by: 2) {
      let keys: [String: Any] = [
        "hidden_size": 2 * head, "num_attention_heads": 2,
        "rotary_pct": Double(width) / Double(head) + 1e-9,
      ]
      let config = try RunFixture.makeConfiguration(in: folder, data: data, keys)
      let outcome = TrainingConfiguration.load(ConfigurationRequest(files: [config]))
      guard let configuration = outcome.configuration, configuration.model.rotaryWidth == width
      else { continue }
      let settings = try HuggingFaceSettings(configuration, vocabularySize: 384)
      #expect(Int(Double(head) * settings.rotaryFraction) == width)
    }
  }

  @Test("weights of another model are refused")
  func others() throws {
    let config = try train(Self.llama)
    let other = try TrainingConfiguration(
      ConfigurationRequest(files: [config], settings: ["num_attention_heads=8", "num_kv_heads=4"]))
    #expect(message { _ = try TrainedModel(other, threads: 1) }.contains("num_attention_heads"))
    let source = try ModelExport.Source(folder.file("run"))
    _ = try writeHuggingFace(source, to: "hf")
    let base = try TrainingConfiguration(
      ConfigurationRequest(files: [config], settings: ["rotary_emb_base=20000"]))
    #expect(
      message { _ = try TrainedModel(base, load: folder.file("hf"), threads: 1) }
        .contains("rotary_emb_base"))
    let bare = try RunFixture.makeConfiguration(in: folder, data: data)
    #expect(
      message {
        _ = try TrainedModel(
          TrainingConfiguration(ConfigurationRequest(files: [bare])), threads: 1)
      }.contains("load"))
  }
}
