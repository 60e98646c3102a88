/// An operation that needs memory beside its tensors, at its largest (see
/// ``ComputeEngine/reserve(_:)``).
package enum WorkSize: Sendable {
  /// Products, sums of columns and embeddings of rows of so many numbers.
  case rows(width: Int, type: ScalarType)
  /// The gradient of an embedding of so many tokens, from a vocabulary of so many.
  case embedGradient(tokens: Int, vocabulary: Int)
  /// Gradients of log-probabilities of labels, from hidden states of so many numbers of a type and a
  /// vocabulary of so many tokens.
  case labels(width: Int, vocabulary: Int, type: ScalarType)
  /// The gradient of a norm of so many rows, with so many numbers in each parameter.
  case normGradient(rows: Int, parameters: Int)
  /// Attention with heads of so many numbers, and its gradient where it is trained.
  case attention(Attention, headWidth: Int, isTraining: Bool)
  /// The sum of the squares of these tensors.
  case sumOfSquares([Tensor])
  /// An optimizer's update of these tensors, number by number.
  case elementwise([UpdatePiece])
  /// An update of these tensors by SM3.
  case sm3([UpdatePiece])
}
