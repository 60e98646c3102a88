/// Room in which one thread merges the byte pairs of a short word.
///
/// A part keeps the place of its first byte, so nothing moves when two become one: `keys` holds for
/// each part the rank of its merge with the next (23 bits) above its place (8 bits), and the
/// smallest key is the best and leftmost merge. Keys are signed, as old processors compare them.
@safe
struct MergeScratch: ~Copyable {
  /// The longest word, in bytes.
  static let capacity = 256

  /// The parts by place; after a merge also the word's ids, without gaps.
  let parts = UnsafeMutablePointer<TokenID>.allocate(capacity: capacity)
  fileprivate let keys = UnsafeMutablePointer<Int32>.allocate(capacity: capacity)
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
    let end = unsafe lacksBytes ? begin(parts, keys, filtering: word, count) : count
    guard end > 1 else {
      if end == 1, !lacksBytes { unsafe parts[0] = byteTokens[Int(word[0])] }
      return end
    }
    if !lacksBytes {
      unsafe bytePairRanks.withUnsafeBufferPointer { ranks in
        for place in 0..<end - 1 {
          let pair = unsafe Int(word[place]) << 8 | Int(word[place + 1])
          unsafe keys[place] = key(ranks[pair], place)
          unsafe parts[place] = byteTokens[Int(word[place])]
        }
      }
      unsafe parts[end - 1] = byteTokens[Int(word[end - 1])]
    }
    let rowEnd = (end + 7) & ~7
    for place in end - 1..<rowEnd { unsafe keys[place] = Int32.max }
    for place in 0..<end {
      unsafe next[place] = UInt16(truncatingIfNeeded: place + 1)
      unsafe previous[place] = UInt16(truncatingIfNeeded: place &- 1)
    }
    let merges = merges
    while true {
      let best = unsafe Self.smallest(keys, rowEnd)
      guard best != Int32.max else { break }
      let place = Int(best & 0xFF)
      let gone = unsafe Int(next[place])
      let after = unsafe Int(next[gone])
      unsafe parts[place] = merges.result(UInt32(best >> 8))
      unsafe keys[gone] = Int32.max
      unsafe next[place] = UInt16(truncatingIfNeeded: after)
      if after < end {
        unsafe previous[after] = UInt16(truncatingIfNeeded: place)
        unsafe keys[place] = key(merges.rank(parts[place], parts[after]), place)
      } else {
        unsafe keys[place] = Int32.max
      }
      if place > 0 {
        let before = unsafe Int(previous[place])
        unsafe keys[before] = key(merges.rank(parts[before], parts[place]), before)
      }
    }
    var used = 0
    var place = 0
    while place < end {
      unsafe parts[used] = parts[place]
      used += 1
      place = unsafe Int(next[place])
    }
    return used
  }

  /// Fills the rows where some bytes have no token; returns the number of parts.
  @unsafe
  private func begin(
    _ parts: UnsafeMutablePointer<TokenID>, _ keys: UnsafeMutablePointer<Int32>,
    filtering word: UnsafePointer<UInt8>, _ count: Int
  ) -> Int {
    var used = 0
    for index in 0..<count {
      let token = unsafe byteTokens[Int(word[index])]
      guard token != Self.absent else { continue }
      unsafe parts[used] = token
      used += 1
    }
    for place in 0..<max(used - 1, 0) {
      unsafe keys[place] = key(merges.rank(parts[place], parts[place + 1]), place)
    }
    return used
  }

  /// The smallest of `count` keys, a multiple of eight of them.
  @unsafe @inline(__always)
  private static func smallest(_ keys: UnsafeMutablePointer<Int32>, _ count: Int) -> Int32 {
    // One by one in a short row: a wide load right behind narrow stores would wait for them.
    guard count > 8 else {
      let a = unsafe min(min(keys[0], keys[1]), min(keys[2], keys[3]))
      let b = unsafe min(min(keys[4], keys[5]), min(keys[6], keys[7]))
      return min(a, b)
    }
    let row = UnsafeRawPointer(keys)
    var smallest = unsafe row.loadUnaligned(as: SIMD8<Int32>.self)
    var place = 8
    while place < count {
      let next = unsafe row.loadUnaligned(fromByteOffset: place &* 4, as: SIMD8<Int32>.self)
      smallest = pointwiseMin(smallest, next)
      place &+= 8
    }
    return smallest.min()
  }

  /// `Int32.max` for a pair that does not merge.
  @inline(__always)
  private func key(_ rank: UInt32, _ place: Int) -> Int32 {
    rank == PairTable.noRank
      ? Int32.max : Int32(truncatingIfNeeded: rank << 8) | Int32(truncatingIfNeeded: place)
  }
}
