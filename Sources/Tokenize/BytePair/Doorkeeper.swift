/// Which new words a cache keeps: every one, or, while few come back, those that came a short time ago.
///
/// Random bytes, hashes and the like bring new words without end, and each that is kept pushes out
/// something of use. A row of fingerprints, 16 KB, remembers the last thousands of them: a plainer
/// form of the "doorkeeper" of Einziger, Friedman and Manes, "TinyLFU" (2017).
@safe
struct Doorkeeper: ~Copyable {
  /// Whether words are kept only when they come again.
  private(set) var isGuarding = false
  /// Words sought since this last decided.
  var lookups = 0

  /// Lookups for four words that are not kept: as few close the door, more than so many open it.
  private let few: Int
  private let many: Int
  private var unknown = 0
  private let recent: UnsafeMutablePointer<UInt16>

  private static let recentBits = 13
  /// Unknown words after which a closed door is looked at again.
  private static let trial = 1 << 13

  /// Begins with an open door.
  ///
  /// - Parameters:
  ///   - few: Lookups for four unknown words with which the door is closed.
  ///   - many: Lookups for four unknown words, those of a short time ago aside, beyond which it is opened.
  init(few: Int, many: Int) {
    self.few = few
    self.many = many
    unsafe recent = .allocate(capacity: 1 << Self.recentBits)
    unsafe recent.initialize(repeating: 0, count: 1 << Self.recentBits)
  }

  deinit {
    unsafe recent.deallocate()
  }

  /// Whether to keep an unknown word.
  ///
  /// Bits 5 to 30 of its hash must be good; a few others that share them may be taken for it.
  @inline(__always)
  mutating func admits(_ hash: UInt32) -> Bool {
    isGuarding ? cameBefore(hash) : true
  }

  private mutating func cameBefore(_ hash: UInt32) -> Bool {
    let slot = Int((hash << 1) >> (32 - Self.recentBits))
    let fingerprint = UInt16(truncatingIfNeeded: hash >> 5)
    // A word that came a short time ago counts once: of a batch it may be missed each time.
    if unsafe recent[slot] == fingerprint { return true }
    unsafe recent[slot] = fingerprint
    unknown += 1
    if unknown == Self.trial { decide(isGuarding: lookups * 4 <= many * unknown) }
    return false
  }

  /// Whether a full cache is worth a larger one; closes the door where few of its words came back.
  ///
  /// Words that came through a closed door are worth it.
  mutating func isWorthRoom(words: Int) -> Bool {
    if isGuarding { return true }
    let isWorth = lookups * 4 > few * words
    decide(isGuarding: !isWorth)
    return isWorth
  }

  private mutating func decide(isGuarding: Bool) {
    self.isGuarding = isGuarding
    lookups = 0
    unknown = 0
  }
}
