/// The language model's loss: the mean over unmasked tokens of −log p(label).
///
/// Σ mask · −log p / Σ mask over the whole micro batch (`megatron/model/gpt2_model.py:
/// cross_entropy`). A micro batch whose mask is empty has the loss 0 and no gradient, where the
/// reference divides by zero.
package struct CrossEntropy: Objective {
  /// Makes the objective.
  package init() {}

  package func run(
    _ batch: Batch, on model: GPTNeoX, in space: ModelWorkspace, gradientScale: Float?,
    dropout: DropoutSeed?
  ) throws(TrainError) -> ObjectiveResult {
    try model.load(batch, into: space)
    let engine = model.engine
    var numbers = space.takeTokenNumbers()
    defer { space.tokenNumbers = numbers }
    let weight = batch.lossMask.reduce(0.0) { $0 + Double($1) }
    model.forward(space, dropout: dropout)
    var gradient: HeadGradient?
    if let gradientScale {
      let factor = weight > 0 ? gradientScale / Float(weight) : 0
      for place in numbers.indices { numbers[place] = batch.lossMask[place] * factor }
      engine.write(numbers.span, to: space.coefficients)
      gradient = HeadGradient(
        coefficients: space.coefficients, hidden: space.outputGradient,
        weight: model.head.gradient, accumulates: model.head.begin())
    }
    engine.labelLogProbabilities(
      hidden: space.output, weight: model.head.value, labels: space.labels,
      workspace: space.logits, into: space.logProbabilities, gradient: gradient)
    if gradient != nil { model.backward(space) }
    var found = numbers.mutableSpan
    engine.read(space.logProbabilities, into: &found)
    var sum = 0.0
    for (logProbability, mask) in zip(numbers, batch.lossMask) where mask != 0 {
      sum -= Double(logProbability) * Double(mask)
    }
    return ObjectiveResult(loss: weight > 0 ? sum / weight : 0)
  }
}
