/// What one layer keeps from its forward pass for the gradients.
struct BlockActivations {
  var normed: Tensor
  var statistics: Tensor
  /// Queries, keys and values as they enter attention.
  var queryKeyValue: Tensor
  /// Queries and keys before their norm; no rows where there is none.
  var rawQueries: Tensor
  var rawKeys: Tensor
  var queryStatistics: Tensor
  var keyStatistics: Tensor
  var context: Tensor
  var logSums: Tensor
  /// The hidden state between attention and feed-forward, where these follow one another.
  var middle: Tensor
  var normedMiddle: Tensor
  var middleStatistics: Tensor
  /// Before and after the activation.
  var inner: Tensor
  var activated: Tensor

  init(
    _ settings: ModelSettings, type: ScalarType, batch: Int, length: Int, _ plan: inout TensorPlan
  ) {
    let rows = batch * length
    let hidden = settings.hiddenSize
    let raw = settings.normalizesQueriesAndKeys ? rows : 0
    normed = plan.place([rows, hidden], type)
    statistics = plan.place([rows, 2])
    queryKeyValue = plan.place([rows, settings.queryKeyValueSize], type)
    rawQueries = plan.place([raw, hidden], type)
    rawKeys = plan.place([raw, hidden], type)
    queryStatistics = plan.place([raw, settings.headCount, 2])
    keyStatistics = plan.place([raw, settings.headCount, 2])
    context = plan.place([rows, hidden], type)
    logSums = plan.place([batch * settings.headCount, length])
    middle = plan.place([rows, hidden], type)
    normedMiddle = plan.place([rows, hidden], type)
    middleStatistics = plan.place([rows, 2])
    inner = plan.place([rows, settings.innerRows], type)
    activated = plan.place([rows, settings.innerSize], type)
  }
}

/// Room that every layer uses in turn.
struct BlockScratch {
  /// What a part adds to the hidden state, or its gradient.
  var branch: Tensor
  var first: Tensor
  var second: Tensor
  /// Gradients of what is wider than the hidden state.
  var innerGradient: Tensor
  var activatedGradient: Tensor
  var queryKeyValueGradient: Tensor
  var bias: Tensor
  var biasGradient: Tensor

  init(
    _ settings: ModelSettings, type: ScalarType, batch: Int, length: Int, training: Bool,
    _ plan: inout TensorPlan
  ) {
    let rows = batch * length
    let gradientRows = training ? rows : 0
    let hidden = settings.hiddenSize
    let distances = settings.hasScoreBias ? settings.sequenceLength : 0
    branch = plan.place([rows, hidden], type)
    first = plan.place([rows, hidden], type)
    second = plan.place([gradientRows, hidden], type)
    innerGradient = plan.place([gradientRows, settings.innerRows], type)
    activatedGradient = plan.place([gradientRows, settings.innerSize], type)
    queryKeyValueGradient = plan.place([gradientRows, settings.queryKeyValueSize], type)
    bias = plan.place([settings.headCount, distances])
    biasGradient = plan.place([training ? batch : 0, settings.headCount, distances])
  }
}

/// Layers that are computed one after another, and once more before their gradients where their
/// activations are not kept.
struct LayerGroup: Equatable {
  var layers: Range<Int>
  var isRecomputed: Bool

  /// The groups of a model: the reference cuts its list of modules (embedding, transpose, layers,
  /// transpose, norm, head) into pieces of `checkpointedLayers`, and recomputes those pieces that
  /// hold nothing but layers.
  static func groups(_ settings: ModelSettings) -> [LayerGroup] {
    let layers = settings.layerCount
    guard let size = settings.checkpointedLayers else {
      return (0..<layers).map { LayerGroup(layers: $0..<$0 + 1, isRecomputed: false) }
    }
    var groups: [LayerGroup] = []
    for start in stride(from: 0, to: layers + 5, by: size) {
      let end = min(start + size, layers + 5)
      let inside = min(layers, max(0, start - 2))..<max(0, min(layers, end - 2))
      if start >= 2 && end <= layers + 2 {
        groups.append(LayerGroup(layers: inside, isRecomputed: true))
      } else {
        groups += inside.map { LayerGroup(layers: $0..<$0 + 1, isRecomputed: false) }
      }
    }
    return groups
  }
}

extension ModelSettings {
  /// Whether numbers are added to scores.
  var hasScoreBias: Bool {
    switch positions {
    case .relativeBias, .alibi: true
    case .none, .learned, .sinusoidal, .rotary: false
    }
  }
}

