import Foundation
import Machine
import TestSupport
import Testing

@testable import IndexedData
@testable import Train

/// Runs with a reference, on pairs made here.
@Suite("Runs on preferences")
struct PreferenceRunTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let base = try RunFixture.makeText(in: folder)
    _ = try RunFixture.run(
      files: [
        try RunFixture.makeConfiguration(
          in: folder, data: base,
          ["save": folder.file("base"), "checkpoint_factor": 100, "train_iters": 4])
      ], metrics: folder.file("base.jsonl"))
    try makePairs()
  }

  /// Sixteen pairs with a prompt of four bytes, which is masked, and answers of letters.
  private func makePairs(change: Int64 = 0) throws {
    for (name, shift) in [("pos", Int64(0)), ("neg", Int64(7))] {
      var texts: [[Int64]] = []
      for document in 0..<16 {
        let answer = (0..<(5 + document % 9)).map { Int64(97 + (document * 5 + $0 * 3) % 13) }
        texts.append([65, 66, 67, Int64(68 + document % 4)] + answer.map { $0 + shift } + [0])
      }
      texts[3][5] += change
      try write(name, texts)
      try write(name + "_label", texts.map { [-100, -100, -100, -100] + $0.dropFirst(4) })
    }
  }

  private func write(_ name: String, _ documents: [[Int64]]) throws {
    let builder = try DatasetBuilder(
      DatasetOutput(prefix: folder.file(name), elementType: .int32), overwrite: true)
    for document in documents { try builder.append(document) }
    try builder.finish()
  }

  private func configuration(_ more: [String: Any] = [:]) throws -> String {
    var keys: [String: Any] = [
      "data_path": NSNull(), "train_impl": "dpo", "dataset_impl": "pairwise",
      "pack_impl": "unpacked", "load": folder.file("base"), "finetune": true,
      "hidden_dropout": 0, "attention_dropout": 0, "train_iters": 6, "lr_decay_iters": 6,
      "eval_interval": 3, "eval_iters": 1,
    ]
    for split in ["train", "valid", "test"] {
      for side in ["pos", "neg"] {
        keys["\(side)_\(split)_data_paths"] = [folder.file(side)]
        keys["\(side)_\(split)_label_data_paths"] = [folder.file("\(side)_label")]
      }
    }
    keys.merge(more) { $1 }
    return try RunFixture.makeConfiguration(in: folder, data: "", keys)
  }

  private func run(
    _ name: String, _ more: [String: Any] = [:], interruptAfter step: Int? = nil
  ) throws -> RunFixture {
    try RunFixture.run(
      files: [try configuration(more)], metrics: folder.file(name + ".jsonl"),
      interruptAfter: step)
  }

  private func losses(_ run: RunFixture) -> [Double] {
    run.steps.compactMap { $0["lm_loss"] as? Double }
  }

  @Test("the first loss is ln 2; the margin grows; evaluations have every metric")
  func learns() throws {
    let run = try run("dpo", ["train_iters": 20, "lr_decay_iters": 20])
    #expect(abs(losses(run)[0] - log(2)) < 1e-6)
    let margins = run.steps.compactMap { $0["margins"] as? Double }
    #expect(margins.count == 20 && margins[0] == 0 && margins[19] > 0.1)
    #expect(run.evaluations.last?["reward_acc"] as? Double == 1)
    #expect(run.output.contains { $0.contains("margins: ") })
  }

  @Test("a run that goes on is held to the model that training began with")
  func resumes() throws {
    let whole = try run("whole")
    let saving: [String: Any] = ["save": folder.file("dpo"), "checkpoint_factor": 3]
    let first = try run("half", saving, interruptAfter: 3)
    #expect(first.ending != .finished)
    let second = try run(
      "half", saving.merging(["load": folder.file("dpo"), "finetune": false]) { $1 })
    #expect(losses(second) == losses(whole))
    #expect(
      second.steps.last?["chosen_rewards"] as? Double
        == whole.steps.last?["chosen_rewards"] as? Double)
    // Another reference than at the beginning is refused.
    #expect {
      try run(
        "half",
        saving.merging([
          "load": folder.file("dpo"), "finetune": false, "train_iters": 8, "lr_decay_iters": 6,
          "reference_load": folder.file("dpo"),
        ]) { $1 })
    } throws: { "\($0)".hasPrefix("reference_load: ") }
  }

  @Test("the checkpoint that a run is held to is never rotated away")
  func keepsReference() throws {
    let folder = self.folder.file("base")
    _ = try run(
      "own",
      [
        "save": folder, "load": folder, "finetune": false, "train_iters": 8, "lr_decay_iters": 8,
        "keep_last_n_checkpoints": 1, "checkpoint_factor": 1, "override_lr_scheduler": true,
      ])
    let left = try FolderContents.names(folder).compactMap { CheckpointName.iteration($0) }
    #expect(left.sorted() == [4, 8])
    let next = try run(
      "own",
      [
        "save": folder, "load": folder, "finetune": false, "train_iters": 9, "lr_decay_iters": 8,
        "keep_last_n_checkpoints": 1, "checkpoint_factor": 1, "override_lr_scheduler": true,
      ])
    #expect(next.ending == .finished)
    // Going back would replace what came after.
    #expect {
      try run(
        "own",
        [
          "save": folder, "load": folder, "iteration": 4, "finetune": false, "train_iters": 9,
          "checkpoint_factor": 1, "override_lr_scheduler": true,
        ])
    } throws: { "\($0)".contains("going back to step 4 would replace") }
  }

  @Test("documents are computed without padding but to sixteen tokens, in their order")
  func groups() throws {
    let texts = (0..<40).map { document in
      (0..<(1 + document * 7 % 60)).map { Int64($0 % 90 + 1) }
    }
    try write("lengths", texts)
    let text = ReferenceText(
      dataset: try IndexedDataset(prefix: folder.file("lengths")), length: 32,
      vocabularySize: 512, coversPadding: false)
    let groups = try DocumentGroup.groups(0..<40, in: text)
    let members = groups.flatMap(\.members)
    #expect(members.map(\.document) == Array(0..<40))
    for (member, ids) in zip(members, texts) {
      #expect(member.rows.count == min((ids.count + 15) / 16 * 16, 32))
    }
    #expect(groups.allSatisfy { $0.rowCount <= DocumentGroup.tokenLimit })
  }

  @Test("precomputed values give the same losses, for any number of threads, and resume")
  func precomputes() throws {
    let expected = try run("dpo")
    let more: [String: Any] = ["precompute_model_name": "base"]
    let configuration = try TrainingConfiguration(
      ConfigurationRequest(files: [try self.configuration(more)], settings: []))
    func precompute(threads: Int, stopping: Bool = false) throws -> ReferencePrecompute.Outcome {
      var work = ReferencePrecompute()
      work.interruption = Interruption()
      if stopping { work.interruption.raise() }
      return try work.run(TrainedModel(configuration, threads: threads), threads: threads)
    }
    #expect(try precompute(threads: 1, stopping: true).isInterrupted)
    let written = try precompute(threads: 2).written
    #expect(Set(written) == [folder.file("pos_base"), folder.file("neg_base")])
    let bytes = try written.map { try Data(contentsOf: URL(filePath: $0 + ".bin")) }
    for path in written {
      let key = try ReferenceKey(path: ReferenceKey.path(path))
      #expect(try key.values == ContentHash.text(FileSeal(ofFile: path + ".bin").hash))
    }
    #expect(try precompute(threads: 2).kept.count == 2)
    let ours = losses(try run("precomputed", more))
    for (found, value) in zip(ours, losses(expected)) { #expect(abs(found - value) < 1e-5) }
    #expect(ours.count == 6)
    // Other values than those that were computed.
    var damaged = bytes[0]
    damaged[17] ^= 1
    try damaged.write(to: URL(filePath: written[0] + ".bin"))
    #expect { try run("damaged", more) } throws: {
      "\($0)".contains("damaged reference log-probabilities: their hash is ")
    }
    for path in written {
      for ending in [".bin", ".idx"] { try FileManager.default.removeItem(atPath: path + ending) }
      try FileManager.default.removeItem(atPath: path + "_key.json")
    }
    _ = try precompute(threads: 3)
    #expect(try written.map { try Data(contentsOf: URL(filePath: $0 + ".bin")) } == bytes)
    // One token of the text, or the weights, and the values are stale.
    try makePairs(change: 1)
    #expect { try run("stale", more) } throws: {
      "\($0)".contains("stale reference log-probabilities: the hash of the text was")
    }
    try makePairs()
    #expect {
      try run("stale", more.merging(["reference_load": try otherWeights()]) { $1 })
    } throws: {
      "\($0)".contains("stale reference log-probabilities: the hash of the weights was")
    }
  }

  /// The base with one weight changed by a bit.
  private func otherWeights() throws -> String {
    let checkpoint = try #require(
      try Checkpoint.choose(in: folder.file("base"), iteration: nil).checkpoint)
    var bytes = try Data(contentsOf: URL(filePath: checkpoint.path + "/weights.safetensors"))
    bytes[bytes.count - 4] ^= 1
    let path = folder.file("other.safetensors")
    try bytes.write(to: URL(filePath: path))
    return path
  }

  @Test("a reward model takes a language model's weights but the head, and learns")
  func rewardModel() throws {
    for side in ["pos", "neg"] {
      let dataset = try IndexedDataset(prefix: folder.file(side))
      let labels = try (0..<dataset.sequenceCount).map { document in
        let tokens = try dataset.tokens(of: document)
        return tokens.dropLast().map { _ in Int64(-100) } + [tokens.last ?? 0]
      }
      try write(side + "_label", labels)
    }
    let run = try run(
      "rm", ["train_impl": "rm", "z_loss": 0.01, "train_iters": 30, "lr_decay_iters": 30])
    #expect(run.notes.contains { $0.contains("its head begins with random numbers") })
    #expect(run.evaluations.last?["accuracy"] as? Double == 1)
    let names = ["pos_values", "neg_values", "margin", "accuracy"]
    #expect(names.allSatisfy { run.steps[0][$0] is Double })
  }

  @Test("the operations of a reward model's steps have no vocabulary in them")
  func rewardOperations() throws {
    func outputs(_ objective: String) throws -> Int {
      let config = try configuration(["train_impl": objective])
      var options = TrainingRun.Options(output: { _ in }, note: { _ in })
      options.metricsPath = folder.file("metrics.jsonl")
      options.mapStorage = .memory
      let run = try TrainingRun(
        TrainingConfiguration(ConfigurationRequest(files: [config])), options)
      return run.log.flops.outputSize
    }
    #expect(try outputs("rm") == 1)
    #expect(try outputs("dpo") == 512)
  }

  @Test("a sample without a trained label is an error that names it, or is counted")
  func unsupervised() throws {
    let dataset = try IndexedDataset(prefix: folder.file("neg"))
    var labels = try (0..<dataset.sequenceCount).map {
      [-100, -100, -100, -100] + (try dataset.tokens(of: $0)).dropFirst(4)
    }
    // The first label is no prediction's; documents without any label are left out as in GPT-NeoX.
    labels[9] = [65] + labels[9].dropFirst().map { _ in -100 }
    try write("neg_label", labels)
    #expect { try run("dpo", ["train_iters": 8]) } throws: {
      "\($0)".contains("document 9") && "\($0)".contains(folder.file("neg"))
        && "\($0)".contains("unsupervised_samples")
    }
    let counted = try run("dpo", ["train_iters": 8, "unsupervised_samples": "count"])
    #expect(counted.ending == .finished)
    #expect(counted.notes.contains { $0.contains("had no trained label") })
  }

  @Test("both forms of KTO learn from rewards, in micro batches of any size")
  func kto() throws {
    let dataset = try IndexedDataset(prefix: folder.file("pos"))
    try write("reward", (0..<dataset.sequenceCount).map { [$0 % 2 == 0 ? 1 : -1] })
    var keys: [String: Any] = ["train_impl": "kto", "dataset_impl": "gpt2"]
    for split in ["train", "valid", "test"] {
      for side in ["pos", "neg"] {
        keys["\(side)_\(split)_data_paths"] = NSNull()
        keys["\(side)_\(split)_label_data_paths"] = NSNull()
      }
      keys["\(split)_data_paths"] = [folder.file("pos")]
      keys["\(split)_label_data_paths"] = [folder.file("pos_label")]
      keys["\(split)_reward_data_paths"] = [folder.file("reward")]
    }
    keys.merge(["train_iters": 20, "lr_decay_iters": 20, "kto_beta": 0.5]) { $1 }
    for form in ["neox", "published"] {
      for micro in [1, 3, 4] {
        let run = try run(
          "kto", keys.merging(["kto_impl": form, "train_micro_batch_size_per_gpu": micro]) { $1 })
        let losses = losses(run)
        #expect(losses.count == 20 && losses.allSatisfy(\.isFinite))
        let (first, last) = (losses[..<5].reduce(0, +), losses[15...].reduce(0, +))
        #expect(last < first, "\(form), \(micro) rows: \(first) to \(last)")
        #expect(run.steps[0]["policy_rewards"] as? Double == 0)
        try FileManager.default.removeItem(atPath: folder.file("kto.jsonl"))
      }
    }
  }
}
