extension ConfigurationResolver {
  /// The number types: `precision`, or the dictionary of the two that is enabled
  /// (`NeoXArgs.calculate_derived`).
  mutating func precision() -> TrainingConfiguration.Precision? {
    let before = report.problems.count
    var kind: TrainingConfiguration.Precision.Kind? = settings.choice("precision")
    let lossScale = readFP16(&kind)
    readBF16(&kind)
    readDataTypes()
    guard report.problems.count == before else { return nil }
    return TrainingConfiguration.Precision(
      kind: kind ?? .float32, lossScale: kind == .float16 ? lossScale : nil)
  }

  private mutating func readFP16(
    _ kind: inout TrainingConfiguration.Precision.Kind?
  ) -> TrainingConfiguration.LossScale {
    let node = settings.map("fp16")
    var keys = InnerKeys("fp16", node)
    let isEnabled = keys.bool("enabled", &report)
    if node?.value.isTruthy == true, isEnabled == nil, kind == nil {
      problem("fp16", "has no enabled; add \"enabled\": true or \"precision\": \"fp16\"")
    }
    if isEnabled == true { choose(.float16, because: "fp16", &kind) }
    let fixed = keys.number("loss_scale", atLeast: 0, &report) ?? 0
    let lossScale = TrainingConfiguration.LossScale(
      fixed: fixed > 0 ? fixed : nil,
      initialPower: keys.integer("initial_scale_power", atLeast: 0, &report),
      window: keys.integer("loss_scale_window", atLeast: 1, &report),
      hysteresis: keys.integer("hysteresis", atLeast: 1, &report),
      restoresHysteresis: keys.bool("consecutive_hysteresis", &report),
      minimum: keys.number("min_loss_scale", atLeast: 0, &report))
    if let power = lossScale.initialPower, power > 126 {
      problem("fp16", "initial_scale_power is \(power); it has to be at most 126")
    }
    keys.ignore(["fp16", "type"], because: "DeepSpeed does not read it", &report)
    keys.ignore(
      ["auto_cast"], because: "token ids are whole numbers, so nothing is cast", &report)
    if let entry = keys.take("fp16_master_weights_and_grads"), entry.node.value.isTruthy {
      keys.complain(
        entry, "is not supported: master weights and gradients are kept in fp32", &report)
    }
    keys.finish(&report)
    return lossScale
  }

  private mutating func readBF16(_ kind: inout TrainingConfiguration.Precision.Kind?) {
    var keys = InnerKeys("bf16", settings.map("bf16"))
    if keys.bool("enabled", &report) == true { choose(.bfloat16, because: "bf16", &kind) }
    keys.ignore(["immediate_grad_update"], because: "gradients are added up as they come", &report)
    keys.ignore(
      [
        "bf16", "type", "loss_scale", "loss_scale_window", "initial_scale_power", "hysteresis",
        "min_loss_scale", "auto_cast",
      ], because: "bfloat16 needs no loss scale, and DeepSpeed does not read it", &report)
    keys.finish(&report)
  }

  private mutating func choose(
    _ new: TrainingConfiguration.Precision.Kind, because key: String,
    _ kind: inout TrainingConfiguration.Precision.Kind?
  ) {
    if let kind, kind != new {
      let other = settings.isGiven("precision") ? "precision is" : "another dictionary enables"
      problem(key, "is enabled, but \(other) \(kind.rawValue); keep one of the two")
    }
    kind = new
  }

  private mutating func readDataTypes() {
    var keys = InnerKeys("data_types", settings.map("data_types"))
    if let entry = keys.take("grad_accum_dtype") {
      let types: [ConfigurationValue] = [.string("fp32"), .string("fp16"), .string("bf16")]
      if !types.contains(where: entry.node.value.isSame) {
        keys.complain(
          entry, "found \(entry.node.value.found), expected fp32, fp16 or bf16", &report)
      }
    }
    keys.finish(&report)
  }
}
