import Foundation
import TestSupport
import Testing

@testable import Train

@Suite("Configurations of several files")
struct ConfigurationMergeTests {
  private func keyProblems(_ texts: [(name: String, text: String)]) throws -> [String] {
    try ConfigurationFixture.load(texts).report.problems
      .filter { $0.text.contains("twice") }.map { $0.key ?? "" }
  }

  @Test("keys of all files come together")
  func merging() throws {
    let outcome = try ConfigurationFixture.load([
      ("model.yml", ConfigurationFixture.lines[..<5].joined(separator: "\n")),
      ("run.json", "{\"train-micro-batch-size-per-gpu\": 8, \"train-iters\": 5}"),
      ("optimizer.yml", "optimizer: {type: sgd, params: {lr: 1e-2}}"),
    ])
    let configuration = try #require(outcome.configuration)
    #expect(configuration.batch == BatchSizes(global: 8, micro: 8, accumulation: 1))
    #expect(configuration.learningRate.peak == 0.01)
    #expect(configuration.files.map(\.name) == ["model.yml", "run.json", "optimizer.yml"])
  }

  @Test(
    "a key may not be given twice, in whatever spelling",
    arguments: [
      ("num_layers: 2", "num_layers: 2", "num_layers"),
      ("num_layers: 2", "num-layers: 3", "num-layers"),
      ("num-layers: 2", "num_layers: 2", "num_layers"),
      ("train_data_path: a", "train_data_paths: [a]", "train_data_paths"),
      ("save_interval: 1", "checkpoint-factor: 2", "checkpoint-factor"),
    ])
  func duplicates(first: String, second: String, key: String) throws {
    #expect(try keyProblems([("a.yml", first), ("b.yml", second)]) == [key])
    #expect(try keyProblems([("a.yml", first + "\n" + second)]).count == 1 || first == second)
  }

  @Test("a key with dashes may repeat the same value, as in files of GPT-NeoX")
  func sameValue() throws {
    let outcome = try ConfigurationFixture.load([
      ("a.yml", "train_data_paths: [a]"), ("b.yml", "train-data-paths: [a]"),
    ])
    #expect(outcome.report.warnings.map(\.key) == ["train-data-paths"])
    #expect(!outcome.report.problems.contains { $0.text.contains("twice") })
  }

  @Test("two files may not have one name")
  func names() throws {
    let (one, other) = (try TemporaryFolder(), try TemporaryFolder())
    try one.write("c.yml", Array(ConfigurationFixture.text().utf8))
    try other.write("c.yml", Array("seed: 3\n".utf8))
    let outcome = TrainingConfiguration.load(
      ConfigurationRequest(files: [one.file("c.yml"), other.file("c.yml")]))
    #expect(outcome.report.problems.count == 1)
    #expect(outcome.report.problems.first?.text.contains("named c.yml too") == true)
  }

  @Test("a name gets .yml unless the file is there as it is")
  func paths() throws {
    let folder = try TemporaryFolder()
    try "x: 1".write(toFile: folder.file("x.yaml"), atomically: true, encoding: .utf8)
    func path(_ name: String) -> String { ConfigurationLoader.path(of: name, in: folder.path) }
    #expect(path("125M") == folder.file("125M.yml"))
    #expect(path("a.json") == folder.file("a.json"))
    #expect(path("x.yaml") == folder.file("x.yaml"))
    #expect(path("y.yaml") == folder.file("y.yaml.yml"))
    #expect(path("/abs/c.yml") == "/abs/c.yml")
  }

  @Test("--set wins over files, also inside mappings")
  func settings() throws {
    let outcome = try ConfigurationFixture.load(
      "fp16: {enabled: true, loss_scale: 0}",
      settings: [
        "train_iters=7", "optimizer.params.lr=2e-3", "fp16.loss_scale=128", "hidden-size=128",
        "data_path=a/b", "eval_interval=",
      ])
    let configuration = try #require(outcome.configuration, "\(outcome.report.problems)")
    #expect(configuration.length.iterations == 7)
    #expect(configuration.length.evaluationInterval == nil)
    #expect(configuration.learningRate.peak == 0.002)
    #expect(configuration.optimizer.kind == "adam")
    #expect(configuration.precision.lossScale?.fixed == 128)
    #expect(configuration.model.hiddenSize == 128)
    #expect(configuration.data.source == .split(path: "a/b", shares: "969, 30, 1"))
  }

