internal import Glibc

/// What wraps the optimizer in the reference, which decides how overflows are treated.
package enum PrecisionWrapper: String, Sendable {
  /// fp32 without ZeRO: nothing.
  case none
  /// fp16 without ZeRO, for Adam and OneBitAdam.
  case fp16Fused
  /// fp16 without ZeRO, for all others.
  case fp16Unfused
  /// bf16.
  case bfloat16
  /// ZeRO with fp16.
  case zero

  /// The wrapper of a precision, a ZeRO stage and an optimizer.
  package init(computes type: ScalarType, zeroStage: Int, optimizer: OptimizerSettings.Kind) {
    self =
      switch (type, zeroStage > 0, optimizer) {
      case (.float16, true, _): .zero
      case (.float16, false, .adam), (.float16, false, .oneBitAdam): .fp16Fused
      case (.float16, false, _): .fp16Unfused
      case (.bfloat16, _, _): .bfloat16
      default: .none
      }
  }
}

/// The factor that keeps fp16 gradients from vanishing, and how it follows overflows.
package struct LossScaler: Sendable, Equatable {
  /// The rule that the scale follows.
  package enum Rule: Sendable, Equatable {
    /// It never changes.
    case fixed
    /// ZeRO stage 0: it is halved at every overflow, and doubled after `window` steps without.
    case plain(window: Int, minimum: Double)
    /// ZeRO stages 1 to 3: some overflows are let pass before it is halved.
    case patient(window: Int, minimum: Double, hysteresis: Int, isConsecutive: Bool)
  }

  /// What changes from step to step, as a checkpoint keeps it.
  package struct State: Sendable, Equatable {
    /// The scale.
    package var scale: Double
    /// Steps seen.
    package var stepCount = 0
    /// The last step that overflowed; −1 before the first.
    package var lastOverflow = -1
    /// Overflows that are left until the scale is halved.
    package var hysteresisLeft = 1
  }

  /// The keys of the `fp16` dictionary.
  package struct Settings: Sendable {
    /// `loss_scale`; 0 for a scale that follows overflows.
    package var lossScale = 0.0
    /// `initial_scale_power`.
    package var initialScalePower: Int?
    /// `loss_scale_window`.
    package var window: Int?
    /// `hysteresis`.
    package var hysteresis: Int?
    /// `consecutive_hysteresis`.
    package var isConsecutive: Bool?
    /// `min_loss_scale`.
    package var minimum: Double?

    /// An empty dictionary.
    package init() {}
  }

  /// The rule that the scale follows.
  package let rule: Rule
  /// Where it stands.
  package private(set) var state: State

  /// The scale by which the next loss is multiplied.
  package var scale: Double { state.scale }

  /// A scale of 1 that never changes, for fp32 and bf16.
  package static let one = LossScaler(rule: .fixed, state: State(scale: 1))

  /// Reads the `fp16` dictionary.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` naming the key.
  package init(
    _ settings: Settings, wrapper: PrecisionWrapper, neoxQuirks: Bool = false
  ) throws(TrainError) {
    func check(_ isGood: Bool, _ key: String, _ wanted: String) throws(TrainError) {
      guard isGood else {
        throw .unsupported(what: "fp16.\(key)", reason: "it has to be \(wanted)")
      }
    }
    try check(settings.lossScale >= 0 && settings.lossScale.isFinite, "loss_scale", "0 or more")
    let power = settings.initialScalePower ?? 16
    try check((0...127).contains(power), "initial_scale_power", "from 0 to 127")
    try check((settings.window ?? 1) > 0, "loss_scale_window", "above 0")
    try check((settings.hysteresis ?? 1) > 0, "hysteresis", "above 0")
    try check((settings.minimum ?? 1) > 0, "min_loss_scale", "above 0")
    guard settings.lossScale == 0 else {
      self.init(rule: .fixed, state: State(scale: settings.lossScale))
      return
    }
    // Without any of its keys the engine has defaults of its own.
    let isBare =
      settings.initialScalePower == nil && settings.window == nil && settings.minimum == nil
      && settings.hysteresis == nil && settings.isConsecutive == nil
    let window = settings.window ?? 1000
    var state = State(scale: scalbn(1, Int32(power)))
    if wrapper == .zero {
      let hysteresis = settings.hysteresis ?? (isBare ? 1 : 2)
      if isBare, neoxQuirks { state.scale = scalbn(1, 32) }
      state.hysteresisLeft = hysteresis
      self.init(
        rule: .patient(
          window: window, minimum: settings.minimum ?? 1, hysteresis: hysteresis,
          isConsecutive: settings.isConsecutive ?? false), state: state)
    } else {
      let minimum = settings.minimum ?? (isBare && wrapper == .fp16Unfused ? 0.25 : 1)
      self.init(rule: .plain(window: window, minimum: minimum), state: state)
    }
  }

  init(rule: Rule, state: State) {
    self.rule = rule
    self.state = state
  }

  /// Goes on where a checkpoint stands.
  package mutating func resume(_ state: State) { self.state = state }

  /// Follows one step, before its gradients are unscaled.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` where ZeRO's rule cannot halve any more.
  package mutating func update(overflow: Bool) throws(TrainError) {
    switch rule {
    case .fixed: break
    case .plain(let window, let minimum):
      if overflow {
        state.scale = max(state.scale / 2, minimum)
        state.lastOverflow = state.stepCount
      } else {
        let clean = state.stepCount - state.lastOverflow - 1
        if clean > 0, clean % window == 0 { state.scale *= 2 }
      }
    case .patient(let window, let minimum, let hysteresis, let isConsecutive):
      if overflow {
        try endurePatiently(minimum: minimum, hysteresis: hysteresis)
      } else {
        if isConsecutive { state.hysteresisLeft = hysteresis }
        if (state.stepCount - state.lastOverflow) % window == 0 {
          if !isConsecutive { state.hysteresisLeft = hysteresis }
          state.scale *= 2
        }
      }
    }
    state.stepCount += 1
  }

  private mutating func endurePatiently(minimum: Double, hysteresis: Int) throws(TrainError) {
    if hysteresis == 1 || state.hysteresisLeft == 1 {
      guard state.scale != minimum else {
        throw .unsupported(
          what: "loss scale",
          reason: "Current loss scale already at minimum - cannot decrease scale anymore."
            + " Exiting run.")
      }
      state.scale = max(state.scale / 2, minimum)
    } else {
      state.hysteresisLeft -= 1
    }
    state.lastOverflow = state.stepCount
  }
}
