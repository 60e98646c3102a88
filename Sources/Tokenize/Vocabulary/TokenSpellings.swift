internal import CTokenize
internal import Glibc

/// Finds a token's id by the bytes a vocabulary file spells it with.
///
/// A hash table over one row of bytes: Swift's strings would compare by canonical equivalence, and
/// a dictionary of arrays takes several times as long to build. What it consists of is larger than the
/// second cache, so whoever has many spellings at hand asks for the memory of all before he reads one.
struct TokenSpellings {
  private var text: [UInt8] = []
  private var spellings: [Spelling] = []
  /// Some bits of a hash above the number of a spelling; at most half full.
  private var places = [UInt32](repeating: free, count: 1 << 10)
  /// How many spellings have a place.
  private var placedCount = 0
  /// The number of the joined spelling found last.
  private var lastJoined = 0

  private struct Spelling {
    /// Where it begins in `text`; it ends where the next one begins.
    var start: UInt32
    var id: TokenID
  }

  /// Bits of a number; ids, which all differ, have no more.
  private static let numberBits: UInt32 = 20
  private static let numberMask: UInt32 = 1 << numberBits - 1
  private static let free = UInt32.max
  /// Spellings whose memory is asked for at once; as many hashes are kept in ``place()``.
  static let blockCount = 64

  /// The number of spellings.
  var count: Int { spellings.count }

  /// Makes room for so many spellings of so many bytes together.
  mutating func reserve(_ count: Int, bytes: Int) {
    text.reserveCapacity(bytes)
    spellings.reserveCapacity(count)
    grow(for: count)
  }

  /// Adds a spelling, which is found after ``place()``; its number is how many there were before.
  mutating func append(_ spelling: RawSpan, _ id: TokenID) {
    spellings.append(Spelling(start: UInt32(text.count), id: id))
    unsafe spelling.withUnsafeBytes { unsafe text.append(contentsOf: $0) }
  }

  /// Gives the spellings added last their places; returns the number of the first that was there already,
  /// behind which none has a place.
  mutating func place() -> Int? {
    grow(for: count)
    var hashes = InlineArray<64, UInt64>(repeating: 0)
    while placedCount < count {
      let block = placedCount..<min(placedCount + Self.blockCount, count)
      for number in block {
        let hash = unsafe Self.hash(text.span.bytes.extracting(range(of: number)))
        hashes[number - block.lowerBound] = hash
        fetch(hash)
      }
      for number in block {
        let hash = hashes[number - block.lowerBound]
        let place = unsafe place(of: text.span.bytes.extracting(range(of: number)), hash)
        guard places[place] == Self.free else { return number }
        places[place] = Self.entry(hash, number)
        placedCount = number + 1
      }
    }
    return nil
  }

  /// The bytes of the spelling of a number.
  func bytes(of number: Int) -> [UInt8] { Array(text[range(of: number)]) }

  /// Bytes of all spellings.
  var byteCount: Int { text.count }

  /// Calls `body` with the bytes of the spelling of a number.
  @unsafe @inline(__always)
  func withBytes<Result>(of number: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let range = range(of: number)
    return unsafe text.withUnsafeBytes { unsafe body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  /// The id of the spelling of a number.
  func id(ofNumber number: Int) -> TokenID { spellings[number].id }

  /// The number of the spelling of an id, for which all are looked through.
  func number(of id: TokenID) -> Int? { spellings.firstIndex { $0.id == id } }

  /// The number of the first spelling that is the one of a number.
  func firstNumber(spelledAs number: Int) -> Int? {
    let spelling = bytes(of: number)
    return spellings.indices.first { unsafe isSpelled($0, spelling.span.bytes) }
  }

  /// The id of a spelling.
  func id(of spelling: RawSpan) -> TokenID? { id(of: spelling, Self.hash(spelling)) }

  /// The id of a spelling.
  func id(of spelling: [UInt8]) -> TokenID? { unsafe id(of: spelling.span.bytes) }

  /// The id of a spelling with its hash.
  func id(of spelling: RawSpan, _ hash: UInt64) -> TokenID? {
    let entry = places[place(of: spelling, hash)]
    return entry == Self.free ? nil : spellings[Self.number(entry)].id
  }

  /// The id of the spelling that is `left` and `right` joined.
  ///
  /// The spelling behind the one found last is looked at first: merges make tokens in the order of
  /// their ids.
  mutating func id(of left: RawSpan, _ right: RawSpan) -> TokenID? {
    let next = lastJoined + 1
    if next < count, isSpelled(next, left, right) {
      lastJoined = next
      return spellings[next].id
    }
    let joined = left.array + right.array
    let entry = unsafe places[place(of: joined.span.bytes, Self.hash(joined.span.bytes))]
    guard entry != Self.free else { return nil }
    lastJoined = Self.number(entry)
    return spellings[lastJoined].id
  }

  // MARK: - Memory asked for ahead

  /// The hash of a spelling.
  static func hash(_ spelling: RawSpan) -> UInt64 {
    unsafe spelling.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      return unsafe WordHash.hash(start, count: bytes.count)
    }
  }

  /// Asks for the place of a spelling with this hash.
  func fetch(_ hash: UInt64) {
    unsafe places.withUnsafeBufferPointer { places in
      guard let start = places.baseAddress else { return }
      unsafe ctok_fetch(start + Int(truncatingIfNeeded: hash) & (places.count - 1))
    }
  }

  /// Asks for the spelling at the place of this hash, which has been fetched.
  func fetchSpelling(_ hash: UInt64) {
    let entry = places[Int(truncatingIfNeeded: hash) & (places.count - 1)]
    guard entry != Self.free else { return }
    unsafe spellings.withUnsafeBufferPointer { spellings in
      guard let start = spellings.baseAddress else { return }
      unsafe ctok_fetch(start + Self.number(entry))
    }
  }

  // MARK: - The table

  /// Where a spelling is, or the free place for it.
  private func place(of spelling: RawSpan, _ hash: UInt64) -> Int {
    let mask = places.count - 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while true {
      let entry = places[place]
      if entry == Self.free { return place }
      if entry >> Self.numberBits == Self.tag(hash), isSpelled(Self.number(entry), spelling) {
        return place
      }
      place = (place + 1) & mask
    }
  }

  private func range(of number: Int) -> Range<Int> {
    let end = number + 1 < count ? Int(spellings[number + 1].start) : text.count
    return Int(spellings[number].start)..<end
  }

  private func isSpelled(_ number: Int, _ spelling: RawSpan) -> Bool {
    let range = range(of: number)
    return range.count == spelling.byteCount && isAt(range.lowerBound, spelling)
  }

  /// Whether a spelling is `left` and `right` joined.
  private func isSpelled(_ number: Int, _ left: RawSpan, _ right: RawSpan) -> Bool {
    let range = range(of: number)
    return range.count == left.byteCount + right.byteCount
      && isAt(range.lowerBound, left) && isAt(range.lowerBound + left.byteCount, right)
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

  private static func entry(_ hash: UInt64, _ number: Int) -> UInt32 {
    tag(hash) << numberBits | UInt32(number)
  }

  private static func tag(_ hash: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: hash >> 32) >> numberBits
  }

  private static func number(_ entry: UInt32) -> Int { Int(entry & numberMask) }

  /// Makes the table at least twice as large as so many spellings; a larger one begins empty.
  private mutating func grow(for count: Int) {
    guard places.count < 2 * count else { return }
    var size = places.count
    while size < 2 * count { size *= 2 }
    places = [UInt32](repeating: Self.free, count: size)
    placedCount = 0
  }
}
