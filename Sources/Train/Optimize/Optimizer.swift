internal import Glibc

/// An optimizer at work on a list of parameters.
package final class Optimizer {
  /// What it does.
  package let settings: OptimizerSettings
  /// What it updates.
  package let parameters: [ParameterSlice]
  /// Steps taken so far.
  package private(set) var stepCount = 0

  let operations: any OptimizerOperations
  /// The states of each parameter, by name and in the rule's order.
  let states: [[(name: String, storage: any NumberStorage)]]
  private let groups: [(weightDecay: Double, members: [Int])]

  /// Allocates the states of all parameters.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` where SM3 meets more than two axes.
  package init(
    _ settings: OptimizerSettings, parameters: [ParameterSlice],
    operations: any OptimizerOperations
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
    self.operations = operations
    groups = ParameterGroups.make(parameters, weightDecay: settings.weightDecay)
    let rule = settings.rule
    states = try parameters.map { (parameter) throws(TrainError) in
      var states: [(name: String, storage: any NumberStorage)] = []
      for name in rule.stateNames {
        guard let shape = rule.shape(ofState: name, for: parameter.shape) else { continue }
        states.append((name, try operations.makeNumbers(count: shape.reduce(1, *))))
      }
      return states
    }
  }

  /// Makes all gradients zero and takes a step with them, as the reference's fp16 wrappers do to make
  /// their states.
  package func stepWithoutGradients(learningRate: Double) {
    for parameter in parameters { operations.clear(parameter.gradient) }
    step(learningRate: learningRate, gradientFactor: 1)
  }
  /// Changes every parameter by its gradient times `gradientFactor`.
  package func step(learningRate: Double, gradientFactor: Double) {
    if stepCount == 0 { rememberStart() }
    stepCount += 1
    if case .oneBitAdam(_, _, _, losesFirstStep: true) = settings.rule, stepCount == 1 { return }
    for group in groups {
      let pieces = group.members.map { index in
        UpdatePiece(
          value: parameters[index].value, gradient: parameters[index].gradient,
          states: states[index].map(\.storage.numbers))
      }
      update(
        pieces, scale: Float(gradientFactor), rate: learningRate, decay: group.weightDecay)
    }
  }

  // MADGRAD averages around the first values.
  private func rememberStart() {
    guard case .madgrad(let momentum, _) = settings.rule, momentum != 0 else { return }
    for (parameter, states) in zip(parameters, states) {
      operations.withBytes(of: parameter.value) {
        operations.copy($0, to: states[2].storage.numbers)
      }
    }
  }

  private func update(_ pieces: [UpdatePiece], scale: Float, rate: Double, decay: Double) {
    switch settings.rule {
    case .adam(let adam):
      operations.update(
        .adam(
          AdamStep(
            arithmetic: adam.arithmetic, scale: scale, rate: Float(rate), decay: Float(decay),
            betas: adam.betas.pair, epsilon: Float(adam.epsilon),
            correctedStep: adam.correctsBias ? stepCount : 0, isDecoupled: adam.isDecoupled)),
        pieces)
    case .oneBitAdam(let betas, let epsilon, let freezeStep, _):
      operations.update(
        .adam(
          AdamStep(
            arithmetic: stepCount > freezeStep ? .oneBitFrozen : .oneBit, scale: scale,
            rate: Float(rate), decay: Float(decay), betas: betas.pair, epsilon: Float(epsilon),
            correctedStep: 0, isDecoupled: true)), pieces)
    case .lion(let betas, let zeroMovesUp):
      operations.update(
        .lion(
          LionStep(
            scale: scale, rate: rate, decay: decay, betas: betas.pair,
            zeroMovesUp: zeroMovesUp)), pieces)
    case .sgd(let momentum, let dampening, let isNesterov):
      operations.update(
        .sgd(
          SGDStep(
            scale: scale, rate: Float(rate), decay: Float(decay), momentum: Float(momentum),
            dampening: Float(dampening), isNesterov: isNesterov, isFirst: stepCount == 1)), pieces)
    case .madgrad(let momentum, let epsilon):
      operations.update(
        .madgrad(
          MadgradStep(
            scale: scale, rate: rate + epsilon, decay: decay, momentum: momentum,
            lambda: (rate + epsilon) * Double(stepCount).squareRoot(),
            epsilon: Float(epsilon))), pieces)
    case .sm3(let momentum, let beta, let epsilon):
      operations.update(
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
          name: "\(parameter.name).\(state.name)",
          numbers: state.storage.numbers.reshaped(
            settings.rule.shape(ofState: state.name, for: parameter.shape) ?? parameter.shape))
      }
    }
  }

  /// Takes up the count of steps of a checkpoint, whose states have been copied in.
  package func resume(stepCount: Int) { self.stepCount = stepCount }
}
