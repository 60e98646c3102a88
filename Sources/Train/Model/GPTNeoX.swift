/// A model of GPT-NeoX's family: its parameters, and its passes over micro batches.
///
/// ```
/// tokens → embedding → layer … layer → norm → head
/// ```
/// The head's product is not made here: objectives need it in different ways (see ``Objective``).
package final class GPTNeoX {
  /// What the model is made of.
  package let settings: ModelSettings
  /// What computes.
  package let engine: any ComputeEngine
  /// The type of activations and of the weights that are computed with.
  package let type: ScalarType
  /// Which parameters there are.
  package let layout: ModelLayout
  /// Their numbers.
  package let parameters: ParameterStore
  private let tables: PositionTensors
  private let blocks: [TransformerBlock]
  private let finalNorm: NormWeights

  /// Makes a model whose parameters are all zero; load them or ``ParameterStore/initialize(seed:)``.
  ///
  /// - Throws: ``TrainError`` when the settings cannot be computed, or there is too little memory.
  package convenience init(
    _ settings: ModelSettings, type: ScalarType = .float32, gradients: GradientKind = .sums,
    engine: any ComputeEngine
  ) throws(TrainError) {
    try settings.check()
    let layout = ModelLayout(settings)
    let parameters = try ParameterStore(
      layout, type: type, gradients: gradients, engine: engine)
    try self.init(settings, layout, parameters, type: type, engine: engine)
  }

  /// Makes another model over the same weights, for an engine that reaches the same memory: so
  /// several threads may run it, each with an engine of its own.
  ///
  /// - Throws: ``TrainError`` when there is too little memory.
  package convenience init(sharingWeightsOf other: GPTNeoX, engine: any ComputeEngine)
    throws(TrainError)
  {
    try self.init(
      other.settings, other.layout, other.parameters, type: other.type, engine: engine)
  }

  private init(
    _ settings: ModelSettings, _ layout: ModelLayout, _ parameters: ParameterStore,
    type: ScalarType, engine: any ComputeEngine
  ) throws(TrainError) {
    let tables = try PositionTensors(settings, type: type, engine: engine)
    let scoreBias = ScoreBias(
      settings: settings, engine: engine, weight: layout.relativeBias.map(parameters.trained),
      buckets: tables.buckets, slopes: tables.slopes)
    self.settings = settings
    self.engine = engine
    self.type = type
    self.layout = layout
    self.parameters = parameters
    self.tables = tables
    blocks = layout.blocks.enumerated().map { index, block in
      let weights = parameters.block(block, settings)
      return TransformerBlock(
        settings: settings, engine: engine, index: index, weights: weights,
        attention: BlockAttention(
          settings: settings, engine: engine, index: index,
          queryKeyValue: weights.queryKeyValue, queryKeyNorm: weights.queryKeyNorm,
          dense: weights.dense, scoreBias: scoreBias, rotary: tables.rotary))
    }
    finalNorm = parameters.norm(layout.finalNorm, settings)
  }

  /// Makes room for passes over micro batches of one shape.
  ///
  /// - Throws: ``TrainError`` when the sequences are too long, or there is too little memory.
  package func makeWorkspace(
    batch: Int, length: Int, training: Bool
  ) throws(TrainError) -> ModelWorkspace {
    guard batch > 0, length > 0, length <= settings.sequenceLength else {
      throw .unsupported(
        what: "micro batch of \(batch) × \(length) tokens",
        reason: "the model takes sequences of 1 to \(settings.sequenceLength) tokens")
    }
    try checkGradients(training)
    return try ModelWorkspace(
      settings, type: type, batch: batch, length: length, training: training,
      lent: training ? parameters.lent : nil, engine: engine)
  }

  /// Makes a workspace for passes whose rows are arranged each time, as pairs with a shared prompt
  /// are; its memory comes with the first pass.
  ///
  /// - Throws: ``TrainError`` for gradients of a model that was not made for training.
  package func makePackedWorkspace(training: Bool) throws(TrainError) -> ModelWorkspace {
    try checkGradients(training)
    return try ModelWorkspace(
      settings, type: type, batch: 1, length: 0, training: training, packed: true, engine: engine)
  }

  private func checkGradients(_ training: Bool) throws(TrainError) {
    guard !training || parameters.hasGradients else {
      throw .unsupported(what: "gradients", reason: "the model was not made for training")
    }
  }

  /// Writes the hidden state after the last norm for the tokens of a workspace.
  ///
  /// - Parameters:
  ///   - space: holds the tokens.
  ///   - dropout: which numbers are dropped; `nil` drops none, as evaluation wants it.
  package func forward(_ space: ModelWorkspace, dropout: DropoutSeed? = nil) {
    space.dropout = dropout
    space.cache = nil
    run(space)
  }

  /// Makes room for the keys and values of sequences that are to grow.
  ///
  /// - Throws: ``TrainError`` when there is too little memory.
  package func makeCache(batch: Int) throws(TrainError) -> KeyValueCache {
    try KeyValueCache(
      settings, type: type, batch: batch, capacity: settings.sequenceLength, engine: engine)
  }

  /// Writes the hidden state after the last norm for tokens that follow those in a cache.
  ///
  /// - Throws: ``TrainError`` when the cache has no room for so many more.
  package func forward(_ space: ModelWorkspace, cache: KeyValueCache) throws(TrainError) {
    guard cache.batch == space.batch, cache.count + space.length <= cache.capacity else {
      throw .unsupported(
        what: "\(space.batch) × \(space.length) tokens after \(cache.count)",
        reason: "the cache was made for \(cache.batch) × \(cache.capacity)")
    }
    space.dropout = nil
    space.cache = cache
    run(space)
    cache.count += space.length
    space.cache = nil
  }

  private func run(_ space: ModelWorkspace) {
    embed(space)
    for layer in 0..<settings.layerCount { forward(layer, space) }
    engine.norm(
      space.hidden[settings.layerCount], finalNorm.norm, into: space.output,
      statistics: space.outputStatistics)
  }

  /// Adds the gradients of all parameters below the head, from the output's gradient.
  package func backward(_ space: ModelWorkspace) {
    precondition(space.isTraining, "the workspace has no room for gradients")
    engine.normGradient(
      input: space.hidden[settings.layerCount], finalNorm.norm,
      statistics: space.outputStatistics, outputGradient: space.outputGradient,
      inputGradient: space.gradient, accumulate: false, gradients: finalNorm.gradients)
    for group in space.groups.reversed() {
      if group.isRecomputed {
        // The last layer's output is what the next group began with: it is there already.
        for layer in group.layers { forward(layer, space) }
      }
      for layer in group.layers.reversed() {
        blocks[layer].backward(space.gradient, input: space.hidden[layer], space)
      }
    }
    embedBackward(space)
    parameters.finishGradients()
  }

  /// The head: rows of the embedding, a matrix of its own, or one row.
  var head: Trained { parameters.trained(layout.head) }

  /// The head's name among the parameters.
  var headName: String { parameters.parameters[layout.head].name }

  private func forward(_ layer: Int, _ space: ModelWorkspace) {
    blocks[layer].forward(space.hidden[layer], into: space.hidden[layer + 1], space)
  }

  // MARK: - Embedding

  private func embed(_ space: ModelWorkspace) {
    let state = space.hidden[0]
    engine.embed(space.tokens, table: parameters.values[layout.embedding], into: state)
    if let table = layout.positions.map({ parameters.values[$0] }) ?? tables.sinusoidal {
      space.forEachPart { part in
        engine.addPositions(
          table, first: positionOffset + part.firstPosition, period: part.length,
          to: state.rows(part.rows))
      }
    }
    if let dropout = embeddingDropout(space) { engine.dropout(state, dropout, into: state) }
  }

  private func embedBackward(_ space: ModelWorkspace) {
    let gradient = space.gradient
    if let dropout = embeddingDropout(space) { engine.dropout(gradient, dropout, into: gradient) }
    if let table = layout.positions.map({ parameters.gradients[$0] }) {
      space.forEachPart { part in
        engine.addPositionsGradient(
          gradient.rows(part.rows), first: positionOffset + part.firstPosition,
          period: part.length, table: table)
      }
    }
    let embedding = parameters.trained(layout.embedding)
    if !embedding.begin() { engine.fill(embedding.gradient, with: 0) }
    engine.embedGradient(space.tokens, outputGradient: gradient, table: embedding.gradient)
  }

  private var positionOffset: Int {
    if case .learned(_, let offset) = settings.positions { offset } else { 0 }
  }

  private func embeddingDropout(_ space: ModelWorkspace) -> Dropout? {
    space.dropout?.dropout(settings.hiddenDropout, layer: settings.layerCount, .embedding)
  }
}

