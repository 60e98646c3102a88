extension ConfigurationTable {
  private static let service = KeyTreatment.noEffect(noService)
  private static let noTrace = KeyTreatment.noEffect("it records what a CUDA device does")
  private static let normOfAll = KeyTreatment.noEffect(
    "metrics.jsonl holds the norm of all gradients of every step")

  /// What is written about a run.
  static let logging: [ConfigurationKey] = [
    .flag("use_wandb", nil, "log to Weights & Biases", service),
    .text("wandb_group", nil, "group of runs there", service),
    .text("wandb_run_name", nil, "name of the run there", service),
    .text("wandb_team", nil, "team there", service),
    .text("wandb_project", "neox", "project there", service),
    .text("wandb_host", "https://api.wandb.ai", "address of the service", service),
    .flag("wandb_init_all_ranks", false, "log there from every process", service),
    .text("git_hash", nil, "commit of GPT-NeoX", .overwritten("the program has a version")),
    .text("log_dir", nil, "folder for the log and metrics.jsonl"),
    .text("tensorboard_dir", nil, "folder for TensorBoard's event files"),
    .flag("use_comet", nil, "log to Comet", service),
    .text("comet_workspace", nil, "workspace there", service),
    .text("comet_project", nil, "project there", service),
    .text("comet_experiment_name", nil, "name of the run there", service),
    .texts("comet_tags", "tags there", service),
    .map("comet_others", "further facts there", service),
    .row("comet_experiment", .any, nil, "the run's object there", service),
    .number(
      "peak_theoretical_tflops", nil, "what the device can do at best, to show the share used"),
    .int("log_interval", 100, "steps between log lines"),
    .flag("log_grad_pct_zeros", false, "log how many gradients are zero", normOfAll),
    .flag("log_param_norm", false, "log the norm of every weight", normOfAll),
    .flag("log_grad_norm", false, "log the norm of every gradient", normOfAll),
    .flag("log_optimizer_states", false, "log norms of the optimizer's states", normOfAll),
    .flag(
      "log_gradient_noise_scale", false, "log an estimate of the gradients' noise",
      .refused("it is not estimated; GPT-NeoX stops with a NameError here")),
    .int("gradient_noise_scale_n_batches", 5, "batches of that estimate", noNoise),
    .flag("gradient_noise_scale_cpu_offload", false, "keep its sums off the device", noNoise),
    .flag("memory_profiling", false, "record allocations", noTrace),
    .text("memory_profiling_path", nil, "folder for that record", noTrace),
    .flag("profile", false, "record some steps with PyTorch's profiler", noTrace),
    .int("profile_step_start", 10, "first of these steps", noTrace),
    .int("profile_step_stop", 12, "last of these steps", noTrace),
  ]

  private static let noNoise = KeyTreatment.noEffect("log_gradient_noise_scale is off")

  /// Text from a trained model.
  static let generation: [ConfigurationKey] = [
    .choice(
      "text_gen_type", nil, ["unconditional", "input-file", "interactive", "precompute"],
      "where prompts come from; `precompute` computes reference log-probabilities instead"),
    .text("precompute_model_name", nil, "end of the names of datasets with a reference's values"),
    .number("temperature", 0, "how evenly tokens are drawn; 0 leaves the logits alone"),
    .number("top_p", 0, "draw from the likeliest tokens with this sum; 0 for all"),
    .int("top_k", 0, "draw from so many likeliest tokens; 0 for all"),
    .flag("return_logits", false, "write logits beside the text"),
    .int("maximum_tokens", 64, "longest answer"),
    .text("prompt_end", "\n", "what ends a prompt"),
    .text("sample_input_file", nil, "file of prompts"),
    .text("sample_output_file", "samples.txt", "file for texts, as JSON lines"),
    .int("num_samples", 1, "number of texts without a prompt"),
    .flag("recompute", false, "compute keys and values of all tokens anew for every token"),
    .text("eval_results_prefix", "", "beginning of the name of lm-eval's results", noHarness),
    .texts("eval_tasks", "tasks of lm-eval", noHarness),
  ]

  private static let noHarness = KeyTreatment.noEffect("lm-eval is a Python program")
}
