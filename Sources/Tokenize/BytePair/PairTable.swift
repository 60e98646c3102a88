import CTokenize

/// The ranked merges of a vocabulary, as `ctok_merges` describes them: a hash table of one machine
/// word a merge.
///
/// The table is at most half full. Most pairs that are sought do not merge; a small filter before
/// the table (two bits a pair in one word) says so at once.
@safe
final class PairTable: @unchecked Sendable {
  // Sendable: nothing is written after `init`.

  /// The rank of a pair that does not merge; above every other.
  static let noRank = UInt32.max

  private let view: ctok_merges
  private let rankCount: Int

  private static let free = UInt64.max
  /// How many merges ahead the memory of one is asked for.
  private static let mergesAhead = 16

  /// Builds the table; of a pair that is listed twice the later rank counts, as in Hugging Face's.
  ///
  /// With `rankedByResult` the rank of a merge is the id it makes, as in tiktoken, and not its
  /// place in the list. `byteTokens` are the tokens of the 256 bytes, ``BytePairModel/absent``
  /// where there is none.
  ///
  /// - Throws: As ``BytePairModel/init(tokens:merges:)``.
  init(
    _ merges: [BytePairMerge], rankedByResult: Bool = false, byteTokens: [TokenID],
    tokenCount: Int
  ) throws(TokenizeError) {
    guard tokenCount < 1 << 20, merges.count < 1 << 23 else {
      throw .unsupported(
        path: "vocabulary", component: "\(tokenCount) tokens and \(merges.count) merges",
        reason: "at most 1048575 tokens and 8388607 merges fit")
    }
    var size = 16
    while size < merges.count * 2 { size *= 2 }
    let shift = UInt64(64 - size.trailingZeroBitCount)
    // Sixteen bits a merge and more let through about one pair in fifty that does not merge.
    var filterSize = 16
    while filterSize * 4 < merges.count { filterSize *= 2 }
    let filterShift = UInt64(64 - filterSize.trailingZeroBitCount)
    let places = unsafe Self.row(of: Self.free, count: size)
    let filter = unsafe Self.row(of: UInt64(0), count: filterSize)
    let tokensOfBytes = unsafe Self.row(of: BytePairModel.absent, count: 256)
    rankCount = rankedByResult ? tokenCount : merges.count
    let hasShortRanks = rankCount < UInt16.max && ctok_finds_least()
    let bytePairRanks = unsafe hasShortRanks ? nil : Self.row(of: Self.noRank, count: 1 << 16)
    let shortRanks = unsafe hasShortRanks ? Self.row(of: UInt16.max, count: 1 << 16) : nil
    // Most vocabularies number the tokens that merges make in the order of the merges.
    let firstResult = rankedByResult ? 0 : merges.first?.result ?? 0
    let resultsFollowRanks =
      rankedByResult
      || merges.indices.allSatisfy { Int(merges[$0].result) == Int(firstResult) + $0 }
    let results = unsafe resultsFollowRanks ? nil : Self.row(of: TokenID(0), count: rankCount)
    unsafe view = ctok_merges(
      places: places, place_mask: UInt64(size - 1), filter: filter, results: results,
      first_result: firstResult, byte_pair_ranks: bytePairRanks, short_ranks: shortRanks,
      byte_tokens: tokensOfBytes, shift: UInt8(shift), filter_shift: UInt8(filterShift))

    // The byte that a token is; -1 for all others.
    var bytes = [Int16](repeating: -1, count: tokenCount)
    for (byte, token) in byteTokens.enumerated() where token < tokenCount {
      unsafe tokensOfBytes[byte] = token
      bytes[Int(token)] = Int16(byte)
    }
    for (index, merge) in merges.enumerated() {
      if index + Self.mergesAhead < merges.count {
        let later = merges[index + Self.mergesAhead]
        unsafe ctok_fetch(places + Int(Self.hash(of: Self.pair(later.left, later.right)) >> shift))
      }
      guard merge.left < tokenCount, merge.right < tokenCount, merge.result < tokenCount else {
        throw .malformed(
          path: "vocabulary", place: "merge \(index)",
          reason: "it names an id beyond the \(tokenCount) of the vocabulary")
      }
      let rank = rankedByResult ? merge.result : UInt32(index)
      let pair = Self.pair(merge.left, merge.right)
      let hash = Self.hash(of: pair)
      var place = Int(hash >> shift)
      while unsafe places[place] != Self.free, unsafe places[place] >> 24 != pair {
        place = (place + 1) & (size - 1)
      }
      unsafe places[place] = pair << 24 | UInt64(rank)
      unsafe filter[Int(hash >> filterShift)] |= Self.filterBits(hash)
      if let results = unsafe results { unsafe results[index] = merge.result }
      let left = bytes[Int(merge.left)]
      let right = bytes[Int(merge.right)]
      guard left >= 0, right >= 0 else { continue }
      let bytePair = Int(left) << 8 | Int(right)
      if let shortRanks = unsafe shortRanks { unsafe shortRanks[bytePair] = UInt16(rank) }
      if let bytePairRanks = unsafe bytePairRanks { unsafe bytePairRanks[bytePair] = rank }
    }
  }

  deinit {
    unsafe view.places.deallocate()
    unsafe view.filter.deallocate()
    unsafe view.results?.deallocate()
    unsafe view.byte_pair_ranks?.deallocate()
    unsafe view.short_ranks?.deallocate()
    unsafe view.byte_tokens.deallocate()
  }

  /// The rank at which two neighbours merge, or ``noRank``.
  func rank(_ left: TokenID, _ right: TokenID) -> UInt32 {
    unsafe withUnsafePointer(to: view) { unsafe ctok_rank($0, left, right) }
  }

  /// The token that the merge of a rank makes.
  func result(_ rank: UInt32) -> TokenID {
    precondition(rank < rankCount)
    guard let results = unsafe view.results else {
      return unsafe view.first_result + rank
    }
    return unsafe results[Int(rank)]
  }

  /// Longest word that ``merge(_:count:into:)`` takes, in bytes.
  static let mergeLimit = 64

  /// Merges the pairs of a word, always the best and among equals the leftmost; leaves the ids in
  /// `parts` and returns how many there are.
  ///
  /// Quadratic in the word, but over so few bytes nothing is faster.
  ///
  /// - Precondition: Each byte has a token, `count` ≤ ``mergeLimit``, and `parts` has room for
  ///   `count`.
  @unsafe @inline(__always)
  func merge(
    _ word: UnsafePointer<UInt8>, count: Int, into parts: UnsafeMutablePointer<TokenID>
  ) -> Int {
    precondition(count <= Self.mergeLimit)
    guard count > 0 else { return 0 }
    return unsafe withUnsafePointer(to: view) { unsafe ctok_merge($0, word, count, parts) }
  }

  @unsafe
  private static func row<Element: BitwiseCopyable>(
    of element: Element, count: Int
  ) -> UnsafeMutablePointer<Element> {
    let row = UnsafeMutablePointer<Element>.allocate(capacity: count)
    unsafe row.initialize(repeating: element, count: count)
    return unsafe row
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
