/// One layer: attention and a feed-forward part, each behind a norm, added to the hidden state.
///
/// With x the hidden state, n a norm, d dropout (`megatron/model/transformer.py`):
/// ```
/// one after the other:  y = x + d(attention(n₁ x)),  output = y + d(feedForward(n₂ y))
/// side by side:         output = x + d(attention(n₁ x)) + d(feedForward(n₂ x))
/// ```
struct TransformerBlock {
  let settings: ModelSettings
  let engine: any ComputeEngine
  let index: Int
  let weights: BlockWeights
  let attention: BlockAttention

  private var feedForward: FeedForward {
    FeedForward(
      activation: settings.activation, engine: engine, linear1: weights.linear1,
      linear2: weights.linear2)
  }

  /// Writes the hidden state after the layer, and what the gradients need of the way there.
  func forward(_ input: Tensor, into output: Tensor, _ space: ModelWorkspace) {
    let kept = space.activations[index]
    let scratch = space.scratch
    let branch = scratch.branch
    let middle = settings.isParallel ? output : kept.middle
    let normed = norm(input, weights.inputNorm, into: scratch.normed, kept.statistics)
    if settings.hasAttention {
      attention.forward(normed, into: branch, kept, space)
      engine.addResidual(input, branch, dropout: attentionDropout(space), into: middle)
    } else {
      engine.convert(input, into: middle)
    }
    var normedMiddle = normed
    if !settings.isParallel {
      normedMiddle = norm(
        middle, weights.postAttentionNorm, into: scratch.normedMiddle, kept.middleStatistics)
    } else if !settings.sharesNorm {
      normedMiddle = norm(
        input, weights.postAttentionNorm, into: scratch.normedMiddle, kept.middleStatistics)
    }
    feedForward.forward(normedMiddle, into: branch, kept, scratch)
    engine.addResidual(middle, branch, dropout: feedForwardDropout(space), into: output)
  }

  /// Turns the gradient of the output into that of the input, in place, and adds those of the
  /// parameters.
  func backward(_ gradient: Tensor, input: Tensor, _ space: ModelWorkspace) {
    let kept = space.activations[index]
    let scratch = space.scratch
    let isShared = settings.isParallel && settings.sharesNorm
    // What the products of the forward pass took is made again.
    let normed = norm(input, weights.inputNorm, into: scratch.normed, kept.statistics)
    let feedForwardInput =
      isShared
      ? normed
      : norm(
        settings.isParallel ? input : kept.middle, weights.postAttentionNorm,
        into: scratch.normedMiddle, kept.middleStatistics)
    feedForward.backward(
      dropped(gradient, feedForwardDropout(space), scratch), input: feedForwardInput,
      into: scratch.first, kept, scratch)
    if !settings.isParallel {
      normBackward(
        kept.middle, weights.postAttentionNorm, kept.middleStatistics, scratch.first, to: gradient)
    }
    if settings.hasAttention {
      attention.backward(
        dropped(gradient, attentionDropout(space), scratch), input: normed,
        into: scratch.second, kept, space)
    } else {
      engine.fill(scratch.second, with: 0)
    }
    if isShared {
      engine.add(scratch.first, scratch.second, into: scratch.second)
    } else if settings.isParallel {
      normBackward(
        input, weights.postAttentionNorm, kept.middleStatistics, scratch.first, to: gradient)
    }
    if settings.hasAttention || isShared {
      normBackward(input, weights.inputNorm, kept.statistics, scratch.second, to: gradient)
    }
  }

  private func norm(
    _ input: Tensor, _ weights: NormWeights, into output: Tensor, _ statistics: Tensor
  ) -> Tensor {
    engine.norm(input, weights.norm, into: output, statistics: statistics)
    return output
  }

  /// Adds the gradient that comes through a norm to that of the hidden state.
  private func normBackward(
    _ input: Tensor, _ weights: NormWeights, _ statistics: Tensor, _ outputGradient: Tensor,
    to gradient: Tensor
  ) {
    engine.normGradient(
      input: input, weights.norm, statistics: statistics, outputGradient: outputGradient,
      inputGradient: gradient, accumulate: true, gradients: weights.gradients)
  }

  // MARK: - Dropout

  private func attentionDropout(_ space: ModelWorkspace) -> Dropout? {
    // The reference drops nothing side by side without a bias.
    if settings.hasQuirks && settings.isParallel && !settings.hasAttentionBias { return nil }
    return space.dropout?.dropout(settings.hiddenDropout, layer: index, .attention)
  }

  private func feedForwardDropout(_ space: ModelWorkspace) -> Dropout? {
    // The reference drops nothing without a bias.
    if settings.hasQuirks && !settings.hasFeedForwardBias { return nil }
    return space.dropout?.dropout(settings.hiddenDropout, layer: index, .feedForward)
  }

  /// The gradient of what was dropped: beside, because the hidden state's own is still needed.
  private func dropped(_ gradient: Tensor, _ dropout: Dropout?, _ scratch: BlockScratch) -> Tensor {
    guard let dropout else { return gradient }
    engine.dropout(gradient, dropout, into: scratch.branch)
    return scratch.branch
  }
}

/// Two products with an activation between them.
struct FeedForward {
  let activation: Activation
  let engine: any ComputeEngine
  let linear1: LinearWeights
  let linear2: LinearWeights

  func forward(
    _ input: Tensor, into output: Tensor, _ kept: BlockActivations, _ scratch: BlockScratch
  ) {
    engine.linear(
      input, weight: linear1.weight.value, bias: linear1.bias?.value, into: kept.inner)
    engine.activate(kept.inner, activation, into: scratch.activated)
    engine.linear(
      scratch.activated, weight: linear2.weight.value, bias: linear2.bias?.value, into: output)
  }

  func backward(
    _ gradient: Tensor, input: Tensor, into inputGradient: Tensor, _ kept: BlockActivations,
    _ scratch: BlockScratch
  ) {
    engine.activate(kept.inner, activation, into: scratch.activated)
    engine.linearBackward(
      linear2, input: scratch.activated, outputGradient: gradient,
      inputGradient: scratch.activatedGradient)
    engine.activateGradient(
      input: kept.inner, activation, outputGradient: scratch.activatedGradient,
      inputGradient: scratch.innerGradient)
    engine.linearBackward(
      linear1, input: input, outputGradient: scratch.innerGradient, inputGradient: inputGradient)
  }
}

extension ComputeEngine {
  /// All gradients of a linear part.
  func linearBackward(
    _ linear: LinearWeights, input: Tensor, outputGradient: Tensor, inputGradient: Tensor
  ) {
    linearParameterGradients(
      input: input, outputGradient: outputGradient, weight: linear.weight.gradient,
      bias: linear.bias?.gradient, accumulate: linear.weight.begin())
    linearInputGradient(
      outputGradient, weight: linear.weight.value, into: inputGradient, accumulate: false)
  }
}
