/// How often each word occurs in a text: what a vocabulary is learned from.
///
/// Every thread counts into a table of its own; the sum of the tables, made with ``add(_:)``, does
/// not depend on how the text was dealt out. A distinct word takes 32 to 64 bytes here, and its
/// length more when it is longer than 15 bytes.
public struct WordCounts: ~Copyable, Sendable {
  /// A word of at most 15 bytes lies in the slot itself; a longer one in ``longWords``.
  struct Slot: Sendable {
    /// The first eight bytes, or where the word begins in ``longWords``.
    var low: UInt64 = 0
    /// Seven more bytes and the length in the top one; or 255, 24 bits of a hash, 32 of length.
    var high: UInt64 = 0
    /// How often it occurs; 0 marks a free slot.
    var count: UInt64 = 0
  }

  /// The distinct words that are let in.
  public let limit: Int
  /// The distinct words so far.
  public private(set) var distinct = 0
  /// All words so far, each as often as it occurs.
  public private(set) var total: UInt64 = 0

  private var slots = [Slot](repeating: Slot(), count: 1 << 12)
  private var longWords: [UInt8] = []

  /// Makes an empty table.
  ///
  /// - Parameter limit: The distinct words to let in; one more is an error.
  public init(limit: Int = 10_000_000) {
    self.limit = limit
  }

  /// The bytes of memory that the table takes.
  public var memory: Int {
    slots.capacity * MemoryLayout<Slot>.stride + longWords.capacity
  }

  /// Counts the word at `range` of `text` once.
  ///
  /// - Throws: ``TokenizeError/beyondLimit(what:limit:hint:)`` when it is one distinct word too many.
  /// - Precondition: `range` lies within `text`.
  @inline(__always)
  public mutating func add(_ range: Range<Int>, of text: RawSpan) throws(TokenizeError) {
    let length = range.count
    guard length > 0 else { return }
    total += 1
    if length <= 15 {
      let (low, high) = Self.packed(text, range)
      try addShort(low, high, times: 1)
    } else {
      try addLong(text, range, times: 1)
    }
  }

  /// Adds the counts of another table.
  ///
  /// - Throws: ``TokenizeError/beyondLimit(what:limit:hint:)`` when the sum has too many words.
  public mutating func add(_ other: borrowing WordCounts) throws(TokenizeError) {
    total += other.total
    for index in other.slots.indices where other.slots[index].count > 0 {
      let slot = other.slots[index]
      if slot.isShort {
        try addShort(slot.low, slot.high, times: slot.count)
      } else {
        let start = Int(slot.low)
        let bytes = unsafe other.longWords.span.bytes
        try addLong(bytes, start..<start + slot.length, times: slot.count)
      }
    }
  }

  /// Calls `body` with the bytes and the count of each word, in no particular order.
  public borrowing func forEachWord(_ body: (_ word: [UInt8], _ count: UInt64) -> Void) {
    var word: [UInt8] = []
    for index in slots.indices where slots[index].count > 0 {
      let slot = slots[index]
      word.removeAll(keepingCapacity: true)
      if slot.isShort {
        for place in 0..<slot.length {
          word.append(
            UInt8(truncatingIfNeeded: (place < 8 ? slot.low : slot.high) >> (place % 8 * 8)))
        }
      } else {
        word.append(contentsOf: longWords[Int(slot.low)..<Int(slot.low) + slot.length])
      }
      body(word, slot.count)
    }
  }

  // MARK: - The table

  private mutating func addShort(
    _ low: UInt64, _ high: UInt64, times: UInt64
  ) throws(TokenizeError) {
    let mask = slots.count - 1
    var place = Self.scrambled(low, high) & mask
    while slots[place].count > 0 {
      if slots[place].low == low && slots[place].high == high {
        slots[place].count += times
        return
      }
      place = (place + 1) & mask
    }
    try admit(Slot(low: low, high: high, count: times), at: place)
  }

