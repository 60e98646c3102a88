/// Some of the numbers `0 ..< limit`, a bit each, from which the k-th chosen one is found at once.
struct BitSelection: Sendable {
  private static let wordsPerRank = 8

  /// How many numbers were chosen.
  private(set) var count = 0
  /// The number behind the last that was decided on.
  private(set) var limit = 0
  private var words: [UInt64] = []
  // Chosen numbers before every eighth word.
  private var ranks: [Int] = []

  /// Decides on the next number.
  mutating func append(_ isChosen: Bool) {
    if limit % 64 == 0 {
      if words.count % Self.wordsPerRank == 0 { ranks.append(count) }
      words.append(0)
    }
    if isChosen {
      words[limit / 64] |= 1 << UInt64(limit % 64)
      count += 1
    }
    limit += 1
  }

  /// Whether a number was chosen.
  func contains(_ number: Int) -> Bool {
    words[number / 64] >> UInt64(number % 64) & 1 == 1
  }

  /// How many of the numbers below one were chosen.
  ///
  /// - Precondition: `0 ≤ number < limit`.
  func rank(of number: Int) -> Int {
    let word = number / 64
    let block = word / Self.wordsPerRank
    let whole = words[(block * Self.wordsPerRank)..<word].reduce(0) { $0 + $1.nonzeroBitCount }
    let below: UInt64 = (1 << UInt64(number % 64)) - 1
    return ranks[block] + whole + (words[word] & below).nonzeroBitCount
  }

  /// The chosen number at a place among the chosen ones.
  ///
  /// - Precondition: `0 ≤ place < count`.
  subscript(place: Int) -> Int {
    precondition(place >= 0 && place < count)
    var low = 0
    var high = ranks.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if ranks[middle] <= place { low = middle } else { high = middle }
    }
    var rest = place - ranks[low]
    var word = low * Self.wordsPerRank
    while rest >= words[word].nonzeroBitCount {
      rest -= words[word].nonzeroBitCount
      word += 1
    }
    var bits = words[word]
    for _ in 0..<rest { bits &= bits - 1 }
    return word * 64 + bits.trailingZeroBitCount
  }
}
