import Foundation
import TestSupport
import Testing

@testable import Train

@Suite("Runs of training")
struct TrainingRunTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try RunFixture.makeText(in: folder)
  }

  private func run(
    _ name: String, _ more: [String: Any] = [:], threads: Int = 2, interruptAfter: Int? = nil
  ) throws -> RunFixture {
    var keys = more
    let save = folder.file(name)
    keys["save"] = save
    keys["load"] = keys["load"] ?? save
    keys["checkpoint_factor"] = keys["checkpoint_factor"] ?? 5
    let config = try RunFixture.makeConfiguration(in: folder, data: data, keys)
    return try RunFixture.run(
      files: [config], metrics: folder.file(name + ".jsonl"), threads: threads,
      interruptAfter: interruptAfter)
  }

  private func bytes(_ name: String, _ iteration: Int) throws -> [[UInt8]] {
    try ["weights.safetensors", "optimizer.safetensors"].map {
      try folder.read("\(name)/global_step\(iteration)/\($0)")
    }
  }

  private func losses(_ run: RunFixture) -> [Double] {
    run.steps.compactMap { $0["lm_loss"] as? Double }
  }

  @Test("a model learns; every step and evaluation is in the metrics")
  func learns() throws {
    let run = try run("plain", ["train_iters": 40, "lr_decay_iters": 40, "hidden_dropout": 0])
    let losses = losses(run)
    #expect(losses.count == 40)
    // Bytes of a few words: from ln 256 = 5.5 to far below.
    #expect(losses[0] > 5 && losses[39] < 3)
    #expect(run.steps.map { $0["iteration"] as? Int } == Array(1...40))
    // Ten on the way, one at the end, one on the test split.
    #expect(run.evaluations.count == 12)
    #expect(run.evaluations.last?["split"] as? String == "test")
    let last = try #require(run.evaluations.last)
    let loss = try #require(last["lm_loss"] as? Double)
    #expect(abs((last["lm_loss_ppl"] as? Double ?? 0) - exp(loss)) < 1e-9 * exp(loss))
    #expect(run.output.contains { $0.hasPrefix(" samples/sec: ") && $0.contains("3/      40") })
  }

  // At 8 a checkpoint and an evaluation are due as well, which the run that goes on makes up for; after 2
  // nothing was evaluated yet.
  @Test(
    "an interrupted run goes on to the very bits of one that was not, dropout included",
    arguments: [(2, "fp32"), (7, "fp32"), (8, "fp32"), (7, "bfloat16")])
  func resumes(after step: Int, precision: String) throws {
    let keys: [String: Any] = ["checkpoint_factor": 4, "precision": precision]
    _ = try run("whole", keys)
    let first = try run("parts", keys, interruptAfter: step)
    guard case .interrupted(let iteration, let checkpoint?) = first.ending else {
      Issue.record("the run was not interrupted: \(first.ending)")
      return
    }
    #expect(iteration == step && checkpoint.hasSuffix("global_step\(step)"))
    let second = try run("parts", keys)
    #expect(second.ending == .finished)
    #expect(second.steps.count == 12)
    #expect(try bytes("parts", 12) == bytes("whole", 12))
    let whole = try String(contentsOfFile: folder.file("whole.jsonl"), encoding: .utf8)
    func plain(_ text: String) -> [Substring] {
      text.split(separator: "\n").map {
        guard let end = $0.range(of: ",\"tokens_per_second\"") else { return $0 }
        return $0[..<end.lowerBound]
      }
    }
    let parts = try String(contentsOfFile: folder.file("parts.jsonl"), encoding: .utf8)
    #expect(plain(parts) == plain(whole))
  }

  @Test("a run that was killed behind its checkpoint has each step once in its metrics")
  func killed() throws {
    _ = try run("killed", ["exit_interval": 10])
    // As if it had been killed then: the checkpoint of step 10 was not written.
    try FileManager.default.removeItem(atPath: folder.file("killed/global_step10"))
    let run = try run("killed")
    #expect(run.steps.map { $0["iteration"] as? Int } == Array(1...12))
    // On the way at 4, 8 and 12; at the end one on further batches, and the test.
    #expect(run.evaluations.map { $0["iteration"] as? Int } == [4, 8, 12, 12, 12])
    #expect(run.evaluations.map { $0["final"] as? Bool } == [false, false, false, true, true])
    // Once more, with nothing left to do but to evaluate.
    #expect(try self.run("killed").evaluations.count == 5)
    #expect(try self.run("killed").steps.count == 12)
  }

  @Test("TensorBoard is told from which step on a killed run repeats its steps")
  func killedEvents() throws {
    let path = folder.file("board")
    let keys: [String: Any] = ["tensorboard_dir": path]
    // The event's step, and a session log of status START.
    func sessions(_ step: UInt8) throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: path).count { name in
        let bytes = try folder.read("board/" + name)
        return bytes.indices.contains {
          bytes[$0...].starts(with: [0x10, step, 0x3A, 2, 0x08, 1])
        }
      }
    }
    _ = try run("killed", keys.merging(["exit_interval": 10]) { $1 })
    try FileManager.default.removeItem(atPath: folder.file("killed/global_step10"))
    #expect(try (1...12).allSatisfy { try sessions($0) == 0 })
    _ = try run("killed", keys)
    #expect(try sessions(6) == 1)
    // Weights alone begin a run of their own.
    _ = try run("tuned", keys.merging(["load": folder.file("killed"), "finetune": true]) { $1 })
    #expect(try (1...13).allSatisfy { try sessions($0) == ($0 == 6 ? 1 : 0) })
  }

  @Test("where metrics cannot be written, the run is saved before it fails")
  func fullDisk() throws {
    let config = try RunFixture.makeConfiguration(
      in: folder, data: data, ["save": folder.file("full"), "checkpoint_factor": 5])
    #expect {
      _ = try RunFixture.run(files: [config], metrics: "/dev/full")
    } throws: { "\($0)" == "/dev/full: No space left on device (write); make room" }
    let checkpoint = try Checkpoint(path: folder.file("full/global_step1"))
    #expect(checkpoint.state.iteration == 1 && checkpoint.state.dataPosition == ["train": 4])
  }

  @Test("a damaged checkpoint is passed over, and that is said")
  func damaged() throws {
    _ = try run("whole")
    _ = try run("hurt", ["exit_interval": 10])
    let path = folder.file("hurt/global_step10/weights.safetensors")
    var weights = try Data(contentsOf: URL(filePath: path))
    weights[weights.count - 1] ^= 1
    try weights.write(to: URL(filePath: path))
    let second = try run("hurt")
    #expect(second.notes.contains { $0.contains("weights.safetensors") })
    #expect(second.steps.map { $0["iteration"] as? Int } == Array(1...12))
    #expect(try bytes("hurt", 12) == bytes("whole", 12))
  }

  @Test("one thread and two give the same losses to rounding; one number of threads the same bits")
  func threads() throws {
    let two = try run("two")
    let again = try run("again")
    let one = try run("one", threads: 1)
    #expect(losses(two) == losses(again))
    #expect(try bytes("two", 12) == bytes("again", 12))
    for (a, b) in zip(losses(two), losses(one)) { #expect(abs(a - b) < 1e-5 * b) }
  }

  @Test("recomputed activations change nothing")
  func recomputes() throws {
    let plain = try run("kept", ["num_layers": 4])
    let recomputed = try run(
      "recomputed",
      ["num_layers": 4, "checkpoint_activations": true, "checkpoint_num_layers": 2])
    #expect(losses(plain) == losses(recomputed))
  }

  @Test("finetuning takes the weights and begins at step 0")
  func finetunes() throws {
    _ = try run("base")
    let run = try run("tuned", ["load": folder.file("base"), "finetune": true, "train_iters": 2])
    #expect(run.steps.map { $0["iteration"] as? Int } == [1, 2])
    #expect(losses(run)[0] < 4)
    let taken = folder.file("base/global_step12")
    #expect(
      run.output.contains("  successfully loaded the weights of \(taken); step 0 comes next"))
  }

  @Test("a run that goes on in another order of the data says so, and only then")
  func orderChanges() throws {
    let stop: [String: Any] = ["exit_interval": 5, "eval_iters": 0]
    _ = try run("order", stop)
    let same = try run("order", ["exit_interval": 10, "eval_iters": 0])
    #expect(!same.notes.contains { $0.contains("data_order") }, "\(same.notes)")
    let other = try run("order", ["data_order": "stable", "eval_iters": 0])
    #expect(
      other.notes.contains {
        $0.contains("begun with data_order neox; samples follow stable from sample 40 on")
      }, "\(other.notes)")
  }

  @Test("what has no effect, and data that are not there, are said")
  func notes() throws {
    let run = try run(
      "notes",
      [
        "train_iters": 1, "split": "1,1,0",
        "optimizer": ["type": "SM3", "params": ["lr": 0.01]], "weight_decay": NSNull(),
      ])
    #expect(run.notes.contains { $0.hasPrefix("the split '1,1,0' leaves no documents for test") })
    #expect(run.notes.contains { $0.contains(" has no effect: SM3 has none") })
    #expect(run.evaluations.allSatisfy { $0["split"] as? String == "validation" })
    let shorter = try self.run(
      "notes",
      [
        "train_iters": 0, "optimizer": ["type": "SM3", "params": ["lr": 0.01]],
        "weight_decay": NSNull(),
      ])
    #expect(
      shorter.output.contains { $0.hasSuffix("; no step is left: 1 are done, and the run has 0") })
  }

  @Test("checkpoints of a run that is not continued stay as they are")
  func foreignCheckpoints() throws {
    _ = try run("mine", ["train_iters": 2])
    let before = try bytes("mine", 2)
    #expect {
      try run("mine", ["load": folder.file("nowhere"), "train_iters": 2])
    } throws: { "\($0)".contains("a run that this one does not continue: set load=") }
    #expect {
      try run("mine", ["finetune": true, "iteration": 2, "train_iters": 2])
    } throws: { "\($0)".contains("does not continue: set finetune=false and iteration= to go on") }
    #expect(try bytes("mine", 2) == before)
  }

  @Test("what a killed run has left of checkpoints is removed, and nothing else")
  func remains() throws {
    _ = try run("mine", ["train_iters": 5])
    let names = [
      "global_step9.partial", "global_stepx.partial", "mine.partial", "global_step5.partial.old",
    ]
    for name in names {
      try FileManager.default.createDirectory(
        atPath: folder.file("mine/" + name), withIntermediateDirectories: true)
    }
    _ = try run("mine", ["train_iters": 5])
    let left = names.filter { FileManager.default.fileExists(atPath: folder.file("mine/" + $0)) }
    #expect(left == Array(names.dropFirst()))
  }

  @Test("a run without a loss removes no checkpoint from before")
  func lostLoss() throws {
    let keys: [String: Any] = [
      "checkpoint_factor": 2, "keep_last_n_checkpoints": 1, "hidden_dropout": 0,
      "lr_decay_style": "constant",
    ]
    func checkpoints() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder.file("lost"))
        .filter { $0.hasPrefix("global_step") }.sorted()
    }
    _ = try run("lost", keys.merging(["train_iters": 4]) { $1 })
    #expect(try checkpoints() == ["global_step4"])
    // The first step with this rate has a loss, and spoils the weights that are saved after it.
    let run = try run(
      "lost",
      keys.merging([
        "checkpoint_factor": 1, "train_iters": 8, "gradient_clipping": 0,
        "override_lr_scheduler": true,
        "optimizer": ["type": "Adam", "params": ["lr": 1e30, "betas": [0.9, 0.95]]],
      ]) { $1 })
    #expect(run.steps.last?["lm_loss"] is NSNull)
    #expect(run.steps[4]["lm_loss"] is Double)
    #expect(try checkpoints().contains("global_step4") && checkpoints().contains("global_step8"))
    #expect(
      run.notes.contains {
        $0.contains("the loss is no number, so older checkpoints are kept")
          && $0.hasSuffix("global_step4 is from before")
      })
    let state = try CheckpointState(path: folder.file("lost/global_step8/state.json"))
    #expect(!state.hasLoss)
  }

  @Test("settings that changed when a run goes on are told")
  func changedSettings() throws {
    let begun = try run("changed", ["train_iters": 5])
    #expect(!begun.notes.contains { $0.contains("from here on") })
    #expect(try !run("changed", ["train_iters": 5]).notes.contains { $0.contains("from here on") })
    let betas: [String: Any] = ["type": "Adam", "params": ["lr": 0.01, "betas": [0.9, 0.95]]]
    let order = try run(
      "changed",
      [
        "train_iters": 6, "weight_decay": 0.2, "gradient_accumulation_steps": 1,
        "optimizer": betas,
      ])
    let note = try #require(order.notes.first { $0.contains("from here on") })
    #expect(note.contains("weight_decay was 0.1 and is 0.2"))
    #expect(note.contains("train_batch_size was 4 and is 2"))
    #expect(note.contains("train_iters was 5 and is 6"))
    #expect(note.contains("; samples may be in another order"))
    let decay = try run(
      "changed", ["train_iters": 6, "weight_decay": 0.3, "gradient_accumulation_steps": 1])
    #expect(decay.notes.contains { $0.hasSuffix("weight_decay was 0.2 and is 0.3, from here on") })
  }

  @Test("a run in which every step is skipped shows no loss, and says why")
  func allSkipped() throws {
    let run = try run(
      "lost",
      [
        "train_iters": 3, "gradient_clipping": 0,
        "optimizer": [
          "type": "Adam", "params": ["lr": 1e30],
        ],
      ])
    #expect(run.notes.contains { $0.contains("step 3 was skipped") })
  }

  @Test("a checkpoint of another shape or function is refused by name")
  func otherShape() throws {
    _ = try run("base", ["train_iters": 2])
    #expect {
      try run("other", ["load": folder.file("base"), "activation": "relu"])
    } throws: { "\($0)".contains("activation value from checkpoint (gelu)") }
    #expect {
      try run("other", ["load": folder.file("base"), "num_layers": 3])
    } throws: { "\($0)".contains("num_layers value from checkpoint (2)") }
  }

  @Test("events are whole however a run ends")
  func events() throws {
    let path = folder.file("events")
    let run = try run(
      "exits", ["tensorboard_dir": path, "exit_interval": 3, "log_interval": 100])
    #expect(run.ending == .exited(iteration: 3))
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
    let bytes = try folder.read("events/" + #require(names.first))
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.components(separatedBy: "train/lm_loss").count == 4)
  }

  @Test("two runs into one folder, and shards beside checkpoints")
  func folders() throws {
    let claim = try FolderClaim(folder.file("busy"))
    #expect { try run("busy") } throws: { "\($0)".contains("another run is writing there") }
    withExtendedLifetime(claim) {}
    _ = try run("shards", ["exit_interval": 5])
    try folder.write("shards/data.bin", [1, 2])
    #expect(try run("shards").steps.last?["iteration"] as? Int == 12)
  }

  @Test("a run from another run's folder saves in its own, even with nothing left to do")
  func otherFolder() throws {
    _ = try run("old-1")
    _ = try run("old", ["load": folder.file("old-1")])
    #expect(try bytes("old", 12) == bytes("old-1", 12))
  }

  @Test("data that are not there, or not for the objective, are errors that name the key")
  func refuses() throws {
    #expect {
      let config = try RunFixture.makeConfiguration(in: folder, data: folder.file("nothing"))
      _ = try RunFixture.run(files: [config], metrics: folder.file("m.jsonl"))
    } throws: { "\($0)".hasPrefix("data_path: ") && "\($0)".contains("nothing.idx") }
    #expect {
      try run(
        "lists",
        [
          "data_path": NSNull(), "train_data_paths": [data, folder.file("gone")],
          "valid_data_paths": [data], "test_data_paths": [data],
        ])
    } throws: { "\($0)".hasPrefix("train_data_paths[1]: ") }
    try folder.write("file", [])
    #expect {
      try run("file/run")
    } throws: { "\($0)".hasPrefix("save \(folder.file("file/run")): cannot be written into: ") }
    for (type, key) in [("GPT2BPETokenizer", "vocab_file"), ("HFTokenizer", "vocab_file")] {
      #expect {
        try run("words", ["tokenizer_type": type])
      } throws: { "\($0)".hasPrefix("\(key): is missing; \(type) needs") }
    }
    #expect {
      try run("words", ["tokenizer_type": "GPT2BPETokenizer", "vocab_file": "v.json"])
    } throws: { "\($0)" == "merge_file: is missing; GPT2BPETokenizer needs the path of merges.txt" }
    #expect {
      try run("kto", ["train_impl": "kto", "train_micro_batch_size_per_gpu": 2])
    } throws: {
      "\($0)".contains("train_impl: kto needs train_data_paths with rewards")
    }
  }
}
