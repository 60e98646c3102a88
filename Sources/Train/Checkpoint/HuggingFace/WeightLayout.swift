/// How a weight of GPT-NeoX is made of tensors of transformers, and back.
///
/// The parts are joined by rows, where Conv1D weights ([inputs, outputs]) are turned first; then the
/// rows of fused queries, keys and values are put in GPT-NeoX's order.
struct WeightLayout: Sendable, Equatable {
  /// Whether the parts are Conv1D weights.
  var isTransposed = false
  /// The heads whose queries, keys and values alternate in GPT-NeoX and follow one another there; 0
  /// where the rows have the same order.
  var interleavedHeads = 0

  /// The weight of GPT-NeoX: rows of one width, from parts that have whole rows of it.
  func joined(_ parts: [[Float]], width: Int) -> [Float] {
    let rows = parts.map { isTransposed ? Self.transposed($0, columns: $0.count / width) : $0 }
    let whole = rows.count == 1 ? rows[0] : Array(rows.joined())
    return reordered(whole, width: width, isBack: false)
  }

  /// The parts, of as many rows each as `rowCounts` says.
  func parts(_ weight: [Float], width: Int, rowCounts: [Int]) -> [[Float]] {
    let whole = reordered(weight, width: width, isBack: true)
    var start = 0
    return rowCounts.map { count in
      let part = Array(whole[start * width..<(start + count) * width])
      start += count
      return isTransposed ? Self.transposed(part, columns: width) : part
    }
  }

  /// Swaps rows and columns.
  static func transposed(_ numbers: [Float], columns: Int) -> [Float] {
    guard columns > 0 else { return numbers }
    let rows = numbers.count / columns
    var turned = [Float](repeating: 0, count: numbers.count)
    for row in 0..<rows {
      for column in 0..<columns { turned[column * rows + row] = numbers[row * columns + column] }
    }
    return turned
  }

  private func reordered(_ numbers: [Float], width: Int, isBack: Bool) -> [Float] {
    guard interleavedHeads > 0 else { return numbers }
    let headSize = numbers.count / width / 3 / interleavedHeads
    let block = headSize * width
    var result: [Float] = []
    result.reserveCapacity(numbers.count)
    // There: kind, then head. In GPT-NeoX: head, then kind.
    let (outer, inner) = isBack ? (3, interleavedHeads) : (interleavedHeads, 3)
    for first in 0..<outer {
      for second in 0..<inner {
        let start = (second * outer + first) * block
        result += numbers[start..<start + block]
      }
    }
    return result
  }
}
