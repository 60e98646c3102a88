extension TrainingConfiguration.Model {
  /// The numbers of a model's parameters.
  package struct ParameterCount: Sendable, Equatable {
    /// Those of one block.
    package let block: Int
    /// Those of all blocks.
    package let blocks: Int
    /// Those of the embedding of tokens and, where they are learned, of positions.
    package let embeddings: Int
    /// Those of the last norm, of shared relative positions and of an output matrix of its own.
    package let ends: Int

    /// All of them.
    package var total: Int { blocks + embeddings + ends }
  }

  /// How many parameters the model has with so many rows of its embedding, and an output of one
  /// number in place of the vocabulary for a reward model; `nil` where they cannot be counted in 64
  /// bits.
  package func parameterCount(
    vocabularySize: Int, isRewardModel: Bool = false
  ) -> ParameterCount? {
    guard vocabularySize > 0, vocabularySize <= 1 << 31 else { return nil }
    // Doubles say whether whole numbers would overflow.
    let width = Double(max(mlpWidth, hiddenSize, vocabularySize, maximumPositions, relativeBuckets))
    guard width * Double(hiddenSize) * Double(layerCount) < 0x1p56 else { return nil }
    let keyValueWidth = 2 * keyValueHeadCount * headSize
    let attention = (hiddenSize + keyValueWidth) * hiddenSize + hiddenSize * hiddenSize
    let attentionBiases = hasAttentionBias ? 2 * hiddenSize + keyValueWidth : 0
    let innerRows = activation.isGated ? 2 * mlpWidth : mlpWidth
    let mlp = innerRows * hiddenSize + mlpWidth * hiddenSize
    let mlpBiases = hasMLPBias ? innerRows + hiddenSize : 0
    let queryKeyNorm = normalizesQueriesAndKeys ? normSize(headCount * headSize) : 0
    let block =
      attention + attentionBiases + mlp + mlpBiases + queryKeyNorm + 2 * normSize(hiddenSize)
    let positions = self.positions == .learned ? maximumPositions * hiddenSize : 0
    let relative = self.positions == .relative ? relativeBuckets * headCount : 0
    let output = isRewardModel ? hiddenSize : tiesWeights ? 0 : vocabularySize * hiddenSize
    return ParameterCount(
      block: block, blocks: block * layerCount,
      embeddings: vocabularySize * hiddenSize + positions,
      ends: normSize(hiddenSize) + relative + output)
  }

  /// The parameters of a norm over so many components.
  private func normSize(_ width: Int) -> Int {
    switch norm {
    case .layerNorm: 2 * width
    case .rmsNorm: width
    case .nonParametricLayerNorm: 0
    case .scaleNorm: 1
    }
  }

  /// The operations of one step of `samples` samples, as GPT-NeoX counts them; `recomputes` is whether
  /// activations are computed again.
  package func operationCount(
    samples: Int, vocabularySize: Int, recomputes: Bool, isRewardModel: Bool = false
  ) -> FlopsCount {
    FlopsCount(
      layerCount: layerCount, hiddenSize: hiddenSize,
      outputSize: isRewardModel ? 1 : vocabularySize, sequenceLength: sequenceLength,
      batchSize: samples, recomputes: recomputes)
  }
}
