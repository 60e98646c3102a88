internal import Glibc

/// Finds a token's id by the bytes a vocabulary file spells it with.
///
/// A hash table over one row of bytes: Swift's strings would compare by canonical equivalence, and
/// a dictionary of arrays takes several times as long to build.
struct TokenSpellings {
  private var text: [UInt8] = []
  /// Where each spelling begins in `text`, and where the last one ends.
  private var starts: [UInt32] = [0]
  private var ids: [TokenID] = []
  /// The high half of a hash above the number of a spelling; at most half full.
  private var places = [UInt64](repeating: free, count: 1 << 10)
  /// The number of the joined spelling found last.
  private var lastJoined = 0

  private static let free = UInt64.max

  /// The number of spellings.
  var count: Int { ids.count }

  /// Makes room for so many spellings of so many bytes together.
  mutating func reserve(_ count: Int, bytes: Int) {
    text.reserveCapacity(bytes)
    starts.reserveCapacity(count + 1)
    ids.reserveCapacity(count)
    var size = places.count
    while size < 2 * count { size *= 2 }
    if size > places.count { rebuild(size) }
  }

  /// Adds a spelling unless it is known; returns whether it is new.
  mutating func insert(_ spelling: RawSpan, _ id: TokenID) -> Bool {
    if ids.count * 2 >= places.count { rebuild(places.count * 2) }
    let hash = Self.hash(spelling)
    let place = place(of: spelling, hash)
    guard places[place] == Self.free else { return false }
    places[place] = Self.entry(hash, ids.count)
    unsafe spelling.withUnsafeBytes { unsafe text.append(contentsOf: $0) }
    starts.append(UInt32(text.count))
    ids.append(id)
    return true
  }

  /// The id of a spelling.
  func id(of spelling: RawSpan) -> TokenID? {
    let entry = places[place(of: spelling, Self.hash(spelling))]
    return entry == Self.free ? nil : ids[Int(entry & 0xFFFF_FFFF)]
  }

  /// The id of a spelling.
  func id(of spelling: [UInt8]) -> TokenID? { unsafe id(of: spelling.span.bytes) }

  /// The id of the spelling that is `left` and `right` joined.
  ///
  /// The spelling behind the one found last is looked at first: merges make tokens in the order of
  /// their ids.
  mutating func id(of left: RawSpan, _ right: RawSpan) -> TokenID? {
    let next = lastJoined + 1
    if next < ids.count, isSpelled(next, left, right) {
      lastJoined = next
      return ids[next]
    }
    let joined = left.array + right.array
    let entry = unsafe places[place(of: joined.span.bytes, Self.hash(joined.span.bytes))]
    guard entry != Self.free else { return nil }
    lastJoined = Int(entry & 0xFFFF_FFFF)
    return ids[lastJoined]
  }

  /// Where a spelling is, or the free place for it.
  private func place(of spelling: RawSpan, _ hash: UInt64) -> Int {
    let mask = places.count - 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while true {
      let entry = places[place]
      if entry == Self.free { return place }
      if entry >> 32 == hash >> 32, isSpelled(Int(entry & 0xFFFF_FFFF), spelling) { return place }
      place = (place + 1) & mask
    }
  }

  private func isSpelled(_ number: Int, _ spelling: RawSpan) -> Bool {
    let start = Int(starts[number])
    return Int(starts[number + 1]) - start == spelling.byteCount && isAt(start, spelling)
  }

  /// Whether a spelling is `left` and `right` joined.
  private func isSpelled(_ number: Int, _ left: RawSpan, _ right: RawSpan) -> Bool {
    let start = Int(starts[number])
    return Int(starts[number + 1]) - start == left.byteCount + right.byteCount
      && isAt(start, left) && isAt(start + left.byteCount, right)
  }

  /// Whether so many bytes of `text` are those of a span.
  private func isAt(_ start: Int, _ bytes: RawSpan) -> Bool {
    unsafe text.withUnsafeBytes { text in
      unsafe bytes.withUnsafeBytes { bytes in
        guard let base = text.baseAddress, let sought = bytes.baseAddress else { return true }
        return unsafe memcmp(base + start, sought, bytes.count) == 0
      }
    }
  }

  private static func entry(_ hash: UInt64, _ number: Int) -> UInt64 {
    (hash >> 32) << 32 | UInt64(number)
  }

  private static func hash(_ spelling: RawSpan) -> UInt64 {
    unsafe spelling.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      return unsafe WordHash.hash(start, count: bytes.count)
    }
  }

  private mutating func rebuild(_ size: Int) {
    places = [UInt64](repeating: Self.free, count: size)
    for number in ids.indices {
      let range = Int(starts[number])..<Int(starts[number + 1])
      let hash = unsafe Self.hash(text.span.bytes.extracting(range))
      var place = Int(truncatingIfNeeded: hash) & (size - 1)
      while places[place] != Self.free { place = (place + 1) & (size - 1) }
      places[place] = Self.entry(hash, number)
    }
  }
}
