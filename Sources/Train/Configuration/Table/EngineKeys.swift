extension ConfigurationTable {
  private static let unforwarded = KeyTreatment.noEffect(
    "GPT-NeoX hands it to DeepSpeed, which is not here")

  /// What GPT-NeoX hands to DeepSpeed.
  static let engine: [ConfigurationKey] = [
    .flag(
      "deepspeed", true, "train with DeepSpeed",
      .refused("GPT-NeoX trains through DeepSpeed only; remove the key")),
    .int("train_batch_size", nil, "samples of one optimizer step, over all processes"),
    .int("train_micro_batch_size_per_gpu", nil, "samples that go through the model at once"),
    .int("gradient_accumulation_steps", 1, "micro batches of one optimizer step and process"),
    .map("optimizer", "`type` and `params` of the optimizer"),
    .map(
      "scheduler", "DeepSpeed's learning-rate schedule",
      .refused("the schedule comes from lr_decay_style, lr_decay_iters, warmup and min_lr")),
    .flag(
      "fp32_allreduce", false, "add bf16 activations of model-parallel ranks in fp32",
      .noEffect("there is one model-parallel rank")),
    .flag(
      "prescale_gradients", false, "divide gradients before they are added over processes",
      .noEffect("one process adds nothing over processes")),
    .number(
      "gradient_predivide_factor", 1, "what gradients are divided by before that",
      .noEffect("one process adds nothing over processes")),
    .flag(
      "sparse_gradients", false, "send only the rows of embeddings that changed",
      .noEffect("one process sends nothing")),
    .map("fp16", "16-bit floats with a loss scale: `enabled` and the loss scale's settings"),
    .map("bf16", "bfloat16: `enabled`"),
    .map("amp", "mixed precision by NVIDIA's Apex", .noEffect("it is not enabled")),
    .number("gradient_clipping", 1, "largest global norm of the gradients; 0 for no limit"),
    .map("zero_optimization", "ZeRO: how optimizer states are spread over processes"),
    .map(
      "curriculum_learning", "DeepSpeed's growing sequence length", .noEffect("it is not enabled")),
    .int("curriculum_seqlen", 0, "present sequence length of that curriculum", unread),
    .int(
      "steps_per_print", 10, "steps between DeepSpeed's own lines",
      .noEffect("log_interval decides how often a line is printed")),
    .flag("wall_clock_breakdown", false, "print how long the phases of a step take"),
    .flag("dump_state", false, "print the engine's settings at the start", unforwarded),
    .map(
      "flops_profiler", "DeepSpeed's count of operations",
      .noEffect("DeepSpeed's profiler is not here; the log line shows operations a second")),
    .row(
      "communication_data_type", .either([.bool, .string]), nil,
      "type in which gradients are added over processes",
      .noEffect("one process adds nothing over processes")),
    .map("autotuning", "DeepSpeed's search for batch sizes", .noEffect("it is not enabled")),
    .map(
      "activation_checkpointing", "DeepSpeed's settings for recomputed activations",
      .noEffect("GPT-NeoX goes by checkpoint_activations instead")),
    .map(
      "sparse_attention", "DeepSpeed's block-sparse attention",
      .noEffect("GPT-NeoX goes by sparsity_config")),
    .map("data_efficiency", "DeepSpeed's data sampling", .noEffect("it is not enabled")),
    .map(
      "tensorboard", "DeepSpeed's own event files", .noEffect("tensorboard_dir writes event files")),
    .map("wandb", "DeepSpeed's own Weights & Biases log", .noEffect(noService)),
    .map(
      "csv_monitor", "DeepSpeed's own CSV files", .noEffect("metrics.jsonl holds the same figures")),
    .map(
      "elasticity", "batch sizes that fit changing numbers of devices",
      .noEffect("it is not enabled")),
    .map(
      "comms_logger", "log of messages between processes", .noEffect("one process sends none")),
    .map(
      "compression_training", "pruning and quantisation by DeepSpeed",
      .noEffect("it is not enabled")),
    .map(
      "checkpoint", "DeepSpeed's checkpoint settings", .noEffect("checkpoints are not DeepSpeed's")),
    .map(
      "data_types", "`grad_accum_dtype`: type in which gradients are added up",
      .noEffect("gradients are added up in fp32, with precision fp16 in fp16")),
    .map("deepspeed_extra_args", "further keys for DeepSpeed"),
  ]

  /// Services that want an account and a network.
  static let noService =
    "nothing is sent to the network; metrics.jsonl and TensorBoard files hold the same figures"

  /// The mixture of experts.
  static let experts: [ConfigurationKey] = [
    .int(
      "moe_num_experts", 1, "experts of a mixture layer; 1 is a dense model",
      .atMost(1, "mixtures of experts are not supported; dense models are")),
    .int("moe_expert_interval", 1, "every how many layers there are experts", dense),
    .int("moe_top_k", 1, "experts that see a token", dense),
    .choice(
      "moe_router_type", "sinkhorn", ["sinkhorn", "topk"], "how tokens find their experts", dense),
    .flag("moe_lbl_in_fp32", false, "balance the experts' load in fp32", unread),
    .number("moe_jitter_eps", nil, "noise on the router's inputs", dense),
  ]

  private static let dense = KeyTreatment.noEffect("the model is dense")

  /// The learning rate.
  static let learningRate: [ConfigurationKey] = [
    .choice(
      "lr_decay_style", "linear", ["constant", "linear", "cosine", "exponential"],
      "curve of the learning rate after the warm-up"),
    .int("lr_decay_iters", nil, "steps of the whole curve; train_iters where it is not given"),
    .number("lr_decay_fraction", nil, "the same as a share of train_iters; lr_decay_iters wins"),
    .number("min_lr", 0, "lowest learning rate after the warm-up"),
    .number("warmup", 0.01, "share of the curve during which the learning rate rises"),
    .flag("override_lr_scheduler", false, "when resuming, follow the configuration's curve"),
    .flag("use_checkpoint_lr_scheduler", false, "when resuming, follow the checkpoint's curve"),
  ]

  private static let fromZero = KeyTreatment.overwritten("zero_optimization decides")

  /// The optimizer.
  static let optimizer: [ConfigurationKey] = [
    .choice(
      "optimizer_type", "adam",
      ["adam", "onebitadam", "cpu_adam", "cpu_torch_adam", "sm3", "madgrad_wd", "sgd", "lion"],
      "kind of the optimizer", .overwritten("optimizer.type decides")),
    .flag(
      "use_bnb_optimizer", false, "keep Adam's states in 8 bits",
      .refused("states of 8 bits are not supported; leave it out to keep them in fp32")),
    .row(
      "zero_stage", .any, nil, "stage of ZeRO", fromZero),
    .flag("zero_reduce_scatter", nil, "whether ZeRO scatters gradients", fromZero),
    .flag("zero_contiguous_gradients", nil, "whether ZeRO packs gradients", fromZero),
    .int("zero_reduce_bucket_size", nil, "elements that ZeRO reduces at once", fromZero),
    .int("zero_allgather_bucket_size", nil, "elements that ZeRO gathers at once", fromZero),
    .number("lr", nil, "highest learning rate", .overwritten("optimizer.params.lr decides")),
  ]

  /// The tokenizer.
  static let tokenizer: [ConfigurationKey] = [
    .choice(
      "tokenizer_type", "GPT2BPETokenizer",
      [
        "GPT2BPETokenizer", "HFTokenizer", "HFGPT2Tokenizer", "SPMTokenizer", "CharLevelTokenizer",
        "TiktokenTokenizer",
      ], "kind of the tokenizer, which gives the size of the vocabulary",
      .refusedChoices([
        "SPMTokenizer": "SentencePiece models cannot be read; byte-level BPE vocabularies can"
      ])),
    .int(
      "padded_vocab_size", nil, "rows of the embedding", .overwritten("the tokenizer decides")),
  ]
}