  @Test("a setting that is none is a problem", arguments: ["x", "=1", "a..b=1", "seed.x=1"])
  func badSettings(setting: String) throws {
    let outcome = try ConfigurationFixture.load("seed: 3", settings: [setting])
    #expect(outcome.report.problems.count == 1)
    #expect(outcome.report.problems.first?.place?.file == "--set \(setting)")
  }

  @Test("unknown keys are warnings where asked for")
  func lenient() throws {
    let outcome = try ConfigurationFixture.load(
      [("c.yml", ConfigurationFixture.text("warmup_iters: 500"))], isLenient: true)
    #expect(outcome.configuration != nil)
    #expect(outcome.report.warnings.map(\.key) == ["warmup_iters"])
  }

  @Test("DeepSpeed's further keys are looked at")
  func extraArguments() throws {
    let outcome = try ConfigurationFixture.load(
      "deepspeed_extra_args: {gradient_clipping: 0.5, zero_allow_untested_optimizer: true}")
    #expect(outcome.configuration?.optimizer.clipping == 0.5)
    #expect(
      outcome.report.unused.map(\.key) == ["deepspeed_extra_args.zero_allow_untested_optimizer"])
    let twice = try ConfigurationFixture.problems(
      "gradient_clipping: 1.0\ndeepspeed_extra_args: {gradient_clipping: 0.5}")
    #expect(twice.count == 1 && twice[0].contains("outside deepspeed_extra_args"))
  }

  @Test("--set of DeepSpeed's further keys wins over the files, and is looked at as well")
  func setExtraArguments() throws {
    for more in ["", "gradient_clipping: 1.0", "deepspeed_extra_args: {gradient_clipping: 0.5}"] {
      for setting in [
        "deepspeed_extra_args.gradient_clipping=0.3",
        "deepspeed_extra_args={gradient_clipping: 0.3}",
      ] {
        let outcome = try ConfigurationFixture.load(more, settings: [setting])
        #expect(outcome.configuration?.optimizer.clipping == 0.3, "\(more), \(setting)")
      }
    }
    let inner = try ConfigurationFixture.load(
      settings: ["deepspeed_extra_args.optimizer.params.lr=0.25"])
    #expect(inner.configuration?.learningRate.peak == 0.25)
    for setting in [
      "deepspeed_extra_args.comm_loger={}", "deepspeed_extra_args={comm_loger: {}}",
    ] {
      let problems = try ConfigurationFixture.load(settings: [setting]).report.problems
      #expect(problems.count == 1 && problems[0].text.contains("did you mean comms_logger?"))
    }
    let unused = try ConfigurationFixture.load(
      settings: ["deepspeed_extra_args.zero_allow_untested_optimizer=true"])
    #expect(
      unused.report.unused.map(\.key) == ["deepspeed_extra_args.zero_allow_untested_optimizer"])
    let amp = try ConfigurationFixture.load(settings: ["deepspeed_extra_args.amp.enabled=true"])
    #expect(amp.report.problems.contains { $0.text.contains("Apex is not here") })
    for setting in ["progressive_layer_drop.enabled=true", "quantize_training={a: 1}"] {
      let refused = try ConfigurationFixture.load(settings: ["deepspeed_extra_args." + setting])
      #expect(refused.report.problems.contains { $0.text.contains("is not supported") })
    }
    let off = try ConfigurationFixture.load(
      settings: ["deepspeed_extra_args.progressive_layer_drop.enabled=false"])
    #expect(off.report.problems.isEmpty)
  }

  @Test(
    "keys that mean nothing beside others are listed with the reason",
    arguments: [
      ("norm: rmsnorm\nlayernorm_epsilon: 1e-6", "layernorm_epsilon", "norm is rmsnorm"),
      ("rms_norm_epsilon: 1e-6", "rms_norm_epsilon", "norm is layernorm"),
      ("pos_emb: rotary\nrpe_num_buckets: 16", "rpe_num_buckets", "pos_emb is rotary"),
      ("rotary_pct: 0.5", "rotary_pct", "pos_emb is learned"),
      (
        "init_method: small_init\noutput_layer_init_method: wang_init\ninit_method_std: 0.1",
        "init_method_std", "initial weights are small_init and wang_init"
      ),
      ("dpo_beta: 0.2", "dpo_beta", "train_impl is normal"),
      ("z_loss: 0.2", "z_loss", "train_impl is normal"),
      (
        "precompute_model_name: base", "precompute_model_name",
        "train_impl is normal, and precompute alone reads it"
      ),
      ("checkpoint-num-layers: 2", "checkpoint-num-layers", "checkpoint_activations is off"),
      ("weighted_sampler_alpha: 0.3", "weighted_sampler_alpha", "weight_by_num_documents is off"),
      ("lr_decay_iters: 5\nlr_decay_fraction: 0.5", "lr_decay_fraction", "lr_decay_iters decides"),
      ("no_load_optim: true", "no_load_optim", "load names nothing"),
      ("checkpoint_factor: 10", "checkpoint_factor", "save names nothing"),
      ("checkpoint_num_layers: 2", "checkpoint_num_layers", "checkpoint_activations is off"),
    ])
  func idle(more: String, key: String, reason: String) throws {
    let unused = try ConfigurationFixture.load(more).report.unused
    #expect(unused.map(\.key) == [key], "\(unused)")
    #expect(unused.first?.reason == reason)
  }

  @Test("keys that mean something are not listed")
  func busy() throws {
    let outcome = try ConfigurationFixture.load(
      """
      norm: layernorm
      layernorm_epsilon: 1e-6
      pos_emb: rotary
      rotary_pct: 0.5
      init_method_std: 0.1
      checkpoint_activations: true
      checkpoint_num_layers: 2
      save: x
      load: x
      checkpoint_factor: 10
      no_load_optim: true
      """)
    #expect(outcome.report.unused.isEmpty && outcome.report.trainingWarnings.isEmpty)
  }

  @Test("fine-tuning, preferences and a reward model without weights to begin with are warned of")
  func withoutLoad() throws {
    func warnings(_ more: String) throws -> [String] {
      try ConfigurationFixture.load(more).report.trainingWarnings.map {
        "\($0.key ?? ""): \($0.text)"
      }
    }
    #expect(try warnings("").isEmpty)
    #expect(
      try warnings("finetune: true") == [
        "finetune: there is no load, and training begins with random weights"
      ])
    let dpo = "train_impl: dpo\ndataset_impl: pairwise\npack_impl: unpacked"
    #expect(try warnings(dpo).first?.hasSuffix("and holds the model to them") == true)
    #expect(try warnings(dpo + "\nload: x").isEmpty)
    #expect(
      try warnings(dpo + "\nreference_load: x") == [
        "train_impl: dpo without load begins with random weights"
      ])
  }

  @Test("preference data that cannot be right are warned of")
  func suspiciousData() throws {
    let head = "train_impl: dpo\ndataset_impl: pairwise\npack_impl: unpacked\nload: x\n"
    let lists = ["train", "valid", "test"].flatMap { purpose in
      ["pos", "neg"].map { "\($0)_\(purpose)_data_paths: [\($0)]" }
    }.joined(separator: "\n")
    #expect(try ConfigurationFixture.load(head + lists).report.trainingWarnings.isEmpty)
    let same = lists.replacingOccurrences(of: "[neg]", with: "[pos]")
    let warnings = try ConfigurationFixture.load(head + same).report.trainingWarnings
    #expect(warnings.count == 3 && warnings[0].text.contains("neg_train_data_paths' too"))
    let labels = "\npos_valid_label_data_paths: [l]\nneg_valid_label_data_paths: [l]"
    let some = try ConfigurationFixture.load(head + lists + labels).report.trainingWarnings
    #expect(
      some.map(\.key) == ["pos_train_data_paths", "pos_test_data_paths"],
      "\(some.map(\.description))")
  }

  @Test("keys without an effect are listed with the reason")
  func unused() throws {
    let outcome = try ConfigurationFixture.load(
      "distributed_backend: nccl\nlr: 0.5\nscaled_masked_softmax_fusion: true\nrope_fusion: false")
    #expect(outcome.configuration != nil)
    #expect(
      outcome.report.unused.map(\.key)
        == ["distributed_backend", "lr", "scaled_masked_softmax_fusion", "rope_fusion"])
    #expect(outcome.report.unusedByReason.map(\.keys.count) == [1, 1, 2])
  }
}
