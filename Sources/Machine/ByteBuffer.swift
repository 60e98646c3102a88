internal import CMachine
internal import Glibc

/// A growing piece of memory, owned by one thread at a time and made to be reused.
///
/// The memory begins at a multiple of 64 bytes, and ``tailPadding`` readable bytes follow it.
/// Fresh pages are dear, so clear a buffer and fill it again rather than making a new one.
@safe
package struct ByteBuffer: ~Copyable, Sendable {
  /// Bytes behind the capacity that may be read, but mean nothing.
  package static let tailPadding = 64

  // An address, not a pointer, so that the buffer can move between threads; zero when none.
  private var address: UInt
  /// Bytes that fit before the next growth.
  package private(set) var capacity: Int
  /// Bytes held.
  package private(set) var count = 0

  /// Makes an empty buffer.
  package init(capacity: Int = 0) {
    address = capacity > 0 ? Self.allocate(capacity) : 0
    self.capacity = max(capacity, 0)
  }

  /// Takes over memory that ``surrender()`` gave away.
  init(allocation: Allocation) {
    address = allocation.address
    capacity = allocation.capacity
  }

  deinit {
    Self.free(address)
  }

  /// The bytes held; the span ends with the next change of the buffer.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      let span = unsafe RawSpan(_unsafeStart: start, byteCount: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// The bytes held, to be changed in place.
  package var mutableBytes: MutableRawSpan {
    @_lifetime(&self)
    mutating get {
      let span = unsafe MutableRawSpan(_unsafeStart: start, byteCount: count)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }

  /// Makes room for `extra` more bytes.
  package mutating func reserve(_ extra: Int) {
    guard capacity - count < extra else { return }
    let larger = max(capacity * 2, count + extra, 256)
    let moved = Self.allocate(larger)
    if count > 0, let target = unsafe UnsafeMutableRawPointer(bitPattern: moved) {
      unsafe target.copyMemory(from: start, byteCount: count)
    }
    Self.free(address)
    address = moved
    capacity = larger
  }

  /// Appends a copy of `bytes`.
  package mutating func append(_ bytes: RawSpan) {
    guard bytes.byteCount > 0 else { return }
    reserve(bytes.byteCount)
    unsafe bytes.withUnsafeBytes { source in
      guard let from = source.baseAddress else { return }
      unsafe (start + count).copyMemory(from: from, byteCount: source.count)
    }
    count += bytes.byteCount
  }

  /// Appends one byte.
  package mutating func append(_ byte: UInt8) {
    reserve(1)
    unsafe (start + count).storeBytes(of: byte, as: UInt8.self)
    count += 1
  }

  /// Appends a number in little-endian order.
  package mutating func append<Value: FixedWidthInteger & BitwiseCopyable>(number: Value) {
    reserve(MemoryLayout<Value>.size)
    unsafe (start + count).storeBytes(of: number.littleEndian, as: Value.self)
    count += MemoryLayout<Value>.size
  }

  /// Appends what `fill` writes into fresh room of `room` bytes; it says how much that was.
  package mutating func append<Failure: Error>(
    room: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    guard room > 0 else { return }
    reserve(room)
    let filled = try unsafe fill(UnsafeMutableRawBufferPointer(start: start + count, count: room))
    precondition(filled >= 0 && filled <= room)
    count += filled
  }

  /// Forgets the bytes past `count` and keeps the memory.
  ///
  /// - Precondition: `0 ≤ count ≤ self.count`.
  package mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= self.count)
    self.count = count
  }

  /// Forgets everything and keeps the memory.
  package mutating func removeAll() { count = 0 }

  /// Drops the first `dropped` bytes and moves the others to the front.
  ///
  /// - Precondition: `0 ≤ dropped ≤ count`.
  package mutating func removeFirst(_ dropped: Int) {
    precondition(dropped >= 0 && dropped <= count)
    guard dropped > 0 else { return }
    unsafe memmove(start, start + dropped, count - dropped)
    count -= dropped
  }

  // MARK: - Memory

  /// Memory without an owner, on its way through a ``BufferPool``.
  struct Allocation: Sendable {
    var address: UInt
    var capacity: Int
  }

  /// Gives the memory away without freeing it.
  consuming func surrender() -> Allocation {
    let allocation = Allocation(address: address, capacity: capacity)
    discard self
    return allocation
  }

  static func free(_ address: UInt) {
    unsafe Glibc.free(UnsafeMutableRawPointer(bitPattern: address))
  }

  private static let emptyPlace = allocate(1)

  // A valid address also when nothing was allocated, so that empty spans need no special case.
  private var start: UnsafeMutableRawPointer {
    let place = address != 0 ? address : Self.emptyPlace
    guard let pointer = unsafe UnsafeMutableRawPointer(bitPattern: place) else {
      preconditionFailure("an allocation is never at zero")
    }
    return unsafe pointer
  }

  private static func allocate(_ capacity: Int) -> UInt {
    let hugePage = 2 << 20
    let isLarge = capacity >= 2 * hugePage
    var memory: UnsafeMutableRawPointer?
    let status = unsafe posix_memalign(
      &memory, isLarge ? hugePage : 64, capacity + tailPadding)
    guard status == 0, let memory = unsafe memory else {
      preconditionFailure("out of memory: \(capacity) bytes")
    }
    if isLarge { unsafe cm_ask_for_huge_pages(memory, capacity + tailPadding) }
    return UInt(bitPattern: memory)
  }
}
