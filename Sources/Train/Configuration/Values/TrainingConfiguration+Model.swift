extension TrainingConfiguration {
  /// The shape of a model and its initial weights.
  package struct Model: Sendable, Equatable {
    /// Blocks.
    package let layerCount: Int
    /// The width.
    package let hiddenSize: Int
    /// Query heads.
    package let headCount: Int
    /// Key and value heads; divides ``headCount``.
    package let keyValueHeadCount: Int
    /// Tokens that a sample feeds to the model.
    package let sequenceLength: Int
    /// Rows of a learned position table.
    package let maximumPositions: Int
    /// The kind of every layer's attention.
    package let attention: [AttentionKind]
    /// A token sees this many tokens before it; `nil` is all.
    package let slidingWindow: Int?
    /// The norms.
    package let norm: Norm
    /// What the norms of the chosen kind add, or divide by at least.
    package let normEpsilon: Double
    /// Whether queries and keys are normalised.
    package let normalizesQueriesAndKeys: Bool
    /// How positions enter the model.
    package let positions: Positions
    /// Distances that rpe tells apart.
    package let relativeBuckets: Int
    /// The distance from which on rpe sees no difference.
    package let relativeMaximumDistance: Int
    /// What is added to learned positions.
    package let learnedPositionOffset: Int
    /// Components of a head that are rotated; even.
    package let rotaryWidth: Int
    /// The base of the rotation's frequencies.
    package let rotaryBase: Int
    /// The activation of the MLP.
    package let activation: Activation
    /// How GELU is computed.
    package let gelu: GELU
    /// The width between the MLP's two matrices, after the gate where there is one.
    package let mlpWidth: Int
    /// Whether the output uses the embedding's matrix.
    package let tiesWeights: Bool
    /// Whether attention and MLP read the same stream, side by side.
    package let isParallelResidual: Bool
    /// Whether both then read the same norm.
    package let tiesParallelNorms: Bool
    /// Whether attention's matrices have biases.
    package let hasAttentionBias: Bool
    /// Whether the MLP's matrices have biases.
    package let hasMLPBias: Bool
    /// Whether scores are divided by the layer's number and multiplied in an fp32 softmax.
    package let scalesQueriesAndKeys: Bool
    /// The share of attention's weights that are dropped.
    package let attentionDropout: Double
    /// The share of activations that are dropped.
    package let hiddenDropout: Double
    /// Initial weights of embeddings and of matrices that read the stream.
    package let initialization: Initialization
    /// Initial weights of matrices that write to the stream.
    package let outputInitialization: Initialization
    /// The standard deviation of normal initial weights.
    package let initialDeviation: Double

    /// The width of a head.
    package var headSize: Int { hiddenSize / headCount }
  }

  /// Attention that is computed here; both are causal attention over all tokens.
  package enum AttentionKind: String, Sendable {
    case global
    case flash
  }

  /// The kinds of norms.
  package enum Norm: String, Sendable {
    case layerNorm = "layernorm"
    case rmsNorm = "rmsnorm"
    case nonParametricLayerNorm = "non_parametric_layernorm"
    case scaleNorm = "scalenorm"
  }

  /// How positions enter a model.
  package enum Positions: String, Sendable {
    case learned
    case rotary
    case sinusoidal
    case relative = "rpe"
    case alibi
    case none
  }

  /// The activations of an MLP.
  package enum Activation: String, Sendable {
    case gelu, geglu, relu, softsign, swish, mish, silu, reglu, swiglu, bilinear, glu

    /// Whether half of the first matrix gates the other half.
    package var isGated: Bool {
      switch self {
      case .geglu, .reglu, .swiglu, .bilinear, .glu: true
      case .gelu, .relu, .softsign, .swish, .mish, .silu: false
      }
    }
  }

  /// The ways to compute GELU.
  package enum GELU: Sendable {
    /// By the error function.
    case exact
    /// By tanh, as GPT-NeoX's fused kernel does.
    case tanh
  }

  /// The schemes of initial weights.
  package enum Initialization: String, Sendable {
    case normal
    case scaledNormal = "scaled_normal"
    case orthogonal
    case scaledOrthogonal = "scaled_orthogonal"
    case xavierUniform = "xavier_uniform"
    case xavierNormal = "xavier_normal"
    case wang = "wang_init"
    case small = "small_init"
    case singleResidualScaledNormal = "single_residual_scaled_normal"
  }

  /// The width between the two matrices of an MLP.
  ///
  /// `nominal` is `intermediate_size`. A gate takes a third of it, and the half is rounded up to
  /// `multiple`. GPT-NeoX rounds the halves apart from each other (`ParallelMLP`), which gives the
  /// same wherever its two matrices fit together; `nil` is a width that no number holds.
  package static func mlpWidth(nominal: Int, multiple: Int, isGated: Bool) -> Int? {
    var width = nominal
    if isGated {
      // Python multiplies in floating point before it cuts the fraction off.
      let gated = (Double(nominal) * 2 / 3).rounded(.down)
      guard gated < 0x1p53 else { return nil }
      width = (Int(gated) + 1) / 2
    }
    let (sum, overflow) = width.addingReportingOverflow(multiple - 1)
    return overflow ? nil : sum / multiple * multiple
  }
}
