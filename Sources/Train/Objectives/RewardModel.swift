/// A reward model: one number a token, read where a label is trained (`megatron/training.py:
/// forward_step`).
///
/// The loss is the mean over pairs of −log σ(v₊ − v₋) + z_loss · (v₊² + v₋²). A row's value is the
/// mean over its trained places; the reference takes rows with exactly one.
package struct RewardModel: Objective {
  /// `z_loss`: the weight of squared values, which keeps them near zero.
  package var squaredValueWeight: Double

  /// Names the weight of squared values.
  package init(squaredValueWeight: Double) {
    self.squaredValueWeight = squaredValueWeight
  }

  package func run(
    _ batch: Batch, on model: GPTNeoX, in space: ModelWorkspace, gradientScale: Float?,
    dropout: DropoutSeed?
  ) throws(TrainError) -> ObjectiveResult {
    try model.load(batch, into: space)
    let engine = model.engine
    model.forward(space, dropout: dropout)
    let output = space.output.reshaped(rows: space.output.rowCount, width: space.output.width)
    engine.linear(output, weight: model.head.value, bias: nil, into: space.values)
    let counts = batch.trainedCounts.map { Double($0) }
    let sums = batch.maskedSums(engine.numbers(of: space.values))
    let values = zip(sums, counts).map { $1 > 0 ? $0 / $1 : 0 }
    let pairs = RewardPairs(values: values, squaredValueWeight: squaredValueWeight)
    if let gradientScale {
      let slopes = zip(pairs.slopes, counts).map {
        $1 > 0 ? $0 * Double(gradientScale) / $1 : 0
      }
      engine.write(batch.maskedFactors(slopes).span, to: space.valueGradients)
      engine.linearInputGradient(
        space.valueGradients, weight: model.head.value,
        into: space.outputGradient.reshaped(output.shape), accumulate: false)
      engine.linearParameterGradients(
        input: output, outputGradient: space.valueGradients, weight: model.head.gradient, bias: nil,
        accumulate: model.head.begin())
      model.backward(space)
    }
    return pairs.result
  }
}

/// The mathematics of ``RewardModel``, once the values are known: the preferred answers first, then
/// the others in the same order.
struct RewardPairs {
  let values: [Double]
  let squaredValueWeight: Double

  private var count: Int { values.count / 2 }
  private var margins: [Double] { zip(values[..<count], values[count...]).map { $0 - $1 } }

  /// ∂loss/∂v of each row.
  var slopes: [Double] {
    let slopes = margins.map { -sigmoid(-$0) / Double(count) }
    return zip(slopes + slopes.map { -$0 }, values).map {
      $0 + 2 * squaredValueWeight * $1 / Double(count)
    }
  }

  /// The loss and the reference's metrics, in its order.
  var result: ObjectiveResult {
    let squares = zip(values[..<count], values[count...]).map { $0 * $0 + $1 * $1 }
    return ObjectiveResult(
      loss: margins.map(negativeLogSigmoid).mean + squaredValueWeight * squares.mean,
      metrics: [
        ("pos_values", Array(values[..<count]).mean), ("neg_values", Array(values[count...]).mean),
        ("margin", margins.mean), ("accuracy", margins.map { $0 > 0 ? 1 : 0 }.mean),
      ])
  }
}
