import CTokenize
import Glibc

/// The ids of words of at most 15 bytes: a hash table of 32 bytes a word, searched place by place, as
/// `ctok_place` describes it.
@safe
struct ShortWords: ~Copyable {
  /// Longest word, in bytes.
  static let limit = Int(CTOK_SHORT)

  private var places: UnsafeMutablePointer<ctok_place>
  private var placeCount: Int
  private var used = 0
  private let largest: Int
  private var row: TokenBuffer
  private let rowLimit: Int
  var door = Doorkeeper(few: 12, many: 32)

  /// Places at first, and while few words come back.
  private static let leastPlaces = 1 << 15
  /// Places from which on the table grows in smaller steps.
  private static let largePlaces = 1 << 17
  /// Most places: offsets in bytes have 32 bits.
  private static let placeLimit = 1 << 26

  /// Makes an empty table that may grow to `byteBudget` bytes, or a little above for a tiny budget;
  /// to 2 GiB at most.
  init(byteBudget: Int) {
    var largest = 1024
    while largest < Self.placeLimit,
      largest * 2 * (MemoryLayout<ctok_place>.stride + 8) <= byteBudget
    {
      largest *= 2
    }
    self.largest = largest
    rowLimit = largest * 2
    row = TokenBuffer(capacity: min(rowLimit, 1 << 14))
    placeCount = min(largest, Self.leastPlaces)
    unsafe places = ZeroedMemory.map(placeCount)
  }

  deinit {
    unsafe ZeroedMemory.unmap(places, placeCount)
  }

  /// The table at this moment; ends with the next insertion.
  @unsafe
  var view: ctok_words {
    unsafe ctok_words(
      places: places, row: row.start, mask: Self.offsetMask(placeCount))
  }

  /// Keeps a word, unless it is there, if it is likely to come back.
  @unsafe
  mutating func insert(
    _ key: ctok_key, _ hash: UInt32, ids: UnsafePointer<TokenID>, count: Int
  ) {
    guard door.admits(hash) else { return }
    let isRowFull = row.count + count > rowLimit
    if isRowFull || used * 2 >= placeCount { makeRoom(isRowFull: isRowFull) }
    // A word that is looked up twice in a batch is missed twice.
    guard let place = freePlace(for: key, hash) else { return }
    var new = ctok_place(key: key, ids: (0, 0, 0, 0))
    if count <= Self.idLimit {
      unsafe withUnsafeMutableBytes(of: &new.ids) { row in
        let row = unsafe row.assumingMemoryBound(to: TokenID.self)
        for index in 0..<count { unsafe row[index] = ids[index] }
      }
      new.ids.0 |= UInt32(truncatingIfNeeded: count) << 28
    } else {
      new.ids = (
        15 << 28, UInt32(truncatingIfNeeded: row.count), UInt32(truncatingIfNeeded: count), 0
      )
      unsafe row.append(from: ids, count: count)
      // Sixteen are read at a time.
      row.reserve(16)
    }
    unsafe places[place] = new
    used += 1
  }

  /// Most ids in a place.
  private static let idLimit = 4

  /// Forgets every word.
  mutating func removeAll() {
    unsafe UnsafeMutableRawPointer(places).initializeMemory(
      as: UInt8.self, repeating: 0, count: placeCount * MemoryLayout<ctok_place>.stride)
    forgetCounts()
  }

  private mutating func forgetCounts() {
    used = 0
    row.truncate(to: 0)
  }

  /// Grows, where that is allowed and worth its page faults, or forgets; where few words come back it
  /// starts again with a small table, which stays in the processor's cache.
  private mutating func makeRoom(isRowFull: Bool) {
    if door.isWorthRoom(words: used) {
      if !isRowFull, placeCount < largest { return grow() }
    } else if placeCount > Self.leastPlaces {
      unsafe ZeroedMemory.unmap(places, placeCount)
      placeCount = Self.leastPlaces
      unsafe places = ZeroedMemory.map(placeCount)
      return forgetCounts()
    }
    removeAll()
  }

  private mutating func grow() {
    let oldPlaces = unsafe places
    let oldCount = placeCount
    // Small ones by four, as to move words takes longer than fresh pages; of large ones pages do.
    placeCount = min(placeCount * (placeCount < Self.largePlaces ? 4 : 2), largest)
    unsafe places = ZeroedMemory.map(placeCount)
    for index in 0..<oldCount {
      let old = unsafe oldPlaces[index]
      guard old.key.high != 0, let place = freePlace(for: old.key, ctok_hash(old.key)) else {
        continue
      }
      unsafe places[place] = old
    }
    unsafe ZeroedMemory.unmap(oldPlaces, oldCount)
  }

  /// The bits of a hash that tell where in a table of `count` places, a power of two, a word is.
  private static func offsetMask(_ count: Int) -> UInt32 {
    UInt32((count - 1) * MemoryLayout<ctok_place>.stride)
  }

  /// The place where a word belongs; nil where it is there already.
  private func freePlace(for key: ctok_key, _ hash: UInt32) -> Int? {
    var place = Int(hash & Self.offsetMask(placeCount)) / MemoryLayout<ctok_place>.stride
    while true {
      let here = unsafe places[place].key
      if here.high == 0 { return place }
      if here.high == key.high, here.low == key.low { return nil }
      place = (place + 1) & (placeCount - 1)
    }
  }
}
