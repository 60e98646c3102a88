internal import Machine
internal import Tokenize

extension CheckpointState {
  /// The version of the layout that is written.
  static let version = 1

  /// The state as JSON; every number comes back as it was.
  var json: JSONText {
    var members: [JSONText.Member] = [
      .init("version", JSONText(Self.version)),
      .init("iteration", JSONText(iteration)),
      .init("skipped_steps", JSONText(skippedCount)),
      .init("optimizer", .string(optimizer)),
      .init("optimizer_steps", JSONText(optimizerStepCount)),
      .init("lr_scheduler", scheduler.json),
      .init(
        "loss_scale",
        [
          "scale": .number(lossScale.scale),
          "steps": JSONText(lossScale.stepCount),
          "last_overflow": JSONText(lossScale.lastOverflow),
          "hysteresis_left": JSONText(lossScale.hysteresisLeft),
        ]),
      .init("data_position", Self.object(dataPosition) { JSONText($0) }),
      // As text, because many readers of JSON have no whole numbers of 64 bits.
      .init("random_state", Self.object(randomState) { .string(String($0)) }),
      .init("args", Self.object(arguments) { .string($0) }),
    ]
    if !settings.isEmpty {
      members.append(.init("settings", Self.object(settings) { .string($0) }))
    }
    if awaitsEvaluation { members.append(.init("awaits_evaluation", .bool(true))) }
    if !hasLoss { members.append(.init("has_loss", .bool(false))) }
    if let dataOrder { members.append(.init("data_order", .string(dataOrder))) }
    if let reference {
      members.append(
        .init(
          "reference",
          [
            "path": reference.path.map { .string($0) } ?? .null,
            "weights": .string(reference.weights),
          ]))
    }
    return .object(members)
  }

  private static func object<Value>(
    _ values: [String: Value], _ text: (Value) -> JSONText
  ) -> JSONText {
    .object(values.sorted { $0.key < $1.key }.map { .init($0.key, text($0.value)) })
  }

  /// Reads the state of a checkpoint.
  init(path: String) throws(TrainError) {
    let fields = try JSONFields(path: path)
    let version = try fields.integer("version")
    guard version == Self.version else {
      throw .malformed(
        path: path, place: "version",
        reason: "it is \(version), and this program reads \(Self.version)")
    }
    iteration = try fields.count("iteration")
    skippedCount = try fields.count("skipped_steps")
    optimizer = try fields.string("optimizer")
    optimizerStepCount = try fields.count("optimizer_steps")
    scheduler = try LearningRateScheduler(fields.object("lr_scheduler"))
    let scale = try fields.object("loss_scale")
    lossScale = LossScaler.State(
      scale: try scale.number("scale"), stepCount: try scale.count("steps"),
      lastOverflow: try scale.integer("last_overflow"),
      hysteresisLeft: try scale.count("hysteresis_left"))
    guard lossScale.scale.isFinite, lossScale.scale > 0 else {
      throw scale.problem("scale", "\(lossScale.scale) is no loss scale")
    }
    guard (-1...lossScale.stepCount).contains(lossScale.lastOverflow) else {
      throw scale.problem("last_overflow", "\(lossScale.lastOverflow) is no step before this one")
    }
    dataPosition = try fields.object("data_position").dictionary {
      $0.integer.flatMap { JSONFields.counts.contains($0) ? $0 : nil }
    }
    dataOrder = try fields.optionalString("data_order")
    randomState = try fields.object("random_state").dictionary { $0.string.flatMap { UInt64($0) } }
    arguments = try fields.object("args").dictionary { $0.string }
    if fields.optional("settings") != nil {
      settings = try fields.object("settings").dictionary { $0.string }
    }
    if fields.optional("awaits_evaluation") != nil {
      awaitsEvaluation = try fields.boolean("awaits_evaluation")
    }
    if fields.optional("has_loss") != nil { hasLoss = try fields.boolean("has_loss") }
    if fields.optional("reference") != nil {
      let record = try fields.object("reference")
      reference = ReferenceRecord(
        path: try record.optionalString("path"), weights: try record.string("weights"))
    }
  }
}

extension LearningRateScheduler {
  fileprivate var json: JSONText {
    var members: [JSONText.Member] = [.init("num_iters", JSONText(stepCount))]
    switch schedule {
    case .annealing(let annealing):
      members += [
        .init("decay_style", .string(annealing.style.rawValue)),
        .init("start_lr", .number(annealing.start)),
        .init("min_lr", .number(annealing.minimum)),
        .init("warmup_iter", .number(annealing.warmupSteps)),
        .init("end_iter", JSONText(annealing.endStep)),
        .init("neox_quirks", .bool(annealing.neoxQuirks)),
      ]
    case .warmupDecay(let decay):
      members += [
        .init("decay_style", "WarmupDecayLR"),
        .init("start_lr", .number(decay.start)),
        .init("warmup_iter", JSONText(decay.warmupSteps)),
        .init("end_iter", JSONText(decay.endStep)),
      ]
    }
    return .object(members)
  }

  fileprivate init(_ fields: JSONFields) throws(TrainError) {
    let name = try fields.string("decay_style")
    let start = try fields.number("start_lr")
    let end = try fields.count("end_iter")
    if name == "WarmupDecayLR" {
      var decay = WarmupDecay(start: start, warmup: 0, trainSteps: end)
      decay.warmupSteps = try fields.count("warmup_iter")
      self.init(.warmupDecay(decay))
    } else {
      guard let style = LearningRateSchedule.Style(rawValue: name) else {
        throw fields.problem("decay_style", "\(name) is none of ours")
      }
      var annealing = Annealing(
        style: style, start: start, minimum: try fields.number("min_lr"), warmup: 0, endStep: end,
        neoxQuirks: try fields.boolean("neox_quirks"))
      annealing.warmupSteps = try fields.number("warmup_iter")
      self.init(.annealing(annealing))
    }
    resume(stepCount: try fields.count("num_iters"))
  }
}
