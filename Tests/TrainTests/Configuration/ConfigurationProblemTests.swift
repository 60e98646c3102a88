import TestSupport
import Testing

@testable import Train

@Suite("Configurations that are wrong")
struct ConfigurationProblemTests {
  @Test("the small configuration is right")
  func right() throws {
    let outcome = try ConfigurationFixture.load()
    #expect(outcome.report.problems.isEmpty)
    #expect(outcome.configuration != nil)
  }

  @Test(
    "one problem, with line and key",
    arguments: [
      ("num_layer: 2", "c.yml:9: num_layer: unknown key; did you mean num_layers?"),
      ("hiden-size: 2", "c.yml:9: hiden-size: unknown key; did you mean hidden_size?"),
      (
        "hidden_size: abc",
        "c.yml:8: hidden_size: found \"abc\" (a string), expected a whole number; a number is written as 0.001 or 1e-3"
      ),
      (
        "hidden_size: 64.5",
        "c.yml:8: hidden_size: found 64.5 (a number), expected a whole number"
      ),
      (
        "no_weight_tying: 1",
        "c.yml:9: no_weight_tying: found 1 (a whole number), expected true or false"
      ),
      (
        "norm: rmsnrm",
        "c.yml:9: norm: found \"rmsnrm\" (a string), expected one of layernorm, rmsnorm, non_parametric_layernorm, scalenorm, te_rmsnorm, te_layernorm; did you mean rmsnorm?"
      ),
      (
        "hidden_dropout: null",
        "c.yml:9: hidden_dropout: found nothing (null), expected a number; remove it for the default"
      ),
      ("seed: 0", "c.yml:9: seed: is 0; it has to be at least 1"),
      ("hidden_dropout: 1", "c.yml:9: hidden_dropout: is 1; it has to be from 0 to below 1"),
      (
        "num_attention_heads: 5",
        "c.yml:2: hidden_size: 64 is no multiple of num_attention_heads, which is 5"
      ),
      (
        "num_kv_heads: 3",
        "c.yml:9: num_kv_heads: 3 does not divide num_attention_heads, which is 4"
      ),
      (
        "seq_length: 256",
        "c.yml:8: seq_length: 256 is above max_position_embeddings, which is 128"
      ),
      (
        "min_lr: 0.01",
        "c.yml:9: min_lr: 0.01 is above optimizer.params.lr, which is 0.001"
      ),
      (
        "checkpoint_factor: 1.5",
        "c.yml:9: checkpoint_factor: is 1.5; it has to be a whole number of steps, at least 1"
      ),
      (
        "model_parallel_size: 2",
        "c.yml:9: model_parallel_size: 2 is not supported: one process trains, so matrices are not cut; set it to 1"
      ),
      (
        "norm: te_rmsnorm",
        "c.yml:9: norm: \"te_rmsnorm\" is not supported: Transformer Engine is not here; rmsnorm is the same mathematics"
      ),
      (
        "attention_config: [[[mamba], 2]]",
        "c.yml:9: attention_config: \"mamba\" is not supported: Mamba layers are not supported"
      ),
      (
        "attention_config: [[[global], 3]]",
        "c.yml:9: attention_config: names 3 layers; num_layers is 2"
      ),
      (
        "attention_config: [[globl, 2]]",
        "c.yml:9: attention_config: found a list of 2, expected [[kinds …], times] with a number or \"all\""
      ),
      (
        "train_data_paths: [a]",
        "c.yml:9: train_data_paths: needs valid_data_paths and test_data_paths too; all three are given, or none"
      ),
      (
        "train_data_paths: a",
        "c.yml:9: train_data_paths: found \"a\" (a string), expected a list of strings; write [\"a\"]"
      ),
      (
        "train_label_data_paths: [a]",
        "c.yml:9: train_label_data_paths: needs train_data_paths beside it, not data_path"
      ),
      (
        "split: 1,x,3",
        "c.yml:9: split: found \"1,x,3\", expected three shares such as \"969, 30, 1\""
      ),
      (
        "optimizer: {type: Adan, params: {}}",
        "c.yml:8: optimizer.type: found \"Adan\" (a string), expected one of Adam, OneBitAdam, CPU_Adam, CPU_torch_adam, SM3, madgrad_wd, Lion, SGD"
      ),
      (
        "optimizer: {type: Adam, params: {beta: [0.9, 0.95]}}",
        "c.yml:8: optimizer.params.beta: unknown key; did you mean betas?"
      ),
      (
        "optimizer: {type: Adam, params: {eps: 1.0e_8}}",
        "c.yml:8: optimizer.params.eps: found \"1.0e_8\" (a string), expected a number"
      ),
      (
        "optimizer: {type: Adam, params: {betas: [0.9, 1]}}",
        "c.yml:8: optimizer.params.betas: found a list of 2, expected two numbers from 0 to below 1"
      ),
      (
        "optimizer: {type: Adam}",
        "c.yml:8: optimizer.params: is missing; for example \"params\": {\"lr\": 0.0006}"
      ),
      (
        "fp16: {enabled: true, los_scale: 0}",
        "c.yml:9: fp16.los_scale: unknown key; did you mean loss_scale?"
      ),
      (
        "fp16: {loss_scale: 0}",
        "c.yml:9: fp16: has no enabled; add \"enabled\": true or \"precision\": \"fp16\""
      ),
      (
        "zero_optimization: {stge: 0}",
        "c.yml:9: zero_optimization.stge: unknown key; did you mean stage?"
      ),
      (
        "curriculum_learning: {enabled: true}",
        "c.yml:9: curriculum_learning: is not supported: sequences have one length from the first step on"
      ),
      (
        "deepspeed_extra_args: {comm_loger: {}}",
        "c.yml:9: deepspeed_extra_args.comm_loger: DeepSpeed has no such key; did you mean comms_logger?"
      ),
      (
        "train_epochs: 2", "c.yml:9: train_epochs: excludes train_iters; remove one of the two"
      ),
      (
        "rotary_pct: 0.3\npos_emb: rotary\nhidden_size: 40",
        "c.yml:8: rotary_pct: 0.3 of heads of 10 rotates 3 components; it has to be an even number above 0"
      ),
      (
        "train_impl: dpo",
        "c.yml:9: train_impl: dpo learns from pairs; set dataset_impl to pairwise"
      ),
      (
        "num_layers: 99999999999",
        "c.yml:8: num_layers: is 99999999999; it has to be at most 16777216"
      ),
      (
        "intermediate_size: 4611686018427387903",
        "c.yml:9: intermediate_size: is 4.611686018427388e+18; it has to be at most 16777216"
      ),
      (
        "opt_pos_emb_offset: 9223372036854775807",
        "c.yml:9: opt_pos_emb_offset: is 9.223372036854776e+18; it has to be at most 16777216"
      ),
      (
        "maximum_tokens: 9223372036854775807",
        "c.yml:9: maximum_tokens: is 9.223372036854776e+18; it has to be at most 16777216"
      ),
      (
        "layernorm_epsilon: 1e400",
        "c.yml:9: layernorm_epsilon: found \"1e400\" (a string), expected a number; a number is written as 0.001 or 1e-3"
      ),
      (
        "optimizer: {type: Adam, params: {lr: 1e400}}",
        "c.yml:8: optimizer.params.lr: found \"1e400\" (a string), expected a number"
      ),
      ("seed: 4294967296", "c.yml:9: seed: is 4294967296; it has to be at most 4294967295"),
      (
        "use_qk_layernorm: true\nnum_kv_heads: 2",
        "c.yml:9: use_qk_layernorm: needs as many key heads as query heads; remove num_kv_heads"
      ),
      (
        "opt_pos_emb_offset: 2",
        "c.yml:9: opt_pos_emb_offset: 2 and seq_length 128 are above max_position_embeddings, which is 128"
      ),
      (
        "pos_emb: rpe\nrpe_max_distance: 16",
        "c.yml:10: rpe_max_distance: is 16; it has to be above half of rpe_num_buckets, which is 32"
      ),
      (
        "tokenizer_type: SPMTokenizer",
        "c.yml:9: tokenizer_type: \"SPMTokenizer\" is not supported: SentencePiece models cannot be read; byte-level BPE vocabularies can"
      ),
    ])
  func single(more: String, expected: String) throws {
    let problems = try ConfigurationFixture.problems(more)
    #expect(problems.contains(expected), "\(problems)")
  }

