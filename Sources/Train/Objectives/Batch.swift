/// A micro batch as it enters the model.
package struct Batch: Sendable, Equatable {
  /// Sequences.
  package var count: Int
  /// Tokens of each.
  package var length: Int
  /// Token ids, sequence by sequence.
  package var tokens: [Int32]
  /// What each token is to be followed by; where the mask is 0, any id of the vocabulary.
  package var labels: [Int32]
  /// The weight of each label in the loss.
  package var lossMask: [Float]

  /// Gathers a micro batch.
  package init(
    count: Int, length: Int, tokens: [Int32], labels: [Int32], lossMask: [Float]
  ) {
    self.count = count
    self.length = length
    self.tokens = tokens
    self.labels = labels
    self.lossMask = lossMask
  }
}
