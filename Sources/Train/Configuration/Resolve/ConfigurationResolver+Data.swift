internal import IndexedData

extension ConfigurationResolver {
  private typealias Dataset = TrainingConfiguration.Dataset
  private typealias Pair = TrainingConfiguration.Pair

  /// The purposes of datasets, as they stand in keys.
  static let purposes = ["train", "valid", "test"]

  /// What is trained on.
  mutating func data() -> TrainingConfiguration.Data {
    TrainingConfiguration.Data(
      source: source(), packing: settings.choice("pack_impl") ?? .packed,
      order: settings.choice("data_order") ?? .neox,
      reading: settings.choice("data_reading") ?? .mmap,
      keepsLongDocuments: settings.bool("allow_chopped"),
      weighsByDocuments: settings.bool("weight_by_num_documents"),
      weighingExponent: settings.number("weighted_sampler_alpha") ?? 1,
      masksEndOfDocument: settings.bool("eod_mask_loss"),
      referenceName: settings.text("precompute_model_name").flatMap { $0.isEmpty ? nil : $0 },
      refusesUnsupervised: settings.text("unsupervised_samples") != "count")
  }

  private mutating func source() -> TrainingConfiguration.Source {
    let isPairwise = settings.text("dataset_impl") == "pairwise"
    let lists = Self.purposes.map { settings.texts("\($0)_data_paths") ?? [] }
    let pairs = Self.purposes.map { settings.texts("pos_\($0)_data_paths") ?? [] }
    let path = self.path(of: "data_path")
    checkCompanions()
    if isPairwise {
      guard pairs.contains(where: { !$0.isEmpty }) else {
        // Without any list there is nothing to check; training needs one.
        return .none
      }
      warnOfMissingLabels("pos_")
      return .pairs(train: readPairs("train"), valid: readPairs("valid"), test: readPairs("test"))
    }
    if pairs.contains(where: { !$0.isEmpty }) {
      problem("pos_train_data_paths", "needs dataset_impl pairwise")
    }
    if lists.contains(where: { !$0.isEmpty }) {
      if path != nil {
        problem("data_path", "excludes train_data_paths, valid_data_paths and test_data_paths")
      }
      let missing = zip(Self.purposes, lists).filter(\.1.isEmpty).map { "\($0.0)_data_paths" }
      if !missing.isEmpty {
        let given = Self.purposes.first { settings.isGiven("\($0)_data_paths") } ?? "train"
        problem(
          "\(given)_data_paths",
          "needs \(missing.joined(separator: " and ")) too; all three are given, or none")
      }
      warnOfMissingLabels("")
      return .lists(train: readList("train"), valid: readList("valid"), test: readList("test"))
    }
    let shares = settings.text("split") ?? ""
    checkShares(shares)
    return path.map { .split(path: $0, shares: shares) } ?? .none
  }

  // MARK: - Lists

  private mutating func readList(_ purpose: String) -> [Dataset] {
    datasets("", purpose, weights: weights(purpose, "\(purpose)_data_paths"))
  }

  private mutating func readPairs(_ purpose: String) -> [Pair] {
    let weights = self.weights(purpose, "pos_\(purpose)_data_paths")
    let preferred = datasets("pos_", purpose, weights: weights)
    let other = datasets("neg_", purpose, weights: weights)
    if preferred.count != other.count {
      problem(
        "pos_\(purpose)_data_paths",
        "has \(preferred.count) datasets, but neg_\(purpose)_data_paths \(other.count)")
    }
    if let same = zip(preferred, other).first(where: { $0.path == $1.path }) {
      report.warnOfTraining(
        "\(same.0.path) is neg_\(purpose)_data_paths' too: nothing is learned from equal answers",
        key: "pos_\(purpose)_data_paths", at: settings.place("pos_\(purpose)_data_paths"))
    }
    return zip(preferred, other).map { Pair(preferred: $0, other: $1) }
  }

  /// The datasets of `pos_train_data_paths` and the like, with what lies beside them.
  private mutating func datasets(
    _ prefix: String, _ purpose: String, weights: [Double]?
  ) -> [Dataset] {
    let key = "\(prefix)\(purpose)_data_paths"
    let paths = settings.texts(key) ?? []
    let labels = companions("\(prefix)\(purpose)_label_data_paths", of: key, paths.count)
    let rewards =
      prefix.isEmpty
      ? companions("\(purpose)_reward_data_paths", of: key, paths.count) : nil
    return paths.enumerated().map { index, path in
      Dataset(
        path: self.path(path), labels: labels.map { self.path($0[index]) },
        rewards: rewards.map { self.path($0[index]) }, weight: weights?[index] ?? 1)
    }
  }

  private mutating func companions(_ key: String, of paths: String, _ count: Int) -> [String]? {
    guard let companions = settings.texts(key), !companions.isEmpty else { return nil }
    guard companions.count == count else {
      problem(key, "has \(companions.count) datasets, but \(paths) \(count)")
      return nil
    }
    return companions
  }