/// The memory of a model's passes over micro batches of one shape; made once, then used again.
package final class ModelWorkspace {
  /// Sequences of a micro batch.
  package let batch: Int
  /// Tokens of a sequence.
  package let length: Int
  /// Whether gradients can be made.
  package let isTraining: Bool
  /// Token ids [batch · length], int32, which the caller writes.
  package let tokens: Tensor
  /// What a token is to be followed by [batch · length], int32, which the caller writes.
  package let labels: Tensor
  /// A factor for the gradient of each token's log-probability, float32, written by objectives.
  package let coefficients: Tensor
  /// The log-probability of each label, float32.
  package let logProbabilities: Tensor
  /// The hidden state after the last norm [batch · length, hidden].
  package let output: Tensor
  /// The gradient of ``output``, written before the backward pass.
  package let outputGradient: Tensor
  /// Room for the logits of a few tokens, float32.
  package let logits: Tensor

  /// The values of a reward model [batch · length, 1], float32; empty for other models.
  package let values: Tensor
  /// The gradients of ``values``, in the model's type, written before the backward pass.
  package let valueGradients: Tensor

  let outputStatistics: Tensor
  /// The gradient of the hidden state, on its way down.
  let gradient: Tensor
  /// The hidden state before each layer, and after the last.
  let hidden: [Tensor]
  let activations: [BlockActivations]
  let scratch: BlockScratch
  let groups: [LayerGroup]
  /// Dropout of the pass in progress, which its gradient needs again.
  var dropout: DropoutSeed?
  /// The keys and values of earlier tokens in the pass in progress.
  var cache: KeyValueCache?
  /// The position of the first token in the pass in progress.
  var firstPosition: Int { cache?.count ?? 0 }
  /// Bytes of all of it.
  package let byteCount: Int
  private let memory: EngineMemory

  init(
    _ settings: ModelSettings, type: ScalarType, batch: Int, length: Int, training: Bool,
    engine: any ComputeEngine
  ) throws(TrainError) {
    let rows = batch * length
    let width = settings.hiddenSize
    let groups = LayerGroup.groups(settings)
    let vocabulary = settings.head == .reward ? 1 : settings.vocabularySize
    // 64 MiB of logits at a time, but enough rows to feed the cores.
    let logitRows = min(rows, max(64, (16 << 20) / vocabulary / 16 * 16))
    let gradientRows = training ? rows : 0
    let valueRows = settings.head == .reward ? rows : 0
    let (parts, memory) = try engine.place { plan in
      let fixed = (
        tokens: plan.place([rows], .int32), labels: plan.place([rows], .int32),
        coefficients: plan.place([rows]), logProbabilities: plan.place([rows]),
        output: plan.place([rows, width], type),
        outputGradient: plan.place([gradientRows, width], type),
        logits: plan.place([logitRows, vocabulary]), values: plan.place([valueRows, 1]),
        valueGradients: plan.place([min(valueRows, gradientRows), 1], type),
        statistics: plan.place([rows, 2]),
        gradient: plan.place([gradientRows, width], type)
      )
      func block(_ plan: inout TensorPlan) -> BlockActivations {
        BlockActivations(settings, type: type, batch: batch, length: length, &plan)
      }
      func state(_ plan: inout TensorPlan) -> Tensor { plan.place([rows, width], type) }
      var hidden: [Tensor] = []
      var activations: [BlockActivations] = []
      if training {
        // What a recomputed group needs inside itself, it shares with all others.
        let size = groups.filter(\.isRecomputed).map(\.layers.count).max() ?? 0
        let sharedBlocks = (0..<size).map { _ in block(&plan) }
        let sharedStates = (0..<max(size - 1, 0)).map { _ in state(&plan) }
        for group in groups {
          for (place, _) in group.layers.enumerated() {
            let isInside = group.isRecomputed && place > 0
            hidden.append(isInside ? sharedStates[place - 1] : state(&plan))
            activations.append(group.isRecomputed ? sharedBlocks[place] : block(&plan))
          }
        }
        hidden.append(state(&plan))
      } else {
        let shared = block(&plan)
        let states = [state(&plan), state(&plan)]
        activations = (0..<settings.layerCount).map { _ in shared }
        hidden = (0...settings.layerCount).map { states[$0 % 2] }
      }
      let scratch = BlockScratch(
        settings, type: type, batch: batch, length: length, training: training, &plan)
      return (fixed: fixed, hidden: hidden, activations: activations, scratch: scratch)
    }
    try engine.reserve(
      settings.workSizes(batch: batch, length: length, type: type, training: training))
    self.batch = batch
    self.length = length
    isTraining = training
    self.groups = groups
    self.memory = memory
    byteCount = memory.byteCount
    tokens = parts.fixed.tokens
    labels = parts.fixed.labels
    coefficients = parts.fixed.coefficients
    logProbabilities = parts.fixed.logProbabilities
    output = parts.fixed.output
    outputGradient = parts.fixed.outputGradient
    logits = parts.fixed.logits
    values = parts.fixed.values
    valueGradients = parts.fixed.valueGradients
    outputStatistics = parts.fixed.statistics
    gradient = parts.fixed.gradient
    hidden = parts.hidden
    activations = parts.activations
    scratch = parts.scratch
  }
}

extension ModelSettings {
  /// What passes over a micro batch need of an engine beside their tensors.
  fileprivate func workSizes(
    batch: Int, length: Int, type: ScalarType, training: Bool
  ) -> [WorkSize] {
    let rows = batch * length
    // Passes with a cache see all tokens before theirs.
    let attention = Attention(
      batch: batch, queryCount: length, keyCount: training ? length : sequenceLength, scale: 1)
    var work: [WorkSize] = [
      .rows(width: max(hiddenSize, queryKeyValueSize, innerRows, innerSize), type: type),
      .attention(attention, headWidth: headWidth, isTraining: training),
    ]
    guard training else { return work }
    work.append(.normGradient(rows: rows, parameters: hiddenSize))
    if normalizesQueriesAndKeys {
      work.append(.normGradient(rows: rows * headCount, parameters: hiddenSize))
    }
    return work
  }
}

/// What dropout depends on: the seed of the run, and which micro batch of it this is.
package struct DropoutSeed: Sendable {
  private let key: UInt64

  /// Names a micro batch.
  package init(seed: UInt64, iteration: Int, microBatch: Int) {
    key = RandomKey.mix(RandomKey.mix(seed, UInt64(iteration)), UInt64(microBatch))
  }

  /// The places in a layer where numbers are dropped.
  enum Site: UInt64 { case embedding, probabilities, attention, feedForward }

  /// The dropout of a place; `nil` where nothing is dropped.
  func dropout(_ rate: Float, layer: Int, _ site: Site) -> Dropout? {
    Dropout(rate: rate, key: RandomKey.mix(key, UInt64(layer) * 4 + site.rawValue))
  }
}
