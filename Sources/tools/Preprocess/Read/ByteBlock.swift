import Synchronization

/// Bytes that travel from the reading thread to a worker and return to their pool after use.
package final class ByteBlock: Sendable {
  /// The bytes, and at least ``padding`` more that mean nothing.
  let bytes: [UInt8]
  /// Bytes that mean something.
  let count: Int
  private let pool: BlockPool

  /// Bytes that the JSON parser may read past the end of a record.
  static let padding = 64

  init(_ bytes: [UInt8], count: Int, pool: BlockPool) {
    precondition(bytes.count >= count + Self.padding)
    self.bytes = bytes
    self.count = count
    self.pool = pool
  }

  deinit {
    pool.give(bytes)
  }
}

/// Blocks of one size, kept for reuse because the first touch of fresh memory is slow.
final class BlockPool: Sendable {
  private let spare = Mutex<[[UInt8]]>([])
  private let size: Int
  private let keep: Int

  /// Makes a pool of blocks that hold `capacity` bytes and keeps at most `keep` unused ones.
  init(capacity: Int, keep: Int) {
    size = capacity + ByteBlock.padding
    self.keep = keep
  }

  /// A block with room for at least `capacity` bytes and the padding.
  func take(capacity: Int = 0) -> [UInt8] {
    let wanted = capacity + ByteBlock.padding
    if wanted <= size, let block = spare.withLock({ $0.popLast() }) { return block }
    return [UInt8](repeating: 0, count: max(wanted, size))
  }

  /// Takes a block back; blocks of other sizes are let go.
  func give(_ block: [UInt8]) {
    guard block.count == size else { return }
    spare.withLock { if $0.count < keep { $0.append(block) } }
  }
}
