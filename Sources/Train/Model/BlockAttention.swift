/// The attention of a layer: queries, keys and values, their norm and rotation, and what is seen.
struct BlockAttention {
  let settings: ModelSettings
  let engine: any ComputeEngine
  let index: Int
  let queryKeyValue: LinearWeights
  let queryKeyNorm: NormWeights?
  let dense: LinearWeights
  let scoreBias: ScoreBias
  /// Cosines and sines of rotary positions.
  let rotary: (cosines: Tensor, sines: Tensor)?

  func forward(
    _ input: Tensor, into output: Tensor, _ kept: BlockActivations, _ space: ModelWorkspace
  ) {
    engine.linear(
      input, weight: queryKeyValue.weight.value, bias: queryKeyValue.bias?.value,
      into: kept.queryKeyValue)
    var views = QueryKeyValueViews(settings, kept.queryKeyValue)
    if let queryKeyNorm {
      let scratch = space.scratch.first
      normHeads(views.queries, queryKeyNorm, raw: kept.rawQueries, kept.queryStatistics, scratch)
      normHeads(views.keys, queryKeyNorm, raw: kept.rawKeys, kept.keyStatistics, scratch)
    }
    rotate(views, space, backward: false)
    if let cache = space.cache {
      (views.keys, views.values) = cache.append(
        keys: views.keys, values: views.values, layer: index, length: space.length,
        engine: engine)
    }
    let bias = filledBias(space)
    space.forEachPart { part in
      let (keys, values) = space.scratch.branchKeys.seen(by: part, in: views, engine)
      engine.attention(
        queries: views.queries.from(row: part.rows.lowerBound), keys: keys, values: values,
        switches(part, bias, space), into: kept.context.rows(part.rows),
        logSums: logSums(part, kept))
    }
    engine.linear(
      kept.context, weight: dense.weight.value, bias: dense.bias?.value, into: output)
  }

  func backward(
    _ gradient: Tensor, input: Tensor, into inputGradient: Tensor, _ kept: BlockActivations,
    _ space: ModelWorkspace
  ) {
    let scratch = space.scratch
    // The gradient of the context is not needed any more when the input's is written.
    let contextGradient = inputGradient
    engine.linearBackward(
      dense, input: kept.context, outputGradient: gradient, inputGradient: contextGradient)
    let views = QueryKeyValueViews(settings, kept.queryKeyValue)
    let gradients = QueryKeyValueViews(settings, scratch.queryKeyValueGradient)
    let biasGradient = scoreBias.isTrained ? scratch.biasGradient : nil
    if let biasGradient { engine.fill(biasGradient, with: 0) }
    let bias = filledBias(space)
    space.forEachPart { part in
      let first = part.rows.lowerBound
      let (keys, values) = scratch.branchKeys.seen(by: part, in: views, engine)
      let (keyGradient, valueGradient) = scratch.branchKeys.gradients(for: part, in: gradients)
      engine.attentionGradient(
        queries: views.queries.from(row: first), keys: keys, values: values,
        switches(part, bias, space), logSums: logSums(part, kept),
        outputGradient: contextGradient.rows(part.rows),
        queryGradient: gradients.queries.from(row: first), keyGradient: keyGradient,
        valueGradient: valueGradient, biasGradient: biasGradient)
      scratch.branchKeys.add(for: part, to: gradients, engine)
    }
    if let biasGradient { scoreBias.backward(biasGradient, layer: index) }
    rotate(gradients, space, backward: true)
    if let queryKeyNorm {
      normHeadsBackward(
        gradients.queries, queryKeyNorm, raw: kept.rawQueries, kept.queryStatistics,
        inputGradient)
      normHeadsBackward(
        gradients.keys, queryKeyNorm, raw: kept.rawKeys, kept.keyStatistics, inputGradient)
    }
    engine.linearBackward(
      queryKeyValue, input: input, outputGradient: scratch.queryKeyValueGradient,
      inputGradient: inputGradient)
  }

  private func filledBias(_ space: ModelWorkspace) -> Tensor? {
    guard settings.hasScoreBias else { return nil }
    scoreBias.fill(space.scratch.bias, layer: index)
    return space.scratch.bias
  }

  private func switches(_ part: RowPart, _ bias: Tensor?, _ space: ModelWorkspace) -> Attention {
    Attention(
      batch: part.batch, queryCount: part.length, keyCount: part.firstPosition + part.length,
      firstQuery: part.firstPosition, scale: Float(1 / Double(settings.headWidth).squareRoot()),
      window: settings.windowlessLayers.contains(index) ? nil : settings.slidingWindow, bias: bias,
      dropout: space.dropout?.dropout(settings.attentionDropout, layer: index, .probabilities))
  }

