/// The merges of a vocabulary whose tokens and ranks have 16 bits, as `short_places` of `ctok_merges`
/// describes them: one look tells the rank of a pair, or that it has none.
///
/// A perfect hash table: pairs are put into groups (buckets) by their hash, about three each, and for each group,
/// the largest first, a displacement is sought with which all of it falls on free places (Belazzougui,
/// Botelho and Dietzfelbinger, "Hash, displace, and compress", 2009). A place and
/// the half that stands there make up the pair, so that no pair is taken for another.
@safe
final class ShortPairs: @unchecked Sendable {
  // Sendable: nothing is written after `init`.

  let places: UnsafeMutablePointer<UInt32>
  let displacements: UnsafeMutablePointer<UInt16>
  /// The bits of a place.
  let placeBits: UInt32
  private(set) var factor: UInt32 = 0

  private static let free = UInt32.max
  /// How many factors are tried.
  ///
  /// With 16 bits of a place every other one fails, as two pairs of a group always have one place;
  /// merges that are chosen so that all fail have a wider table.
  private static let attempts: UInt32 = 64

  /// How far a product is shifted to choose a group.
  var groupShift: UInt32 { 34 - placeBits }

  /// Builds the table; of a pair that is listed twice the later rank counts.
  ///
  /// Nil where a token or rank needs more than 16 bits (65,535 is neither), where there are too many
  /// merges, or where every factor fails.
  ///
  /// - Precondition: The tokens of the merges and of bytes are at most `highestToken`.
  init?(_ merges: [BytePairMerge], rankedByResult: Bool, highestToken: TokenID) {
    // A table that is fuller than thirteen sixteenths takes long to fill.
    let bits = (16...17).first { merges.count <= 13 << ($0 - 4) }
    guard highestToken < UInt16.max, merges.count <= UInt16.max, let bits else { return nil }
    placeBits = UInt32(bits)
    unsafe places = .allocate(capacity: 1 << bits)
    unsafe displacements = .allocate(capacity: 1 << (bits - 2))
    for attempt in 0..<Self.attempts {
      factor = 0x9E37_79B1 &+ attempt &* 0x3C6E_F372
      if fill(merges, rankedByResult) { return }
    }
    return nil
  }

  deinit {
    unsafe places.deallocate()
    unsafe displacements.deallocate()
  }

  /// Fills the table by the factor; false where some group fits nowhere.
  private func fill(_ merges: [BytePairMerge], _ rankedByResult: Bool) -> Bool {
    unsafe places.initialize(repeating: Self.free, count: 1 << Int(placeBits))
    unsafe displacements.initialize(repeating: 0, count: 1 << Int(placeBits - 2))
    var groups = PairGroups(merges, rankedByResult, factor: factor, shift: groupShift)
    guard groups.separate(mask: UInt32(1 << placeBits - 1)) else { return false }
    groups.sort()
    var free = FreePlaces(bits: placeBits)
    for index in 0..<groups.usedCount {
      let group = unsafe Int(groups.order[index])
      let members = unsafe groups.members(of: group)
      guard let displacement = unsafe free.takePlaces(of: members) else { return false }
      unsafe displacements[group] = displacement
      for index in 0..<members.count {
        let place = unsafe free.place(of: members[index].pair, displacement)
        unsafe places[place] = members[index].pair & 0xFFFF_0000 | members[index].rank
      }
    }
    return true
  }
}

/// The places of a table that are free, a bit each.
@safe
private struct FreePlaces: ~Copyable {
  private let words: UnsafeMutablePointer<UInt64>
  private let mask: UInt32
  /// The word in which places are sought next, of those that a displacement of 16 bits can reach.
  private var cursor = 0
  /// How many places may be looked at yet, so that no merges take long.
  private var allowance = 1 << 21

  private static let reach = 1 << 10

  init(bits: UInt32) {
    let wordCount = 1 << Int(bits - 6)
    mask = UInt32(1 << bits - 1)
    unsafe words = .allocate(capacity: wordCount)
    unsafe words.initialize(repeating: UInt64.max, count: wordCount)
  }

  deinit {
    unsafe words.deallocate()
  }

  func place(of pair: UInt32, _ displacement: UInt16) -> Int {
    Int((pair ^ UInt32(displacement)) & mask)
  }

