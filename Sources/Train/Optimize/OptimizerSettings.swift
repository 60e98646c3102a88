/// An optimizer and its constants, as a configuration names them.
package struct OptimizerSettings: Sendable, Equatable {
  /// The optimizers of GPT-NeoX, by the name in `optimizer.type`, in lower case.
  package enum Kind: String, Sendable, CaseIterable {
    case adam
    case oneBitAdam = "onebitadam"
    case cpuAdam = "cpu_adam"
    case cpuTorchAdam = "cpu_torch_adam"
    case sm3
    case madgrad = "madgrad_wd"
    case sgd
    case lion
  }

  /// A value of `optimizer.params`.
  package enum Value: Sendable, Equatable {
    case number(Double)
    case numbers([Double])
    case boolean(Bool)
    /// Anything else, by its text.
    case other(String)
  }

  /// Which optimizer it is.
  package let kind: Kind
  /// How it updates.
  package let rule: UpdateRule
  /// The learning rate that schedules start from.
  package let learningRate: Double
  /// The weight decay of the parameters that decay.
  package let weightDecay: Double
  /// What has no effect although no key of the configuration says so, each with its reason.
  package let notices: [String]

  /// Reads the `optimizer` dictionary of a configuration.
  ///
  /// - Parameters:
  ///   - type: `optimizer.type`, in any case.
  ///   - parameters: `optimizer.params`.
  ///   - weightDecay: the top-level `weight_decay`.
  ///   - isWeightDecaySet: whether the configuration names `weight_decay`.
  ///   - zeroStage: `zero_optimization.stage`.
  ///   - neoxQuirks: whether the reference's behaviour is wanted where ours differs.
  /// - Throws: ``TrainError/unsupported(what:reason:)`` naming the key.
  package init(
    type: String, parameters: [String: Value], weightDecay: Double, isWeightDecaySet: Bool = true,
    zeroStage: Int = 0, neoxQuirks: Bool = false
  ) throws(TrainError) {
    guard let kind = Kind(rawValue: type.lowercased()) else {
      throw .unsupported(
        what: "optimizer.type \(type)",
        reason: "it is none of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    var reader = ParameterReader(parameters)
    let rate = try reader.number(
      "lr", default: Self.defaultRate(kind, zeroStage: zeroStage, quirks: neoxQuirks), 0...)
    let rule = try Self.rule(kind, &reader, zeroStage: zeroStage, quirks: neoxQuirks)
    let own = try reader.optionalNumber("weight_decay")
    var notices: [String] = []
    try reader.finish(kind)
    self.kind = kind
    self.rule = rule
    learningRate = rate
    self.weightDecay = try Self.weightDecay(
      kind, own: own, top: weightDecay, isTopSet: isWeightDecaySet, &notices)
    self.notices = notices
  }

  private static func weightDecay(
    _ kind: Kind, own: Double?, top: Double, isTopSet: Bool, _ notices: inout [String]
  ) throws(TrainError) -> Double {
    switch kind {
    case .sm3:
      if top != 0, !isTopSet {
        notices.append("the default weight_decay of \(top) has no effect: SM3 has none")
      }
      return 0
    case .oneBitAdam:
      if own == nil, top != 0, !isTopSet {
        notices.append(
          "the default weight_decay of \(top) has no effect: OneBitAdam takes"
            + " optimizer.params.weight_decay only")
      }
      return own ?? 0
    default:
      guard let own else { return top }
      guard own == top || !isTopSet else {
        throw .unsupported(
          what: "optimizer.params.weight_decay \(own)",
          reason: "weight_decay is \(top); remove one of the two, or make them equal")
      }
      return own
    }
  }

  private static func defaultRate(_ kind: Kind, zeroStage: Int, quirks: Bool) -> Double {
    switch kind {
    case .sm3: 0.1
    case .madgrad: 1e-2
    case .lion: quirks && zeroStage > 0 ? 1e-3 : 1e-4
    default: 1e-3
    }
  }

  private static func rule(
    _ kind: Kind, _ reader: inout ParameterReader, zeroStage: Int, quirks: Bool
  ) throws(TrainError) -> UpdateRule {
    switch kind {
    case .adam, .cpuAdam, .cpuTorchAdam: .adam(try adam(kind, &reader, quirks: quirks))
    case .oneBitAdam:
      .oneBitAdam(
        betas: try reader.betas(default: .init(0.9, 0.999)),
        epsilon: try reader.number("eps", default: 1e-8, 0...),
        freezeStep: try reader.count("freeze_step", default: 100_000), losesFirstStep: quirks)
    case .sm3:
      .sm3(
        momentum: try reader.share("momentum", default: 0),
        beta: try reader.share("beta", default: 0),
        epsilon: try reader.number("eps", default: 1e-30, 0...))
    case .madgrad:
      .madgrad(
        momentum: try reader.share("momentum", default: 0.9),
        epsilon: try reader.number("eps", default: 1e-6, 0...))
    case .lion:
      .lion(
        betas: try reader.betas(
          default: quirks && zeroStage > 0 ? .init(0.9, 0.999) : .init(0.9, 0.99)),
        zeroMovesUp: quirks && zeroStage > 0)
    case .sgd: try sgd(&reader)
    }
  }

  private static func adam(
    _ kind: Kind, _ reader: inout ParameterReader, quirks: Bool
  ) throws(TrainError) -> UpdateRule.Adam {
    var adam = UpdateRule.Adam()
    adam.betas = try reader.betas(default: adam.betas)
    adam.epsilon = try reader.number("eps", default: adam.epsilon, 0...)
    adam.correctsBias = try reader.boolean("bias_correction", default: true)
    if try reader.boolean("amsgrad", default: false) {
      throw .unsupported(
        what: "optimizer.params.amsgrad", reason: "no Adam here has this variant; set it to false")
    }
    // The reference never reaches the branch that would make torch's own Adam.
    let isTorch = kind == .cpuTorchAdam && !quirks
    adam.arithmetic = isTorch ? .torch : kind == .adam ? .fused : .cpu
    adam.isDecoupled = !isTorch
    for key in ["adam_w_mode", "adamw_mode"] where !isTorch {
      adam.isDecoupled = try reader.boolean(key, default: adam.isDecoupled)
    }
    return adam
  }

  private static func sgd(_ reader: inout ParameterReader) throws(TrainError) -> UpdateRule {
    let momentum = try reader.number("momentum", default: 0, 0...)
    let dampening = try reader.number("dampening", default: 0)
    let isNesterov = try reader.boolean("nesterov", default: false)
    guard !isNesterov || (momentum > 0 && dampening == 0) else {
      throw .unsupported(
        what: "optimizer.params.nesterov", reason: "it needs a momentum above 0 and no dampening")
    }
    return .sgd(momentum: momentum, dampening: dampening, isNesterov: isNesterov)
  }
}
