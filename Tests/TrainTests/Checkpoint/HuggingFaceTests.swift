import Foundation
import TestSupport
import Testing

@testable import Train

@Suite("Models of transformers")
struct HuggingFaceTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static func settings(
    norm: HuggingFaceSettings.Norm = .layernorm, positions: HuggingFaceSettings.Positions = .rotary,
    activation: String = "gelu", keyValueHeads: Int = 4,
    change: (inout HuggingFaceSettings) -> Void = { _ in }
  ) -> HuggingFaceSettings {
    var settings = HuggingFaceSettings(
      layerCount: 2, hiddenSize: 16, headCount: 4, keyValueHeadCount: keyValueHeads,
      feedForwardSize: 24, vocabularySize: 32, maximumPositions: 8, norm: norm, normEpsilon: 1e-5,
      positions: positions, activation: activation, isParallel: false, isTied: false,
      hasAttentionBias: true, hasMLPBias: true)
    change(&settings)
    return settings
  }

  /// Weights whose numbers count up.
  struct Counting: NamedWeights {
    let path = "counting"
    var names: [String]
    var shapes: [String: [Int]]

    init(_ settings: HuggingFaceSettings, _ architecture: HuggingFaceArchitecture) {
      let weights = HuggingFaceMapping(
        HuggingFaceConfig(architecture: architecture, settings: settings)
      ).weights.filter { !$0.isZero }
      names = weights.map(\.name)
      shapes = Dictionary(uniqueKeysWithValues: weights.map { ($0.name, $0.shape) })
    }

    func shape(_ name: String) -> [Int]? { shapes[name] }

    func floats(of name: String) -> [Float] {
      let first = Float(name.utf8.reduce(0) { ($0 * 31 + Int($1)) % 1000 })
      return (0..<(shapes[name] ?? []).reduce(1, *)).map { first + Float($0) }
    }
  }

  @Test(
    "what is exported is loaded again",
    arguments: [
      (settings { $0.isParallel = true }, HuggingFaceArchitecture.gptNeoX),
      (settings { $0.isTied = true }, .gptNeoX),
      (settings { $0.hasAttentionBias = false }, .gptNeoX),
      (settings(activation: "relu"), .gptNeoX),
      (
        settings {
          $0.usesTanhGELU = true
          $0.rotaryFraction = 0.25
        }, .gptNeoX
      ),
      (
        settings(positions: .learned) {
          $0.usesTanhGELU = true
          $0.isTied = true
        }, .gpt2
      ),
      (settings(positions: .learned), .gpt2),
      (settings(norm: .rmsnorm, activation: "swiglu"), .llama),
      (settings(norm: .rmsnorm, activation: "geglu", keyValueHeads: 2), .llama),
      (
        settings(norm: .rmsnorm, activation: "swiglu", keyValueHeads: 1) {
          $0.window = 4
          $0.hasAttentionBias = false
          $0.hasMLPBias = false
        }, .mistral
      ),
    ])
  func roundTrip(settings: HuggingFaceSettings, architecture: HuggingFaceArchitecture) throws {
    let weights = Counting(settings, architecture)
    let path = folder.file("out")
    try WeightExport.writeHuggingFace(
      path, weights, settings: settings, precision: .float32, endOfText: 0)
    let loaded = try HuggingFaceWeights(path: path)
    #expect(loaded.config.architecture == architecture)
    #expect(loaded.config.settings == settings)
    #expect(loaded.config.settings.differences(from: settings).isEmpty)
    for name in weights.names {
      #expect(loaded.shape(name) == weights.shape(name))
      #expect(try loaded.floats(of: name) == weights.floats(of: name), "\(name)")
    }
    #expect(throws: TrainError.self) {
      try WeightExport.writeHuggingFace(path, weights, settings: settings, precision: .float32)
    }
  }

  @Test("rows of queries, keys and values go where GPT-NeoX has them")
  func layouts() throws {
    // 2 heads of 2 rows, each row one number: queries 0…3, keys 10…13, values 20…23.
    let parts: [[Float]] = [[0, 1, 2, 3], [10, 11, 12, 13], [20, 21, 22, 23]]
    let interleaved = WeightLayout(interleavedHeads: 2)
    let wanted: [Float] = [0, 1, 10, 11, 20, 21, 2, 3, 12, 13, 22, 23]
    #expect(interleaved.joined(parts, width: 1) == wanted)
    #expect(interleaved.parts(wanted, width: 1, rowCounts: [4, 4, 4]) == parts)
    #expect(WeightLayout().joined(parts, width: 1) == Array(parts.joined()))
    // A Conv1D weight of 2 inputs and 3 outputs.
    let turned = WeightLayout(isTransposed: true)
    #expect(turned.joined([[1, 2, 3, 4, 5, 6]], width: 2) == [1, 4, 2, 5, 3, 6])
    #expect(turned.parts([1, 4, 2, 5, 3, 6], width: 2, rowCounts: [3]) == [[1, 2, 3, 4, 5, 6]])
  }

  @Test("a padded vocabulary has rows of zeros behind its own")
  func padding() throws {
    let settings = Self.settings()
    let weights = Counting(settings, .gptNeoX)
    let path = folder.file("out")
    try WeightExport.writeHuggingFace(path, weights, settings: settings, precision: .float32)
    let padded = try HuggingFaceWeights(path: path, paddedVocabularySize: 40)
    for name in ["sequential.0.word_embeddings.weight", "sequential.6.final_linear.weight"] {
      #expect(padded.shape(name) == [40, 16])
      let numbers = try padded.floats(of: name)
      #expect(numbers.count == 640 && numbers.prefix(512) == weights.floats(of: name)[...])
      #expect(numbers.suffix(128).allSatisfy { $0 == 0 })
    }
    #expect(throws: TrainError.self) { try HuggingFaceWeights(path: path, paddedVocabularySize: 8) }
  }

  @Test("a model without biases of the MLP is exported with biases of zero")
  func zeroBiases() throws {
    let settings = Self.settings { $0.hasMLPBias = false }
    let path = folder.file("out")
    try WeightExport.writeHuggingFace(
      path, Counting(settings, .gptNeoX), settings: settings, precision: .bfloat16)
    let file = try SafetensorsFile(path: path + "/model.safetensors")
    let zeros = try file.floats(of: "gpt_neox.layers.1.mlp.dense_h_to_4h.bias")
    #expect(zeros == [Float](repeating: 0, count: 24))
    #expect(file.entries.allSatisfy { $0.type == .bfloat16 })
  }

  @Test("settings that no class has are refused by key")
  func refused() {
    func message(_ settings: HuggingFaceSettings) -> String {
      do throws(TrainError) {
        return try HuggingFaceArchitecture(for: settings).rawValue
      } catch { return error.description }
    }
    #expect(message(Self.settings(keyValueHeads: 2)).contains("num_kv_heads"))
    #expect(message(Self.settings(activation: "swiglu")).contains("activation"))
    #expect(message(Self.settings(activation: "softsign")).contains("softsign"))
    #expect(message(Self.settings { $0.window = 4 }).contains("sliding_window_width"))
    #expect(
      message(Self.settings(norm: .rmsnorm, activation: "swiglu") { $0.rotaryFraction = 0.5 })
        .contains("rotary_pct"))
    #expect(message(Self.settings(norm: .rmsnorm, positions: .learned)).contains("not rmsnorm"))
    // One that no class there computes.
    let text = message(
      Self.settings(norm: .rmsnorm) {
        $0.rotaryFraction = 0.5
        $0.isParallel = true
      })
    #expect(
      text.contains(
        "GPTNeoXForCausalLM needs norm layernorm (not rmsnorm); LlamaForCausalLM needs activation "
          + "swiglu (not gelu) and gpt_j_residual false (not true) and rotary_pct 1 (not 0.5)."),
      "\(text)")
    #expect(text.contains("--to safetensors writes it"), "\(text)")
    #expect(message(Self.settings(positions: .learned) { $0.isParallel = true }).contains("gpt_j"))
  }

  @Test("settings of config.json that differ from the configuration are all named")
  func differences() {
    let there = Self.settings()
    let here = Self.settings(activation: "relu") {
      $0.layerCount = 3
      $0.isTied = true
      $0.vocabularySize = 64
    }
    let lines = there.differences(from: here)
    #expect(lines.count == 3)
    #expect(lines.contains("num_layers is 2 in the model and 3 configured"))
    #expect(there.differences(from: there).isEmpty)
  }

  @Test("a damaged config.json throws, and never traps")
  func fuzz() throws {
    let settings = Self.settings(norm: .rmsnorm, activation: "swiglu", keyValueHeads: 2)
    let path = folder.file("out")
    try WeightExport.writeHuggingFace(
      path, Counting(settings, .llama), settings: settings, precision: .float32)
    let bytes = try folder.read("out/config.json")
    let seed: UInt64 = 9
    var generator = SeededGenerator(seed: seed)
    let digits = Array("0123456789-\".".utf8)
    var refused = 0
    for _ in 0..<300 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<damaged.count, using: &generator)
        damaged[place] = digits.randomElement(using: &generator) ?? 0
        if Bool.random(using: &generator) {
          damaged.insert(contentsOf: Array("99999999".utf8), at: place)
        }
      }
      try folder.write("out/config.json", damaged)
      do throws(TrainError) { _ = try HuggingFaceWeights(path: path) } catch { refused += 1 }
    }
    #expect(refused > 100, "seed \(seed)")
  }
}