  @inline(never)
  private mutating func addLong(
    _ text: RawSpan, _ range: Range<Int>, times: UInt64
  ) throws(TokenizeError) {
    guard range.count <= UInt32.max else {
      throw .beyondLimit(
        what: "a word of \(range.count) bytes", limit: Int(UInt32.max),
        hint: "a text without any spaces is nothing to learn words from")
    }
    let hash = Self.hash(text, range)
    let high = 0xFF << 56 | (hash >> 40) << 32 | UInt64(range.count)
    let mask = slots.count - 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while slots[place].count > 0 {
      if slots[place].high == high, isEqual(Int(slots[place].low), text, range) {
        slots[place].count += times
        return
      }
      place = (place + 1) & mask
    }
    let start = UInt64(longWords.count)
    for offset in range { longWords.append(Self.byte(text, offset)) }
    try admit(Slot(low: start, high: high, count: times), at: place)
  }

  /// Puts a new word into a free slot.
  private mutating func admit(_ slot: Slot, at place: Int) throws(TokenizeError) {
    guard distinct < limit else {
      throw .beyondLimit(
        what: "the number of distinct words", limit: limit,
        hint: "raise the limit (a word takes some 150 bytes of memory) or learn from less text")
    }
    slots[place] = slot
    distinct += 1
    if distinct * 4 > slots.count * 3 { grow() }
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Slot(), count: old.count * 2)
    let mask = slots.count - 1
    for slot in old where slot.count > 0 {
      var place: Int
      if slot.isShort {
        place = Self.scrambled(slot.low, slot.high) & mask
      } else {
        let start = Int(slot.low)
        let bytes = unsafe longWords.span.bytes
        place = Int(truncatingIfNeeded: Self.hash(bytes, start..<start + slot.length)) & mask
      }
      while slots[place].count > 0 { place = (place + 1) & mask }
      slots[place] = slot
    }
  }

  private func isEqual(_ start: Int, _ text: RawSpan, _ range: Range<Int>) -> Bool {
    for offset in 0..<range.count
    where longWords[start + offset] != Self.byte(text, range.lowerBound + offset) {
      return false
    }
    return true
  }

  // MARK: - Words as numbers

  /// The two numbers of a slot for a word of 1 to 15 bytes.
  @inline(__always)
  private static func packed(_ text: RawSpan, _ range: Range<Int>) -> (UInt64, UInt64) {
    let length = range.count
    var low: UInt64 = 0
    var high: UInt64 = 0
    if range.lowerBound + 16 <= text.byteCount {
      // In bounds: sixteen bytes from the word's start lie within the text.
      low = unsafe text.unsafeLoadUnaligned(fromByteOffset: range.lowerBound, as: UInt64.self)
        .littleEndian
      high = unsafe text.unsafeLoadUnaligned(fromByteOffset: range.lowerBound + 8, as: UInt64.self)
        .littleEndian
      // A Swift shift by 64 or more gives 0, as is wanted here.
      low &= ~(UInt64.max << UInt64(length * 8))
      high &= length > 8 ? ~(UInt64.max << UInt64((length - 8) * 8)) : 0
    } else {
      for offset in 0..<length {
        let byte = UInt64(Self.byte(text, range.lowerBound + offset))
        if offset < 8 { low |= byte << UInt64(offset * 8) }
        if offset >= 8 { high |= byte << UInt64((offset - 8) * 8) }
      }
    }
    return (low, high | UInt64(length) << 56)
  }

  @inline(__always)
  private static func byte(_ text: RawSpan, _ offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < text.byteCount)
    return unsafe text.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  @inline(__always)
  private static func scrambled(_ low: UInt64, _ high: UInt64) -> Int {
    var hash = (low ^ (high &* 0x9E37_79B9_7F4A_7C15)) &* 0xBF58_476D_1CE4_E5B9
    hash ^= hash >> 32
    hash = hash &* 0x94D0_49BB_1331_11EB
    return Int(truncatingIfNeeded: hash >> 20)
  }

  private static func hash(_ text: RawSpan, _ range: Range<Int>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for offset in range { hash = (hash ^ UInt64(byte(text, offset))) &* 0x0000_0100_0000_01B3 }
    hash = (hash ^ hash >> 32) &* 0x94D0_49BB_1331_11EB
    return hash ^ hash >> 29
  }
}

extension WordCounts.Slot {
  /// Whether the word lies in the slot.
  var isShort: Bool { high >> 56 != 0xFF }

  /// The word's bytes.
  var length: Int { isShort ? Int(high >> 56) : Int(high & 0xFFFF_FFFF) }
}
