import Foundation
import TestSupport
import Testing

@testable import Train

@Suite(
  "Configurations of recorded runs",
  .enabled(if: SharedMaterial.isPresent, Comment(rawValue: SharedMaterial.absent)))
struct GoldenConfigurationTests {
  private func load(_ name: String) throws -> TrainingConfiguration {
    try TrainingConfiguration(
      ConfigurationRequest(
        files: [SharedMaterial.path("golden/\(name)/config.yml")],
        pathBase: SharedMaterial.path("golden/\(name)")))
  }

  @Test("all are right")
  func all() throws {
    let folder = SharedMaterial.path("golden")
    let cases = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter {
      FileManager.default.fileExists(atPath: "\(folder)/\($0)/config.yml")
    }
    #expect(cases.count >= 50)
    for name in cases {
      let outcome = TrainingConfiguration.load(
        ConfigurationRequest(files: ["\(folder)/\(name)/config.yml"]))
      #expect(outcome.configuration != nil, "\(name): \(outcome.report.problems)")
    }
  }

  @Test("the Pythia-like case")
  func pythia() throws {
    let configuration = try load("caseA_small")
    #expect(configuration.model.rotaryWidth == 4 && configuration.model.isParallelResidual)
    #expect(configuration.batch == BatchSizes(global: 8, micro: 4, accumulation: 2))
    #expect(configuration.optimizer.clipping == 1)
    #expect(configuration.learningRate.style == .cosine)
    #expect(configuration.learningRate.minimum == 0.0001)
    let data = SharedMaterial.path("golden/caseA_small/../data/books40_text_document")
    #expect(configuration.data.source == .split(path: data, shares: "949,50,1"))
  }

  @Test("the Llama-like case")
  func llama() throws {
    let model = try load("caseC").model
    #expect(model.keyValueHeadCount == 2 && model.headCount == 4)
    #expect(model.norm == .rmsNorm && model.activation == .swiglu)
    #expect(!model.hasAttentionBias && !model.hasMLPBias && model.rotaryBase == 500_000)
  }

  @Test(
    "parameters are those of the recorded weights",
    arguments: [
      ("caseA_small", 165_632), ("caseB", 165_312), ("caseC", 151_872), ("caseD", 141_056),
      ("zoo_mqa", 153_152), ("zoo_qkln", 165_888), ("zoo_scalenorm", 164_997),
      // One table of relative positions, which the recorded file has in both layers.
      ("zoo_rpe", 165_888 - 32 * 4), ("caseH", 132_928),
    ])
  func parameters(name: String, expected: Int) throws {
    let configuration = try load(name)
    var isRewardModel = false
    if case .rewardModel = configuration.objective { isRewardModel = true }
    let count = configuration.model.parameterCount(
      vocabularySize: 512, isRewardModel: isRewardModel)
    #expect(count?.total == expected)
  }

  @Test("preference cases have pairs and rewards")
  func preferences() throws {
    guard case .pairs(let train, _, _) = try load("caseF_precompute").data.source else {
      Issue.record("no pairs")
      return
    }
    #expect(train.count == 1 && train[0].preferred.labels != nil)
    guard case .lists(let lists, _, _) = try load("caseG_refmodel").data.source else {
      Issue.record("no lists")
      return
    }
    #expect(lists[0].rewards?.hasSuffix("train_kto_reward_document") == true)
    #expect(
      try load("caseG_refmodel").objective
        == .kto(beta: 0.1, desirableWeight: 1, undesirableWeight: 1.33, isPublishedForm: false))
  }

  @Test("the example of the seed is right")
  func seed() throws {
    let text = try String(contentsOfFile: SharedMaterial.path("spec/seed.md"), encoding: .utf8)
    let start = try #require(text.range(of: "# GPT-3 pretraining setup"))
    let end = try #require(text.range(of: "\"wall_clock_breakdown\": true,\n}"))
    let outcome = try ConfigurationFixture.load(
      [("seed.yml", String(text[start.lowerBound..<end.upperBound]))])
    let configuration = try #require(outcome.configuration, "\(outcome.report.problems)")
    #expect(configuration.batch == BatchSizes(global: 4, micro: 4, accumulation: 1))
    #expect(configuration.precision.kind == .float16)
    #expect(configuration.optimizer.weightDecay == 0)
    #expect(outcome.report.unused.contains { $0.key == "optimizer.params.max_grad_norm" })
  }
}
