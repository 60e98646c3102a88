import Foundation
import TestSupport
import Testing

@testable import Train

/// Whole runs of the reference, repeated from its own configurations.
@Suite(
  "Recorded runs",
  .enabled(if: SharedMaterial.isPresent, Comment(rawValue: SharedMaterial.absent)))
struct RecordedRunTests {
  static let cases: [String] = [
    "caseA_small", "caseB", "caseC", "caseD", "caseE", "extra_blend", "extra_pipe0",
    "extra_sft_overflow", "extra_sft_packed", "extra_sft_unpacked", "zoo_act_geglu", "zoo_act_glu",
    "zoo_act_mish", "zoo_act_relu", "zoo_act_silu", "zoo_act_softsign", "zoo_act_swiglu",
    "zoo_act_swish", "zoo_alibi6heads", "zoo_attn_fp32", "zoo_eodmask", "zoo_gptj_tied",
    "zoo_init_defaults", "zoo_mqa", "zoo_nonparam_ln", "zoo_onnx_gelu", "zoo_opt_cpuadam",
    "zoo_opt_madgrad", "zoo_qk_scaling", "zoo_qkln", "zoo_rpe", "zoo_scalenorm", "zoo_sinusoidal",
    "zoo_zero1",
  ]

  @Test("losses, norms, rates, evaluations and weights are the reference's", arguments: cases)
  func pretraining(name: String) throws { try compare(name, [], Tolerance()) }

  // The sign of a gradient near zero decides a whole step of these two.
  @Test("optimizers that follow signs", arguments: ["zoo_opt_lion", "zoo_opt_sm3"])
  func signs(name: String) throws { try compare(name, [], Tolerance(weights: 0.06)) }

  @Test(
    "faults of the reference come back with neox_quirks",
    arguments: ["caseA_small_noclip", "zoo_sliding", "zoo_gptj_nobias_swiglu"])
  func quirks(name: String) throws { try compare(name, ["neox_quirks=true"], Tolerance()) }

  @Test("the pipeline engine does not divide by the micro batches")
  func pipeline() throws {
    // Clipping was forced on in the recording, which quirks would leave out at exactly 1.0.
    try compare(
      "extra_pipe1", ["neox_quirks=true", "gradient_clipping=1.0000001"], Tolerance())
  }

  @Test("fp16: the loss scale's whole course, and losses to its rounding")
  func float16() throws {
    try compare(
      "extra_fp16", ["neox_quirks=true"], Tolerance(loss: 1e-4, norm: .infinity, weights: 0.04))
  }

  @Test("bf16: losses to its rounding")
  func bfloat16() throws {
    try compare("extra_bf16", [], Tolerance(loss: 2e-4, norm: .infinity, weights: 0.1))
  }

  @Test(
    "preferences and rewards: losses and every metric",
    arguments: [
      "caseF_overflow", "caseF_precompute", "caseF_reffree", "caseF_refmodel", "caseG_precompute",
      "caseG_refmodel", "caseH",
    ])
  func preferences(name: String) throws {
    // The reference's first step of so short a run has twice the learning rate.
    try compare(name, ["neox_quirks=true"], Tolerance(loss: 5e-6))
  }

  @Test(
    "losses stay when what a pair begins with is computed once",
    arguments: ["caseF_precompute", "caseF_refmodel"])
  func sharedPrefix(name: String) throws {
    try compare(
      name, ["neox_quirks=true", "dpo_shared_prefix=true"], Tolerance(loss: 5e-6))
  }

  // MARK: - Comparing

