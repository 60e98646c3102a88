import CTokenize

/// The merges of any vocabulary, as `places` and `filter` of `ctok_merges` describe them.
///
/// The table is at most half full. Most pairs that are sought do not merge; a small filter before
/// the table (two bits a pair in one word) says so at once.
@safe
final class WidePairs: @unchecked Sendable {
  // Sendable: nothing is written after `init`.

  let places: UnsafeMutablePointer<UInt64>
  let filter: UnsafeMutablePointer<UInt64>
  let placeMask: UInt64
  let placeShift: UInt64
  let filterShift: UInt64

  private static let free = UInt64.max
  /// How many merges ahead the memory of one is asked for.
  private static let mergesAhead = 16

  /// Builds the table; of a pair that is listed twice the later rank counts.
  init(_ merges: [BytePairMerge], rankedByResult: Bool) {
    var size = 16
    while size < merges.count * 2 { size *= 2 }
    // Sixteen bits a merge and more let through about one pair in fifty that does not merge.
    var filterSize = 16
    while filterSize * 4 < merges.count { filterSize *= 2 }
    unsafe places = .allocate(capacity: size)
    unsafe places.initialize(repeating: Self.free, count: size)
    unsafe filter = .allocate(capacity: filterSize)
    unsafe filter.initialize(repeating: 0, count: filterSize)
    placeMask = UInt64(size - 1)
    placeShift = UInt64(64 - size.trailingZeroBitCount)
    filterShift = UInt64(64 - filterSize.trailingZeroBitCount)
    for (index, merge) in merges.enumerated() {
      if index + Self.mergesAhead < merges.count {
        let later = merges[index + Self.mergesAhead]
        unsafe ctok_fetch(places + Int(Self.hash(of: Self.pair(later)) >> placeShift))
      }
      let pair = Self.pair(merge)
      let hash = Self.hash(of: pair)
      var place = Int(hash >> placeShift)
      while unsafe places[place] != Self.free, unsafe places[place] >> 24 != pair {
        place = (place + 1) & (size - 1)
      }
      let rank = rankedByResult ? UInt64(merge.result) : UInt64(index)
      unsafe places[place] = pair << 24 | rank
      unsafe filter[Int(hash >> filterShift)] |= Self.filterBits(hash)
    }
  }

  deinit {
    unsafe places.deallocate()
    unsafe filter.deallocate()
  }

  private static func pair(_ merge: BytePairMerge) -> UInt64 {
    UInt64(merge.left) << 20 | UInt64(merge.right)
  }

  private static func hash(of pair: UInt64) -> UInt64 {
    pair &* 0x9E37_79B9_7F4A_7C15
  }

  /// Two bits of a word of the filter, chosen by bits of the hash that choose neither word nor place.
  private static func filterBits(_ hash: UInt64) -> UInt64 {
    1 << (hash >> 34 & 63) | 1 << (hash >> 28 & 63)
  }
}
