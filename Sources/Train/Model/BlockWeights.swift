/// A parameter in use: what is computed with, and where its gradient is added.
struct Trained {
  var value: Tensor
  var gradient: Tensor
  /// Whether the gradient's memory holds a sum, where it may hold something else.
  var state: GradientState?

  /// Says that the gradient is going to be written whole; whether it is to be added to what is there.
  func begin() -> Bool { state?.begin() ?? true }
}

/// A linear part in use.
struct LinearWeights {
  var weight: Trained
  var bias: Trained?
}

/// A norm in use.
struct NormWeights {
  var norm: Norm
  var gradients: NormGradients
}

/// The parameters of a layer in use.
struct BlockWeights {
  var inputNorm: NormWeights
  var queryKeyValue: LinearWeights
  var queryKeyNorm: NormWeights?
  var dense: LinearWeights
  var postAttentionNorm: NormWeights
  var linear1: LinearWeights
  var linear2: LinearWeights
}

extension ParameterStore {
  func trained(_ index: Int) -> Trained {
    Trained(value: values[index], gradient: gradients[index], state: state(of: index))
  }

  func linear(_ linear: ModelLayout.Linear) -> LinearWeights {
    LinearWeights(weight: trained(linear.weight), bias: linear.bias.map(trained))
  }

  func norm(_ norm: ModelLayout.Norm, _ settings: ModelSettings) -> NormWeights {
    let kind: Norm.Kind =
      switch settings.norm {
      case .layerNorm, .nonParametricLayerNorm: .layerNorm
      case .rmsNorm: .rmsNorm
      case .scaleNorm: .scaleNorm
      }
    return NormWeights(
      norm: Norm(
        kind: kind, epsilon: settings.normEpsilon, weight: norm.weight.map { values[$0] },
        bias: norm.bias.map { values[$0] }),
      gradients: NormGradients(
        weight: norm.weight.map { gradients[$0] }, bias: norm.bias.map { gradients[$0] }))
  }

  /// The norm of queries and keys: over all heads together for a layer norm, as the reference has
  /// it, and over each head alone for the others.
  func queryKeyNorm(_ layout: ModelLayout.Norm, _ settings: ModelSettings) -> NormWeights {
    var weights = norm(layout, settings)
    guard weights.norm.kind == .layerNorm else { return weights }
    weights.norm.weight = weights.norm.weight.map { $0.reshaped([$0.count]) }
    weights.norm.bias = weights.norm.bias.map { $0.reshaped([$0.count]) }
    return weights
  }

  func block(_ block: ModelLayout.Block, _ settings: ModelSettings) -> BlockWeights {
    BlockWeights(
      inputNorm: norm(block.inputNorm, settings), queryKeyValue: linear(block.queryKeyValue),
      queryKeyNorm: block.queryKeyNorm.map { queryKeyNorm($0, settings) },
      dense: linear(block.dense), postAttentionNorm: norm(block.postAttentionNorm, settings),
      linear1: linear(block.linear1), linear2: linear(block.linear2))
  }
}
