/// Every argument that a configuration may have: those of GPT-NeoX, and our own.
package enum ConfigurationTable {
  /// The arguments of GPT-NeoX (commit ea7aefd8), by topic.
  package static let groups: [ConfigurationGroup] = [
    ConfigurationGroup(title: "Model", keys: model),
    ConfigurationGroup(title: "Data", keys: data),
    ConfigurationGroup(title: "Tokenizer", keys: tokenizer),
    ConfigurationGroup(title: "Objective", keys: objective),
    ConfigurationGroup(title: "Training", keys: training),
    ConfigurationGroup(title: "Learning rate", keys: learningRate),
    ConfigurationGroup(title: "Optimizer", keys: optimizer),
    ConfigurationGroup(title: "Engine", keys: engine),
    ConfigurationGroup(title: "Checkpoints and files", keys: checkpoints),
    ConfigurationGroup(title: "Logging", keys: logging),
    ConfigurationGroup(title: "Generation", keys: generation),
    ConfigurationGroup(title: "Mixture of experts", keys: experts),
    ConfigurationGroup(title: "Maximal-update parametrisation", keys: muP),
    ConfigurationGroup(title: "Parallelism", keys: parallelism),
    ConfigurationGroup(title: "Launcher", keys: launcher),
    ConfigurationGroup(title: "Other", keys: other),
  ]

  /// Arguments that GPT-NeoX does not have.
  package static let own = ConfigurationGroup(
    title: "Only here",
    keys: [
      .flag(
        "neox_quirks", false,
        "compute as GPT-NeoX does also where it is mistaken, for comparison with its runs"),
      .choice(
        "data_order", "neox", ["neox", "stable"],
        "the order of GPT-NeoX, or one that batch sizes and the length of a run do not change"),
      .choice(
        "data_reading", "mmap", ["mmap", "pread"],
        "datasets are read as memory, or by calls: for network file systems and files that may be cut"
      ),
      .text(
        "reference_load", nil,
        "the model that dpo and kto are held to; by default the weights that training began with"),
      .flag(
        "dpo_shared_prefix", false,
        "compute the prompt that both answers of a dpo pair begin with once; losses stay the same"),
      .choice(
        "kto_impl", "neox", ["neox", "published"],
        "KTO as GPT-NeoX computes it, or as it was published"),
      .choice(
        "unsupervised_samples", "error", ["error", "count"],
        "what to do about samples without a trained label"),
      .flag(
        "zero_allow_untested_optimizer", false,
        "let ZeRO run with optimizers that DeepSpeed has not tried",
        .noEffect("one process has nothing to shard")),
    ])

  /// All arguments by name.
  package static let keys: [String: ConfigurationKey] = Dictionary(
    uniqueKeysWithValues: (groups + [own]).flatMap(\.keys).map { ($0.name, $0) })

  /// Other names of keys, with the key that each stands for and whether its value is one element of
  /// that key's list: GPT-NeoX's documentation names the paths in the singular.
  static let aliases: [String: (name: String, isElement: Bool)] = {
    var aliases: [String: (name: String, isElement: Bool)] = [
      "save_interval": ("checkpoint_factor", false)
    ]
    for key in keys.keys where key.hasSuffix("_data_paths") {
      aliases[String(key.dropLast())] = (key, true)
    }
    return aliases
  }()
}
