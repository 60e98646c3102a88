internal import Synchronization

/// Empty buffers waiting to be filled again, shared by threads.
///
/// Whoever commits a result gives its buffers back, and whoever reads next takes them: the pages
/// are touched for the first time once only.
package final class BufferPool: Sendable {
  private let free = Mutex<[ByteBuffer.Allocation]>([])
  /// The most memory that is kept for later, in bytes.
  package let byteLimit: Int

  /// Makes an empty pool.
  package init(byteLimit: Int = 256 << 20) {
    self.byteLimit = byteLimit
  }

  deinit {
    let rest = free.withLock { $0 }
    for allocation in rest { ByteBuffer.free(allocation.address) }
  }

  /// An empty buffer, used before when there is one.
  package func take() -> ByteBuffer {
    let allocation = free.withLock { $0.popLast() }
    guard let allocation else { return ByteBuffer() }
    return ByteBuffer(allocation: allocation)
  }

  /// Hands a buffer back; its contents are forgotten.
  package func give(_ buffer: consuming ByteBuffer) {
    guard buffer.capacity > 0 else { return }
    let allocation = buffer.surrender()
    let isKept = free.withLock { allocations in
      let held = allocations.reduce(0) { $0 + $1.capacity }
      guard held + allocation.capacity <= byteLimit else { return false }
      allocations.append(allocation)
      return true
    }
    if !isKept { ByteBuffer.free(allocation.address) }
  }
}
