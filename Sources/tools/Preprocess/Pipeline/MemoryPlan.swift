import Machine

/// How the memory that a run may take is shared out.
struct MemoryPlan: Equatable, Sendable {
  /// Bytes of each worker's word cache.
  let cacheBytes: Int
  /// Bytes of an ordinary work item.
  let itemBytes: Int
  /// Longer records are read in pieces.
  let recordLimit: Int
  /// Bytes of text in which a place to cut a long document is sought.
  let pieceLimit: Int
  /// Bytes of items that are fetched and not yet committed.
  let weightLimit: Int
  /// Bytes of spare buffers.
  let poolBytes: Int

  /// The least memory that can be shared out for `workers`.
  static func minimum(workers: Int) -> Int { fixedBytes + workers * (24 << 20) + (40 << 20) }

  /// The program, the vocabulary and the index of the datasets.
  private static let fixedBytes = 64 << 20

  /// Bytes of memory a byte of an uncut piece of text takes at most.
  ///
  /// Itself while it is sought and handed over, its ids and its tokens, all of them while they grow.
  /// About ten were measured, for text of a token a byte.
  private static let pieceCost = 16

  /// Beyond this no place to cut is sought, whatever the memory: ids are counted in 32 bits.
  static let largestPiece = 1 << 30

  /// The memory with which ``pieceLimit`` is `byteCount`; `nil` where none is enough.
  static func budget(pieceLimit byteCount: Int) -> Int? {
    byteCount <= largestPiece ? fixedBytes + byteCount * pieceCost : nil
  }

  /// Shares out `budget` bytes among `workers`, who read `keyCount` texts a record.
  init(budget: Int, workers: Int, keyCount: Int) {
    let free = max(budget, Self.minimum(workers: workers)) - Self.fixedBytes
    let share = free / workers
    cacheBytes = min(max(share / 4, 4 << 20), 64 << 20)
    // A record takes about 24 times its size in a worker: itself, its parse, its ids at worst.
    recordLimit = min(max(share / 64, 128 << 10), 8 << 20)
    itemBytes = min(recordLimit, 512 << 10)
    pieceLimit = min(max(free / Self.pieceCost, 1 << 20), Self.largestPiece)
    // Half a piece's share: of pieces that take most of it, no second one is fetched meanwhile.
    weightLimit = free / Self.pieceCost / 2
    poolBytes = free / 8
  }
}
