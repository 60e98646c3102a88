/// Derives from the values of all keys what a run needs, and checks that they fit together.
///
/// Every part reports what is wrong with it and goes on, so that one look shows all; the parts that
/// were made are thrown away then.
struct ConfigurationResolver {
  let settings: Settings
  let request: ConfigurationRequest
  var report: ConfigurationReport

  init(
    _ settings: Settings, _ request: ConfigurationRequest, report: ConfigurationReport
  ) {
    self.settings = settings
    self.request = request
    self.report = report
  }

  /// The configuration of the files; of use where no problem was reported.
  mutating func configuration(
    files: [(name: String, text: String)]
  ) -> TrainingConfiguration? {
    checkNumbers()
    checkDisabled()
    let model = self.model()
    let precision = self.precision()
    let batch = self.batch()
    let length = self.length()
    let data = self.data()
    let objective = self.objective(data)
    let optimizer = self.optimizer()
    let learningRate = self.learningRate(length)
    let checkpoints = self.checkpoints()
    // A value that is wrong counts as the default, which is not what was meant.
    if report.problems.isEmpty { reportIdle() }
    guard report.problems.isEmpty, let model, let precision, let batch, let optimizer else {
      return nil
    }
    return TrainingConfiguration(
      model: model, precision: precision, batch: batch, length: length, data: data,
      tokenizer: tokenizer(), objective: objective, optimizer: optimizer,
      learningRate: learningRate, checkpoints: checkpoints,
      recomputation: .init(
        isOn: settings.bool("checkpoint_activations"),
        layersPerChunk: settings.integer("checkpoint_num_layers") ?? 1),
      logging: logging(), generation: generation(), seed: settings.integer("seed") ?? 1234,
      usesQuirks: settings.bool("neox_quirks"),
      usesPipelineEngine: (settings.integer("pipe_parallel_size") ?? 0) > 0, files: files,
      settings: request.settings)
  }

  /// Records a problem of a key.
  mutating func problem(_ key: String, _ text: String) {
    report.problem(text, key: key, at: settings.place(key))
  }

  /// A path of the configuration, from the working directory.
  func path(_ text: String) -> String {
    guard let base = request.pathBase, !text.hasPrefix("/") else { return text }
    return base + "/" + text
  }

  /// The path that a key gives.
  func path(of key: String) -> String? {
    guard let text = settings.text(key), !text.isEmpty else { return nil }
    return path(text)
  }

  // MARK: - Bounds

  private static let smallest: [(key: String, bound: Double)] = [
    ("num_layers", 1), ("hidden_size", 1), ("num_attention_heads", 1), ("num_kv_heads", 1),
    ("seq_length", 1), ("max_position_embeddings", 1), ("intermediate_size", 1),
    ("mlp_multiple_of", 1), ("sliding_window_width", 0), ("rpe_num_buckets", 2),
    ("rpe_max_distance", 1), ("opt_pos_emb_offset", 0), ("make_vocab_size_divisible_by", 1),
    ("rotary_emb_base", 2), ("layernorm_epsilon", 0), ("rms_norm_epsilon", 0),
    ("scalenorm_epsilon", 0), ("init_method_std", 0), ("seed", 1), ("train_iters", 0),
    ("train_epochs", 1), ("eval_iters", 0), ("eval_interval", 1), ("exit_interval", 1),
    ("log_interval", 1), ("keep_last_n_checkpoints", 1), ("checkpoint_num_layers", 1),
    ("lr_decay_iters", 0), ("lr_decay_fraction", 0), ("min_lr", 0), ("warmup", 0),
    ("gradient_clipping", 0), ("weight_decay", 0), ("maximum_tokens", 1), ("top_k", 0),
    ("top_p", 0), ("temperature", 0), ("num_samples", 1), ("dpo_beta", 0), ("kto_beta", 0),
    ("kto_desirable_weight", 0), ("kto_undesirable_weight", 0), ("z_loss", 0), ("iteration", 0),
    ("pipe_parallel_size", 0), ("model_parallel_size", 0),
  ]
  /// More layers, heads, positions or components than any model has; products of two stay countable.
  private static let largestSize = 0x1p24
  private static let sizes = [
    "num_layers", "hidden_size", "num_attention_heads", "num_kv_heads", "seq_length",
    "max_position_embeddings", "intermediate_size", "mlp_multiple_of", "sliding_window_width",
    "rpe_num_buckets", "rpe_max_distance", "opt_pos_emb_offset", "make_vocab_size_divisible_by",
    "checkpoint_num_layers", "maximum_tokens", "top_k", "expansion_factor",
  ]
  /// Whether a size is too large to be reckoned with, which has been reported.
  var hasExcessiveSize: Bool {
    Self.sizes.contains { (settings.number($0) ?? 0) > Self.largestSize }
  }