  /// Takes places for some pairs; returns their displacement, or nil where none fits.
  ///
  /// Only displacements are tried with which the first pair falls on a free place; one of each word at
  /// first, as neighbouring places put the other pairs into the same words.
  @unsafe
  mutating func takePlaces(of members: UnsafeBufferPointer<PairGroups.Member>) -> UInt16? {
    let first = unsafe members[0].pair & mask
    for most in 0..<2 {
      for _ in 0..<Self.reach {
        let word = Int(first >> 16) << 10 | cursor
        var candidates = unsafe words[word]
        cursor = (cursor + 1) & (Self.reach - 1)
        allowance -= 1
        if allowance < 0 { return nil }
        var left = most == 0 ? 1 : 64
        while candidates != 0, left > 0 {
          let place = UInt32(truncatingIfNeeded: word << 6 | candidates.trailingZeroBitCount)
          candidates &= candidates &- 1
          left &-= 1
          let displacement = UInt16(truncatingIfNeeded: place ^ first)
          if unsafe areFree(members, displacement) {
            for index in 0..<members.count {
              let place = unsafe self.place(of: members[index].pair, displacement)
              unsafe words[place >> 6] &= ~(1 &<< UInt64(place & 63))
            }
            return displacement
          }
        }
      }
    }
    return nil
  }

  @unsafe
  private func areFree(
    _ members: UnsafeBufferPointer<PairGroups.Member>, _ displacement: UInt16
  ) -> Bool {
    for index in 1..<members.count {
      let place = unsafe place(of: members[index].pair, displacement)
      if unsafe words[place >> 6] &>> UInt64(place & 63) & 1 == 0 { return false }
    }
    return true
  }
}

/// Pairs of tokens, mixed, by the highest bits of their products.
@safe
private struct PairGroups: ~Copyable {
  struct Member {
    var pair: UInt32
    var rank: UInt32
  }

  private let count: Int
  /// The pairs of a group stand together, those that are listed first in front.
  private let rows: UnsafeMutablePointer<Member>
  private let rowCount: Int
  /// Where each group begins, and how many pairs it has.
  private let starts: UnsafeMutablePointer<Int32>
  private let sizes: UnsafeMutablePointer<Int32>
  /// The groups that are not empty, the largest first.
  let order: UnsafeMutablePointer<Int32>
  private(set) var usedCount = 0

  private static let largest = 64

  init(_ merges: [BytePairMerge], _ rankedByResult: Bool, factor: UInt32, shift: UInt32) {
    count = 1 << Int(32 - shift)
    rowCount = merges.count
    unsafe rows = .allocate(capacity: rowCount)
    unsafe starts = .allocate(capacity: count)
    unsafe sizes = .allocate(capacity: count)
    unsafe order = .allocate(capacity: count)
    unsafe sizes.initialize(repeating: 0, count: count)
    for merge in merges { unsafe sizes[Int(Self.product(merge, factor) >> shift)] += 1 }
    var start: Int32 = 0
    for group in 0..<count {
      unsafe starts[group] = start
      unsafe start += sizes[group]
      unsafe sizes[group] = 0
    }
    for (index, merge) in merges.enumerated() {
      let product = Self.product(merge, factor)
      let group = Int(product >> shift)
      unsafe rows[Int(starts[group] + sizes[group])] = Member(
        pair: product ^ product >> 16,
        rank: rankedByResult ? merge.result : UInt32(truncatingIfNeeded: index))
      unsafe sizes[group] += 1
    }
  }

  deinit {
    unsafe rows.deallocate()
    unsafe starts.deallocate()
    unsafe sizes.deallocate()
    unsafe order.deallocate()
  }

  /// As `find_short_rank` in C, which mixes the upper half into the lower one likewise.
  private static func product(_ merge: BytePairMerge, _ factor: UInt32) -> UInt32 {
    (merge.left << 16 | merge.right) &* factor
  }

  @unsafe
  func members(of group: Int) -> UnsafeBufferPointer<Member> {
    unsafe UnsafeBufferPointer(start: rows + Int(starts[group]), count: Int(sizes[group]))
  }

  /// Keeps the later one of equal pairs; false where two of a group would always have one place, or
  /// where a group is very large.
  mutating func separate(mask: UInt32) -> Bool {
    for group in 0..<count {
      let size = unsafe Int(sizes[group])
      guard size <= Self.largest else { return false }
      let members = unsafe rows + Int(starts[group])
      var kept = 0
      for index in 0..<size {
        let member = unsafe members[index]
        var place = kept
        for earlier in 0..<kept where unsafe (members[earlier].pair ^ member.pair) & mask == 0 {
          guard unsafe members[earlier].pair == member.pair else { return false }
          place = earlier
        }
        unsafe members[place] = member
        if place == kept { kept += 1 }
      }
      unsafe sizes[group] = Int32(kept)
    }
    return true
  }

  /// Puts the groups into their order.
  mutating func sort() {
    unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: Self.largest + 1) { ends in
      unsafe ends.initialize(repeating: 0)
      for group in 0..<count { unsafe ends[Int(sizes[group])] += 1 }
      var start: Int32 = 0
      for size in (1...Self.largest).reversed() {
        let groups = unsafe ends[size]
        unsafe ends[size] = start
        start += groups
      }
      for group in 0..<count {
        let size = unsafe Int(sizes[group])
        if size == 0 { continue }
        unsafe order[Int(ends[size])] = Int32(group)
        unsafe ends[size] += 1
      }
      usedCount = Int(start)
    }
  }
}
