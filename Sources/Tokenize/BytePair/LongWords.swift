import Glibc

/// The ids of words that ``ShortWords`` does not take.
///
/// A hash table over two rows, one with the bytes of the words and one with their ids. When a row
/// is full everything is forgotten.
@safe
struct LongWords: ~Copyable {
  private struct Place: BitwiseCopyable {
    /// The hash; 0 marks a free place.
    var hash: UInt64 = 0
    var byteStart: UInt32 = 0
    var byteCount: UInt32 = 0
    var idStart: UInt32 = 0
    var idCount: UInt32 = 0
  }

  /// Longest word that is kept, in bytes: rules of code, logs and letters come again and again.
  static let limit = 1024

  private var places: UnsafeMutablePointer<Place>
  private var placeCount: Int
  private let largest: Int
  private var used = 0
  private(set) var door = Doorkeeper(few: 5, many: 8)
  private let bytes: UnsafeMutablePointer<UInt8>
  private let byteCapacity: Int
  private var byteCount = 0
  private let ids: UnsafeMutablePointer<TokenID>
  private let idCapacity: Int
  private var idCount = 0

  /// Places at first, and while few words come back.
  private static let leastPlaces = 1 << 12

  /// Makes an empty table that may grow to `byteBudget` bytes, or a little above for a tiny budget.
  init(byteBudget: Int) {
    var largest = 256
    while largest * 2 * (MemoryLayout<Place>.stride + 24) <= byteBudget { largest *= 2 }
    self.largest = largest
    placeCount = min(largest, Self.leastPlaces)
    byteCapacity = max(largest * 12, 4 * Self.limit)
    idCapacity = max(largest * 3, 4 * Self.limit)
    unsafe places = ZeroedMemory.map(placeCount)
    unsafe bytes = .allocate(capacity: byteCapacity)
    unsafe ids = .allocate(capacity: idCapacity)
  }

  deinit {
    unsafe ZeroedMemory.unmap(places, placeCount)
    unsafe bytes.deallocate()
    unsafe ids.deallocate()
  }

  /// A hash of a word that is not 0.
  @unsafe
  static func hash(_ word: UnsafePointer<UInt8>, count: Int) -> UInt64 {
    unsafe WordHash.hash(word, count: count) | 1
  }

  /// Appends the ids of a word that is kept; returns whether it is.
  @unsafe
  mutating func append(
    _ word: UnsafePointer<UInt8>, count: Int, _ hash: UInt64, to row: inout TokenBuffer
  ) -> Bool {
    door.lookups += 1
    var index = Int(truncatingIfNeeded: hash >> 1) & (placeCount - 1)
    while true {
      let place = unsafe places[index]
      if place.hash == 0 { return false }
      if place.hash == hash, place.byteCount == UInt32(truncatingIfNeeded: count),
        unsafe memcmp(bytes + Int(place.byteStart), word, count) == 0
      {
        unsafe row.append(from: ids + Int(place.idStart), count: Int(place.idCount))
        return true
      }
      index = (index + 1) & (placeCount - 1)
    }
  }

  /// Keeps a word that is not kept yet, with its ids, if it is likely to come back; returns whether it is.
  ///
  /// - Precondition: `count` ≤ ``limit``.
  @unsafe @discardableResult
  mutating func insert(
    _ word: UnsafePointer<UInt8>, count: Int, _ hash: UInt64,
    ids newIDs: UnsafePointer<TokenID>, count newIDCount: Int
  ) -> Bool {
    guard door.admits(UInt32(truncatingIfNeeded: hash)) else { return false }
    let isRowFull = byteCount + count > byteCapacity || idCount + newIDCount > idCapacity
    if isRowFull || used * 2 >= placeCount { makeRoom(isRowFull: isRowFull) }
    put(
      Place(
        hash: hash, byteStart: UInt32(byteCount), byteCount: UInt32(count),
        idStart: UInt32(idCount), idCount: UInt32(newIDCount)))
    unsafe (bytes + byteCount).update(from: word, count: count)
    unsafe (ids + idCount).update(from: newIDs, count: newIDCount)
    used += 1
    byteCount += count
    idCount += newIDCount
    return true
  }

  /// Forgets every word.
  mutating func removeAll() {
    unsafe places.update(repeating: Place(), count: placeCount)
    forgetCounts()
  }

  private mutating func forgetCounts() {
    used = 0
    byteCount = 0
    idCount = 0
  }

  /// Grows or forgets, as ``ShortWords`` does.
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
    placeCount = min(placeCount * 4, largest)
    unsafe places = ZeroedMemory.map(placeCount)
    for index in 0..<oldCount {
      let place = unsafe oldPlaces[index]
      if place.hash != 0 { put(place) }
    }
    unsafe ZeroedMemory.unmap(oldPlaces, oldCount)
  }

  private func put(_ new: Place) {
    var index = Int(truncatingIfNeeded: new.hash >> 1) & (placeCount - 1)
    while unsafe places[index].hash != 0 { index = (index + 1) & (placeCount - 1) }
    unsafe places[index] = new
  }
}
