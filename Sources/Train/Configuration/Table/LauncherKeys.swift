extension ConfigurationTable {
  private static let oneProcess = KeyTreatment.noEffect("one process trains on this machine")

  /// How GPT-NeoX starts its processes.
  static let launcher: [ConfigurationKey] = [
    .text(
      "hostfile", nil, "file that lists the machines and how many devices each has", oneProcess),
    .text("include", nil, "machines and devices to use, such as `a:0,2@b`", oneProcess),
    .text("exclude", nil, "machines and devices to leave out", oneProcess),
    .int("num_nodes", -1, "use only the first machines of the host file", oneProcess),
    .int("num_gpus", nil, "devices to use on every machine", oneProcess),
    .int("master_port", 29500, "port at which the processes meet", oneProcess),
    .text("master_addr", nil, "address at which the processes meet", oneProcess),
    .choice(
      "launcher", "pdsh", ["pdsh", "openmpi", "mvapich", "slurm", "mpich", "impi", "jsrun"],
      "program that starts processes on other machines", oneProcess),
    .flag("force_multi", false, "start through the launcher even on one machine", oneProcess),
    .text(
      "autotuning_run", nil, "whether DeepSpeed's autotuner searches or runs",
      .refused("DeepSpeed's autotuner is not here; give the sizes themselves")),
    .flag("no_ssh_check", false, "do not try whether the first machine answers", oneProcess),
    .text("comment", nil, "comment for the job of a Slurm cluster", oneProcess),
    .text("account", nil, "account that a Slurm cluster bills", oneProcess),
  ]

  /// Processes and how the model is cut between them.
  static let parallelism: [ConfigurationKey] = [
    .int(
      "pipe_parallel_size", 0, "pipeline stages; 0 and 1 are the same mathematics",
      .atMost(1, "one process trains, so layers are not spread over stages; set it to 1")),
    .int(
      "model_parallel_size", 1, "processes that share every matrix",
      .atMost(1, "one process trains, so matrices are not cut; set it to 1")),
    .text(
      "pipe_partition_method", "type:transformer|mlp", "how layers are dealt to pipeline stages",
      .noEffect("there is one pipeline stage")),
    .int("world_size", nil, "number of processes", .overwritten("the program counts processes")),
    .flag(
      "is_pipe_parallel", false, "whether the pipeline engine runs",
      .overwritten("pipe_parallel_size decides")),
    .flag(
      "sequence_parallel", false, "cut activations along the sequence between model-parallel ranks",
      .noEffect("there is one model-parallel rank")),
  ]

  /// The remaining arguments.
  static let other: [ConfigurationKey] = [
    .text(
      "distributed_backend", "nccl", "library that moves tensors between processes",
      .noEffect("one process has nobody to talk to")),
    .int("local_rank", nil, "place among the machine's processes", fromEnvironment),
    .int("rank", nil, "place among all processes", fromEnvironment),
    .flag(
      "lazy_mpu_init", false, "let an outer program set up the processes",
      .noEffect("one process needs no set-up")),
    .number("short_seq_prob", 0.1, "share of short sequences", unread),
    .flag("eod_mask_loss", false, "leave predictions out whose input is the end of a document"),
    .flag("adlr_autoresume", false, "resume by a service of NVIDIA's clusters", unread),
    .int("adlr_autoresume_interval", 1000, "steps between questions to that service", unread),
    .int("seed", 1234, "seed of initial weights, data order and dropout; above 0"),
    .flag(
      "onnx_safe", false, "compute GELU with the constant that an ONNX export needs",
      .noEffect("GELU divides by √2; GPT-NeoX's 1.41421 differs from it in the sixth digit")),
    .flag("deepscale", false, "a forerunner of DeepSpeed", unread),
    .text("deepscale_config", nil, "settings of that forerunner", unread),
    .flag("deepspeed_mpi", false, "learn ranks from MPI", oneProcess),
    .flag("deepspeed_slurm", false, "learn ranks from Slurm", oneProcess),
    .text(
      "user_script", nil, "Python script that is started", .overwritten("no script is started")),
    .int("iteration", nil, "step of the checkpoint to load; the newest where it is not given"),
    .flag("do_train", nil, "whether there is training data", .overwritten("the data decides")),
    .flag("do_valid", nil, "whether there is validation data", .overwritten("the data decides")),
    .flag("do_test", nil, "whether there is test data", .overwritten("the data decides")),
    .int(
      "global_num_gpus", nil, "number of devices over which the global batch is spread",
      .atMost(
        1, "one process trains; remove it and give train_batch_size to keep the size of the batch")),
  ]

  /// Keys that GPT-NeoX declares and never reads.
  static let unread = KeyTreatment.noEffect("GPT-NeoX declares it and never reads it")

  private static let fromEnvironment = KeyTreatment.overwritten("one process has rank 0")
}
