/// Finds a token's id by the bytes a vocabulary file spells it with.
///
/// A hash table over one row of bytes: Swift's strings would compare by canonical equivalence, and
/// a dictionary of arrays takes several times as long to build.
struct TokenSpellings {
  private var text: [UInt8] = []
  /// Where each spelling begins in `text`, and where the last one ends.
  private var starts: [UInt32] = [0]
  private var ids: [TokenID] = []
  /// Numbers of spellings, by hash; at most half full.
  private var places = [UInt32](repeating: free, count: 1 << 10)

  private static let free = UInt32.max

  /// The number of spellings.
  var count: Int { ids.count }

  /// Adds a spelling unless it is known; returns whether it is new.
  mutating func insert(_ spelling: [UInt8], _ id: TokenID) -> Bool {
    if ids.count * 2 >= places.count { grow() }
    let place = place(of: spelling[...], [])
    guard places[place] == Self.free else { return false }
    places[place] = UInt32(ids.count)
    text += spelling
    starts.append(UInt32(text.count))
    ids.append(id)
    return true
  }

  /// The id of a spelling.
  func id(of spelling: [UInt8]) -> TokenID? { id(of: spelling[...], []) }

  /// The id of the spelling that is `left` and `right` joined.
  func id(of left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> TokenID? {
    let number = places[place(of: left, right)]
    return number == Self.free ? nil : ids[Int(number)]
  }

  /// The bytes of all spellings.
  func forEach(_ body: (ArraySlice<UInt8>, TokenID) -> Void) {
    for number in ids.indices {
      body(text[Int(starts[number])..<Int(starts[number + 1])], ids[number])
    }
  }

  /// Where a spelling is, or the free place for it.
  private func place(of left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Int {
    let mask = places.count - 1
    var place = Int(truncatingIfNeeded: Self.hash(left, right)) & mask
    while places[place] != Self.free {
      let number = Int(places[place])
      let start = Int(starts[number])
      if Int(starts[number + 1]) - start == left.count + right.count,
        text[start..<start + left.count] == left,
        right.isEmpty || text[start + left.count..<start + left.count + right.count] == right
      {
        return place
      }
      place = (place + 1) & mask
    }
    return place
  }

  private static func hash(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in left { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    for byte in right { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash ^ hash >> 32
  }

  private mutating func grow() {
    places = [UInt32](repeating: Self.free, count: places.count * 2)
    for number in ids.indices {
      let spelling = text[Int(starts[number])..<Int(starts[number + 1])]
      places[place(of: spelling, [])] = UInt32(number)
    }
  }
}
