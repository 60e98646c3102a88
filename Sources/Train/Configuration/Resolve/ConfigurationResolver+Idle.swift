extension ConfigurationResolver {
  /// Tells of keys that mean nothing beside what other keys say, and warns where training would begin with
  /// random weights that are meant to come from somewhere.
  mutating func reportIdle() {
    reportIdleModelKeys()
    reportIdleDataKeys()
    reportIdleRunKeys()
    reportMissingLoad()
  }

  /// Lists those of the keys that the configuration gives as without an effect.
  private mutating func tell(_ keys: [String], because reason: String) {
    for key in keys where settings.isGiven(key) {
      guard let given = settings.given[key] else { continue }
      report.unused(given.spelling, at: given.place, because: reason)
    }
  }

  // MARK: - Model

  private static let normKeys = [
    "layernorm_epsilon": ["layernorm", "non_parametric_layernorm"],
    "rms_norm_epsilon": ["rmsnorm"], "scalenorm_epsilon": ["scalenorm"],
  ]
  private static let positionKeys = [
    "rpe": ["rpe_num_buckets", "rpe_max_distance"], "learned": ["opt_pos_emb_offset"],
    "rotary": ["rotary_pct", "rotary_emb_base"],
  ]
  /// Initial weights that `init_method_std` has a part in.
  private static let byDeviation = ["normal", "scaled_normal", "single_residual_scaled_normal"]

  private mutating func reportIdleModelKeys() {
    let norm = settings.text("norm") ?? ""
    for (key, norms) in Self.normKeys.sorted(by: { $0.key < $1.key }) where !norms.contains(norm) {
      tell([key], because: "norm is \(norm)")
    }
    let positions = settings.text("pos_emb") ?? ""
    for (kind, keys) in Self.positionKeys.sorted(by: { $0.key < $1.key }) where kind != positions {
      tell(keys, because: "pos_emb is \(positions)")
    }
    let methods = ["init_method", "output_layer_init_method"].compactMap { settings.text($0) }
    if !methods.contains(where: Self.byDeviation.contains) {
      tell(
        ["init_method_std"], because: "initial weights are \(methods.joined(separator: " and "))")
    }
    if !settings.bool("checkpoint_activations") {
      tell(["checkpoint_num_layers"], because: "checkpoint_activations is off")
    }
  }

  // MARK: - Data and objective

  private static let objectiveKeys = [
    "dpo": ["dpo_beta", "dpo_reference_free"], "rm": ["z_loss"],
    "kto": ["kto_beta", "kto_desirable_weight", "kto_undesirable_weight", "kto_impl"],
  ]

  private mutating func reportIdleDataKeys() {
    let objective = settings.text("train_impl") ?? ""
    for (kind, keys) in Self.objectiveKeys.sorted(by: { $0.key < $1.key }) where kind != objective {
      tell(keys, because: "train_impl is \(objective)")
    }
    if ["normal", "rm"].contains(objective) {
      tell(
        ["precompute_model_name"],
        because: "train_impl is \(objective), and precompute alone reads it")
    } else if objective == "dpo", settings.bool("dpo_reference_free") {
      tell(
        ["precompute_model_name"],
        because: "dpo_reference_free is on, and precompute alone reads it")
    }
    let weights = Self.purposes.map { "\($0)_data_weights" }
    if settings.bool("weight_by_num_documents") {
      tell(weights, because: "weight_by_num_documents is on")
    } else {
      tell(["weighted_sampler_alpha"], because: "weight_by_num_documents is off")
    }
    let prefix = settings.text("dataset_impl") == "pairwise" ? "pos_" : ""
    if Self.purposes.contains(where: {
      settings.texts("\(prefix)\($0)_data_paths")?.isEmpty == false
    }) {
      tell(["data_path", "split"], because: "lists name the datasets")
    } else if settings.isGiven("data_path"), !settings.bool("weight_by_num_documents") {
      tell(weights, because: "data_path is one dataset")
    }
  }

  // MARK: - Run

  private mutating func reportIdleRunKeys() {
    if settings.isGiven("lr_decay_iters") {
      tell(["lr_decay_fraction"], because: "lr_decay_iters decides")
    }
    if path(of: "load") == nil {
      tell(
        ["no_load_optim", "override_lr_scheduler", "use_checkpoint_lr_scheduler"],
        because: "load names nothing")
      // Other commands load what save names.
      if path(of: "save") == nil { tell(["iteration"], because: "load names nothing") }
    }
    if path(of: "save") == nil {
      tell(
        ["checkpoint_factor", "checkpoint_scale", "extra_save_iters", "keep_last_n_checkpoints"],
        because: "save names nothing")
    }
  }

  /// Warns where weights are meant to come from somewhere, and do not.
  private mutating func reportMissingLoad() {
    guard path(of: "load") == nil else { return }
    if settings.bool("finetune") {
      report.warnOfTraining(
        "there is no load, and training begins with random weights", key: "finetune",
        at: settings.place("finetune"))
      return
    }
    let objective = settings.text("train_impl") ?? ""
    let isHeld = objective == "kto" || objective == "dpo" && !settings.bool("dpo_reference_free")
    guard ["dpo", "kto", "rm"].contains(objective) else { return }
    report.warnOfTraining(
      "\(objective) without load begins with random weights"
        + (isHeld && path(of: "reference_load") == nil ? ", and holds the model to them" : ""),
      key: "train_impl", at: settings.place("train_impl"))
  }
}
