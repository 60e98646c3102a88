extension ConfigurationResolver {
  /// The optimizers by their names in lower case, with the parameters that each takes.
  private static let parameters: [String: [String]] = [
    "adam": ["lr", "betas", "eps", "bias_correction", "adam_w_mode", "amsgrad"],
    "cpu_adam": ["lr", "betas", "eps", "bias_correction", "adamw_mode", "amsgrad"],
    "cpu_torch_adam": ["lr", "betas", "eps", "amsgrad"],
    "onebitadam": ["lr", "betas", "eps", "freeze_step"],
    "sm3": ["lr", "momentum", "beta", "eps"],
    "madgrad_wd": ["lr", "momentum", "eps"],
    "lion": ["lr", "betas"],
    "sgd": ["lr", "momentum", "dampening", "nesterov"],
  ]

  /// Parameters of OneBitAdam that say how processes talk to each other.
  private static let communication = ["cuda_aware", "comm_backend_name"]

  /// The optimizer; `nil` where it is missing or wrong.
  mutating func optimizer() -> TrainingConfiguration.Optimizer? {
    let zeroStage = self.zeroStage()
    guard let node = settings.map("optimizer") else {
      if settings.place("optimizer") == nil || settings.isNull("optimizer") {
        problem(
          "optimizer",
          "is missing; for example \"optimizer\": {\"type\": \"Adam\", \"params\": {\"lr\": 0.0006}}"
        )
      }
      return nil
    }
    let before = report.problems.count
    var keys = InnerKeys("optimizer", node)
    let entry = keys.take("type")
    let params = keys.take("params")
    keys.ignore(["legacy_fusion"], because: "there is one fused optimizer", &report)
    keys.finish(&report)
    guard let kind = kind(entry) else { return nil }
    if case .map? = params?.node.value {
    } else {
      let found = params.map { "found \($0.node.value.found), expected a mapping" }
      report.problem(
        found ?? "is missing; for example \"params\": {\"lr\": 0.0006}", key: "optimizer.params",
        at: params?.place ?? settings.place("optimizer"))
    }
    var (parameters, ownDecay) = readParameters(kind, params?.node)
    let weightDecay = settings.number("weight_decay") ?? 0.1
    checkPeculiarities(of: kind, zeroStage: zeroStage)
    if kind == "onebitadam" {
      // The top-level key is nothing to it.
      if let ownDecay { parameters.append(("weight_decay", .number(ownDecay))) }
    } else if let ownDecay, settings.isGiven("weight_decay"), ownDecay != weightDecay {
      problem(
        "weight_decay",
        "is \(plain(weightDecay)), but optimizer.params.weight_decay is \(plain(ownDecay)); remove one"
      )
    }
    guard report.problems.count == before else { return nil }
    return TrainingConfiguration.Optimizer(
      kind: kind, parameters: parameters, weightDecay: ownDecay ?? weightDecay,
      isWeightDecayGiven: ownDecay != nil || settings.isGiven("weight_decay"),
      zeroStage: zeroStage, clipping: clipping())
  }

  /// What two of the optimizers do not go together with, and do not look at.
  private mutating func checkPeculiarities(of kind: String, zeroStage: Int) {
    guard kind == "onebitadam" || kind == "sm3" else { return }
    if let place = settings.place("weight_decay") {
      let reason =
        kind == "sm3" ? "SM3 has none" : "OneBitAdam takes optimizer.params.weight_decay alone"
      report.unused("weight_decay", at: place, because: reason)
    }
    guard kind == "onebitadam" else { return }
    for key in ["lr_decay_style", "min_lr"] {
      if let place = settings.place(key) {
        report.unused(key, at: place, because: "OneBitAdam has a schedule of its own")
      }
    }
    if zeroStage > 0 { problem("zero_optimization", "stage \(zeroStage) excludes OneBitAdam") }
    if settings.isGiven("train_epochs") {
      problem("train_epochs", "OneBitAdam's schedule needs train_iters")
    }
  }

  private mutating func kind(_ entry: ConfigurationEntry?) -> String? {
    guard let entry else {
      report.problem(
        "is missing; for example \"type\": \"Adam\"", key: "optimizer.type",
        at: settings.place("optimizer"))
      return nil
    }
    if case .string(let text) = entry.node.value, Self.parameters[text.lowercased()] != nil {
      return text.lowercased()
    }
    let choices = "Adam, OneBitAdam, CPU_Adam, CPU_torch_adam, SM3, madgrad_wd, Lion, SGD"
    report.problem(
      "found \(entry.node.value.found), expected one of \(choices)", key: "optimizer.type",
      at: entry.place)
    return nil
  }

  private mutating func readParameters(
    _ kind: String, _ node: ConfigurationNode?
  ) -> (parameters: [(name: String, value: ConfigurationValue)], weightDecay: Double?) {
    var keys = InnerKeys("optimizer.params", node)
    var parameters: [(name: String, value: ConfigurationValue)] = []
    for name in Self.parameters[kind] ?? [] {
      let value: ConfigurationValue? =
        switch name {
        case "betas": readBetas(&keys)
        case "bias_correction", "adam_w_mode", "adamw_mode", "amsgrad", "nesterov":
          keys.bool(name, &report).map { .bool($0) }
        case "freeze_step": keys.integer(name, atLeast: 0, &report).map { .integer($0) }
        case "dampening": keys.number(name, &report).map { .number($0) }
        default: keys.number(name, atLeast: 0, &report).map { .number($0) }
        }
      if let value { parameters.append((name, value)) }
    }
    if parameters.contains(where: { $0.name == "amsgrad" && $0.value.isTruthy }) {
      problem("optimizer", "params.amsgrad is not supported; set it to false")
    }
    let weightDecay = keys.number("weight_decay", atLeast: 0, &report)
    keys.ignore(["max_grad_norm"], because: "gradient_clipping limits the norm", &report)
    if kind == "onebitadam" {
      keys.ignore(Self.communication, because: "one process sends nothing", &report)
    }
    keys.finish(&report)
    return (parameters, weightDecay)
  }

  private mutating func readBetas(_ keys: inout InnerKeys) -> ConfigurationValue? {
    guard let entry = keys.take("betas") else { return nil }
    let value = KeyCheck.converted(entry.node.value, to: .list(.number))
    if case .list(let items)? = value, items.count == 2,
      items.allSatisfy({
        if case .number(let beta) = $0.value { (0..<1).contains(beta) } else { false }
      })
    {
      return value
    }
    keys.complain(
      entry, "found \(entry.node.value.found), expected two numbers from 0 to below 1", &report)
    return nil
  }

  /// The largest norm of the gradients.
  ///
  /// GPT-NeoX hands `gradient_clipping` to its engine only where it differs from the default 1, and
  /// so does not clip then.
  private func clipping() -> Double? {
    let norm = settings.number("gradient_clipping") ?? 1
    let isLost = settings.bool("neox_quirks") && norm == 1
    return norm > 0 && !isLost ? norm : nil
  }

  // MARK: - ZeRO

  private mutating func zeroStage() -> Int {
    guard let node = settings.map("zero_optimization"), node.value.isTruthy else { return 0 }
    var keys = InnerKeys("zero_optimization", node)
    var stage = 0
    if let entry = keys.take("stage") {
      if case .integer(let number) = entry.node.value, (0...3).contains(number) {
        stage = number
      } else {
        keys.complain(
          entry, "found \(entry.node.value.found), expected a stage from 0 to 3", &report)
      }
    } else {
      problem("zero_optimization", "has no stage; 0 switches ZeRO off")
    }
    if stage > 1, (settings.integer("pipe_parallel_size") ?? 0) > 0 {
      problem(
        "zero_optimization",
        "stage \(stage) and pipelines exclude each other; set pipe_parallel_size to 0")
    }
    keys.ignore(
      DeepSpeedKeys.zero.filter { $0 != "stage" },
      because: "one process holds all states, so ZeRO has nothing to shard", &report)
    keys.finish(&report)
    return stage
  }
}