/// Fixed numbers of positions, in an engine's memory.
private struct PositionTensors {
  var rotary: (cosines: Tensor, sines: Tensor)?
  var sinusoidal: Tensor?
  var slopes: Tensor?
  var buckets: [Int] = []
  private var memory: EngineMemory?

  init(
    _ settings: ModelSettings, type: ScalarType, engine: any ComputeEngine
  ) throws(TrainError) {
    let length = settings.sequenceLength
    switch settings.positions {
    case .none, .learned: break
    case .rotary(let width, let base):
      let values = PositionTables.rotary(positions: length, width: width, base: base)
      let shape = [length, width / 2]
      let (rotary, memory) = try engine.place { (plan) -> (cosines: Tensor, sines: Tensor) in
        (plan.place(shape), plan.place(shape))
      }
      engine.write(values.cosines.span, to: rotary.cosines)
      engine.write(values.sines.span, to: rotary.sines)
      self.rotary = rotary
      self.memory = memory
    case .sinusoidal:
      let width = settings.hiddenSize
      let (table, memory) = try engine.place { $0.place([length, width], type) }
      engine.write(PositionTables.sinusoidal(positions: length, width: width).span, to: table)
      sinusoidal = table
      self.memory = memory
    case .alibi:
      let heads = settings.headCount
      let (table, memory) = try engine.place { $0.place([heads, length]) }
      let numbers = PositionTables.alibiSlopes(heads: heads).flatMap { slope in
        (0..<length).map { -slope * Float($0) }
      }
      engine.write(numbers.span, to: table)
      slopes = table
      self.memory = memory
    case .relativeBias(let buckets, let maximum):
      self.buckets = PositionTables.relativeBuckets(
        distances: length, buckets: buckets, maximum: maximum)
    }
  }
}
