import TestSupport
import Testing

@testable import Train

@Suite("Values of a configuration")
struct ConfigurationValueTests {
  private func precision(_ more: String) throws -> TrainingConfiguration.Precision {
    try ConfigurationFixture.configuration(more).precision
  }

  @Test("precision comes from the key or from the dictionary that is enabled")
  func precision() throws {
    #expect(try precision("").kind == .float32)
    #expect(try precision("precision: bfloat16").kind == .bfloat16)
    #expect(try precision("precision: bfloat16\nbf16: {enabled: false}").kind == .bfloat16)
    #expect(try precision("bf16: {enabled: true}").kind == .bfloat16)
    let plain = try precision("precision: fp16")
    #expect(plain.lossScale?.initialPower == nil && plain.lossScale?.fixed == nil)
    let fixed = try precision("precision: fp16\nfp16: {enabled: false, loss_scale: 128}")
    #expect(fixed.kind == .float16 && fixed.lossScale?.fixed == 128)
    let moving = try precision(
      "fp16: {fp16: true, enabled: true, loss_scale: 0, initial_scale_power: 12, hysteresis: 1}")
    #expect(moving.lossScale?.initialPower == 12 && moving.lossScale?.hysteresis == 1)
    #expect(try ConfigurationFixture.problems("precision: fp32\nfp16: {enabled: true}").count == 1)
    #expect(
      try ConfigurationFixture.problems("bf16: {enabled: true}\nfp16: {enabled: true}").count == 1)
  }

  @Test("numbers may be written as strings, whole ones as floats, and choices in any case")
  func leniency() throws {
    let configuration = try ConfigurationFixture.configuration(
      """
      min_lr: 1e-5
      rotary_emb_base: 1.0e+6
      train_iters: 2e1
      norm: RMSNorm
      optimizer: {type: adam, params: {lr: 1e-3, betas: [0.9, "0.95"]}}
      """)
    #expect(configuration.learningRate.minimum == 1e-5)
    #expect(configuration.model.rotaryBase == 1_000_000)
    #expect(configuration.length.iterations == 20)
    #expect(configuration.model.norm == .rmsNorm)
    #expect(configuration.learningRate.peak == 1e-3)
  }

  @Test(
    "clipping at 1 is real, unless GPT-NeoX's mistakes are asked for",
    arguments: [
      ("", 1.0), ("gradient_clipping: 0.5", 0.5), ("gradient_clipping: 0", nil),
      ("neox_quirks: true", nil), ("neox_quirks: true\ngradient_clipping: 0.5", 0.5),
    ] as [(String, Double?)])
  func clipping(more: String, expected: Double?) throws {
    #expect(try ConfigurationFixture.configuration(more).optimizer.clipping == expected)
  }

  @Test(
    "datasets are read as memory, or by calls where data_reading says so",
    arguments: [("", "mmap"), ("data_reading: pread", "pread"), ("data_reading: mmap", "mmap")])
  func reading(more: String, expected: String) throws {
    let configuration = try ConfigurationFixture.configuration("data_path: a\n" + more)
    #expect(try DataSettings(configuration, vocabulary: nil).readingMode.rawValue == expected)
  }

  @Test("weight decay stands at the top, or in the parameters alone")
  func weightDecay() throws {
    #expect(try ConfigurationFixture.configuration().optimizer.weightDecay == 0.1)
    let own = "optimizer: {type: Adam, params: {lr: 0.001, weight_decay: 0.02}}"
    #expect(try ConfigurationFixture.configuration(own).optimizer.weightDecay == 0.02)
    #expect(try ConfigurationFixture.problems(own + "\nweight_decay: 0.1").count == 1)
  }

  @Test("OneBitAdam and SM3 say what they do not look at")
  func peculiarOptimizers() throws {
    let oneBit = try ConfigurationFixture.load(
      """
      weight_decay: 0.1
      lr_decay_style: cosine
      optimizer: {type: OneBitAdam, params: {lr: 1e-4, freeze_step: 23000, cuda_aware: false}}
      """)
    #expect(oneBit.configuration?.optimizer.kind == "onebitadam")
    #expect(
      oneBit.report.unused.map(\.key).sorted()
        == ["lr_decay_style", "optimizer.params.cuda_aware", "weight_decay"])
    let sharded = try ConfigurationFixture.problems(
      "zero_optimization: {stage: 1}\noptimizer: {type: OneBitAdam, params: {}}")
    #expect(sharded.contains { $0.contains("stage 1 excludes OneBitAdam") })
    let amsgrad = try ConfigurationFixture.problems(
      "optimizer: {type: Adam, params: {amsgrad: true}}")
    #expect(amsgrad.count == 1 && amsgrad[0].contains("params.amsgrad is not supported"))
  }

  @Test(
    "the kinds of layers are spelled out",
    arguments: [
      ("[[[global], 2]]", ["global", "global"]), ("[[[flash, global], all]]", ["flash", "global"]),
      ("[[[flash], 1], [[global], 1]]", ["flash", "global"]),
      ("[flash, flash]", ["flash", "flash"]),
      ("[[[flash], 1], [[global], all]]", ["global", "global"]),
    ])
  func attention(text: String, expected: [String]) throws {
    let model = try ConfigurationFixture.configuration("attention_config: \(text)").model
    #expect(model.attention.map(\.rawValue) == expected)
  }

  @Test(
    "widths of the MLP",
    arguments: [
      (3072, 1, false, 3072), (3072, 1024, false, 3072), (3072, 1, true, 1024),
      (2048, 1, true, 683),
      (8192, 1, true, 2731), (16384, 1, true, 5461), (14336, 1, true, 4779),
      (14336, 14336, true, 14336), (32768, 256, true, 11008), (40960, 256, true, 13824),
      (86016, 256, true, 28672), (43008, 256, true, 14336), (16384, 256, true, 5632),
      (160, 160, true, 160), (256, 1, true, 85),
    ])
  func mlpWidth(nominal: Int, multiple: Int, isGated: Bool, expected: Int) {
    let width = TrainingConfiguration.mlpWidth(
      nominal: nominal, multiple: multiple, isGated: isGated)
    #expect(width == expected)
  }

  @Test("GPT-NeoX's count of operations")
  func operations() throws {
    let model = try ConfigurationFixture.configuration(
      """
      num_layers: 12
      hidden_size: 768
      num_attention_heads: 12
      seq_length: 2048
      max_position_embeddings: 2048
      """
    ).model
    let count = model.operationCount(samples: 4, vocabularySize: 50304, recomputes: true).hardware
    #expect(abs(count / 9.939091193856e12 - 1) < 1e-12)
    // The head of a reward model gives one number a token.
    let reward = model.operationCount(
      samples: 4, vocabularySize: 50304, recomputes: true, isRewardModel: true)
    let head = 6.0 * 4 * 2048 * 768
    #expect(abs((count - reward.hardware) / (head * 50303) - 1) < 1e-9)
  }

  @Test("a model that cannot be counted is none")
  func hugeModel() throws {
    let model = try ConfigurationFixture.configuration(
      "num_layers: 16777216\nhidden_size: 16777216"
    ).model
    #expect(model.parameterCount(vocabularySize: 512) == nil)
  }

  @Test("data comes from one dataset, lists or pairs")
  func sources() throws {
    let lists = try ConfigurationFixture.configuration(
      """
      train_data_paths: [a, b]
      train_label_data_paths: [al, bl]
      train_data_weights: [1, 3.5]
      valid_data_path: v
      test_data_paths: [t]
      """)
    guard case .lists(let train, let valid, let test) = lists.data.source else {
      Issue.record("no lists")
      return
    }
    #expect(train.map(\.path) == ["a", "b"] && train.map(\.labels) == ["al", "bl"])
    #expect(train.map(\.weight) == [1, 3.5])
    #expect(valid.map(\.path) == ["v"] && test.map(\.weight) == [1])
    let pairs = try ConfigurationFixture.configuration(
      """
      dataset_impl: pairwise
      train_impl: dpo
      pos_train_data_path: p
      neg_train_data_path: n
      """)
    guard case .pairs(let pair, let none, _) = pairs.data.source else {
      Issue.record("no pairs")
      return
    }
    #expect(pair.map(\.preferred.path) == ["p"] && pair.map(\.other.path) == ["n"] && none.isEmpty)
    #expect(pairs.objective == .dpo(beta: 0.1, isReferenceFree: false, sharesPrefixes: false))
  }

  @Test("a list of weights has as many items as its list of paths")
  func weights() throws {
    let base = "valid_data_path: v\ntest_data_path: t\ntrain_data_paths: [a, b]\n"
    #expect(try ConfigurationFixture.problems(base + "train_data_weights: [1]").count == 1)
    #expect(try ConfigurationFixture.problems(base + "train_data_weights: [1, -1]").count == 1)
    #expect(try ConfigurationFixture.problems(base + "train_label_data_paths: [x]").count == 1)
  }

  @Test("checkpoints are due by steps, powers and extra steps")
  func checkpoints() throws {
    func due(_ more: String) throws -> [Int] {
      let saves = try SaveSchedule(ConfigurationFixture.configuration("save: c\n" + more))
      return (0...20).filter(saves.isDue)
    }
    #expect(try due("checkpoint_factor: 5") == [5, 10, 15, 20])
    #expect(try due("checkpoint_factor: 2\ncheckpoint_scale: log") == [1, 2, 4, 8, 16])
    #expect(try due("checkpoint_factor: 1.5\ncheckpoint_scale: log") == [1, 2, 3, 5, 7, 11, 17])
    #expect(try due("extra_save_iters: [0, 3]") == [0, 3])
    #expect(try due("save_interval: 10") == [10, 20])
  }

  @Test("a bare fp16 dictionary has the defaults of its wrapper, one with a key those of the table")
  func bareLossScale() throws {
    func scaler(_ more: String, _ wrapper: PrecisionWrapper) throws -> LossScaler {
      try LossScaler(ConfigurationFixture.configuration(more), wrapper: wrapper)
    }
    var settings = LossScaler.Settings()
    for wrapper in [PrecisionWrapper.fp16Fused, .fp16Unfused, .zero] {
      #expect(
        try scaler("fp16: {enabled: true}", wrapper)
          == LossScaler(LossScaler.Settings(), wrapper: wrapper))
      settings.window = 7
      #expect(
        try scaler("fp16: {enabled: true, loss_scale_window: 7}", wrapper)
          == LossScaler(settings, wrapper: wrapper))
    }
    // ZeRO's patience differs between the two.
    #expect(
      try scaler("fp16: {enabled: true}", .zero)
        != scaler("fp16: {enabled: true, loss_scale_window: 1000}", .zero))
  }

  @Test("OneBitAdam takes the weight decay of its own parameters, and no other")
  func oneBitDecay() throws {
    func decay(_ own: String, _ more: String = "") throws -> Double {
      try OptimizerSettings(
        ConfigurationFixture.configuration(
          "optimizer: {type: OneBitAdam, params: {lr: 0.001\(own)}}\n" + more)
      ).weightDecay
    }
    #expect(try decay(", weight_decay: 0.02") == 0.02)
    #expect(try decay(", weight_decay: 0.02", "weight_decay: 0.3") == 0.02)
    #expect(try decay("", "weight_decay: 0.3") == 0)
  }

  @Test(
    "neox_quirks forget the sliding window, but not under flash attention or the pipeline engine")
  func forgottenWindow() throws {
    func forgotten(_ more: String) throws -> Set<Int> {
      let configuration = try ConfigurationFixture.configuration("sliding_window_width: 9\n" + more)
      return ModelSettings(configuration, vocabularySize: 8).windowlessLayers
    }
    #expect(try forgotten("") == [])
    #expect(try forgotten("neox_quirks: true") == [0, 1])
    #expect(try forgotten("neox_quirks: true\nattention_config: [[[flash], 2]]") == [])
    #expect(try forgotten("neox_quirks: true\nattention_config: [[[flash, global], 1]]") == [1])
    #expect(try forgotten("neox_quirks: true\npipe_parallel_size: 1") == [])
  }

  @Test("relative paths begin at the folder that is asked for")
  func pathBase() throws {
    let folder = try TemporaryFolder()
    let text = ConfigurationFixture.text("data_path: a/b\nvocab_file: /v.json")
    let file = try folder.write("c.yml", Array(text.utf8))
    let configuration = try TrainingConfiguration(
      ConfigurationRequest(files: [file], pathBase: "/data"))
    #expect(configuration.data.source == .split(path: "/data/a/b", shares: "969, 30, 1"))
    #expect(configuration.tokenizer.vocabularyFile == "/v.json")
  }

  @Test("a configuration with problems is an error with all of them")
  func thrown() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("c.yml", Array("num_layer: 2\nhidden_sze: 3\n".utf8))
    #expect {
      try TrainingConfiguration(ConfigurationRequest(files: [file]))
    } throws: { error in
      "\(error)".contains("num_layer:") && "\(error)".contains("hidden_sze:")
    }
  }
}
