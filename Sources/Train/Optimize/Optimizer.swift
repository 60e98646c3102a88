internal import Glibc

/// An optimizer at work on a list of parameters.
package final class Optimizer {
  /// What it does.
  package let settings: OptimizerSettings
  /// What it updates.
  package let parameters: [ParameterSlice]
  /// Steps taken so far.
  package private(set) var stepCount = 0

  let engine: any ComputeEngine
  /// The states of each parameter, by name and in the rule's order.
  let states: [[(name: String, numbers: Tensor)]]
  private let memory: EngineMemory
  private let groups: [(weightDecay: Double, pieces: [UpdatePiece])]

  /// Allocates the states of all parameters, and what the engine needs for their updates.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` where SM3 meets more than two axes, or
  ///   ``TrainError/system(_:)`` where there is too little memory.
  package init(
    _ settings: OptimizerSettings, parameters: [ParameterSlice],
    engine: any ComputeEngine
  ) throws(TrainError) {
    if case .sm3 = settings.rule,
      let tall = parameters.first(where: { $0.shape.count > 2 })
    {
      throw .unsupported(
        what: "optimizer.type sm3",
        reason: "\(tall.name) has \(tall.shape.count) axes, and only vectors and matrices are done")
    }
    self.settings = settings
    self.parameters = parameters
    self.engine = engine
    let rule = settings.rule
    let (states, memory) = try engine.place { plan in
      parameters.map { parameter in
        rule.stateNames.compactMap { name in
          rule.shape(ofState: name, for: parameter.shape).map {
            (name: name, numbers: plan.place($0))
          }
        }
      }
    }
    self.states = states
    self.memory = memory
    groups = ParameterGroups.make(parameters, weightDecay: settings.weightDecay).map { group in
      let pieces = group.members.map { index in
        UpdatePiece(
          value: parameters[index].value, gradient: parameters[index].gradient,
          states: states[index].map(\.numbers), copy: parameters[index].copy)
      }
      return (group.weightDecay, pieces)
    }
    let isSM3 = if case .sm3 = rule { true } else { false }
    try engine.reserve(
      groups.map { isSM3 ? .sm3($0.pieces) : .elementwise($0.pieces) }
        + [.sumOfSquares(parameters.map(\.gradient))])
  }

  /// Makes all gradients zero and takes a step with them, as the reference's fp16 wrappers do to make
  /// their states.
  package func stepWithoutGradients(learningRate: Double) {
    for parameter in parameters { engine.fill(parameter.gradient, with: 0) }
    step(learningRate: learningRate, gradientFactor: 1)
  }

  /// Changes every parameter by its gradient times `gradientFactor`.
  package func step(learningRate: Double, gradientFactor: Double) {
    if stepCount == 0 { rememberStart() }
    stepCount += 1
    if case .oneBitAdam(_, _, _, losesFirstStep: true) = settings.rule, stepCount == 1 { return }
    for group in groups {
      update(
        group.pieces, scale: Float(gradientFactor), rate: learningRate, decay: group.weightDecay)
    }
  }

  // MADGRAD averages around the first values.
  private func rememberStart() {
    guard case .madgrad(let momentum, _) = settings.rule, momentum != 0 else { return }
    for (parameter, states) in zip(parameters, states) {
      engine.convert(parameter.value, into: states[2].numbers)
    }
  }

  private func update(_ pieces: [UpdatePiece], scale: Float, rate: Double, decay: Double) {
    switch settings.rule {
    case .adam(let adam):
      engine.update(
        .adam(
          AdamStep(
            arithmetic: adam.arithmetic, scale: scale, rate: Float(rate), decay: Float(decay),
            betas: adam.betas.pair, epsilon: Float(adam.epsilon),
            correctedStep: adam.correctsBias ? stepCount : 0, isDecoupled: adam.isDecoupled)),
        pieces)
    case .oneBitAdam(let betas, let epsilon, let freezeStep, _):
      engine.update(
        .adam(
          AdamStep(
            arithmetic: stepCount > freezeStep ? .oneBitFrozen : .oneBit, scale: scale,
            rate: Float(rate), decay: Float(decay), betas: betas.pair, epsilon: Float(epsilon),
            correctedStep: 0, isDecoupled: true)), pieces)
    case .lion(let betas, let zeroMovesUp):
      engine.update(
        .lion(
          LionStep(
            scale: scale, rate: rate, decay: decay, betas: betas.pair,
            zeroMovesUp: zeroMovesUp)), pieces)
    case .sgd(let momentum, let dampening, let isNesterov):
      engine.update(
        .sgd(
          SGDStep(
            scale: scale, rate: Float(rate), decay: Float(decay), momentum: Float(momentum),
            dampening: Float(dampening), isNesterov: isNesterov, isFirst: stepCount == 1)), pieces)
    case .madgrad(let momentum, let epsilon):
      engine.update(
        .madgrad(
          MadgradStep(
            scale: scale, rate: rate + epsilon, decay: decay, momentum: momentum,
            lambda: (rate + epsilon) * Double(stepCount).squareRoot(),
            epsilon: Float(epsilon))), pieces)
    case .sm3(let momentum, let beta, let epsilon):
      engine.update(
        SM3Step(
          scale: scale, rate: Float(rate), beta: beta, momentum: momentum,
          epsilon: Float(epsilon)), pieces)
    }
  }

  // MARK: - State

  /// A tensor that the optimizer remembers, as a checkpoint keeps it.
  package struct NamedState {
    /// `PARAMETER.STATE`, for instance `sequential.0.word_embeddings.weight.exp_avg`.
    package let name: String
    /// The numbers, in the state's shape.
    package let numbers: Tensor
  }

  /// Everything the optimizer remembers but ``stepCount``.
  package var namedStates: [NamedState] {
    zip(parameters, states).flatMap { parameter, states in
      states.map { state in
        NamedState(
          name: "\(parameter.name).\(state.name)", numbers: state.numbers)
      }
    }
  }

  /// Takes up the count of steps of a checkpoint, whose states have been copied in.
  package func resume(stepCount: Int) { self.stepCount = stepCount }
}
