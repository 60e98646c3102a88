/// What enters the model for one micro batch: numbers row by row, made once and filled again.
///
/// Of pairs, the first half of the rows are the preferred answers and the second the rejected ones,
/// in the same order.
package struct Batch: Sendable, Equatable {
  /// How many rows there are.
  package let rowCount: Int
  /// Tokens of a row, `S`.
  package let columnCount: Int
  /// Token ids, rows × columns.
  package var tokens: [Int32]
  /// What each token is to predict, rows × columns; 0 where labels say that nothing is trained.
  package var labels: [Int32]
  /// 1 where a prediction is trained, else 0; rows × columns.
  package var lossMask: [Float]
  /// Places in the row, 0 up to `S` in every row, whatever documents it is made of.
  package let positions: [Int32]
  /// The reward of the document that each token came from, rows × columns; empty without rewards.
  package var rewards: [Float]
  /// Log-probabilities that the reference model gives the labels, rows × columns; empty without.
  package var references: [Float]
  /// Which micro batch of the run this is, counted from 0 through all passes.
  package var microStep = 0

  /// Makes room for the batches of a source.
  package init(
    rowCount: Int, columnCount: Int, hasRewards: Bool = false, hasReferences: Bool = false
  ) {
    self.rowCount = rowCount
    self.columnCount = columnCount
    let count = rowCount * columnCount
    tokens = [Int32](repeating: 0, count: count)
    labels = tokens
    lossMask = [Float](repeating: 0, count: count)
    positions = (0..<rowCount).flatMap { _ in 0..<Int32(columnCount) }
    rewards = hasRewards ? lossMask : []
    references = hasReferences ? lossMask : []
  }

  /// A micro batch of text, without rewards and references.
  package init(
    rowCount: Int, columnCount: Int, tokens: [Int32], labels: [Int32], lossMask: [Float]
  ) {
    self.init(rowCount: rowCount, columnCount: columnCount)
    self.tokens = tokens
    self.labels = labels
    self.lossMask = lossMask
  }
}
