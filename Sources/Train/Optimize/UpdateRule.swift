/// How an optimizer turns gradients into changes, with its constants.
package enum UpdateRule: Sendable, Equatable {
  /// Adam: `adam`, `cpu_adam`, `cpu_torch_adam`.
  case adam(Adam)
  /// 1-bit Adam (arXiv 2102.02888) with one process: nothing is compressed, and the second moment
  /// stands still after `freezeStep` steps.
  ///
  /// `losesFirstStep` brings back that DeepSpeed's first call only makes buffers.
  case oneBitAdam(
    betas: Betas, epsilon: Double, freezeStep: Int, losesFirstStep: Bool)
  /// SM3 (arXiv 1901.11150).
  case sm3(momentum: Double, beta: Double, epsilon: Double)
  /// MADGRAD (arXiv 2101.11075) with weight decay apart from the gradient.
  case madgrad(momentum: Double, epsilon: Double)
  /// Lion (arXiv 2302.06675).
  ///
  /// `zeroMovesUp` brings back DeepSpeed's FusedLion, which takes the sign of 0 to be −1.
  case lion(betas: Betas, zeroMovesUp: Bool)
  /// Stochastic gradient descent, with momentum as torch has it.
  case sgd(momentum: Double, dampening: Double, isNesterov: Bool)

  /// Shares of two old moments that stay.
  package struct Betas: Sendable, Equatable {
    /// The share of the first moment.
    package var first: Double
    /// The share of the second moment.
    package var second: Double

    /// Two shares.
    package init(_ first: Double, _ second: Double) {
      self.first = first
      self.second = second
    }

    var pair: (Double, Double) { (first, second) }
  }

  /// The constants of Adam.
  package struct Adam: Sendable, Equatable {
    /// Shares of the moments that stay.
    package var betas = Betas(0.9, 0.999)
    /// Added to the denominator.
    package var epsilon = 1e-8
    /// Whether the decay is apart from the gradient (AdamW) or added to it (L2).
    package var isDecoupled = true
    /// Whether the moments are corrected for their start at zero.
    package var correctsBias = true
    /// Whose order of operations is followed.
    package var arithmetic = AdamStep.Arithmetic.fused
  }

  /// The names of the states kept for a parameter, those of torch's optimizers.
  var stateNames: [String] {
    switch self {
    case .adam, .oneBitAdam: ["exp_avg", "exp_avg_sq"]
    case .sm3(let momentum, _, _):
      ["accumulator_0", "accumulator_1"] + (momentum > 0 ? ["momentum_buffer"] : [])
    case .madgrad(let momentum, _): ["grad_sum_sq", "s"] + (momentum != 0 ? ["x0"] : [])
    case .lion: ["exp_avg"]
    case .sgd(let momentum, _, _): momentum != 0 ? ["momentum_buffer"] : []
    }
  }

  /// The state's shape for a parameter; `nil` where this parameter has no such state.
  func shape(ofState name: String, for shape: [Int]) -> [Int]? {
    switch name {
    case "accumulator_0": shape.count == 2 ? [shape[0]] : shape
    case "accumulator_1": shape.count == 2 ? [shape[1]] : nil
    default: shape
    }
  }
}
