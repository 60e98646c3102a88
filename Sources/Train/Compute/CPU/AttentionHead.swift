internal import CTrain

/// Queries of a head that are worked on at a time: their rows of scores stay in the second cache.
private let queriesOfTile = 128

/// The matrices of one head of one sequence, and its attention in tiles of queries.
///
/// A tile holds the scores of some queries against all the keys they see, and no others, so that
/// the masked half is never computed and the whole score matrix never exists.
@safe
struct AttentionHead {
  let engine: CPUEngine
  /// The member of the team that works on the head.
  var member: Int
  var attention: Attention
  /// The head's row of the bias table.
  var bias: UnsafePointer<Float>?
  /// Which numbers of the dropout stream belong to the head: the first of its first query.
  var firstRandom: UInt64
  var queries: Matrix
  var keys: Matrix
  var values: Matrix
  var width: Int
  /// Logarithms of the denominators, one a query.
  var logSums: UnsafeMutablePointer<Float>

  /// A tile of queries and the keys they see.
  @safe
  private struct Tile {
    var queries: Range<Int>
    var keys: Range<Int>
    var kernel: ctr_tile
    /// Scores of the tile lie here, row by row.
    var scores: Matrix
  }

  /// Numbers of scratch that scores of one kind take.
  static func scoreCount(_ attention: Attention) -> Int {
    min(queriesOfTile, attention.queryCount) * attention.keyCount
  }

  /// The tile that begins with a query.
  private func tile(from first: Int, scores: UnsafeMutablePointer<Float>) -> Tile {
    let queries = first..<min(first + queriesOfTile, attention.queryCount)
    let end = min(attention.keyCount, attention.firstQuery + queries.upperBound)
    let window = attention.window ?? attention.keyCount
    let keys = max(0, attention.firstQuery + first - window)..<end
    let kernel = unsafe ctr_tile(
      stride: keys.count, first_query: attention.firstQuery + first,
      query_count: queries.count, first_key: keys.lowerBound, key_count: keys.count,
      window: window, scale: attention.scale, bias: bias)
    return unsafe Tile(
      queries: queries, keys: keys, kernel: kernel,
      scores: Matrix(address: UInt(bitPattern: scores), type: .float32, stride: keys.count))
  }

  /// Products of the tile's queries and keys.
  private func multiplyQueriesAndKeys(_ tile: Tile) {
    var transposed = keys.from(row: tile.keys.lowerBound, column: 0)
    transposed.isTransposed = true
    multiply(
      MatrixProduct(
        rows: tile.queries.count, columns: tile.keys.count, depth: width,
        left: queries.from(row: tile.queries.lowerBound, column: 0), right: transposed,
        target: tile.scores))
  }

  private func multiply(_ product: MatrixProduct) { engine.multiplyAlone(product, member: member) }

  /// Numbers of a tile as a factor of products: rounded to the model's type, and stored as the
  /// other factor is.
  private func factor(
    _ numbers: Matrix, of tile: Tile, narrow: UnsafeMutablePointer<Float>, type: ScalarType
  ) -> Matrix {
    let count = tile.queries.count * tile.keys.count
    guard values.type != .float32 else {
      unsafe ctr_round(type.kernelType, numbers.floats, count)
      return numbers
    }
    unsafe ctr_convert(
      CTR_FLOAT32, numbers.floats, count, values.type.kernelType, narrow, count, 1, count)
    return Matrix(
      address: UInt(bitPattern: narrow), type: values.type, stride: tile.keys.count)
  }

  private func drop(_ numbers: Matrix, of tile: Tile, into target: Matrix) {
    guard let dropout = attention.dropout else { return }
    // Number (query, key) of the head's square is the same whatever the tiles are.
    let first =
      firstRandom + UInt64(tile.queries.lowerBound * attention.keyCount + tile.keys.lowerBound)
    unsafe ctr_dropout(
      CTR_FLOAT32, numbers.start, target.start, tile.queries.count, tile.keys.count,
      tile.keys.count, first, UInt64(attention.keyCount), dropout.key, dropout.rate)
  }

