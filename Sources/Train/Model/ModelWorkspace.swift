/// What one layer keeps from its forward pass for the gradients.
///
/// Outputs of norms and of the activation are not kept: making them again costs little.
struct BlockActivations {
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
  var middleStatistics: Tensor
  /// What enters the activation.
  var inner: Tensor

  init(
    _ settings: ModelSettings, type: ScalarType, _ shape: PassShape, _ plan: inout TensorPlan
  ) {
    let rows = shape.rows
    let hidden = settings.hiddenSize
    let raw = settings.normalizesQueriesAndKeys ? rows : 0
    statistics = plan.place([rows, 2])
    queryKeyValue = plan.place([rows, settings.queryKeyValueSize], type)
    rawQueries = plan.place([raw, hidden], type)
    rawKeys = plan.place([raw, hidden], type)
    queryStatistics = plan.place([raw, settings.headCount, 2])
    keyStatistics = plan.place([raw, settings.headCount, 2])
    context = plan.place([rows, hidden], type)
    logSums = plan.place([rows, settings.headCount])
    middle = plan.place([settings.isParallel ? 0 : rows, hidden], type)
    middleStatistics = plan.place([rows, 2])
    inner = plan.place([rows, settings.innerRows], type)
  }
}

/// Room that every layer uses in turn.
struct BlockScratch {
  /// What a part adds to the hidden state, or its gradient.
  var branch: Tensor
  var first: Tensor
  var second: Tensor
  /// The hidden state behind the norms of attention and of the feed-forward part.
  var normed: Tensor
  var normedMiddle: Tensor
  /// What leaves the activation.
  var activated: Tensor
  /// Gradients of what is wider than the hidden state.
  var innerGradient: Tensor
  var activatedGradient: Tensor
  var queryKeyValueGradient: Tensor
  var bias: Tensor
  var biasGradient: Tensor
  var branchKeys: BranchKeys

