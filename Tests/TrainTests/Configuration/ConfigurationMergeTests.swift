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
