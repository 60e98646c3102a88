/// Finds the rank of a pair of neighbouring tokens: a hash table of one machine word a merge.
///
/// A word holds left (20 bits), right (20 bits) and rank (24 bits); all ones marks a free place.
/// The table is at most half full and is searched place after place.
@safe
final class PairTable: @unchecked Sendable {
  // Sendable: nothing is written after `init`.

  /// The rank of a pair that does not merge; above every other.
  static let noRank = UInt32.max

  private let places: UnsafeMutablePointer<UInt64>
  private let placeCount: Int
  private let shift: UInt64
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
      var place = Self.place(of: pair, shift)
      while places[place] != Self.free, places[place] >> 24 != pair {
        place = (place + 1) & (size - 1)
      }
      places[place] = pair << 24 | UInt64(rankedByResult ? Int(merge.result) : index)
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
    unsafe results.deallocate()
  }

  /// The rank at which two neighbours merge, or ``noRank``.
  @inline(__always)
  func rank(_ left: TokenID, _ right: TokenID) -> UInt32 {
    let pair = Self.pair(left, right)
    let mask = placeCount &- 1
    var place = Self.place(of: pair, shift)
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

  private static func place(of pair: UInt64, _ shift: UInt64) -> Int {
    Int(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) >> shift)
  }
}
