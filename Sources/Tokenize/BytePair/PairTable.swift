import CTokenize

/// The ranked merges of a vocabulary, as `ctok_merges` describes them: in ``ShortPairs`` where they fit,
/// in ``WidePairs`` where not.
@safe
final class PairTable: @unchecked Sendable {
  // Sendable: nothing is written after `init`.

  /// The rank of a pair that does not merge; above every other.
  static let noRank = UInt32.max

  private let view: ctok_merges
  private let short: ShortPairs?
  private let wide: WidePairs?
  private let rankCount: Int

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
    try Self.check(merges, tokenCount: tokenCount)
    rankCount = rankedByResult ? tokenCount : merges.count
    short = ShortPairs(
      merges, rankedByResult: rankedByResult,
      highestToken: Self.highestToken(of: merges, byteTokens))
    wide = short == nil ? WidePairs(merges, rankedByResult: rankedByResult) : nil
    let hasShortRanks = short != nil && ctok_finds_least()
    let bytePairRanks = unsafe hasShortRanks ? nil : Self.row(of: Self.noRank, count: 1 << 16)
    let shortRanks = unsafe hasShortRanks ? Self.row(of: UInt16.max, count: 1 << 16) : nil
    let tokensOfBytes = unsafe Self.row(of: BytePairModel.absent, count: 256)
    // Most vocabularies number the tokens that merges make in the order of the merges.
    let firstResult = rankedByResult ? 0 : merges.first?.result ?? 0
    let resultsFollowRanks =
      rankedByResult
      || merges.indices.allSatisfy { Int(merges[$0].result) == Int(firstResult) + $0 }
    let results = unsafe resultsFollowRanks ? nil : Self.row(of: TokenID(0), count: rankCount)
    unsafe view = ctok_merges(
      short_places: short?.places, displacements: short?.displacements,
      factor: short?.factor ?? 0, short_mask: short.map { 1 << $0.placeBits - 1 } ?? 0,
      group_shift: UInt8(short?.groupShift ?? 0), places: wide?.places,
      place_mask: wide?.placeMask ?? 0, filter: wide?.filter,
      results: results, first_result: firstResult, byte_pair_ranks: bytePairRanks,
      short_ranks: shortRanks, byte_tokens: tokensOfBytes,
      lacks_bytes: byteTokens.contains(BytePairModel.absent),
      shift: UInt8(wide?.placeShift ?? 0), filter_shift: UInt8(wide?.filterShift ?? 0))

    // The byte that a token is; -1 for all others.
    var bytes = [Int16](repeating: -1, count: tokenCount)
    for (byte, token) in byteTokens.enumerated() where token < tokenCount {
      unsafe tokensOfBytes[byte] = token
      bytes[Int(token)] = Int16(byte)
    }
    for (index, merge) in merges.enumerated() {
      if let results = unsafe results { unsafe results[index] = merge.result }
      let left = bytes[Int(merge.left)]
      let right = bytes[Int(merge.right)]
      guard left >= 0, right >= 0 else { continue }
      let rank = rankedByResult ? merge.result : UInt32(index)
      if let shortRanks = unsafe shortRanks {
        unsafe shortRanks[Int(right) << 8 | Int(left)] = UInt16(rank)
      }
      if let bytePairRanks = unsafe bytePairRanks {
        unsafe bytePairRanks[Int(left) << 8 | Int(right)] = rank
      }
    }
  }

  /// Tokens that no byte and no merge leads to, such as added ones, may have higher ids.
  private static func highestToken(of merges: [BytePairMerge], _ byteTokens: [TokenID]) -> TokenID {
    var highest: TokenID = 0
    for token in byteTokens where token != BytePairModel.absent { highest = max(highest, token) }
    for merge in merges { highest = max(highest, merge.left, merge.right, merge.result) }
    return highest
  }

  private static func check(
    _ merges: [BytePairMerge], tokenCount: Int
  ) throws(TokenizeError) {
    guard tokenCount < 1 << 20, merges.count < 1 << 23 else {
      throw .unsupported(
        path: "vocabulary", component: "\(tokenCount) tokens and \(merges.count) merges",
        reason: "at most 1048575 tokens and 8388607 merges fit")
    }
    for (index, merge) in merges.enumerated() {
      guard merge.left < tokenCount, merge.right < tokenCount, merge.result < tokenCount else {
        throw .malformed(
          path: "vocabulary", place: "merge \(index)",
          reason: "it names an id beyond the \(tokenCount) of the vocabulary")
      }
    }
  }

  deinit {
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

  /// Merges the pairs of a word, always the best and among equals the leftmost, and appends the ids.
  ///
  /// Quadratic in the word, but over so few bytes nothing is faster.
  ///
  /// - Precondition: Each byte has a token, and `count` ≤ ``mergeLimit``.
  @unsafe @inline(__always)
  func merge(_ word: UnsafePointer<UInt8>, count: Int, into ids: inout TokenBuffer) {
    precondition(count <= Self.mergeLimit)
    guard count > 0 else { return }
    ids.reserve(max(count, 4))
    unsafe ids.appendUnchecked { row, used in
      unsafe withUnsafePointer(to: view) {
        unsafe used += ctok_merge($0, word, count, row + used)
      }
    }
  }

  /// Merges two words as ``merge(_:count:into:)`` does, in turns; appends the ids of both, and returns how
  /// many each has.
  ///
  /// - Precondition: Each byte has a token, and both have from 1 to ``mergeLimit``.
  @unsafe
  func mergeBoth(
    _ first: ctok_bytes, _ second: ctok_bytes, into ids: inout TokenBuffer
  ) -> (first: Int, second: Int) {
    unsafe precondition(min(first.count, second.count) > 0)
    unsafe precondition(max(first.count, second.count) <= Self.mergeLimit)
    unsafe ids.reserve(first.count + second.count + 4)
    var firstCount = 0
    var secondCount = 0
    unsafe ids.appendUnchecked { row, used in
      unsafe withUnsafePointer(to: view) {
        unsafe ctok_merge_both($0, first, second, row + used, &firstCount, &secondCount)
      }
      used += firstCount + secondCount
    }
    return (firstCount, secondCount)
  }

  /// Merges words that are not in a table and notes where their ids are, as `ctok_merge_words` tells.
  @unsafe
  func mergeWords(
    _ keys: UnsafePointer<ctok_key>, _ missing: UnsafeMutablePointer<ctok_missing>, count: Int,
    into ids: inout TokenBuffer
  ) {
    precondition(count <= KeyBatch.capacity)
    ids.reserve(count * Int(CTOK_SHORT) + 16)
    unsafe ids.appendUnchecked { row, used in
      unsafe withUnsafePointer(to: view) {
        unsafe ctok_merge_words($0, keys, missing, count, row, &used)
      }
    }
  }

  @unsafe
  private static func row<Element: BitwiseCopyable>(
    of element: Element, count: Int
  ) -> UnsafeMutablePointer<Element> {
    let row = UnsafeMutablePointer<Element>.allocate(capacity: count)
    unsafe row.initialize(repeating: element, count: count)
    return unsafe row
  }
}
