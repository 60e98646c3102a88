/// A trained tensor, as the optimizer sees it: fp32 values and their gradients in an engine's memory.
package struct ParameterSlice: Sendable {
  /// GPT-NeoX's name, for instance `sequential.2.attention.dense.weight`.
  package let name: String
  /// The fp32 values, in halves or not.
  package let value: Tensor
  /// The gradients, of the same shape, in any floating-point type, whole.
  package let gradient: Tensor
  /// A copy of the values in another type, which follows them.
  package let copy: Tensor?
  /// Whether weight decay applies.
  package let decays: Bool

  /// Names a tensor and its gradient.
  ///
  /// - Precondition: the values are fp32, in halves or not, the gradients are whole, and both are of one
  ///   shape; values in halves have no copy.
  package init(name: String, value: Tensor, gradient: Tensor, copy: Tensor? = nil, decays: Bool) {
    precondition(value.type == .float32 || value.type == .splitFloat32 && copy == nil)
    precondition(gradient.type != .int32 && gradient.type != .splitFloat32)
    precondition(value.isShaped(as: gradient))
    self.name = name
    self.value = value
    self.gradient = gradient
    self.copy = copy
    self.decays = decays
  }

  /// The length of each axis.
  package var shape: [Int] { value.shape }
}

/// One tensor with its gradient and the states that its optimizer keeps, in that optimizer's order.
package struct UpdatePiece: Sendable {
  /// The values, which change.
  package var value: Tensor
  /// The gradients.
  package var gradient: Tensor
  /// What the optimizer remembers.
  package var states: [Tensor]
  /// Receives the new values in its own type.
  package var copy: Tensor?

  /// Joins a tensor, its gradient, its states and its copy.
  package init(value: Tensor, gradient: Tensor, states: [Tensor], copy: Tensor? = nil) {
    self.value = value
    self.gradient = gradient
    self.states = states
    self.copy = copy
  }
}

/// One update of an optimizer that treats every number alike, with this step's numbers.
///
/// `scale` multiplies each gradient first: it undoes the loss scale and clips.
package enum ElementwiseStep: Sendable {
  /// Adam; the states are the first and the second moment.
  case adam(AdamStep)
  /// Lion; the state is the momentum.
  case lion(LionStep)
  /// SGD; the state is the momentum, where there is one.
  case sgd(SGDStep)
  /// MADGRAD; the states are the sums of squares, the sums and, with momentum, the first values.
  case madgrad(MadgradStep)
}

/// The numbers of one Adam update.
package struct AdamStep: Sendable {
  /// Whose order of operations is followed.
  package enum Arithmetic: String, Sendable {
    /// Apex's and DeepSpeed's FusedAdam.
    case fused
    /// DeepSpeed's CPUAdam.
    case cpu
    /// `torch.optim.Adam`.
    case torch
    /// 1-bit Adam while the second moment still moves.
    case oneBit
    /// 1-bit Adam once the second moment stands still.
    case oneBitFrozen
  }

  /// Whose order of operations is followed.
  package var arithmetic: Arithmetic
  /// Multiplies each gradient first.
  package var scale: Float
  /// The learning rate.
  package var rate: Float
  /// The weight decay.
  package var decay: Float
  /// The share of the old moments that stays.
  package var betas: (Double, Double)
  /// Added to the denominator.
  package var epsilon: Float
  /// Which update this is, from 1; 0 where the moments are not corrected for their start at zero.
  package var correctedStep: Int
  /// Whether the decay is apart from the gradient (AdamW) or added to it (L2).
  package var isDecoupled: Bool
}

/// The numbers of one Lion update.
package struct LionStep: Sendable {
  /// Multiplies each gradient first.
  package var scale: Float
  /// The learning rate.
  package var rate: Double
  /// The weight decay.
  package var decay: Double
  /// The shares of the old momentum in the direction and in the new momentum.
  package var betas: (Double, Double)
  /// Whether a direction of exactly zero moves a value up, as in DeepSpeed's FusedLion.
  package var zeroMovesUp: Bool
}

/// The numbers of one SGD update.
package struct SGDStep: Sendable {
  /// Multiplies each gradient first.
  package var scale: Float
  /// The learning rate.
  package var rate: Float
  /// The weight decay, added to the gradient.
  package var decay: Float
  /// The share of the old momentum that stays; 0 for none.
  package var momentum: Float
  /// The share of the gradient that does not enter the momentum.
  package var dampening: Float
  /// Whether the step looks ahead along the momentum.
  package var isNesterov: Bool
  /// Whether the momentum is still empty.
  package var isFirst: Bool
}

/// The numbers of one MADGRAD update.
package struct MadgradStep: Sendable {
  /// Multiplies each gradient first.
  package var scale: Float
  /// The learning rate plus epsilon.
  package var rate: Double
  /// The weight decay, apart from the gradient.
  package var decay: Double
  /// The share of the old value that stays; 0 for none.
  package var momentum: Double
  /// The weight of this gradient in the sums.
  package var lambda: Double
  /// Added to the cube root.
  package var epsilon: Float
}

/// The numbers of one SM3 update.
///
/// The states of a matrix are the accumulators of its rows and of its columns, those of a vector
/// one accumulator; with momentum, its buffer follows.
package struct SM3Step: Sendable {
  /// Multiplies each gradient first.
  package var scale: Float
  /// The learning rate.
  package var rate: Float
  /// The share of the old accumulators that stays; 0 for all of them.
  package var beta: Double
  /// The share of the old change that stays; 0 for none.
  package var momentum: Double
  /// Added under the root.
  package var epsilon: Float
}