  private func logSums(_ part: RowPart, _ kept: BlockActivations) -> Tensor {
    kept.logSums.rows(part.rows).reshaped(
      rows: part.batch * settings.headCount, width: part.length)
  }

  private func rotate(_ views: QueryKeyValueViews, _ space: ModelWorkspace, backward: Bool) {
    guard let rotary else { return }
    space.forEachPart { part in
      let rotation = Rotation(
        cosines: rotary.cosines, sines: rotary.sines, firstPosition: part.firstPosition,
        period: part.length)
      func rotate(_ heads: HeadView) {
        engine.rotate(
          heads.from(row: part.rows.lowerBound), rows: part.rows.count, rotation,
          backward: backward)
      }
      rotate(views.queries)
      rotate(views.keys)
    }
  }

  // MARK: - The norm of queries and keys

  private func normHeads(
    _ heads: HeadView, _ weights: NormWeights, raw: Tensor, _ statistics: Tensor,
    _ scratch: Tensor
  ) {
    let rows = raw.rowCount
    let plain = HeadView(raw, headCount: heads.headCount, width: heads.width)
    engine.copyHeads(from: heads, to: plain, rows: rows)
    let shape = weights.norm.shape(of: raw, heads)
    engine.norm(
      raw.reshaped(shape), weights.norm, into: scratch.reshaped(shape), statistics: statistics)
    engine.copyHeads(from: plain.of(scratch), to: heads, rows: rows)
  }

  private func normHeadsBackward(
    _ heads: HeadView, _ weights: NormWeights, raw: Tensor, _ statistics: Tensor,
    _ scratch: Tensor
  ) {
    let rows = raw.rowCount
    let plain = HeadView(scratch, headCount: heads.headCount, width: heads.width)
    engine.copyHeads(from: heads, to: plain, rows: rows)
    let shape = weights.norm.shape(of: raw, heads)
    engine.normGradient(
      input: raw.reshaped(shape), weights.norm, statistics: statistics,
      outputGradient: scratch.reshaped(shape), inputGradient: scratch.reshaped(shape),
      accumulate: false, gradients: weights.gradients)
    engine.copyHeads(from: plain, to: heads, rows: rows)
  }
}

extension Norm {
  /// Rows of all heads together for a layer norm, and of one head for the others.
  fileprivate func shape(of raw: Tensor, _ heads: HeadView) -> [Int] {
    kind == .layerNorm ? raw.shape : [raw.rowCount * heads.headCount, heads.width]
  }
}

/// Where queries, keys and values lie in the rows of one product: head by head where every head
/// has its own keys, else all queries, then all keys, then all values.
struct QueryKeyValueViews {
  var queries: HeadView
  var keys: HeadView
  var values: HeadView

  init(_ settings: ModelSettings, _ tensor: Tensor) {
    let width = settings.headWidth
    let heads = settings.headCount
    let keyHeads = settings.keyValueHeadCount
    let isInterleaved = keyHeads == heads
    func view(_ offset: Int, _ count: Int) -> HeadView {
      HeadView(
        tensor, offset: offset, rowStride: settings.queryKeyValueSize,
        headStride: isInterleaved ? 3 * width : width, headCount: count, width: width)
    }
    queries = view(0, heads)
    keys = view(isInterleaved ? width : heads * width, keyHeads)
    values = view(isInterleaved ? 2 * width : (heads + keyHeads) * width, keyHeads)
  }
}

/// What is added to scores by distance: ALiBi's slopes or trained buckets.
struct ScoreBias {
  let settings: ModelSettings
  let engine: any ComputeEngine
  /// The trained weight [buckets, heads].
  let weight: Trained?
  /// The bucket of each distance.
  let buckets: [Int]
  /// Slopes by distance [heads, distances].
  let slopes: Tensor?

  /// Whether there is a weight to train.
  var isTrained: Bool { weight != nil }

  /// Fills a table [heads, distances].
  func fill(_ table: Tensor, layer: Int) {
    let factor = layerFactor(layer)
    if let weight {
      engine.bucketBias(
        weight.value, buckets: buckets, factor: rootOfWidth * factor, into: table)
    } else if let slopes {
      engine.scale(slopes.reshaped(table.shape), by: factor, into: table)
    }
  }

  /// Adds to the gradient of the weight.
  func backward(_ table: Tensor, layer: Int) {
    guard let weight else { return }
    engine.bucketBiasGradient(
      table, buckets: buckets, factor: rootOfWidth * layerFactor(layer), weight: weight.gradient)
  }

  private var rootOfWidth: Float { Float(Double(settings.headWidth).squareRoot()) }

  /// With scaling by layer, products are divided and then multiplied by the layer's number; only
  /// what is added between is changed by it.
  private func layerFactor(_ layer: Int) -> Float {
    settings.scalesScoresByLayer ? Float(max(1, layer)) : 1
  }
}
