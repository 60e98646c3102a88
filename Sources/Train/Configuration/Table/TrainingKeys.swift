extension ConfigurationTable {
  /// Files that are read and written.
  static let checkpoints: [ConfigurationKey] = [
    .text("save", nil, "folder for checkpoints; nothing is saved where it is not given"),
    .text(
      "s3_path", nil, "where checkpoints are uploaded",
      .refused("nothing is uploaded; copy the folder of `save` instead")),
    .int(
      "s3_chunk_size", 104_857_600, "bytes of an upload's parts", .noEffect("nothing is uploaded")),
    .map(
      "config_files", "the configuration's files as text", .overwritten("the program keeps them")),
    .text("load", nil, "checkpoint to begin with"),
    .flag(
      "checkpoint_validation_with_forward_pass", false, "store outputs and compare them on loading",
      .refused("checkpoints hold hashes of their files instead, which are always compared")),
    .choice(
      "checkpoint_scale", "linear", ["linear", "log"],
      "whether checkpoints are equally far apart, or each a factor later"),
    .row(
      "checkpoint_factor", .either([.integer, .number]), nil,
      "steps between checkpoints, or that factor"),
    .row("extra_save_iters", .list(.integer), nil, "further steps after which to save"),
    .flag("no_save_optim", false, "whether the optimizer's state is left out", unread),
    .flag("no_save_rng", false, "leave states of random generators out", fromSeed),
    .flag("no_load_optim", false, "begin with an empty optimizer"),
    .flag("no_load_rng", false, "begin with fresh random generators", fromSeed),
    .flag("finetune", false, "take weights alone from `load` and begin at step 0"),
    .int("keep_last_n_checkpoints", nil, "keep only so many checkpoints"),
    .text("vocab_file", nil, "the tokenizer's vocabulary or model"),
    .text("merge_file", nil, "the merges of a GPT-2 vocabulary"),
  ]

  /// The run.
  static let training: [ConfigurationKey] = [
    .int("batch_size", nil, "samples of a micro batch", .overwritten(batch)),
    .int("train_iters", nil, "optimizer steps"),
    .int("train_epochs", nil, "the same as passes over the data; instead of train_iters"),
    .int("eval_iters", 100, "batches of one evaluation"),
    .int("eval_interval", 1000, "steps between evaluations"),
    .int("exit_interval", nil, "stop, without saving, after a step that is a multiple of it"),
    .number("attention_dropout", 0, "share of attention's weights that are dropped"),
    .number("hidden_dropout", 0, "share of activations that are dropped"),
    .number(
      "weight_decay", 0.1, "how much weights shrink in a step, as a share of the learning rate"),
    .flag("checkpoint_activations", false, "keep few activations and compute the others again"),
    .int("checkpoint_num_layers", 1, "layers between activations that are kept"),
    .flag(
      "deepspeed_activation_checkpointing", true, "recompute through DeepSpeed",
      .noEffect("DeepSpeed is not here; checkpoint_activations decides")),
    .flag("contiguous_checkpointing", false, "pack kept activations in one block", packed),
    .flag("checkpoint_in_cpu", false, "keep activations in the machine's memory", packed),
    .flag("synchronize_each_layer", false, "wait for the device after every layer", packed),
    .flag(
      "profile_backward", false, "measure how long recomputing takes",
      .noEffect("wall_clock_breakdown measures the phases of a step")),
    .flag(
      "partition_activations", false, "cut kept activations over model-parallel ranks",
      .noEffect("there is one model-parallel rank")),
    .number("clip_grad", 1, "largest norm of gradients", .overwritten("gradient_clipping decides")),
    .int("hysteresis", 2, "overflows before the loss scale falls", inFP16),
    .flag("dynamic_loss_scale", nil, "whether the loss scale moves", inFP16),
    .number("loss_scale", nil, "the loss scale", inFP16),
    .number("loss_scale_window", 1000, "steps before the loss scale rises", inFP16),
    .number("min_scale", 1, "smallest loss scale", inFP16),
    .flag(
      "char_level_ppl", false, "also print the perplexity of a character",
      .refused("only the perplexity of a token is computed")),
  ]

  /// Maximal-update parametrisation.
  static let muP: [ConfigurationKey] = [
    .flag("use_mup", false, "scale initial weights and learning rates by width", noMuP),
    .flag("coord_check", false, "draw how activations grow with width and stop", noMuP),
    .flag("save_base_shapes", false, "write the shapes of the base model and stop", noMuP),
    .text("base_shapes_file", nil, "those shapes", .noEffect("use_mup is off")),
    .number("mup_init_scale", 1, "factor of initial weights", .noEffect("use_mup is off")),
    .number("mup_attn_temp", 1, "temperature of attention", unread),
    .number("mup_output_temp", 1, "temperature of the output", unread),
    .number("mup_embedding_mult", 1, "factor of embeddings", .noEffect("use_mup is off")),
    .number(
      "mup_rp_embedding_mult", 1, "factor of learned positions, with and without use_mup",
      .refused("positions are not scaled")),
    .int("mup_width_scale", 2, "width of the model that is compared", .noEffect("use_mup is off")),
  ]

  private static let fromSeed = KeyTreatment.noEffect(
    "dropout follows from seed and step, so that no generator has a state")
  private static let batch = "train_micro_batch_size_per_gpu decides"
  private static let packed = KeyTreatment.noEffect(
    "activations are in the machine's memory anyway")
  private static let inFP16 = KeyTreatment.noEffect("the dictionary fp16 decides, as in GPT-NeoX")
  private static let noMuP = KeyTreatment.refused(
    "maximal-update parametrisation is not supported")
}
