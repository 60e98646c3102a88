/// Finds the rank of a pair of neighbouring tokens: a hash table of one machine word a merge.
///
/// A word holds left (20 bits), right (20 bits) and rank (24 bits); all ones marks a free place.
/// The table is at most half full and is searched place after place. Most pairs that are sought do
/// not merge; a small filter before the table (two bits a pair in one word) says so at once.
@safe
final class PairTable: @unchecked Sendable {
  // Sendable: nothing is written after `init`.

  /// The rank of a pair that does not merge; above every other.
  static let noRank = UInt32.max

  private let places: UnsafeMutablePointer<UInt64>
  private let placeCount: Int
  private let shift: UInt64
  private let filter: UnsafeMutablePointer<UInt64>
  private let filterShift: UInt64
  /// The token each rank makes.
  private let results: UnsafeMutablePointer<TokenID>
  private let resultCount: Int

  private static let free = UInt64.max

  /// Builds the table; of a pair that is listed twice the later rank counts, as in Hugging Face's.
  ///
  /// With `rankedByResult` the rank of a merge is the id it makes, as in tiktoken, and not its
  /// place in the list.
  ///
  /// - Throws: As ``BytePairModel/init(tokens:merges:)``.
  init(
    _ merges: [BytePairMerge], rankedByResult: Bool = false, tokenCount: Int
  ) throws(TokenizeError) {
    guard tokenCount < 1 << 20, merges.count < 1 << 23 else {
      throw .unsupported(
        path: "vocabulary", component: "\(tokenCount) tokens and \(merges.count) merges",
        reason: "at most 1048575 tokens and 8388607 merges fit")
    }
    var size = 16
    while size < merges.count * 2 { size *= 2 }
    let shift = UInt64(64 - size.trailingZeroBitCount)
    var places = [UInt64](repeating: Self.free, count: size)
    for (index, merge) in merges.enumerated() {
      guard merge.left < tokenCount, merge.right < tokenCount, merge.result < tokenCount else {
        throw .malformed(
          path: "vocabulary", place: "merge \(index)",
          reason: "it names an id beyond the \(tokenCount) of the vocabulary")
      }
      let pair = Self.pair(merge.left, merge.right)
      var place = Int(Self.hash(of: pair) >> shift)
      while places[place] != Self.free, places[place] >> 24 != pair {
        place = (place + 1) & (size - 1)
      }
      places[place] = pair << 24 | UInt64(rankedByResult ? Int(merge.result) : index)
    }
    // Sixteen bits a merge and more let through about one pair in fifty that does not merge.
    var filterSize = 16
    while filterSize * 4 < merges.count { filterSize *= 2 }
    filterShift = UInt64(64 - filterSize.trailingZeroBitCount)
    unsafe filter = .allocate(capacity: filterSize)
    unsafe filter.initialize(repeating: 0, count: filterSize)
    for merge in merges {
      let hash = Self.hash(of: Self.pair(merge.left, merge.right))
      unsafe filter[Int(hash >> filterShift)] |= Self.filterBits(hash)
    }
    let results = rankedByResult ? Array(0..<TokenID(tokenCount)) : merges.map(\.result)
    placeCount = size
    self.shift = shift
    resultCount = results.count
    unsafe self.places = .allocate(capacity: size)
    unsafe self.places.initialize(from: places, count: size)
    unsafe self.results = .allocate(capacity: results.count)
    unsafe self.results.initialize(from: results, count: results.count)
  }

  deinit {
    unsafe places.deallocate()
    unsafe filter.deallocate()
    unsafe results.deallocate()
  }

  /// The rank at which two neighbours merge, or ``noRank``.
  @inline(__always)
  func rank(_ left: TokenID, _ right: TokenID) -> UInt32 {
    let pair = Self.pair(left, right)
    let hash = Self.hash(of: pair)
    let bits = Self.filterBits(hash)
    guard unsafe filter[Int(truncatingIfNeeded: hash >> filterShift)] & bits == bits else {
      return Self.noRank
    }
    let mask = placeCount &- 1
    var place = Int(truncatingIfNeeded: hash >> shift)
    while true {
      // In bounds: `shift` leaves as many bits as `mask` has.
      let word = unsafe places[place]
      if word >> 24 == pair { return UInt32(truncatingIfNeeded: word & 0xFF_FFFF) }
      if word == Self.free { return Self.noRank }
      place = (place &+ 1) & mask
    }
  }

  /// The token that the merge of a rank makes.
  @inline(__always)
  func result(_ rank: UInt32) -> TokenID {
    precondition(rank < resultCount)
    return unsafe results[Int(rank)]
  }

  private static func pair(_ left: TokenID, _ right: TokenID) -> UInt64 {
    UInt64(left) << 20 | UInt64(right)
  }

  private static func hash(of pair: UInt64) -> UInt64 {
    pair &* 0x9E37_79B9_7F4A_7C15
  }

  /// Two bits of a word of the filter, chosen by bits of the hash that choose neither word nor place.
  private static func filterBits(_ hash: UInt64) -> UInt64 {
    1 << (hash >> 34 & 63) | 1 << (hash >> 28 & 63)
  }
}