  private func compare(_ name: String, _ changes: [String], _ tolerance: Tolerance) throws {
    let folder = try TemporaryFolder()
    let run = try RunFixture.run(
      files: [GoldenCase.path(name, "config.yml")], pathBase: GoldenCase.path(name, "."),
      changes: [
        "load=weights_initial.safetensors", "save=\(folder.file("ck"))", "checkpoint_factor=10000",
      ] + changes, metrics: folder.file("metrics.jsonl"))
    #expect(run.ending == .finished)
    let log = try json(GoldenCase.path(name, "log.json"))
    let steps = log["steps"] as? [[String: Any]] ?? []
    let found = run.steps
    try #require(found.count == steps.count && !steps.isEmpty)
    for (ours, theirs) in zip(found, steps) {
      let place = Comment(rawValue: "\(name), step \(theirs["step"] ?? 0)")
      check(ours["lm_loss"], theirs["lm_loss"], tolerance.loss, place)
      try checkMetrics(ours, theirs["metrics"], place)
      check(ours["learning_rate"], theirs["lr_used"], 1e-12, place)
      // Under ZeRO the reference did not tell the norm.
      if tolerance.norm.isFinite, theirs["grad_norm_preclip"] is Double {
        check(ours["grad_norm"], theirs["grad_norm_preclip"], tolerance.norm, place)
      }
      if name == "extra_fp16", let scale = theirs["loss_scale"] as? Double {
        #expect(ours["loss_scale"] as? Double == scale, place)
      }
      #expect(ours["skipped"] as? Bool == (theirs["skipped"] as? Int == 1), place)
    }
    let evaluations = log["eval"] as? [[String: Any]] ?? []
    #expect(run.evaluations.count == evaluations.count)
    for (ours, theirs) in zip(run.evaluations, evaluations) {
      check(ours["lm_loss"], theirs["lm_loss"], tolerance.loss, "\(name), evaluation")
      try checkMetrics(
        ours, theirs.filter { !["lm_loss", "lm_loss_ppl", "after_step"].contains($0.key) },
        "\(name), evaluation")
    }
    try compareWeights(name, folder.file("ck"), tolerance.weights)
  }

  /// The objective's metrics; differences of large sums are compared on the sums' scale.
  private func checkMetrics(_ ours: [String: Any], _ theirs: Any?, _ place: Comment) throws {
    guard let theirs = theirs as? [String: Any] else { return }
    for (metric, value) in theirs {
      let value = try #require(value as? Double)
      let found = try #require(ours[metric] as? Double, "\(metric) is missing: \(place)")
      // Equal log-probabilities, as before the first step, are ordered by rounding alone.
      if metric == "reward_acc",
        abs(theirs["kl"] as? Double ?? theirs["margins"] as? Double ?? 1) < 1e-4
      {
        continue
      }
      #expect(
        abs(found - value) <= 2e-5 * max(abs(value), 1),
        "\(metric) \(found), recorded \(value): \(place)")
    }
  }

  private func check(
    _ ours: Any?, _ theirs: Any?, _ tolerance: Double, _ place: Comment
  ) {
    guard let ours = ours as? Double, let theirs = theirs as? Double else {
      Issue.record("a number is missing: \(place)")
      return
    }
    #expect(abs(ours - theirs) <= tolerance * max(abs(theirs), 1e-12), place)
  }

  private func compareWeights(_ name: String, _ save: String, _ tolerance: Double) throws {
    let choice = try Checkpoint.choose(in: save, iteration: nil)
    let ours = try #require(choice.checkpoint).weights
    let theirs = try WeightFile(path: GoldenCase.path(name, "weights_final.safetensors"))
    let initial = try WeightFile(path: GoldenCase.path(name, "weights_initial.safetensors"))
    var difference = 0.0
    var movement = 0.0
    for weight in theirs.names where ours.names.contains(weight) {
      let (a, b) = (try ours.floats(of: weight), try theirs.floats(of: weight))
      for ((ours, theirs), start) in zip(zip(a, b), try initial.floats(of: weight)) {
        difference += Double(ours - theirs) * Double(ours - theirs)
        movement += Double(theirs - start) * Double(theirs - start)
      }
    }
    try #require(movement > 0)
    let share = (difference / movement).squareRoot()
    #expect(share <= tolerance, "\(name): final weights differ by \(share) of their movement")
  }

  private func json(_ path: String) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
    return try #require(object as? [String: Any])
  }
}

/// What a run may differ by, relative to the recording.
private struct Tolerance {
  var loss = 2e-6
  var norm = 2e-5
  /// The difference of final weights as a share of how far they moved, both as lengths of vectors.
  var weights = 1e-3
}
