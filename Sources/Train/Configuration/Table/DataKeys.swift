extension ConfigurationTable {
  /// What is trained on.
  static let data: [ConfigurationKey] = [
    .text("data_path", nil, "one dataset, which split divides"),
    .flag(
      "use_shared_fs", true, "whether all machines see the same files",
      .noEffect("one process sees its files")),
    .texts("train_data_paths", "datasets to train on"),
    .texts("train_label_data_paths", "their labels; negative ones are left out of the loss"),
    .texts("train_reward_data_paths", "their rewards, one a document"),
    .texts("test_data_paths", "datasets of the test"),
    .texts("test_label_data_paths", "their labels"),
    .texts("test_reward_data_paths", "their rewards"),
    .texts("valid_data_paths", "datasets of the validation"),
    .texts("valid_label_data_paths", "their labels"),
    .texts("valid_reward_data_paths", "their rewards"),
    .texts("pos_train_data_paths", "preferred answers to train on"),
    .texts("neg_train_data_paths", "the answers that they are preferred to"),
    .texts("pos_train_label_data_paths", "labels of the preferred answers"),
    .texts("neg_train_label_data_paths", "labels of the other answers"),
    .texts("pos_valid_data_paths", "preferred answers of the validation"),
    .texts("neg_valid_data_paths", "the answers that they are preferred to"),
    .texts("pos_valid_label_data_paths", "labels of the preferred answers"),
    .texts("neg_valid_label_data_paths", "labels of the other answers"),
    .texts("pos_test_data_paths", "preferred answers of the test"),
    .texts("neg_test_data_paths", "the answers that they are preferred to"),
    .texts("pos_test_label_data_paths", "labels of the preferred answers"),
    .texts("neg_test_label_data_paths", "labels of the other answers"),
    .row("train_data_weights", .list(.number), nil, "how often each is drawn; equally by default"),
    .row("valid_data_weights", .list(.number), nil, "the same for the validation"),
    .row("test_data_weights", .list(.number), nil, "the same for the test"),
    .flag("weight_by_num_documents", false, "weigh datasets by their numbers of documents"),
    .number("weighted_sampler_alpha", 1, "exponent of that weighing; 1 leaves the shares alone"),
    .choice(
      "data_impl", "infer", ["infer", "mmap", "cached"], "how datasets are read",
      .noEffect("the files' own header says what they are")),
    .choice(
      "pack_impl", "packed", ["packed", "pack_until_overflow", "unpacked"],
      "how documents fill samples"),
    .choice(
      "dataset_impl", "gpt2", ["gpt2", "pairwise", "online"], "kind of the samples",
      .refusedChoices(["online": noOnline])),
    .flag("allow_chopped", true, "keep documents that are longer than a sample, cut"),
    .flag(
      "mmap_warmup", false, "read files once before training",
      .noEffect("files are read ahead as they are used")),
    .text(
      "split", "969, 30, 1", "shares of data_path for training, validation and test", .honoured),
    .int(
      "num_workers", 2, "processes that load batches",
      .noEffect("batches are read ahead by a thread")),
  ]

  /// What is learned.
  static let objective: [ConfigurationKey] = [
    .choice(
      "train_impl", "normal", ["normal", "dpo", "rm", "kto", "reinforce"],
      "the objective",
      .refusedChoices(["reinforce": noOnline])),
    .flag("dpo_fp32", true, "compute DPO's log-probabilities in fp32", alwaysFloat32),
    .flag("dpo_reference_free", false, "leave the reference model out of DPO"),
    .number("dpo_beta", 0.1, "how strongly DPO holds to the reference"),
    .flag("kto_fp32", true, "compute KTO's log-probabilities in fp32", alwaysFloat32),
    .number("kto_desirable_weight", 1, "weight of answers with a positive reward"),
    .number("kto_undesirable_weight", 1, "weight of answers with a negative reward"),
    .number("z_loss", 0, "weight of the squared output of a reward model"),
    .number("kto_beta", 0.1, "how strongly KTO holds to the reference"),
    .flag("fp32_reinforce", true, "compute REINFORCE's log-probabilities in fp32", noReinforce),
    .choice(
      "kl_impl", "mse", ["abs", "mse", "kl", "full"], "estimate of the distance in REINFORCE",
      noReinforce),
    .number("kl_div_beta", 0.1, "how strongly REINFORCE holds to the reference", noReinforce),
    .flag(
      "reinforce_leave_one_out", false, "compare a reward with its group's others", noReinforce),
  ]

  private static let alwaysFloat32 = KeyTreatment.noEffect(
    "log-probabilities are always computed in fp32")
  private static let noReinforce = KeyTreatment.noEffect("train_impl is not reinforce")
}