  /// output = dropout(softmax(queries · keysᵀ · scale + bias)) · values.
  ///
  /// `scores` and `narrow` have room for ``scoreCount(_:)`` numbers.
  func forward(
    into output: Matrix, scores: UnsafeMutablePointer<Float>,
    narrow: UnsafeMutablePointer<Float>, type: ScalarType
  ) {
    for first in stride(from: 0, to: attention.queryCount, by: queriesOfTile) {
      var tile = unsafe tile(from: first, scores: scores)
      multiplyQueriesAndKeys(tile)
      unsafe ctr_attention_softmax(
        &tile.kernel, tile.scores.floats, logSums + tile.queries.lowerBound)
      drop(tile.scores, of: tile, into: tile.scores)
      multiply(
        MatrixProduct(
          rows: tile.queries.count, columns: width, depth: tile.keys.count,
          left: unsafe factor(tile.scores, of: tile, narrow: narrow, type: type),
          right: values.from(row: tile.keys.lowerBound, column: 0),
          target: output.from(row: tile.queries.lowerBound, column: 0)))
    }
  }

  /// Where gradients of a head go; those of keys and values are added to.
  @safe
  struct Gradients {
    var output: Matrix
    var queries: Matrix
    var keys: Matrix
    var values: Matrix
    /// By distance, or null.
    var bias: UnsafeMutablePointer<Float>?
  }

  /// Makes the probabilities again, tile by tile, and from them all gradients.
  ///
  /// `scores`, `slopes`, `kept` and `narrow` each have room for ``scoreCount(_:)`` numbers.
  func backward(
    _ gradients: Gradients, scores: UnsafeMutablePointer<Float>,
    slopes: UnsafeMutablePointer<Float>, kept: UnsafeMutablePointer<Float>,
    narrow: UnsafeMutablePointer<Float>, type: ScalarType
  ) {
    for first in stride(from: 0, to: attention.queryCount, by: queriesOfTile) {
      var tile = unsafe tile(from: first, scores: scores)
      let keyRow = tile.keys.lowerBound
      let queryRow = tile.queries.lowerBound
      let outputGradient = gradients.output.from(row: queryRow, column: 0)
      multiplyQueriesAndKeys(tile)
      unsafe ctr_attention_probabilities(&tile.kernel, tile.scores.floats, logSums + queryRow)
      // Values: what was kept of the probabilities, times the output's gradient.
      var keptScores = tile.scores
      if attention.dropout != nil {
        keptScores.address = UInt(bitPattern: kept)
        drop(tile.scores, of: tile, into: keptScores)
      }
      var probabilities = unsafe factor(keptScores, of: tile, narrow: narrow, type: type)
      probabilities.isTransposed = true
      multiply(
        MatrixProduct(
          rows: tile.keys.count, columns: width, depth: tile.queries.count, left: probabilities,
          right: outputGradient, target: gradients.values.from(row: keyRow, column: 0),
          accumulates: true))
      // Scores.
      var slopeScores = tile.scores
      slopeScores.address = UInt(bitPattern: slopes)
      var transposed = values.from(row: keyRow, column: 0)
      transposed.isTransposed = true
      multiply(
        MatrixProduct(
          rows: tile.queries.count, columns: tile.keys.count, depth: width, left: outputGradient,
          right: transposed, target: slopeScores))
      unsafe ctr_round(
        type.kernelType, slopeScores.floats, tile.queries.count * tile.keys.count)
      drop(slopeScores, of: tile, into: slopeScores)
      unsafe ctr_attention_backward(
        &tile.kernel, tile.scores.floats, slopeScores.floats, gradients.bias)
      // Queries and keys.
      var slope = unsafe factor(slopeScores, of: tile, narrow: narrow, type: type)
      multiply(
        MatrixProduct(
          rows: tile.queries.count, columns: width, depth: tile.keys.count, left: slope,
          right: keys.from(row: keyRow, column: 0),
          target: gradients.queries.from(row: queryRow, column: 0)))
      slope.isTransposed = true
      multiply(
        MatrixProduct(
          rows: tile.keys.count, columns: width, depth: tile.queries.count, left: slope,
          right: queries.from(row: queryRow, column: 0),
          target: gradients.keys.from(row: keyRow, column: 0), accumulates: true))
    }
  }
}
