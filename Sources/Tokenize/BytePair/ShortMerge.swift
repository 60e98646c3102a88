/// Room in which one thread merges the byte pairs of a short word.
///
/// A part keeps the place of its first byte, so nothing moves when two become one: `keys` holds for
/// each part the rank of its merge with the next (24 bits) above its place (8 bits), and the
/// smallest key is the best and leftmost merge.
@safe
struct MergeScratch: ~Copyable {
  /// The longest word, in bytes.
  static let capacity = 256

  /// The parts by place; after a merge also the word's ids, without gaps.
  let parts = UnsafeMutablePointer<TokenID>.allocate(capacity: capacity)
  fileprivate let keys = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
  fileprivate let next = UnsafeMutablePointer<UInt16>.allocate(capacity: capacity)
  fileprivate let previous = UnsafeMutablePointer<UInt16>.allocate(capacity: capacity)

  deinit {
    unsafe parts.deallocate()
    unsafe keys.deallocate()
    unsafe next.deallocate()
    unsafe previous.deallocate()
  }
}

extension BytePairModel {
  /// Merges the pairs of a short word, always the best and among equals the leftmost; leaves the
  /// ids in `scratch.parts` and returns how many there are.
  ///
  /// Quadratic in the word, but over so few bytes nothing is faster.
  ///
  /// - Precondition: `count` ≤ ``MergeScratch/capacity``.
  @unsafe
  func mergeShort(
    _ word: UnsafePointer<UInt8>, count: Int, _ scratch: borrowing MergeScratch
  ) -> Int {
    precondition(count <= MergeScratch.capacity)
    let parts = unsafe scratch.parts
    let keys = unsafe scratch.keys
    let next = unsafe scratch.next
    let previous = unsafe scratch.previous
    var used = 0
    for index in 0..<count {
      let token = unsafe byteTokens[Int(word[index])]
      guard token != Self.absent else { continue }
      unsafe parts[used] = token
      used += 1
    }
    guard used > 1 else { return used }
    let end = used
    for place in 0..<end {
      unsafe next[place] = UInt16(truncatingIfNeeded: place + 1)
      unsafe previous[place] = UInt16(truncatingIfNeeded: place &- 1)
      unsafe keys[place] =
        place + 1 < end ? key(merges.rank(parts[place], parts[place + 1]), place) : UInt32.max
    }
    while true {
      var best = UInt32.max
      for place in 0..<end { unsafe best = min(best, keys[place]) }
      guard best != UInt32.max else { break }
      let place = Int(best & 0xFF)
      let gone = unsafe Int(next[place])
      let after = unsafe Int(next[gone])
      unsafe parts[place] = merges.result(best >> 8)
      unsafe keys[gone] = UInt32.max
      unsafe next[place] = UInt16(truncatingIfNeeded: after)
      if after < end {
        unsafe previous[after] = UInt16(truncatingIfNeeded: place)
        unsafe keys[place] = key(merges.rank(parts[place], parts[after]), place)
      } else {
        unsafe keys[place] = UInt32.max
      }
      if place > 0 {
        let before = unsafe Int(previous[place])
        unsafe keys[before] = key(merges.rank(parts[before], parts[place]), before)
      }
    }
    used = 0
    var place = 0
    while place < end {
      unsafe parts[used] = parts[place]
      used += 1
      place = unsafe Int(next[place])
    }
    return used
  }

  /// `UInt32.max` for a pair that does not merge, since its rank is all ones.
  @inline(__always)
  private func key(_ rank: UInt32, _ place: Int) -> UInt32 {
    rank == PairTable.noRank ? UInt32.max : rank << 8 | UInt32(truncatingIfNeeded: place)
  }
}
