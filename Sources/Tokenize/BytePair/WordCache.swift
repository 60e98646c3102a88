import CTokenize

/// Words already encoded, and the room one thread needs to encode others, within a fixed budget.
///
/// A full cache forgets everything and starts again. What it holds never changes what is encoded.
/// It serves one vocabulary at a time: with another one it forgets first.
public struct WordCache: ~Copyable {
  var short: ShortWords
  var long: LongWords
  var words = WordScan()
  let scratch = MergeScratch()
  var longScratch = LongScratch()
  let batch = KeyBatch()
  /// The ids of the words of a batch that are kept, and of those that are not.
  var takenIDs = TokenBuffer(capacity: KeyBatch.capacity * ShortWords.limit + 16)
  var missingIDs = TokenBuffer(capacity: KeyBatch.capacity * ShortWords.limit + 16)
  /// Kept alive, so that no other model can be taken for it.
  private var owner: BytePairModel?

  /// The least budget a cache keeps to, in bytes.
  public static let minimumByteBudget = 1 << 17

  /// Makes an empty cache.
  ///
  /// - Parameter byteBudget: Most bytes the words may take; at least ``minimumByteBudget`` counts.
  public init(byteBudget: Int) {
    short = ShortWords(byteBudget: byteBudget / 4 * 3)
    long = LongWords(byteBudget: byteBudget / 4)
  }

  /// Forgets what another model's words were.
  mutating func serve(_ model: BytePairModel) {
    guard owner !== model else { return }
    if owner != nil {
      short.removeAll()
      long.removeAll()
      longScratch.forgetSeams()
    }
    owner = model
  }
}

/// Keys and hashes of some words that are looked up together, and those that are not found.
@safe
struct KeyBatch: ~Copyable {
  /// Words in a batch.
  static let capacity = Int(CTOK_BATCH)

  let keys = UnsafeMutablePointer<ctok_key>.allocate(capacity: capacity)
  let hashes = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
  let missing = UnsafeMutablePointer<ctok_missing>.allocate(capacity: capacity)

  deinit {
    unsafe keys.deallocate()
    unsafe hashes.deallocate()
    unsafe missing.deallocate()
  }
}
