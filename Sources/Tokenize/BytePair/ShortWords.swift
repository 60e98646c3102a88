import CTokenize
import Glibc

/// A word of at most 15 bytes as two machine words, its length in the highest byte.
struct ShortKey: Equatable {
  var low: UInt64
  var high: UInt64

  /// Longest word, in bytes.
  static let limit = 15

  /// Reads a word of which at least 16 bytes of memory may be read.
  @unsafe @inline(__always)
  init(readingPast word: UnsafePointer<UInt8>, count: Int) {
    let raw = unsafe UnsafeRawPointer(word)
    unsafe low = raw.loadUnaligned(as: UInt64.self)
    unsafe high = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    let lowBits = UInt64(truncatingIfNeeded: min(count, 8)) &* 8
    let highBits = UInt64(truncatingIfNeeded: max(count, 8) &- 8) &* 8
    // Shifting by 64 must give nothing: two shifts, each below 64.
    low &= ~(((~0 as UInt64) << (lowBits >> 1)) << (lowBits &- (lowBits >> 1)))
    high &= ~((~0 as UInt64) << highBits)
    high |= UInt64(truncatingIfNeeded: count) << 56
  }

  /// Reads a word behind which memory may end.
  @unsafe
  init(_ word: UnsafePointer<UInt8>, count: Int) {
    low = 0
    high = 0
    for index in 0..<min(count, 8) { unsafe low |= UInt64(word[index]) << UInt64(8 * index) }
    for index in 8..<max(count, 8) { unsafe high |= UInt64(word[index]) << UInt64(8 * index - 64) }
    high |= UInt64(truncatingIfNeeded: count) << 56
  }

  /// A hash of which the high bits are good.
  @inline(__always)
  var hash: UInt64 {
    let mixed = (low ^ (high &* 0x9FB2_1C65_1E98_DF25)) &* 0x9E37_79B9_7F4A_7C15
    return (mixed ^ mixed >> 32) &* 0xD6E8_FEB8_6659_FD93
  }
}

/// The ids of words of at most 15 bytes: a hash table of 32 bytes a word, searched place by place.
///
/// A value is up to four ids; the number of ids is in the high four bits of the first (ids have 20
/// bits). Where a word has more, 15 stands there, and the value says where in a row of ids they are.
@safe
struct ShortWords: ~Copyable {
  /// A key and its value; free when the key's length is 0.
  struct Place {
    var key: ShortKey
    var ids: SIMD4<UInt32>
  }

  /// Most ids in a value.
  static let idLimit = 4

  private var places: UnsafeMutablePointer<Place>
  private var placeCount: Int
  private var used = 0
  private var shift: UInt64
  private let largest: Int
  private var row: TokenBuffer
  private let rowLimit: Int
  /// Words looked up since the table last grew or forgot.
  var lookups = 0

  /// Makes an empty table that may grow to `byteBudget` bytes, or a little above for a tiny budget.
  init(byteBudget: Int) {
    var largest = 1024
    while largest * 2 * (MemoryLayout<Place>.stride + 8) <= byteBudget { largest *= 2 }
    self.largest = largest
    rowLimit = largest * 2
    row = TokenBuffer(capacity: min(rowLimit, 1 << 14))
    placeCount = min(largest, 1 << 15)
    shift = UInt64(64 - placeCount.trailingZeroBitCount)
    unsafe places = ZeroedMemory.map(placeCount)
  }

  deinit {
    unsafe ZeroedMemory.unmap(places, placeCount)
  }

  /// The table at one moment, for a loop that reads it; ends with the next insertion.
  @unsafe
  struct View {
    let places: UnsafeMutablePointer<Place>
    let shift: UInt64
    let mask: Int

    /// Asks for the memory that ``find(_:_:)`` will look at first.
    @inline(__always)
    func prefetch(_ hash: UInt64) {
      unsafe ctok_prefetch(places + Int(truncatingIfNeeded: hash >> shift))
    }

    /// The value of a key, or `nil`.
    @inline(__always)
    func find(_ key: ShortKey, _ hash: UInt64) -> SIMD4<UInt32>? {
      var place = unsafe Int(truncatingIfNeeded: hash >> shift)
      while true {
        let found = unsafe places + place
        if unsafe found.pointee.key == key { return unsafe found.pointee.ids }
        if unsafe found.pointee.key.high == 0 { return nil }
        place = unsafe (place &+ 1) & mask
      }
    }
  }

  /// A view that ends with the next ``insert(_:_:ids:count:)``.
  var view: View {
    unsafe View(places: places, shift: shift, mask: placeCount - 1)
  }

  /// Keeps a word that is not in the table.
  @unsafe
  mutating func insert(
    _ key: ShortKey, _ hash: UInt64, ids: UnsafePointer<TokenID>, count: Int
  ) {
    if row.count + count > rowLimit { removeAll() }
    if used * 2 >= placeCount { makeRoom() }
    var value = SIMD4<UInt32>(repeating: 0)
    if count <= Self.idLimit {
      for index in 0..<count { unsafe value[index] = ids[index] }
      value[0] |= UInt32(truncatingIfNeeded: count) << 28
    } else {
      value[0] = 15 << 28
      value[1] = UInt32(truncatingIfNeeded: row.count)
      value[2] = UInt32(truncatingIfNeeded: count)
      unsafe row.append(from: ids, count: count)
    }
    unsafe put(Place(key: key, ids: value), hash, into: places, placeCount)
    used += 1
  }

  /// Appends the ids of a value with more than ``idLimit`` of them.
  @inline(never)
  func appendMany(_ value: SIMD4<UInt32>, to ids: inout TokenBuffer) {
    let start = Int(value[1])
    for index in start..<start + Int(value[2]) { ids.append(row.ids[index]) }
  }

  /// Forgets every word.
  mutating func removeAll() {
    unsafe UnsafeMutableRawPointer(places).initializeMemory(
      as: UInt8.self, repeating: 0, count: placeCount * MemoryLayout<Place>.stride)
    used = 0
    lookups = 0
    row.truncate(to: 0)
  }

  /// Grows, if that is allowed and worth its page faults: where few words come back, as in random
  /// bytes, a small table that stays in the processor's cache serves better.
  private mutating func makeRoom() {
    guard placeCount < largest, lookups > 3 * used else { return removeAll() }
    lookups = 0
    let oldPlaces = unsafe places
    let oldCount = placeCount
    placeCount *= 4
    if placeCount > largest { placeCount = largest }
    shift = UInt64(64 - placeCount.trailingZeroBitCount)
    unsafe places = ZeroedMemory.map(placeCount)
    for index in 0..<oldCount {
      let place = unsafe oldPlaces[index]
      if place.key.high != 0 { unsafe put(place, place.key.hash, into: places, placeCount) }
    }
    unsafe ZeroedMemory.unmap(oldPlaces, oldCount)
  }

  @unsafe
  private func put(
    _ new: Place, _ hash: UInt64, into places: UnsafeMutablePointer<Place>, _ count: Int
  ) {
    var place = Int(truncatingIfNeeded: hash >> shift)
    while unsafe places[place].key.high != 0 { place = (place + 1) & (count - 1) }
    unsafe places[place] = new
  }
}