  private mutating func weights(_ purpose: String, _ paths: String) -> [Double]? {
    let key = "\(purpose)_data_weights"
    guard let items = settings.list(key) else { return nil }
    let weights = items.compactMap { node -> Double? in
      if case .number(let weight) = node.value { weight } else { nil }
    }
    let count = settings.texts(paths)?.count ?? 0
    guard weights.count == count else {
      problem(key, "has \(weights.count) weights, but \(paths) \(count) datasets")
      return nil
    }
    guard weights.allSatisfy({ $0 >= 0 }), weights.contains(where: { $0 > 0 }) || count == 0 else {
      problem(key, "weights have to be at least 0, and one above it")
      return nil
    }
    return weights
  }

  /// Warns where some purposes have labels and others have none, which are trained on whole.
  private mutating func warnOfMissingLabels(_ prefix: String) {
    let datasets = Self.purposes.filter {
      settings.texts("\(prefix)\($0)_data_paths")?.isEmpty == false
    }
    let without = datasets.filter {
      settings.texts("\(prefix)\($0)_label_data_paths")?.isEmpty ?? true
    }
    guard !without.isEmpty, without.count < datasets.count else { return }
    for purpose in without {
      report.warnOfTraining(
        "has no \(prefix)\(purpose)_label_data_paths, as the others have: every token counts in its"
          + " loss", key: "\(prefix)\(purpose)_data_paths",
        at: settings.place("\(prefix)\(purpose)_data_paths"))
    }
  }

  /// Labels and rewards belong to lists, not to `data_path`.
  private mutating func checkCompanions() {
    for purpose in Self.purposes {
      for kind in ["label", "reward"] where settings.isGiven("\(purpose)_\(kind)_data_paths") {
        if settings.texts("\(purpose)_data_paths")?.isEmpty ?? true {
          problem(
            "\(purpose)_\(kind)_data_paths", "needs \(purpose)_data_paths beside it, not data_path")
        }
      }
    }
  }

  /// One to three numbers, separated by commas or slashes, with a sum above 0.
  private mutating func checkShares(_ text: String) {
    let separator: Character = text.contains(",") ? "," : "/"
    let parts = text.split(separator: separator, omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Double(decimal: $0.filter { $0 != " " }) }
    guard numbers.count == parts.count, numbers.allSatisfy({ $0 >= 0 }), numbers.reduce(0, +) > 0
    else {
      problem("split", "found \"\(text)\", expected three shares such as \"969, 30, 1\"")
      return
    }
  }

  // MARK: - Objective

  /// What is learned, checked against the kind of the data.
  mutating func objective(_ data: TrainingConfiguration.Data) -> TrainingConfiguration.Objective {
    let kind = settings.text("train_impl") ?? "normal"
    let isPairwise = settings.text("dataset_impl") == "pairwise"
    if ["dpo", "rm"].contains(kind) != isPairwise, ["normal", "dpo", "rm", "kto"].contains(kind) {
      problem(
        "train_impl",
        isPairwise
          ? "\(kind) does not learn from pairs; dataset_impl is pairwise"
          : "\(kind) learns from pairs; set dataset_impl to pairwise")
    }
    checkSharedPrefix(kind)
    switch kind {
    case "dpo":
      return .dpo(
        beta: settings.number("dpo_beta") ?? 0.1,
        isReferenceFree: settings.bool("dpo_reference_free"),
        sharesPrefixes: settings.bool("dpo_shared_prefix"))
    case "rm":
      if !settings.bool("no_weight_tying") {
        problem("train_impl", "rm needs no_weight_tying true: its head is a row of its own")
      }
      return .rewardModel(squaredOutputWeight: settings.number("z_loss") ?? 0)
    case "kto":
      if case .lists(let train, let valid, let test) = data.source,
        (train + valid + test).contains(where: { $0.rewards == nil })
      {
        problem(
          "train_impl",
          "kto needs train_reward_data_paths, valid_reward_data_paths and test_reward_data_paths")
      }
      if case .split = data.source {
        problem("train_impl", "kto needs train_data_paths with rewards, not data_path")
      }
      if settings.text("kto_impl") == "published", data.referenceName != nil {
        report.warning(
          "is not read: the published form compares answers that no dataset has, and holds the"
            + " reference in memory", key: "precompute_model_name",
          at: settings.place("precompute_model_name"))
      }
      return .kto(
        beta: settings.number("kto_beta") ?? 0.1,
        desirableWeight: settings.number("kto_desirable_weight") ?? 1,
        undesirableWeight: settings.number("kto_undesirable_weight") ?? 1,
        isPublishedForm: settings.text("kto_impl") == "published")
    default: return .languageModel
    }
  }

  private mutating func checkSharedPrefix(_ kind: String) {
    guard settings.bool("dpo_shared_prefix") else { return }
    if kind != "dpo" {
      problem("dpo_shared_prefix", "train_impl is \(kind); only dpo computes a shared prompt once")
    }
    for key in ["hidden_dropout", "attention_dropout"] where settings.number(key) ?? 0 > 0 {
      problem(
        "dpo_shared_prefix",
        "needs \(key) 0: both answers would lose the same numbers of their prompt")
    }
  }
}