  @Test("all problems of all files come in one report, in the order of the files")
  func together() throws {
    let outcome = try ConfigurationFixture.load([
      ("a.yml", "num_layers: x\nunknwn: 1\n"), ("b.yml", "seed: yes\nnum-layers: 2\n"),
    ])
    let places = outcome.report.problems.map { $0.place.map { "\($0)" } ?? "" }
    let names = places.map { $0.split(separator: "/").last.map(String.init) ?? "" }
    #expect(names.filter { !$0.isEmpty } == ["a.yml:1", "a.yml:2", "b.yml:1", "b.yml:2"])
    #expect(outcome.configuration == nil)
    #expect(outcome.report.problems.contains { $0.key == "optimizer" })
  }

  @Test("a misspelled key of one letter is always recognised")
  func mutations() throws {
    var generator = SeededGenerator(seed: 11)
    let names = Set(ConfigurationTable.keys.keys).union(ConfigurationTable.aliases.keys)
    var wrong: Set<String> = []
    for name in names.sorted() where name.count > 4 {
      var letters = Array(name)
      let place = Int.random(in: 1..<letters.count, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: letters.remove(at: place)
      case 1: letters.insert("q", at: place)
      default: letters[place] = "q"
      }
      let name = String(letters)
      if !names.contains(name) { wrong.insert(name) }
    }
    let text = wrong.sorted().map { "\($0): 1\n" }.joined()
    let problems = try ConfigurationFixture.load([("c.yml", text)]).report.problems
    let unknown = problems.filter { $0.text.hasPrefix("unknown key; did you mean ") }
    #expect(wrong.count > 300)
    #expect(Set(unknown.compactMap(\.key)) == wrong)
  }

