/// What a model expects after each token of a document: its largest logits, and the logarithm of the
/// sum of e^logit over the whole vocabulary.
///
/// Position p is about the token that follows tokens 0…p of the document. The log-probability of an
/// id is its logit − ``logSumExp``, so the rest of the vocabulary has what the ids here leave of 1.
public struct TokenDistribution: Sendable, Equatable {
  /// Ids of each position, K.
  public let topCount: Int
  /// The K ids of each position, best first; of equal logits the lower id first.
  public let ids: [Int32]
  /// The logits of ``ids``.
  public let logits: [Float]
  /// log Σ e^logit of each position, over the whole vocabulary of the model.
  public let logSumExp: [Float]

  /// Number of positions: the document's tokens, or the model's sequence length if that is less.
  public var positionCount: Int { logSumExp.count }

  /// Makes a distribution of `logSumExp.count` positions.
  ///
  /// - Precondition: `ids` and `logits` have `topCount` numbers for each position.
  package init(topCount: Int, ids: [Int32], logits: [Float], logSumExp: [Float]) {
    precondition(ids.count == logSumExp.count * topCount && logits.count == ids.count)
    self.topCount = topCount
    self.ids = ids
    self.logits = logits
    self.logSumExp = logSumExp
  }

  /// Where the ids and logits of a position lie.
  ///
  /// - Precondition: `position` is in `0..<positionCount`.
  public func range(of position: Int) -> Range<Int> {
    precondition(position >= 0 && position < positionCount, "there is no such position")
    return position * topCount..<(position + 1) * topCount
  }

  /// The log-probability of an id at a position; `nil` where it is not among the best.
  ///
  /// - Precondition: `position` is in `0..<positionCount`.
  public func logProbability(of id: Int32, at position: Int) -> Float? {
    let range = range(of: position)
    return ids[range].firstIndex(of: id).map { logits[$0] - logSumExp[position] }
  }
}
