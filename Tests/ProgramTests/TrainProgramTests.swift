import Foundation
import TestSupport
import Testing

/// `neox-train check`.
@Suite("neox-train")
struct TrainProgramTests {
  static let program = BuiltProgram("neox-train")
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let right = """
    {
      "num_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "seq_length": 128,
      "max_position_embeddings": 128, "rope_fusion": false, "num-workers": 1,
      "train_micro_batch_size_per_gpu": 4, "train_iters": 10,
      "optimizer": {"type": "Adam", "params": {"lr": 0.001}},
    }
    """

  private func write(_ name: String, _ text: String) throws -> String {
    try folder.write(name, Array(text.utf8))
  }

  @Test(
    "help reads as recorded",
    arguments: ["", "check", "plan", "eval", "generate", "export", "precompute", "arguments"])
  func snapshot(command: String) throws {
    let run = try Self.program.run(command.isEmpty ? ["--help"] : [command, "--help"])
    #expect(run.status == 0)
    let name = command.isEmpty ? "neox-train.txt" : "neox-train-\(command).txt"
    let file = PreprocessHelpTests.folder.appending(path: name)
    if ProcessInfo.processInfo.environment["NEOX_RECORD_HELP"] != nil {
      try run.output.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try run.output == String(contentsOf: file, encoding: .utf8))
    #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test("a right configuration is summarised")
  func right() throws {
    let run = try Self.program.run(["check", write("c.yml", Self.right)])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.all)")
    #expect(run.output.contains("no effect: rope_fusion: it chooses a CUDA kernel"))
    #expect(run.output.contains("no effect: num-workers: "))
    #expect(run.output.contains("model          2 layers × 64, 4 heads, MLP 256 gelu"))
    #expect(run.output.contains("4 × 1 step = 4 samples, 512 tokens"))
  }

