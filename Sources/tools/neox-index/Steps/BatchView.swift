import IndexedData
import Train

/// A micro batch of one rank, with where its rows come from.
struct BatchView {
  /// A row of the batch.
  struct Row {
    /// The row in the batch.
    let number: Int
    /// `preferred` or `rejected` of pairs; `nil` of other data.
    let side: String?
    /// The sample of the split.
    let sample: Int
    /// The dataset it comes from, and its sample there.
    let tracks: DocumentTracks
    let datasetSample: Int
    /// The documents, in order.
    let pieces: [RowPiece]
  }

  /// Tokens of a row that are alike: of one document or padding, and all trained or none.
  struct Run: Equatable {
    let piece: Int?
    let isTrained: Bool
    var columns: Range<Int>
  }

  let microStep: Int
  let rank: Int
  let batch: Batch
  let rows: [Row]
  /// Where documents of each dataset came from, by its prefix, where that is known.
  private let origins: [String: DocumentSources]

  init(_ data: StepData, microStep: Int, rank: Int) throws {
    let source = data.source.forRank(rank)
    self.microStep = microStep
    self.rank = rank
    batch = try source.batch(microStep: microStep)
    let places = try source.rows(microStep: microStep)
    var rows: [Row] = []
    for side in 0..<(batch.rowCount / places.count) {
      for place in places {
        rows.append(
          Row(
            number: rows.count,
            side: data.settings.hasPairs ? Self.sideNames[side] : nil, sample: place.index,
            tracks: source.dataset.members[place.dataset].sides[side],
            datasetSample: place.sample, pieces: try source.pieces(of: place, side: side)))
      }
    }
    self.rows = rows
    var origins: [String: DocumentSources] = [:]
    for tracks in rows.map(\.tracks) where origins[tracks.text.prefix] == nil {
      let sources = try DocumentSources(besideDataset: tracks.text.prefix)
      // Those of another dataset are not its own; neox-index verify says so.
      guard let sources, sources.documentCount == tracks.text.tendedDocumentCount else { continue }
      origins[tracks.text.prefix] = sources
    }
    self.origins = origins
  }

  /// Where the documents of a row's dataset came from; `nil` where nothing tells.
  func origins(of row: Row) -> DocumentSources? { origins[row.tracks.text.prefix] }

  /// What the sides of pairs are called.
  static let sideNames = ["preferred", "rejected"]

  // MARK: - Tokens

  /// Where the numbers of a row lie in the batch's arrays.
  func columns(_ row: Int) -> Range<Int> {
    row * batch.columnCount..<(row + 1) * batch.columnCount
  }

  /// How many predictions of a row are trained.
  func trainedCount(_ row: Int) -> Int { batch.lossMask[columns(row)].count { $0 != 0 } }

  /// Tokens of a row as they are shown: the inputs, and the last label where it is trained.
  func shownCount(_ row: Int) -> Int {
    batch.columnCount + (isTrained(row, batch.columnCount) ? 1 : 0)
  }

  /// Whether a token is predicted, and the prediction is trained; the first token never is.
  func isTrained(_ row: Int, _ column: Int) -> Bool {
    column > 0 && batch.lossMask[columns(row).lowerBound + column - 1] != 0
  }

  /// A token that is shown.
  func id(_ row: Int, _ column: Int) -> Int64 {
    let start = columns(row).lowerBound
    return Int64(
      column < batch.columnCount
        ? batch.tokens[start + column] : batch.labels[start + column - 1])
  }

  /// What a token was predicted to be; -100 where that is not trained.
  func label(_ row: Int, _ column: Int) -> Int64 {
    guard isTrained(row, column) else { return -100 }
    return Int64(batch.labels[columns(row).lowerBound + column - 1])
  }

  /// The log-probability that the reference model gives a token; `nil` without, and of the first.
  func reference(_ row: Int, _ column: Int) -> Float? {
    guard column > 0, !batch.references.isEmpty else { return nil }
    return batch.references[columns(row).lowerBound + column - 1]
  }

  /// The reward of a document in a row; `nil` without rewards.
  func reward(_ row: Int, _ piece: RowPiece) -> Float? {
    let column = piece.columns.lowerBound
    guard column < batch.columnCount, !batch.rewards.isEmpty else { return nil }
    return batch.rewards[columns(row).lowerBound + column]
  }

  /// A row's tokens in runs that are alike.
  func runs(_ row: Row) -> [Run] {
    var runs: [Run] = []
    let count = shownCount(row.number)
    var parts = row.pieces.enumerated().map { (piece: Int?($0), columns: $1.columns) }
    parts.append((nil, (row.pieces.last?.columns.upperBound ?? 0)..<max(count, 1 << 31)))
    for part in parts {
      for column in part.columns.clamped(to: 0..<count) {
        let isTrained = isTrained(row.number, column)
        if let last = runs.last, last.piece == part.piece, last.isTrained == isTrained {
          runs[runs.count - 1].columns = last.columns.lowerBound..<(column + 1)
        } else {
          runs.append(Run(piece: part.piece, isTrained: isTrained, columns: column..<(column + 1)))
        }
      }
    }
    return runs
  }
}
