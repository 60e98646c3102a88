/// Pairs of answers as rows in which what both begin with stands once.
///
///     both | the rest of the preferred answer | the rest of the other
///
/// So for each pair, one behind another. What comes after an answer's last trained label is left out:
/// nothing that matters depends on it. A row that both share has one label, so the rest begins where
/// both have trained labels that differ, at the latest.
struct PairPacking {
  /// Which tokens the rows are.
  private(set) var parts: [RowPart] = []
  /// The token of each row.
  private(set) var tokens: [Int32] = []
  /// The label of each row.
  private(set) var labels: [Int32] = []
  /// The place of each row in the batch.
  private var places: [Int] = []
  /// The place of each row in the other half of the batch; `nil` where it is in one answer only.
  private var otherPlaces: [Int?] = []
  private let count: Int

  /// Packs the pairs of a batch; lengths become multiples of `granularity` where rows allow it.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` for rows that are not pairs, or too long.
  init(_ batch: Batch, sequenceLength: Int, granularity: Int = 1) throws(TrainError) {
    count = batch.rowCount * batch.columnCount
    guard batch.rowCount % 2 == 0, (1...sequenceLength).contains(batch.columnCount),
      batch.tokens.count == count, batch.labels.count == count, batch.lossMask.count == count
    else {
      throw .unsupported(
        what: "micro batch of \(batch.rowCount) × \(batch.columnCount) tokens",
        reason: "expected pairs of rows of 1 to \(sequenceLength) tokens")
    }
    let pairs = batch.rowCount / 2
    for pair in 0..<pairs {
      let rows = [pair, pairs + pair].map { $0 * batch.columnCount }
      let lengths = rows.map { start in
        let needed = max(1, batch.trainedLength(from: start))
        return min((needed + granularity - 1) / granularity * granularity, batch.columnCount)
      }
      let common = batch.commonLength(rows[0], rows[1], upTo: min(lengths[0], lengths[1]))
      let shared = common / granularity * granularity
      append(pair: batch, rows, lengths, shared: shared)
    }
  }

  private mutating func append(
    pair batch: Batch, _ rows: [Int], _ lengths: [Int], shared: Int
  ) {
    let first = places.count
    let prefix = first..<first + shared
    for column in 0..<shared {
      let isFirstTrained = batch.lossMask[rows[0] + column] != 0
      append(
        batch, rows[0] + column, rows[1] + column,
        label: batch.labels[(isFirstTrained ? rows[0] : rows[1]) + column])
    }
    for (row, length) in zip(rows, lengths) {
      let start = places.count
      for place in row + shared..<row + length {
        append(batch, place, nil, label: batch.labels[place])
      }
      if row == rows[0] {
        parts.append(RowPart(rows: first..<places.count))
      } else if places.count > start {
        parts.append(
          RowPart(rows: start..<places.count, firstPosition: shared, prefix: prefix))
      }
    }
  }

  private mutating func append(_ batch: Batch, _ place: Int, _ other: Int?, label: Int32) {
    tokens.append(batch.tokens[place])
    labels.append(label)
    places.append(place)
    otherPlaces.append(other)
  }

  /// A number of each row as rows × columns of the batch; right where a label is trained.
  func unpacked(_ numbers: [Float]) -> [Float] {
    var result = [Float](repeating: 0, count: count)
    for (row, number) in numbers.enumerated() {
      result[places[row]] = number
      if let other = otherPlaces[row] { result[other] = number }
    }
    return result
  }

  /// For each row, the sum of what stands at its places of the batch.
  func packed(_ numbers: [Float]) -> [Float] {
    zip(places, otherPlaces).map { numbers[$0] + ($1.map { numbers[$0] } ?? 0) }
  }
}

extension Batch {
  // Columns up to the last trained label of the row that begins at a place.
  fileprivate func trainedLength(from start: Int) -> Int {
    let last = lossMask[start..<start + columnCount].lastIndex { $0 != 0 }
    return last.map { $0 + 1 - start } ?? 0
  }

  // Columns with the same token in two rows, and no label that has to be another.
  fileprivate func commonLength(_ first: Int, _ second: Int, upTo limit: Int) -> Int {
    let end = (0..<limit).first { column in
      let (a, b) = (first + column, second + column)
      return tokens[a] != tokens[b]
        || (labels[a] != labels[b] && lossMask[a] != 0 && lossMask[b] != 0)
    }
    return end ?? limit
  }
}
