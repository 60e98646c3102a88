/// How often each pair of neighbours occurs.
struct PairCounts: ~Copyable {
  /// The pair of each record.
  private(set) var pairs: [UInt64] = []
  /// The count of each record, as Hugging Face's trainer keeps it: it is not lowered when the pair
  /// itself is merged.
  var counts: [Int64] = []
  /// Words that gained the pair in the merge under way.
  var gained: [WordLists.Head] = []

  /// Open addressing; 0 is a free slot, another number the record that follows.
  private var slots = [UInt32](repeating: 0, count: 1 << 12)

  /// The pair as one number.
  static func pair(_ left: TokenID, _ right: TokenID) -> UInt64 {
    UInt64(left) << 32 | UInt64(right)
  }

  /// The record of a pair, made at its first use.
  mutating func record(of pair: UInt64) -> Int {
    let mask = slots.count - 1
    var place = Self.scrambled(pair) & mask
    while slots[place] > 0 {
      let record = Int(slots[place]) - 1
      if pairs[record] == pair { return record }
      place = (place + 1) & mask
    }
    pairs.append(pair)
    counts.append(0)
    gained.append(WordLists.empty)
    slots[place] = UInt32(pairs.count)
    if pairs.count * 2 > slots.count { grow() }
    return pairs.count - 1
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    let mask = slots.count - 1
    for record in pairs.indices {
      var place = Self.scrambled(pairs[record]) & mask
      while slots[place] > 0 { place = (place + 1) & mask }
      slots[place] = UInt32(record + 1)
    }
  }

  private static func scrambled(_ pair: UInt64) -> Int {
    let hash = (pair ^ pair >> 32) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: hash ^ hash >> 29) & Int.max
  }
}