  @Test("problems of all files are listed with their lines, and the status is 1")
  func wrong() throws {
    let model = try write("m.yml", "num_layer: 2\nhidden_size: x\n")
    let other = try write("o.yml", "seed: 0\n")
    let run = try Self.program.run(["check", model, other])
    #expect(run.status == 1)
    #expect(
      run.errors.contains("error: \(model):1: num_layer: unknown key; did you mean num_layers?\n"))
    #expect(run.errors.contains("error: \(model):2: hidden_size: found \"x\" (a string)"))
    #expect(run.errors.contains("error: \(other):1: seed: is 0; it has to be at least 1\n"))
    #expect(run.errors.hasSuffix(" problems\n"))
  }

  @Test("files lie in a folder, and settings win over them")
  func folderAndSettings() throws {
    _ = try write("c.yml", Self.right)
    let run = try Self.program.run([
      "check", "-d", folder.path, "c", "--set", "train_iters=1000", "--set",
      "optimizer.params.lr=1e-4",
    ])
    #expect(run.status == 0, "\(run.all)")
    #expect(
      run.output.contains("run            1,000 steps") && run.output.contains("0.0001, linear"))
  }

  @Test("what is named and not there is told once, with where it was looked for")
  func absent() throws {
    let file = try Self.program.run(["check", "nope.yml"])
    #expect(
      file.status == 1
        && file.errors == "error: nope.yml: cannot be read: No such file or directory (open)\n"
          + "neox-train: 1 problem\n",
      "\(file.all)")
    let weights = try Self.program.run(["generate", folder.path, "--prompt", "a"])
    #expect(
      weights.status == 1
        && weights.errors.contains("; \(folder.path) is a folder, where the file of")
        && weights.errors.contains("or --load behind a configuration"), "\(weights.all)")
    let metrics = try Self.program.run([
      write("c.yml", Self.right), "--metrics", folder.file("no/m.jsonl"),
    ])
    #expect(
      metrics.status == 1
        && metrics.errors.contains("argument --metrics: there is no folder \(folder.file("no"));"),
      "\(metrics.all)")
    for (path, found) in [
      (
        folder.path,
        "export: the folder has no checkpoint; a run's folder with folders global_stepN"
      ),
      (
        "nope", "nope: export: there is no such file or folder; relative paths begin at the working"
      ),
    ] {
      let export = try Self.program.run(["export", path, "--to", "hf", "-o", folder.file("m")])
      #expect(export.status == 1 && export.errors.contains(found), "\(export.all)")
    }
  }

  @Test("files that are not there are errors by their keys, and warnings where that is asked for")
  func missing() throws {
    let file = try write("c.yml", Self.right)
    let words = [
      "check", file, "--set", "data_path=\(folder.path)/x.bin", "--set", "vocab_file=/no/v.json",
    ]
    let run = try Self.program.run(words)
    #expect(run.status == 1 && run.output.contains("model "), "\(run.all)")
    #expect(run.errors.contains("error: vocab_file: there is no /no/v.json\n"))
    #expect(run.errors.contains("error: data_path: there is no \(folder.path)/x.bin.bin and no "))
    #expect(run.errors.contains("leave .bin out of the path"))
    #expect(run.errors.contains("--without-data"))
    let alone = try Self.program.run(words + ["--without-data"])
    #expect(alone.status == 0 && alone.errors.contains("warning: vocab_file: "), "\(alone.all)")
    let finetune = try Self.program.run([
      "check", file, "--set", "finetune=true", "--set", "load=/no/run",
    ])
    #expect(finetune.status == 1 && finetune.errors.contains("error: load: there is no /no/run\n"))
  }

  @Test("missing labels, other sides and precomputed companions are named")
  func missingCompanions() throws {
    let pairs = ["pos", "neg"].flatMap { side in
      ["train", "valid", "test"].map { split in
        """
        "\(side)_\(split)_data_paths": ["\(folder.file(side))"],
        "\(side)_\(split)_label_data_paths": ["\(folder.file(side + "_label"))"],
        """
      }
    }
    for name in ["pos", "neg", "pos_label", "pos_base"] {
      for end in [".bin", ".idx"] { _ = try write(name + end, "x") }
    }
    let text = Self.right.replacing(
      "{\n",
      with: """
        {
          "train_impl": "dpo", "dataset_impl": "pairwise", "pack_impl": "unpacked",
          "precompute_model_name": "base", \(pairs.joined())

        """)
    let file = try write("c.yml", text)
    let run = try Self.program.run(["check", file])
    #expect(run.status == 1, "\(run.all)")
    let found = run.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
    #expect(
      found == [
        "error: neg_train_label_data_paths[0]: there is no \(folder.file("neg_label")).bin and no"
          + " \(folder.file("neg_label")).idx",
        "error: precompute_model_name: there is no \(folder.file("neg_base")).bin and no"
          + " \(folder.file("neg_base")).idx; neox-train precompute makes it",
      ], "\(run.all)")
  }

  @Test("a plan counts parameters, tokens and data")
  func plan() throws {
    let file = try write("c.yml", Self.right)
    let run = try Self.program.run([
      "plan", file, "--vocab-size", "500", "--teraflops", "0.001", "--set", "save=s", "--set",
      "checkpoint_factor=4",
    ])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.all)")
    let words = run.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    func figure(_ name: String) -> String? { words.first { $0.first == name }?.dropFirst().first }
    #expect(figure("vocabulary") == "512")
    #expect(figure("parameters") == "141,056")
    #expect(figure("steps") == "10")
    #expect(words.contains(["tokens", "5,120"]), "\(run.output)")
    #expect(run.output.contains("3 checkpoints of 3"))
    #expect(run.output.contains("time") && !run.output.contains("at least"))
    // Masters in halves and gradients of the only micro batch, against sums of several.
    func memory(_ settings: String...) throws -> [String] {
      let run = try Self.program.run(
        ["plan", file, "--vocab-size", "500", "--teraflops", "1"]
          + settings.flatMap { ["--set", $0] })
      let rows = run.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
      return ["weights", "gradients"].map { name in
        rows.first { $0.first == name }?.dropFirst().prefix(2).joined(separator: " ") ?? run.all
      }
    }
    #expect(try memory("precision=bfloat16") == ["551.0 KiB", "275.5 KiB"])
    #expect(
      try memory("precision=bfloat16", "gradient_accumulation_steps=2")
        == ["551.0 KiB", "551.0 KiB"])
    #expect(try memory("precision=fp16") == ["826.5 KiB", "275.5 KiB"])
    #expect(try memory("precision=fp32") == ["551.0 KiB", "551.0 KiB"])
    let measured = try Self.program.run(["plan", file, "--vocab-size", "500"])
    #expect(measured.output.contains("time, at least"), "\(measured.all)")
    #expect(try Self.program.run(["plan", file]).status == 2)
    #expect(try Self.program.run(["plan", file, "--set", "seed=0"]).status == 2)
  }

  @Test("a file that is named twice is told once")
  func namedTwice() throws {
    let file = try write("c.yml", Self.right)
    let run = try Self.program.run(["check", file, file])
    #expect(run.status == 1, "\(run.all)")
    #expect(run.errors.hasPrefix("error: \(file): is named twice; name it once\n"), "\(run.all)")
    #expect(run.errors.hasSuffix("neox-train: 1 problem\n"), "\(run.all)")
    let link = folder.file("d.yml")
    try FileManager.default.linkItem(atPath: file, toPath: link)
    let linked = try Self.program.run(["check", file, link])
    #expect(
      linked.errors.contains("error: \(link): is the same file as \(file); name"), "\(linked.all)")
  }

  @Test("a word that is neither a command nor a file")
  func misspelled() throws {
    let command = try Self.program.run(["chekc", "c.yml"])
    #expect(command.status == 2 && command.errors.contains("did you mean 'check'?"))
    let more = try Self.program.run(["exprot", "x", "--to", "hf", "-o", "y"])
    #expect(
      more.status == 2
        && more.errors.hasSuffix(
          "unrecognized arguments: --to -o ('exprot' is no command; did you mean 'export'?)\n"),
      "\(more.all)")
    #expect(try !Self.program.run(["c.yml", "--frob"]).errors.contains("command"))
    let train = try Self.program.run(["train", "c.yml"])
    #expect(train.status == 2 && train.errors.contains("'neox-train CONFIG' trains"))
    let file = try write("c.yml", Self.right)
    let change = try Self.program.run([file, "--set", "seed=5", "train_iters=3"])
    #expect(change.status == 1 && change.errors.contains("given as --set train_iters=3\n"))
  }

  @Test(
    "a change that cannot be made is wrong usage, where nothing else is wrong",
    arguments: [
      ("seed", "error: --set seed: KEY=VALUE was expected, as in --set train_iters=1000\n"),
      ("sead=5", "error: --set sead=5: sead: unknown key; did you mean seed?\n"),
      ("seed=x", "error: --set seed=x: seed: found \"x\" (a string)"),
    ])
  func wrongSetting(setting: String, message: String) throws {
    let file = try write("c.yml", Self.right)
    for command in [["check"], ["plan"], []] {
      let run = try Self.program.run(command + [file, "--set", setting])
      #expect(run.status == 2 && run.errors.contains(message), "\(run.all)")
    }
    let broken = try write("d.yml", Self.right + "sead: 1\n")
    let both = try Self.program.run(["check", broken, "--set", setting])
    #expect(both.status == 1, "\(both.all)")
  }

  @Test("training needs to know when to save")
  func whenToSave() throws {
    let file = try write("c.yml", Self.right)
    let run = try Self.program.run([file, "--set", "save=\(folder.file("run"))"])
    #expect(run.status == 1 && run.errors.contains("save: needs checkpoint_factor"), "\(run.all)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("run")))
  }

  @Test("unknown keys are warnings with --lenient")
  func lenient() throws {
    let file = try write("c.yml", Self.right.replacing("{\n", with: "{\nwarmup_iters: 5,\n"))
    #expect(try Self.program.run(["check", file]).status == 1)
    let run = try Self.program.run(["check", "--lenient", file])
    #expect(run.status == 0 && run.errors.contains(":2: warmup_iters: unknown key"), "\(run.all)")
  }

  @Test(
    "a wrong command line has the status 2",
    arguments: [["check"], ["check", "--nope", "c"], ["--nope"], []])
  func usage(words: [String]) throws {
    #expect(try Self.program.run(words).status == 2)
  }
}
