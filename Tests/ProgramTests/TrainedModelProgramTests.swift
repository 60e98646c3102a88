import Foundation
import IndexedData
import TestSupport
import Testing

/// `neox-train eval`, `generate` and `export`, with a model that the tests train.
@Suite("neox-train with a trained model")
struct TrainedModelProgramTests {
  static let program = BuiltProgram("neox-train")
  private let folder: TemporaryFolder
  private let config: String

  init() throws {
    folder = try TemporaryFolder()
    let builder = try DatasetBuilder(
      DatasetOutput(prefix: folder.file("text"), elementType: .uint16))
    for number in 0..<40 {
      let text = String(repeating: "abc \(number % 7) ", count: 12)
      try builder.append(sequences: [text.utf8.map { Int64($0) } + [0]])
    }
    try builder.finish()
    config = try folder.write(
      "c.yml",
      Array(
        """
        {
          "num_layers": 1, "hidden_size": 16, "num_attention_heads": 2, "seq_length": 32,
          "max_position_embeddings": 32, "pos_emb": "rotary", "rotary_pct": 0.5,
          "train_micro_batch_size_per_gpu": 4, "train_iters": 30, "lr_decay_iters": 30,
          "optimizer": {"type": "Adam", "params": {"lr": 0.02}}, "hidden_dropout": 0,
          "attention_dropout": 0, "data_path": "\(folder.file("text"))", "split": "8,1,1",
          "eval_iters": 1, "eval_interval": 100, "save": "\(folder.file("run"))",
          "checkpoint_factor": 30, "tokenizer_type": "CharLevelTokenizer", "maximum_tokens": 8,
          "log_interval": 100, "keep_last_n_checkpoints": 1,
        }
        """.utf8))
    let run = try Self.program.run([config])
    #expect(run.status == 0, "\(run.all)")
  }

  private func run(
    _ command: String, _ words: [String], input: String? = nil
  ) throws -> ProgramRun {
    try Self.program.run([command, config, "--threads", "2"] + words, input: input)
  }

  private func lines(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
  }

