/// The floating-point operations of a step, as the reference counts them
/// (`megatron/logging.py: get_actual_flops`; Narayanan et al., arXiv 2104.04473).
package struct FlopsCount: Sendable, Equatable {
  /// `num_layers`.
  package var layerCount: Int
  /// `hidden_size`.
  package var hiddenSize: Int
  /// Numbers that the head gives for a token: the padded vocabulary, or 1 in a reward model, where the
  /// reference counts the vocabulary all the same.
  package var outputSize: Int
  /// `seq_length`.
  package var sequenceLength: Int
  /// `train_batch_size`.
  package var batchSize: Int
  /// Whether the forward pass is done twice (`checkpoint_activations`).
  package var recomputes: Bool

  /// Describes a step.
  package init(
    layerCount: Int, hiddenSize: Int, outputSize: Int, sequenceLength: Int, batchSize: Int,
    recomputes: Bool
  ) {
    self.layerCount = layerCount
    self.hiddenSize = hiddenSize
    self.outputSize = outputSize
    self.sequenceLength = sequenceLength
    self.batchSize = batchSize
    self.recomputes = recomputes
  }

  /// Operations of a step, those of recomputing included.
  package var hardware: Double { count(passes: recomputes ? 4 : 3) }

  /// Operations that the model itself needs.
  package var model: Double { count(passes: 3) }

  private func count(passes: Double) -> Double {
    let h = Double(hiddenSize)
    let layers = Double(layerCount)
    let s = Double(sequenceLength)
    return 24 * passes * Double(batchSize) * s * layers * h * h
      * (1 + s / (6 * h) + Double(outputSize) / (16 * layers * h))
  }
}
