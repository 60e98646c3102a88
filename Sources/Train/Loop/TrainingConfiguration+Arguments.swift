extension TrainingConfiguration {
  /// What makes the model the function that it is, under GPT-NeoX's keys.
  ///
  /// The same in every run that goes on from a checkpoint, and in all that uses its weights.
  ///
  /// A reward model takes the weights of a model with any head.
  var modelArguments: [String: String] {
    var arguments: [String: String] = [
      "num_layers": "\(model.layerCount)", "hidden_size": "\(model.hiddenSize)",
      "num_attention_heads": "\(model.headCount)", "num_kv_heads": "\(model.keyValueHeadCount)",
      "norm": model.norm.rawValue, "norm epsilon": "\(model.normEpsilon)",
      "use_qk_layernorm": "\(model.normalizesQueriesAndKeys)",
      "pos_emb": model.positions.rawValue,
      "rotary_pct": "\(model.positions == .rotary ? model.rotaryWidth : 0) of a head",
      "rotary_emb_base": "\(model.positions == .rotary ? model.rotaryBase : 0)",
      "activation": model.activation.rawValue, "gelu": "\(model.gelu)",
      "intermediate_size": "\(model.mlpWidth)", "no_weight_tying": "\(!model.tiesWeights)",
      "gpt_j_residual": "\(model.isParallelResidual)", "gpt_j_tied": "\(model.tiesParallelNorms)",
      "sliding_window_width": model.slidingWindow.map { "\($0)" } ?? "none",
      "attention_config": "window in all layers but \(windowlessLayers.sorted())",
      "rpe": model.positions == .relative
        ? "\(model.relativeBuckets) buckets to \(model.relativeMaximumDistance)" : "none",
      "opt_pos_emb_offset": "\(model.positions == .learned ? model.learnedPositionOffset : 0)",
      "apply_query_key_layer_scaling": "\(model.scalesQueriesAndKeys)",
    ]
    if case .rewardModel = objective { arguments["no_weight_tying"] = nil }
    return arguments
  }

  /// What has to be the same when a run goes on (`megatron/checkpointing.py: check_checkpoint_args`
  /// compares some of it).
  func runArguments(_ vocabulary: RunVocabulary) -> [String: String] {
    modelArguments.merging([
      "max_position_embeddings": "\(model.maximumPositions)",
      "make_vocab_size_divisible_by": "\(tokenizer.vocabularyMultiple)",
      "padded_vocab_size": "\(vocabulary.paddedSize)", "tokenizer_type": tokenizer.kind,
      "model_parallel_size": "1",
    ]) { first, _ in first }
  }
}