  private func object(_ text: String) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
  }

  @Test("eval prints the same loss each time, for people and as JSON")
  func evaluation() throws {
    let words = ["--data", folder.file("text"), "--json", "--progress", "off"]
    let json = try run("eval", words)
    #expect(json.status == 0 && json.errors.isEmpty, "\(json.all)")
    let result = try object(json.output)
    let loss = try #require(result["lm_loss"] as? Double)
    // Far below ln 256, which knows nothing.
    #expect(loss > 0 && loss < 3)
    #expect(abs((result["lm_loss_ppl"] as? Double ?? 0) - exp(loss)) < 1e-9)
    #expect(result["model"] as? String == folder.file("run/global_step30/weights.safetensors"))
    #expect(try run("eval", words).output == json.output)
    let table = try run("eval", ["--data", folder.file("text"), "--load", folder.file("run")])
    let shown = try #require(json.output.firstMatch(of: /"lm_loss": ([0-9.]+)/)).output.1
    #expect(table.output.contains(" \(shown)\n"), "\(table.all)")
    #expect(try run("eval", words + ["--per-document", "--stride", "16"]).status == 0)
    #expect(result["bits_per_byte"] as? Double ?? 0 > loss / log(2))
    let test = try run("eval", ["--split", "test", "--json"])
    let found = try object(test.output)
    #expect(found["data"] as? String == "test", "\(test.all)")
    let bits = try #require(found["bits_per_byte"] as? Double)
    #expect(bits >= (found["lm_loss"] as? Double ?? 0) / log(2))
  }

  @Test("a missing dataset, a missing folder and a tokenizer of another folder are named")
  func absent() throws {
    let data = try run("eval", ["--data", folder.file("txt")])
    #expect(
      data.status == 1
        && data.errors.contains(
          "error: --data: \(folder.file("txt")).idx: there is no such file; did you mean "
            + "\(folder.file("text"))?"),
      "\(data.all)")
    let words = ["export", folder.file("run"), "--to"]
    for (name, found) in [
      ("no/m", "there is no folder \(folder.file("no")); make it first"),
      ("c.yml/m", "c.yml is a file, where a folder was expected"),
    ] {
      let run = try Self.program.run(words + ["safetensors", "-o", folder.file(name)])
      #expect(run.status == 1 && run.errors.contains(found), "\(run.all)")
    }
    let tokenizer = try Self.program.run(
      words + [
        "hf", "-o", folder.file("m"), "--set", "tokenizer_type=HFTokenizer", "--set",
        "vocab_file=data/no.json",
      ])
    let start = FileManager.default.currentDirectoryPath
    #expect(
      tokenizer.status == 1
        && tokenizer.errors.contains(
          "data/no.json: No such file or directory; relative paths begin at the working directory, "
            + "\(start) ("),
      "\(tokenizer.all)")
  }

  @Test("eval and generate take a configuration that does not say when to save")
  func withoutSchedule() throws {
    let text = try String(contentsOfFile: config, encoding: .utf8)
      .replacing(#""checkpoint_factor": 30, "#, with: "")
    let other = try folder.write("other.yml", Array(text.utf8))
    #expect(try Self.program.run(["check", other]).status == 1)
    #expect(try Self.program.run(["eval", other]).status == 0)
    #expect(try Self.program.run(["generate", other, "--prompt", "a"]).status == 0)
  }

  @Test("options that exclude each other are refused, or one is said to win")
  func contradictions() throws {
    let folder = folder.file("run")
    for words in [
      ["--data", "x", "--split", "valid"], ["--load", folder, "--load", folder],
    ] {
      let run = try run("eval", words)
      #expect(run.status == 2, "\(run.all)")
    }
    #expect(try run("generate", ["--load", folder, "--load", folder]).status == 2)
    let prompt = try run("generate", ["--prompt", "abc", "--set", "text_gen_type=unconditional"])
    #expect(prompt.status == 0 && prompt.output.hasPrefix("abc"), "\(prompt.all)")
    #expect(prompt.errors.contains("--prompt wins over text_gen_type unconditional"))
    let checkpoint = folder + "/global_step30"
    let words = ["export", checkpoint, "--to", "safetensors", "-o", self.folder.file("m")]
    let export = try Self.program.run(words + ["--iteration", "20"])
    #expect(export.status == 1 && export.errors.contains("of step 30; leave iteration out"))
    #expect(try Self.program.run(words + ["--iteration", "30"]).status == 0)
  }

  @Test("an unfinished file of texts is neither named nor left", arguments: [SIGTERM, SIGINT])
  func unfinished(signal: Int32) throws {
    let absent = folder.file("no/texts.jsonl")
    let refused = try run("generate", ["--prompt", "a", "-o", absent])
    #expect(refused.status == 1, "\(refused.all)")
    #expect(refused.errors.contains("\(absent): No such file or directory"))
    #expect(!refused.errors.contains(".partial"))
    let output = folder.file("texts.jsonl")
    let many = try Self.program.start([
      "generate", config, "--set", "num_samples=1000000", "-o", output,
    ])
    while many.isRunning && !FileManager.default.fileExists(atPath: output + ".partial") {}
    many.send(signal)
    #expect(try many.wait().status == -signal)
    #expect(!FileManager.default.fileExists(atPath: output + ".partial"))
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  /// Makes standard output a pipe whose reader is gone.
  private var unread: String {
    let pipe = folder.file("pipe")
    return "rm -f \(pipe); mkfifo \(pipe); (exec 3<\(pipe)) & exec >\(pipe); wait"
  }

  @Test("a reader of the output that goes away ends other commands, but no training")
  func closedPipe() throws {
    let save = folder.file("unread")
    let run = try Self.program.run(
      [config, "--set", "save=\(save)", "--set", "log_interval=1"], shellSetup: unread)
    #expect(run.status == 0, "\(run.all)")
    #expect(run.errors.components(separatedBy: "nobody reads standard output").count == 2)
    let metrics = try lines(String(contentsOfFile: save + "/metrics.jsonl", encoding: .utf8))
    #expect(metrics.count { $0["split"] == nil } == 30)
    #expect(FileManager.default.fileExists(atPath: save + "/global_step30/weights.safetensors"))
    for words in [["arguments"], ["generate", config, "--prompt", "abc"]] {
      let other = try Self.program.run(words, shellSetup: unread)
      #expect(other.status == 141 && other.errors.isEmpty, "\(other.all)")
    }
  }

  @Test("finetuning what is not there fails without a word of beginning")
  func nothingToFinetune() throws {
    let run = try Self.program.run([
      config, "--set", "finetune=true", "--set", "load=\(folder.file("gone"))",
    ])
    #expect(
      run.status == 1 && run.errors.contains("is not there, and finetune is true"), "\(run.all)")
    #expect(!run.errors.contains("from the beginning"))
  }

  @Test("a run whose last loss is no number ends with 1")
  func lostLoss() throws {
    let run = try Self.program.run([
      config, "--set", "load=", "--set", "save=\(folder.file("lost"))", "--set", "train_iters=3",
      "--set", "gradient_clipping=0", "--set", "optimizer.params.lr=1e30", "--set",
      "lr_decay_style=constant", "--set", "warmup=0", "--metrics", folder.file("lost.jsonl"),
    ])
    #expect(
      run.status == 1
        && run.errors.contains("training: it is over, and the last loss is no number"),
      "\(run.all)")
  }

  @Test("precomputed logits are shown, and are those that text is made from")
  func topLogits() throws {
    let words = ["--set", "precompute_model_name=base", "--top-k", "4"]
    let made = try run("precompute", words)
    let path = folder.file("text_base_top4.logits")
    #expect(made.status == 0 && made.output == "written \(path)\n", "\(made.all)")
    #expect(try run("precompute", words).output == "there already \(path)\n")
    let index = BuiltProgram("neox-index")
    let show = [
      "show", folder.file("text"), "0:0-40", "--top-logits", "base_top4", "--tokenizer-type",
      "CharLevelTokenizer",
    ]
    let json = try index.run(show + ["--json", "--best", "3"])
    #expect(json.status == 0, "\(json.all)")
    let found = try lines(json.output)
    #expect(found.map { $0["position"] as? Int } == Array(0..<40))
    // seq_length 32: nothing was computed behind.
    #expect((found[32]["next"] as? [Any])?.isEmpty == true && found[32]["log_sum_exp"] is NSNull)
    for line in found.prefix(32) {
      let next = try #require(line["next"] as? [[String: Any]])
      let values = next.compactMap { $0["log_probability"] as? Double }
      #expect(values.count == 3 && values == values.sorted(by: >) && values[0] < 0)
      #expect(values.reduce(0) { $0 + exp($1) } <= 1)
    }
    // The document begins with abc, and temperature 0 takes the likeliest token.
    let best = try #require((found[2]["next"] as? [[String: Any]])?.first?["text"] as? String)
    #expect(try run("generate", ["--prompt", "abc"]).output.hasPrefix("abc" + best))
    let table = try index.run(show)
    #expect(table.status == 0 && table.output.contains("the best 4 next tokens"), "\(table.all)")
    #expect(table.output.contains("not computed"))
    #expect(try index.run(["verify", "--deep", path]).status == 0)
  }

  @Test("generate continues prompts, and writes records when asked to")
  func prompts() throws {
    let printed = try run("generate", ["--prompt", "abc", "--prompt", "bc 3"])
    #expect(printed.status == 0 && printed.errors.isEmpty, "\(printed.all)")
    let texts = printed.output
    #expect(texts.hasPrefix("abc"))
    let records = try run(
      "generate",
      ["--prompt", "abc", "--prompt", "bc 3", "--output", "-", "--set", "recompute=true"])
    let found = try lines(records.output)
    #expect(found.map { $0["context"] as? String } == ["abc", "bc 3"])
    #expect(found.allSatisfy { $0["length"] as? Int == 8 && $0["finished"] as? Bool == false })
    let joined = found.map { "\($0["context"] ?? "")\($0["text"] ?? "")\n" }.joined()
    #expect(joined == texts)
    #expect(!FileManager.default.fileExists(atPath: folder.file("samples.txt")))
  }

  @Test("what is drawn depends on the seed alone, and files are not replaced unasked")
  func unconditional() throws {
    let output = folder.file("texts.jsonl")
    func generate(_ more: [String]) throws -> ProgramRun {
      try run(
        "generate",
        [
          "--set", "num_samples=3", "--set", "temperature=1", "--set",
          "sample_output_file=\(output)",
        ] + more)
    }
    let first = try generate([])
    #expect(first.status == 0, "\(first.all)")
    func texts() throws -> [String] {
      try lines(String(contentsOfFile: output, encoding: .utf8)).map { "\($0["text"] ?? "")" }
    }
    let drawn = try texts()
    #expect(drawn.count == 3 && Set(drawn).count > 1)
    let again = try generate([])
    #expect(again.status == 1 && again.errors.contains("--overwrite"), "\(again.all)")
    #expect(try generate(["--overwrite"]).status == 0)
    #expect(try texts() == drawn)
    #expect(try generate(["--overwrite", "--set", "seed=99"]).status == 0)
    #expect(try texts() != drawn)
  }

  @Test("prompts come from a file, cut where the configuration says")
  func file() throws {
    let prompts = try folder.write("prompts.txt", Array("abc|\n  bc 2 ||x".utf8))
    let result = try run(
      "generate",
      ["--set", "sample_input_file=\(prompts)", "--set", "prompt_end='|'", "--output", "-"])
    #expect(try lines(result.output).map { $0["context"] as? String } == ["abc", "bc 2", "x"])
    let nothing = try run(
      "generate", ["--set", "text_gen_type=input-file", "--output", "-"])
    #expect(nothing.status == 2 && nothing.errors.contains("sample_input_file"), "\(nothing.all)")
    let precompute = try run("generate", ["--set", "text_gen_type=precompute", "--output", "-"])
    #expect(precompute.status == 1 && precompute.errors.contains("precompute"))
  }

  @Test("prompts are asked for until the input ends")
  func interactive() throws {
    let input = try folder.write("input.txt", Array("abc\n\nbc 2\n".utf8))
    let talk = try run("generate", ["--set", "text_gen_type=interactive"], input: input)
    #expect(talk.status == 0, "\(talk.all)")
    #expect(talk.output.components(separatedBy: "Context prompt >>> ").count == 5)
    #expect(talk.output.components(separatedBy: "Generated Text: ").count == 3)
    #expect(talk.errors.contains("should not be empty"))
    let printed = try run("generate", ["--prompt", "abc"]).output.dropFirst(3)
    #expect(talk.output.contains("Generated Text: \(printed)"))
  }

  @Test("export writes a file and a folder that eval reads again")
  func export() throws {
    let data = ["--data", folder.file("text"), "--json", "--progress", "off"]
    let wanted = try object(run("eval", data).output)["lm_loss"] as? Double
    for (form, name) in [("safetensors", "m.safetensors"), ("hf", "hf")] {
      let output = folder.file(name)
      let words = ["export", folder.file("run"), "--to", form, "--output", output]
      let export = try Self.program.run(words)
      #expect(export.status == 0, "\(export.all)")
      let found = try object(run("eval", data + ["--load", output]).output)
      #expect(found["lm_loss"] as? Double == wanted)
      let again = try Self.program.run(words)
      #expect(again.status == 1, "\(again.all)")
      #expect(try Self.program.run(words + ["--overwrite", "--dtype", "bf16"]).status == 0)
    }
    #expect(try Self.program.run(["export", folder.file("run"), "--to", "hf"]).status == 2)
    let nothing = try Self.program.run([
      "export", folder.file("nothing"), "--to", "hf", "-o", folder.file("x"),
    ])
    #expect(nothing.status == 1 && nothing.errors.contains("nothing"), "\(nothing.all)")
  }

  @Test(
    "a wrong command line has the status 2",
    arguments: [
      ["eval"], ["eval", "c", "--stride", "3"], ["generate"], ["export", "c", "--to", "gguf"],
      ["eval", "c", "--data", "x", "--stride", "0"],
    ])
  func usage(words: [String]) throws {
    #expect(try Self.program.run(words).status == 2)
  }
}