  init(
    _ settings: ModelSettings, type: ScalarType, _ shape: PassShape, _ plan: inout TensorPlan
  ) {
    let rows = shape.rows
    let gradientRows = shape.isTraining ? rows : 0
    let hidden = settings.hiddenSize
    let distances = settings.hasScoreBias ? settings.sequenceLength : 0
    branch = plan.place([rows, hidden], type)
    first = plan.place([rows, hidden], type)
    second = plan.place([gradientRows, hidden], type)
    normed = plan.place([rows, hidden], type)
    normedMiddle = plan.place([rows, hidden], type)
    activated = plan.place([rows, settings.innerSize], type)
    innerGradient = plan.place([gradientRows, settings.innerRows], type)
    activatedGradient = plan.place([gradientRows, settings.innerSize], type)
    queryKeyValueGradient = plan.place([gradientRows, settings.queryKeyValueSize], type)
    bias = plan.place([settings.headCount, distances])
    biasGradient = plan.place([
      shape.isTraining ? shape.batch : 0, settings.headCount, distances,
    ])
    branchKeys = BranchKeys(settings, type: type, shape, &plan)
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
///
/// A packed workspace takes rows whose shape is told before each pass (``arrange(_:)``).
package final class ModelWorkspace {
  /// Sequences of a micro batch.
  package private(set) var batch: Int
  /// Tokens of a sequence.
  package private(set) var length: Int
  /// Whether gradients can be made.
  package let isTraining: Bool
  /// Token ids [batch · length], int32, which the caller writes.
  package var tokens: Tensor { tensors.tokens }
  /// What a token is to be followed by [batch · length], int32, which the caller writes.
  package var labels: Tensor { tensors.labels }
  /// A factor for the gradient of each token's log-probability, float32, written by objectives.
  package var coefficients: Tensor { tensors.coefficients }
  /// The log-probability of each label, float32.
  package var logProbabilities: Tensor { tensors.logProbabilities }
  /// The hidden state after the last norm [batch · length, hidden].
  package var output: Tensor { tensors.output }
  /// The gradient of ``output``, written before the backward pass.
  package var outputGradient: Tensor { tensors.outputGradient }
  /// Room for the logits of a few tokens, float32.
  package var logits: Tensor { tensors.logits }

  /// The values of a reward model [batch · length, 1], float32; empty for other models.
  package var values: Tensor { tensors.values }
  /// The gradients of ``values``, in the model's type, written before the backward pass.
  package var valueGradients: Tensor { tensors.valueGradients }

  var outputStatistics: Tensor { tensors.outputStatistics }
  /// The gradient of the hidden state, on its way down.
  var gradient: Tensor { tensors.gradient }
  /// The hidden state before each layer, and after the last.
  var hidden: [Tensor] { tensors.hidden }
  var activations: [BlockActivations] { tensors.activations }
  var scratch: BlockScratch { tensors.scratch }
  let groups: [LayerGroup]
  /// Dropout of the pass in progress, which its gradient needs again.
  var dropout: DropoutSeed?
  /// The keys and values of earlier tokens in the pass in progress.
  var cache: KeyValueCache?
  /// Bytes of all of it.
  package var byteCount: Int { memory?.byteCount ?? 0 }
  /// A number of each token on the way to and from the engine, which an objective may use for a moment.
  var tokenNumbers: [Float] = []
  private var tensors: PassTensors
  private var memory: EngineMemory?
  private var packedParts: [RowPart]?
  private let settings: ModelSettings
  private let type: ScalarType
  private let engine: any ComputeEngine

  init(
    _ settings: ModelSettings, type: ScalarType, batch: Int, length: Int, training: Bool,
    packed: Bool = false, lent: LentGradients? = nil, engine: any ComputeEngine
  ) throws(TrainError) {
    let shape = PassShape(batch: batch, length: length, isTraining: training)
    (tensors, memory) = try engine.place {
      PassTensors(settings, type: type, shape, lent: lent, &$0)
    }
    try engine.reserve(
      settings.workSizes(
        [RowPart(rows: 0..<batch * length, batch: batch, firstPosition: 0)], type: type,
        training: training))
    self.batch = batch
    self.length = length
    isTraining = training
    groups = LayerGroup.groups(settings)
    packedParts = packed ? [] : nil
    self.settings = settings
    self.type = type
    self.engine = engine
  }

  /// Takes ``tokenNumbers`` out, one for each token; put back, they take no new memory the next time.
  func takeTokenNumbers() -> [Float] {
    var numbers: [Float] = []
    swap(&numbers, &tokenNumbers)
    if numbers.count != batch * length { numbers = [Float](repeating: 0, count: batch * length) }
    return numbers
  }

  // MARK: - Rows

  /// Whether rows are arranged before each pass.
  package var isPacked: Bool { packedParts != nil }

  /// Calls `body` with what tells which tokens the rows of a pass are, part by part.
  func forEachPart(_ body: (RowPart) -> Void) {
    guard let packedParts else {
      body(RowPart(rows: 0..<batch * length, batch: batch, firstPosition: cache?.count ?? 0))
      return
    }
    packedParts.forEach(body)
  }

  /// Says which tokens the rows of the next pass are: parts one behind another, from row 0.
  ///
  /// Memory grows to the largest pass so far.
  ///
  /// - Throws: ``TrainError`` when there is too little memory.
  func arrange(_ parts: [RowPart]) throws(TrainError) {
    precondition(isPacked, "the workspace was made for one shape")
    let rows = parts.last?.rows.upperBound ?? 0
    let shape = PassShape(
      batch: 1, length: rows, isTraining: isTraining,
      branchLength: parts.map { $0.prefix.isEmpty ? 0 : $0.prefix.count + $0.rows.count }.max() ?? 0
    )
    var size = TensorPlan()
    _ = PassTensors(settings, type: type, shape, &size)
    if byteCount < size.byteCount {
      // The old memory goes first: both need not fit.
      memory = nil
      memory = try engine.makeMemory(byteCount: size.byteCount)
    }
    var plan = TensorPlan(base: memory?.address ?? 0)
    tensors = PassTensors(settings, type: type, shape, &plan)
    try engine.reserve(settings.workSizes(parts, type: type, training: isTraining))
    (batch, length, packedParts) = (1, rows, parts)
  }
}

extension ModelSettings {
  /// What passes over a micro batch need of an engine beside their tensors.
  fileprivate func workSizes(
    _ parts: [RowPart], type: ScalarType, training: Bool
  ) -> [WorkSize] {
    let rows = parts.last?.rows.upperBound ?? 0
    var work: [WorkSize] = [
      .rows(width: max(hiddenSize, queryKeyValueSize, innerRows, innerSize), type: type)
    ]
    for part in parts {
      let length = part.rows.count / max(part.batch, 1)
      // Passes with a cache see all tokens before theirs.
      let attention = Attention(
        batch: part.batch, queryCount: length,
        keyCount: training ? part.prefix.count + length : sequenceLength, scale: 1)
      work.append(.attention(attention, headWidth: headWidth, isTraining: training))
    }
    guard training else { return work }
    work.append(.embedGradient(tokens: rows, vocabulary: vocabularySize))
    work.append(.labels(width: hiddenSize, vocabulary: vocabularySize, type: type))
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
