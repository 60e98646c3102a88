extension ConfigurationResolver {
  /// The sizes of a batch.
  mutating func batch() -> BatchSizes? {
    let keys = [
      "train_batch_size", "train_micro_batch_size_per_gpu", "gradient_accumulation_steps",
    ]
    // A wrong value has been reported where it stands.
    for key in keys
    where settings.place(key) != nil && !settings.isNull(key) && !settings.isGiven(key) {
      return nil
    }
    do throws(BatchSizes.Fault) {
      return try .solve(
        global: settings.integer(keys[0]), micro: settings.integer(keys[1]),
        accumulation: settings.isGiven(keys[2]) ? settings.integer(keys[2]) : nil,
        processes: request.processCount)
    } catch {
      let place = keys.compactMap { settings.place($0) }.first
      report.problem(error.reason, key: "batch size", at: place)
      return nil
    }
  }

  /// How long the run is.
  mutating func length() -> TrainingConfiguration.Length {
    let iterations = settings.integer("train_iters")
    let epochs = settings.integer("train_epochs")
    switch (iterations, epochs) {
    case (nil, nil):
      if settings.place("train_iters") == nil, settings.place("train_epochs") == nil {
        report.problem("is missing; train_epochs may be given instead", key: "train_iters")
      }
    case (_?, _?):
      problem("train_epochs", "excludes train_iters; remove one of the two")
    case (nil, _?): checkEpochs()
    default: break
    }
    let interval = settings.isNull("eval_interval") ? nil : settings.integer("eval_interval")
    return TrainingConfiguration.Length(
      iterations: iterations, epochs: epochs, evaluationInterval: interval,
      evaluationIterations: settings.integer("eval_iters") ?? 100,
      exitInterval: settings.integer("exit_interval"))
  }

  /// What epochs go together with (`training.py: train_epochs`).
  private mutating func checkEpochs() {
    if settings.text("pack_impl") != "packed" {
      problem("train_epochs", "needs pack_impl packed")
    }
    if settings.text("dataset_impl") != "gpt2" {
      problem("train_epochs", "needs dataset_impl gpt2")
    }
    if settings.bool("weight_by_num_documents") {
      problem("train_epochs", "excludes weight_by_num_documents")
    }
    let weights = settings.list("train_data_weights") ?? []
    if weights.contains(where: { !$0.value.isSame(as: .integer(1)) }) {
      problem("train_epochs", "needs train_data_weights of 1")
    }
  }

  /// The learning rate.
  mutating func learningRate(
    _ length: TrainingConfiguration.Length
  ) -> TrainingConfiguration.LearningRate {
    var peak = 0.001
    if case .map(let entries)? = settings.map("optimizer")?.value,
      case .map(let params)? = entries.first(where: { $0.key == "params" })?.node.value,
      let written = params.first(where: { $0.key == "lr" })?.node.value,
      case .number(let rate)? = KeyCheck.converted(written, to: .number)
    {
      peak = rate
    }
    let minimum = settings.number("min_lr") ?? 0
    if minimum > peak {
      problem(
        "min_lr", "\(plain(minimum)) is above optimizer.params.lr, which is \(plain(peak))")
    }
    let overrides = settings.bool("override_lr_scheduler")
    let follows = settings.bool("use_checkpoint_lr_scheduler")
    if overrides, follows {
      problem(
        "use_checkpoint_lr_scheduler", "excludes override_lr_scheduler; remove one of the two")
    }
    if settings.integer("lr_decay_iters") == 0 {
      report.warning(
        "is 0, which counts as 1: the rate is at its end after the first step; leave it out for"
          + " train_iters", key: "lr_decay_iters", at: settings.place("lr_decay_iters"))
    }
    return TrainingConfiguration.LearningRate(
      style: settings.choice("lr_decay_style") ?? .linear, peak: peak, minimum: minimum,
      warmup: settings.number("warmup") ?? 0.01,
      decayIterations: settings.integer("lr_decay_iters"),
      decayFraction: settings.number("lr_decay_fraction"), overridesCheckpoint: overrides,
      followsCheckpoint: follows)
  }

  /// The tokenizer.
  func tokenizer() -> TrainingConfiguration.Tokenizer {
    TrainingConfiguration.Tokenizer(
      kind: settings.text("tokenizer_type") ?? "", vocabularyFile: path(of: "vocab_file"),
      mergesFile: path(of: "merge_file"),
      vocabularyMultiple: settings.integer("make_vocab_size_divisible_by") ?? 128)
  }

  /// What is written about the run.
  func logging() -> TrainingConfiguration.Logging {
    TrainingConfiguration.Logging(
      folder: path(of: "log_dir"), tensorBoardFolder: path(of: "tensorboard_dir"),
      interval: settings.integer("log_interval") ?? 100,
      timesPhases: settings.bool("wall_clock_breakdown"),
      peakTeraflops: settings.number("peak_theoretical_tflops"))
  }

  /// Text from the trained model.
  func generation() -> TrainingConfiguration.Generation {
    let input = path(of: "sample_input_file")
    // Nothing, said so, means a file beside the prompts.
    let output = settings.isNull("sample_output_file") ? nil : path(of: "sample_output_file")
    return TrainingConfiguration.Generation(
      mode: settings.choice("text_gen_type") ?? (input == nil ? .unconditional : .inputFile),
      isModeGiven: settings.isGiven("text_gen_type"),
      temperature: settings.number("temperature") ?? 0, topP: settings.number("top_p") ?? 0,
      topK: settings.integer("top_k") ?? 0, returnsLogits: settings.bool("return_logits"),
      maximumTokens: settings.integer("maximum_tokens") ?? 64,
      promptEnd: settings.text("prompt_end") ?? "\n", inputFile: input,
      outputFile: output ?? input.map { $0 + ".output.jsonl" } ?? path("samples.txt"),
      sampleCount: settings.integer("num_samples") ?? 1, recomputes: settings.bool("recompute"))
  }

  // MARK: - Checkpoints

  /// What is saved and loaded.
  mutating func checkpoints() -> TrainingConfiguration.Checkpoints {
    let folder = path(of: "save")
    let extra = settings.list("extra_save_iters")
    if folder != nil, !settings.isGiven("checkpoint_factor"), extra == nil,
      settings.place("checkpoint_factor") == nil
    {
      report.refuseTraining(
        "needs checkpoint_factor or extra_save_iters, which say when to save", key: "save",
        at: settings.place("save"))
    }
    return TrainingConfiguration.Checkpoints(
      folder: folder, spacing: spacing(),
      extraSteps: (extra ?? []).compactMap {
        if case .integer(let step) = $0.value { step } else { nil }
      }, keptCount: settings.integer("keep_last_n_checkpoints"),
      load: path(of: "load"), referenceLoad: path(of: "reference_load"),
      iteration: settings.integer("iteration"), loadsOptimizer: !settings.bool("no_load_optim"),
      isFinetuning: settings.bool("finetune"))
  }

  private mutating func spacing() -> TrainingConfiguration.Checkpoints.Spacing? {
    let key = "checkpoint_factor"
    guard let factor = settings.number(key) else { return nil }
    if settings.text("checkpoint_scale") == "log" {
      guard factor > 1 else {
        problem(key, "is \(plain(factor)); with checkpoint_scale log it has to be above 1")
        return nil
      }
      return .powers(of: factor)
    }
    guard factor >= 1, factor.rounded() == factor, factor < 0x1p53 else {
      problem(key, "is \(plain(factor)); it has to be a whole number of steps, at least 1")
      return nil
    }
    return .every(Int(factor))
  }
}
