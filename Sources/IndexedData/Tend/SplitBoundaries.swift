/// The boundaries of training, validation and test data as GPT-NeoX finds them from its `split` text.
///
/// `text` holds up to three weights between commas or slashes; more are ignored. Shares are rounded
/// to even and the remainder shifts every inner boundary, so that a boundary can even be negative.
///
/// - Returns: four numbers; part k is from number k up to number k + 1.
/// - Throws: ``IndexedDataError/unsuitable(path:reason:)`` for text that is no list of weights.
public func splitBoundaries(_ text: String, count: Int) throws(IndexedDataError) -> [Int] {
  let separator: Character = text.contains(",") ? "," : "/"
  var weights: [Double] = []
  for part in text.split(separator: separator, omittingEmptySubsequences: false) {
    let word = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
    guard let weight = Double(String(word)), weight.isFinite else {
      throw .unsuitable(
        path: "split '\(text)'", reason: "'\(part)' is not a number; write weights as 949,50,1")
    }
    weights.append(weight)
  }
  weights = Array((weights + [0, 0, 0]).prefix(3))
  let sum = weights.reduce(0, +)
  guard sum > 0 else {
    throw .unsuitable(path: "split '\(text)'", reason: "the weights must add up to more than 0")
  }
  var boundaries = [0]
  for weight in weights {
    let share = (weight / sum * Double(count)).rounded(.toNearestOrEven)
    guard let whole = Int(exactly: share), abs(share) < 0x1p62 else {
      throw .unsuitable(path: "split '\(text)'", reason: "the weights are too far apart")
    }
    boundaries.append(boundaries[boundaries.count - 1] + whole)
  }
  let excess = boundaries[3] - count
  return [0] + boundaries.dropFirst().map { $0 - excess }
}
