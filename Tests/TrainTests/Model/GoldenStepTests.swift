import Foundation
import TestSupport
import Testing

@testable import Train

@Suite("First steps of recorded runs", .enabled(if: SharedMaterial.isPresent))
struct GoldenStepTests {
  static let names = [
    "caseA_small", "caseA_small_noclip", "caseB", "caseC", "caseD", "caseE", "extra_blend",
    "extra_pipe0", "extra_sft_overflow", "extra_sft_packed", "extra_sft_unpacked", "ref_model",
    "zoo_act_geglu", "zoo_act_glu", "zoo_act_mish", "zoo_act_relu", "zoo_act_silu",
    "zoo_act_softsign", "zoo_act_swiglu", "zoo_act_swish", "zoo_alibi6heads", "zoo_attn_fp32",
    "zoo_eodmask", "zoo_gptj_nobias_swiglu", "zoo_gptj_tied", "zoo_init_defaults", "zoo_mqa",
    "zoo_nonparam_ln", "zoo_onnx_gelu", "zoo_opt_cpuadam",
    "zoo_opt_lion", "zoo_opt_madgrad", "zoo_opt_sm3", "zoo_qk_scaling", "zoo_qkln", "zoo_rpe",
    "zoo_scalenorm", "zoo_sinusoidal", "zoo_sliding", "zoo_zero1",
  ]

  /// Those that record a fault of the reference.
  static let faulty: Set = ["zoo_gptj_nobias_swiglu", "zoo_sliding"]

  @Test("micro losses, gradients and their norm are the reference's", arguments: names)
  func firstStep(name: String) throws {
    let golden = try GoldenCase(name)
    var settings = golden.settings
    settings.hasQuirks = Self.faulty.contains(name)
    if settings.hasQuirks { settings.windowlessLayers = Set(0..<settings.layerCount) }
    let run = try RecordedStep(golden, settings, engine: CPUEngine(threads: 2))
    let losses = try run.perform()
    let recordedLosses = golden.microLosses(step: 1)
    #expect(losses.count == recordedLosses.count && !losses.isEmpty)
    for (loss, expected) in zip(losses, recordedLosses) {
      #expect(abs(loss - expected) <= 2e-5 * expected, "\(name): \(loss), recorded \(expected)")
    }
    // The ZeRO wrapper recorded no norm.
    if let expected = golden.gradientNorm(step: 1) {
      let norm = run.gradientNorm
      #expect(abs(norm - expected) <= 1e-4 * expected, "\(name): \(norm), recorded \(expected)")
    }
    guard golden.has("grads_step1_preclip.safetensors") else { return }
    let recorded = try golden.tensors("grads_step1_preclip.safetensors")
    for (index, parameter) in run.model.parameters.parameters.enumerated() {
      let expected = try #require(recorded[parameter.name], "\(parameter.name)")
      let found = run.model.engine.numbers(of: run.model.parameters.gradients[index])
      let difference = relativeDifference(found, expected)
      #expect(difference < 1e-4, "\(name): \(parameter.name) differs by \(difference)")
    }
  }

  @Test(
    "parameters have the reference's names, shapes and groups, in its order",
    arguments: names + ["caseH"])
  func parameters(name: String) throws {
    let golden = try GoldenCase(name)
    let layout = ModelLayout(golden.settings)
    let weights = try golden.tensors("weights_initial.safetensors")
    for parameter in layout.parameters {
      #expect(weights[parameter.name]?.count == parameter.count, "\(parameter.name)")
    }
    let buffers = golden.settings.buffers
    for buffer in buffers {
      let recorded = try #require(weights[buffer.name], "\(buffer.name)")
      #expect(relativeDifference(buffer.numbers, recorded) < 1e-6)
    }
    let known =
      layout.parameters.map(\.name) + layout.aliases.map(\.name) + buffers.map(\.name)
    #expect(Set(known) == Set(weights.keys))
    let groups = golden.parameterGroups
    let ours =
      golden.decaysWeights
      ? [
        layout.parameters.filter(\.decays).map(\.name),
        layout.parameters.filter { !$0.decays }.map(\.name),
      ] : [layout.parameters.map(\.name)]
    // The ZeRO wrapper recorded no names.
    guard groups != [["?"], ["?"]] else { return }
    #expect(groups == ours.filter { !$0.isEmpty })
  }
}

/// One optimizer step's forward and backward passes on recorded weights and batches.
struct RecordedStep {
  let golden: GoldenCase
  let model: GPTNeoX
  let space: ModelWorkspace

  init(_ golden: GoldenCase, _ settings: ModelSettings, engine: CPUEngine) throws {
    self.golden = golden
    model = try GPTNeoX(settings, type: golden.type, engine: engine)
    space = try model.makeWorkspace(
      batch: golden.microBatchSize, length: golden.sequenceLength, training: true)
    let weights = try golden.tensors("weights_initial.safetensors")
    for (index, parameter) in model.parameters.parameters.enumerated() {
      let numbers = try #require(weights[parameter.name], "\(parameter.name)")
      engine.write(numbers.span, to: model.parameters.masters[index])
    }
    model.parameters.refreshValues()
  }

  /// Runs all micro batches of a step, adds their gradients, and returns their losses.
  func perform(step: Int = 1, lossScale: Float = 1) throws -> [Double] {
    model.parameters.clearGradients()
    let count = golden.accumulationSteps
    return try (1...count).map { micro in
      let batch = try golden.batch(step: step, micro: micro)
      return try CrossEntropy().run(
        batch, on: model, in: space, gradientScale: lossScale / Float(count), dropout: nil
      ).loss
    }
  }

  var gradientNorm: Double {
    var sum = 0.0
    for gradient in model.parameters.gradients {
      for number in model.engine.numbers(of: gradient) { sum += Double(number) * Double(number) }
    }
    return sum.squareRoot()
  }
}

/// The length of the difference of two vectors over the length of the second.
func relativeDifference(_ found: [Float], _ expected: [Float]) -> Double {
  guard found.count == expected.count else { return .infinity }
  var difference = 0.0
  var length = 0.0
  for (a, b) in zip(found, expected) {
    difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
    length += Double(b) * Double(b)
  }
  return length > 0 ? (difference / length).squareRoot() : difference.squareRoot()
}