  @Test("files that cannot be read are problems")
  func unreadable() throws {
    let outcome = TrainingConfiguration.load(
      ConfigurationRequest(files: ["missing"], folder: "/nonexistent"))
    #expect(outcome.report.problems.first?.description.contains("/nonexistent/missing.yml") == true)
    #expect(outcome.configuration == nil)
  }

  @Test("what may stand in a file that cannot be read is not missed")
  func incomplete() throws {
    let folder = try TemporaryFolder()
    try folder.write("model.yml", Array("num_layers: 2\nseeed: 3\n".utf8))
    try folder.write("broken.yml", Array("a: [".utf8))
    try folder.write("list.yml", Array("- 1\n".utf8))
    for (name, text) in [
      ("modle", "did you mean \(folder.path)/model.yml?"),
      ("seed=5", "; a change is given as --set seed=5"),
      ("broken", "did not find expected node"), ("list", "a configuration is a mapping"),
    ] {
      let outcome = TrainingConfiguration.load(
        ConfigurationRequest(files: ["model", name], folder: folder.path))
      let problems = outcome.report.problems.map(\.description)
      #expect(outcome.configuration == nil && problems.count == 2, "\(problems)")
      #expect(problems.contains { $0.contains("seeed: unknown key") })
      #expect(problems.contains { $0.contains(text) }, "\(problems)")
    }
  }

  @Test("where to save without when describes a model, and cannot be trained with")
  func saveWithoutWhen() throws {
    let report = try ConfigurationFixture.load("save: ckpt").report
    #expect(report.problems.isEmpty)
    #expect(
      report.trainingProblems.map(\.text) == [
        "needs checkpoint_factor or extra_save_iters, which say when to save"
      ])
  }

  @Test("a decay of no steps is allowed, as in GPT-NeoX, and pointed at")
  func noDecay() throws {
    let report = try ConfigurationFixture.load("lr_decay_iters: 0").report
    #expect(report.problems.isEmpty && report.warnings.count == 1)
    #expect(report.warnings.first?.key == "lr_decay_iters")
  }

  @Test(
    "GPT-NeoX's example configuration is right",
    .enabled(if: SharedMaterial.isPresent, Comment(rawValue: SharedMaterial.absent)))
  func example() throws {
    let page = try String(contentsOfFile: SharedMaterial.path("spec/seed.md"), encoding: .utf8)
    let start = try #require(page.range(of: "# GPT-3 pretraining setup\n"))
    let end = try #require(
      page.range(
        of: "\"wall_clock_breakdown\": true,\n}\n", range: start.upperBound..<page.endIndex))
    let text = String(page[start.upperBound..<end.upperBound])
    let outcome = try ConfigurationFixture.load([("example.yml", text)])
    let report = outcome.report
    #expect((report.problems + report.trainingProblems + report.warnings).isEmpty)
    let configuration = try #require(outcome.configuration)
    #expect(configuration.model.layerCount == 12 && configuration.length.iterations == 320_000)
    #expect(configuration.precision.kind == .float16 && configuration.logging.timesPhases)
  }
}
