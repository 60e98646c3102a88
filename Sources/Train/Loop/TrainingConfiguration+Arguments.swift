internal import Machine

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

  /// What a run is made of that may change when it goes on, under GPT-NeoX's keys.
  ///
  /// The learning rate is the scheduler's.
  var runSettings: [String: String] {
    var settings: [String: String] = [
      "train_iters": length.iterations.map { "\($0)" } ?? "none",
      "train_epochs": length.epochs.map { "\($0)" } ?? "none",
      "train_batch_size": "\(batch.global)",
      "seq_length": "\(model.sequenceLength)", "pack_impl": data.packing.rawValue,
      "training data": data.source.trainingText, "train_impl": objective.text,
      "precision": precision.kind.rawValue,
      "gradient_clipping": optimizer.clipping.map { "\($0)" } ?? "none",
      "weight_decay": "\(optimizer.weightDecay)",
      "attention_dropout": "\(model.attentionDropout)",
      "hidden_dropout": "\(model.hiddenDropout)",
    ]
    for (name, value) in optimizer.parameters where name != "lr" {
      settings["optimizer.params.\(name)"] = value.text
    }
    return settings
  }

  /// Those of ``runSettings`` by which samples are ordered.
  var orderingSettings: Set<String> {
    let always: Set = ["seq_length", "pack_impl", "training data"]
    guard data.order == .neox else { return always }
    return always.union([
      "train_iters", "train_epochs", "train_batch_size",
    ])
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

extension ConfigurationValue {
  /// The value, a list by its items.
  fileprivate var text: String {
    guard case .list(let items) = self else { return spelling }
    return items.map(\.value.text).joined(separator: ", ")
  }
}

extension TrainingConfiguration.Source {
  /// The training data, as they are told apart.
  fileprivate var trainingText: String {
    func text(_ dataset: TrainingConfiguration.Dataset) -> String {
      let paths = [dataset.path, dataset.labels, dataset.rewards].compactMap { $0 }
      return (paths.map(FileIdentity.absolute) + ["\(dataset.weight)"]).joined(separator: " ")
    }
    return switch self {
    case .none: "none"
    case .split(let path, let shares):
      "\(FileIdentity.absolute(path)) split \(shares.filter { $0 != " " })"
    case .lists(let train, _, _): train.map(text).joined(separator: ", ")
    case .pairs(let train, _, _):
      train.map { text($0.preferred) + " before " + text($0.other) }.joined(separator: ", ")
    }
  }
}

extension TrainingConfiguration.Objective {
  /// The objective with its numbers.
  fileprivate var text: String {
    switch self {
    case .languageModel: "normal"
    case .dpo(let beta, let isReferenceFree, _):
      "dpo, dpo_beta \(beta)" + (isReferenceFree ? ", dpo_reference_free" : "")
    case .rewardModel(let weight): "rm, z_loss \(weight)"
    case .kto(let beta, let desirable, let undesirable, let isPublishedForm):
      "kto, kto_impl \(isPublishedForm ? "published" : "neox"), kto_beta \(beta), weights"
        + " \(desirable) and \(undesirable)"
    }
  }
}