  /// Steps and the like are counted in numbers that floating point holds exactly; the generators of
  /// the data's order take seeds of 32 bits; the rest becomes single precision.
  private static let largest: [(key: String, bound: Double)] =
    sizes.map { ($0, largestSize) } + [
      ("rotary_emb_base", 0x1p53), ("layernorm_epsilon", 1e6), ("rms_norm_epsilon", 1e6),
      ("scalenorm_epsilon", 1e6), ("init_method_std", 1e6), ("seed", 0xFFFF_FFFF),
      ("train_iters", 0x1p40), ("train_epochs", 0x1p20), ("eval_iters", 0x1p40),
      ("eval_interval", 0x1p53), ("exit_interval", 0x1p53), ("log_interval", 0x1p53),
      ("keep_last_n_checkpoints", 0x1p53), ("lr_decay_iters", 0x1p53),
      ("lr_decay_fraction", 1e12), ("num_samples", 0x1p40), ("iteration", 0x1p53),
      ("train_batch_size", 0x1p40), ("train_micro_batch_size_per_gpu", 0x1p20),
      ("gradient_accumulation_steps", 0x1p20), ("weight_decay", 1e30), ("min_lr", 1e30),
      ("gradient_clipping", 1e30), ("temperature", 1e30),
    ]
  private static let shares = ["attention_dropout", "hidden_dropout"]

  private mutating func checkNumbers() {
    for (key, bound) in Self.smallest {
      guard settings.isGiven(key), let value = settings.number(key), value < bound else { continue }
      problem(key, "is \(plain(value)); it has to be at least \(plain(bound))")
    }
    for (key, bound) in Self.largest {
      guard settings.isGiven(key), let value = settings.number(key), value > bound else { continue }
      problem(key, "is \(plain(value)); it has to be at most \(plain(bound))")
    }
    for key in Self.shares {
      guard let value = settings.number(key), !(0..<1).contains(value) else { continue }
      problem(key, "is \(plain(value)); it has to be from 0 to below 1")
    }
    if let value = settings.number("top_p"), value > 1 {
      problem("top_p", "is \(plain(value)); it has to be from 0 to 1")
    }
    if let value = settings.number("warmup"), value > 1 {
      problem("warmup", "is \(plain(value)); it is a share of the schedule, from 0 to 1")
    }
  }

  // MARK: - What has to be off

  private static let disabled: [(key: String, reason: String)] = [
    ("amp", "Apex is not here; give precision, fp16 or bf16 instead"),
    ("curriculum_learning", "sequences have one length from the first step on"),
    ("autotuning", "DeepSpeed's autotuner is not here; give the sizes themselves"),
    ("data_efficiency", "DeepSpeed's data sampling is not here"),
    ("elasticity", "the batch size does not change during a run"),
    ("compression_training", "weights are not pruned or quantised"),
    ("soft_prompt_tuning", "only weights are trained"),
  ]

  /// The same of keys that only DeepSpeed has.
  private static let disabledExtra: [(key: String, reason: String)] = [
    ("progressive_layer_drop", "every layer takes part in every step"),
    ("quantize_training", "weights are not quantised"),
  ]

  /// Refuses mappings that switch something on which is not here.
  private mutating func checkDisabled() {
    for (key, reason) in Self.disabled { checkDisabled(key, settings.map(key), reason) }
    guard case .map(let extra)? = settings.map("deepspeed_extra_args")?.value else { return }
    for (key, reason) in Self.disabledExtra {
      checkDisabled(
        "deepspeed_extra_args.\(key)", extra.first { $0.key == key }?.node, reason)
    }
  }

  private mutating func checkDisabled(_ key: String, _ node: ConfigurationNode?, _ reason: String) {
    guard case .map(let entries)? = node?.value, !entries.isEmpty else { return }
    let enabled = entries.first { $0.key == "enabled" }
    if case .bool(false)? = enabled?.node.value { return }
    let hint = enabled == nil ? "; set \(key).enabled to false, or leave it out" : ""
    report.problem(
      "is not supported: \(reason)\(hint)", key: key, at: enabled?.place ?? node?.place)
  }
}

/// A number without a fraction that is zero.
func plain(_ value: Double) -> String {
  value.rounded() == value && abs(value) < 0x1p53 ? String(Int(value)) : "\(value)"
}
