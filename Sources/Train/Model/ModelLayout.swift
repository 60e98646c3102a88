/// A trained tensor of a model.
package struct Parameter: Sendable, Equatable {
  /// GPT-NeoX's name: `sequential.2.attention.dense.weight`.
  package var name: String
  /// Linear weights are [outputs, inputs].
  package var shape: [Int]
  /// How it begins.
  package var distribution: Distribution
  /// Whether weight decay applies: not to norms and biases.
  package var decays: Bool

  /// How many numbers it has.
  package var count: Int { shape.reduce(1, *) }
}

/// The parameters of a model in the order of the reference's modules, and where each part finds its
/// own among them.
package struct ModelLayout: Sendable, Equatable {
  /// A linear part's parameters, as indices.
  struct Linear: Equatable {
    var weight: Int
    var bias: Int?
  }

  /// A norm's parameters, as indices.
  struct Norm: Equatable {
    var weight: Int?
    var bias: Int?
  }

  /// A layer's parameters.
  struct Block: Equatable {
    var inputNorm: Norm
    var queryKeyValue: Linear
    var queryKeyNorm: Norm?
    var dense: Linear
    var postAttentionNorm: Norm
    var linear1: Linear
    var linear2: Linear
  }

  /// All parameters, each once.
  package private(set) var parameters: [Parameter] = []
  /// Other names of a parameter in the reference's checkpoints, by index.
  package private(set) var aliases: [(name: String, parameter: Int)] = []
  var embedding = 0
  var positions: Int?
  var relativeBias: Int?
  var blocks: [Block] = []
  var finalNorm = Norm()
  var head = 0

  /// Lays out the parameters of a model.
  package init(_ settings: ModelSettings) {
    let hidden = settings.hiddenSize
    embedding = add(
      "sequential.0.word_embeddings.weight", [settings.vocabularySize, hidden],
      settings.initialization, settings)
    if case .learned(let count, _) = settings.positions {
      positions = add(
        "sequential.0.position_embeddings.weight", [count, hidden], settings.initialization,
        settings)
    }
    for layer in 0..<settings.layerCount {
      blocks.append(addBlock("sequential.\(layer + 2).", settings))
    }
    let last = settings.layerCount
    finalNorm = addNorm("sequential.\(last + 3).norm", [hidden], settings)
    switch settings.head {
    case .tied: head = embedding
    case .untied:
      head = add(
        "sequential.\(last + 4).final_linear.weight", [settings.vocabularySize, hidden],
        settings.initialization, settings)
    case .reward:
      head = add(
        "sequential.\(last + 4).rm_linear.weight", [1, hidden], settings.initialization, settings)
    }
  }

  private mutating func addBlock(_ prefix: String, _ settings: ModelSettings) -> Block {
    let hidden = settings.hiddenSize
    let inputNorm = addNorm(prefix + "input_layernorm", [hidden], settings)
    let queryKeyNorm =
      settings.normalizesQueriesAndKeys
      ? addNorm(
        prefix + "attention.qk_layernorm", [settings.headCount, settings.headWidth], settings)
      : nil
    let queryKeyValue = addLinear(
      prefix + "attention.query_key_value", [settings.queryKeyValueSize, hidden],
      bias: settings.hasAttentionBias, settings.initialization, settings)
    if case .relativeBias(let buckets, _) = settings.positions {
      let name = prefix + "attention.rpe.weight"
      if let relativeBias {
        aliases.append((name, relativeBias))
      } else {
        relativeBias = add(name, [buckets, settings.headCount], .xavierNormal, settings)
      }
    }
    let dense = addLinear(
      prefix + "attention.dense", [hidden, hidden], bias: settings.hasAttentionBias,
      settings.outputInitialization, settings)
    let postAttentionNorm = addNorm(prefix + "post_attention_layernorm", [hidden], settings)
    let linear1 = addLinear(
      prefix + "mlp.linear1", [settings.innerRows, hidden], bias: settings.hasFeedForwardBias,
      settings.initialization, settings)
    let linear2 = addLinear(
      prefix + "mlp.linear2", [hidden, settings.innerSize], bias: settings.hasFeedForwardBias,
      settings.outputInitialization, settings)
    return Block(
      inputNorm: inputNorm, queryKeyValue: queryKeyValue, queryKeyNorm: queryKeyNorm,
      dense: dense, postAttentionNorm: postAttentionNorm, linear1: linear1, linear2: linear2)
  }

  private mutating func add(
    _ name: String, _ shape: [Int], _ scheme: InitializationScheme, _ settings: ModelSettings
  ) -> Int {
    append(name, shape, scheme.distribution(shape: shape, settings), decays: true)
  }

  private mutating func append(
    _ name: String, _ shape: [Int], _ distribution: Distribution, decays: Bool
  ) -> Int {
    parameters.append(
      Parameter(name: name, shape: shape, distribution: distribution, decays: decays))
    return parameters.count - 1
  }

  private mutating func addLinear(
    _ name: String, _ shape: [Int], bias: Bool, _ scheme: InitializationScheme,
    _ settings: ModelSettings
  ) -> Linear {
    let weight = add(name + ".weight", shape, scheme, settings)
    guard bias else { return Linear(weight: weight) }
    return Linear(
      weight: weight, bias: append(name + ".bias", [shape[0]], .constant(0), decays: false))
  }

  private mutating func addNorm(
    _ name: String, _ shape: [Int], _ settings: ModelSettings
  ) -> Norm {
    switch settings.norm {
    case .layerNorm:
      let weight = append(name + ".weight", shape, .constant(1), decays: false)
      return Norm(
        weight: weight, bias: append(name + ".bias", shape, .constant(0), decays: false))
    case .rmsNorm:
      return Norm(weight: append(name + ".scale", shape, .constant(1), decays: false))
    case .scaleNorm:
      return Norm(weight: append(name + ".g", [1], .constant(1), decays: false))
    case .nonParametricLayerNorm:
      return Norm()
    }
  }

  /// The large parameters whose gradients are written whole, in groups: the embedding, the products of
  /// each layer, and the head where it is a matrix of its own.
  ///
  /// A backward pass writes the groups from the last to the first.
  var gradientGroups: [[Int]] {
    let layers = blocks.map {
      [$0.queryKeyValue, $0.dense, $0.linear1, $0.linear2].map(\.weight)
    }
    return [[embedding]] + layers + (head == embedding ? [] : [[head]])
  }

  /// Whether two models have the same parameters.
  package static func == (first: ModelLayout, second: ModelLayout) -> Bool {
    first.parameters == second.parameters
  }
}
