/// Keys that DeepSpeed knows and GPT-NeoX does not declare.
enum DeepSpeedKeys {
  private static let absent = "it is a matter of DeepSpeed, which is not here"
  private static let oneProcess = "one process has nothing to shard or to send"

  /// What may stand in `deepspeed_extra_args` beside GPT-NeoX's keys, with the reason why it means
  /// nothing here.
  static let extra: [String: String] = [
    "zero_allow_untested_optimizer": oneProcess, "zero_force_ds_cpu_optimizer": oneProcess,
    "memory_breakdown": absent, "dataloader_drop_last": absent,
    "disable_allgather": oneProcess, "seq_parallel_communication_data_type": oneProcess,
    "use_data_before_expert_parallelism": oneProcess, "aio": absent, "hybrid_engine": absent,
    "nebula": absent, "pipeline": oneProcess, "eigenvalue": absent,
    "progressive_layer_drop": absent, "quantize_training": absent, "graph_harvesting": absent,
    "timers": absent,
  ]

  /// The keys of `zero_optimization`; DeepSpeed refuses others.
  static let zero: [String] = [
    "stage", "contiguous_gradients", "reduce_scatter", "reduce_bucket_size",
    "use_multi_rank_bucket_allreduce", "allgather_partitions", "allgather_bucket_size",
    "overlap_comm", "load_from_fp32_weights", "elastic_checkpoint", "offload_param",
    "offload_optimizer", "sub_group_size", "cpu_offload_param", "cpu_offload_use_pin_memory",
    "cpu_offload", "prefetch_bucket_size", "stage3_prefetch_bucket_size",
    "param_persistence_threshold", "stage3_param_persistence_threshold",
    "model_persistence_threshold", "stage3_model_persistence_threshold", "max_live_parameters",
    "stage3_max_live_parameters", "max_reuse_distance", "stage3_max_reuse_distance",
    "gather_16bit_weights_on_model_save", "stage3_gather_16bit_weights_on_model_save",
    "use_all_reduce_for_fetch_params", "stage3_gather_fp16_weights_on_model_save",
    "ignore_unused_parameters", "legacy_stage1", "round_robin_gradients",
    "zero_hpz_partition_size", "zero_quantized_weights", "zero_quantized_nontrainable_weights",
    "zero_quantized_gradients", "mics_shard_size", "mics_hierarchical_params_gather",
    "memory_efficient_linear", "pipeline_loading_checkpoint", "override_module_apply",
  ]
}
