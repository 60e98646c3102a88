/// The number of a token in its vocabulary.
public typealias TokenID = UInt32

/// A growing row of token ids, owned by one thread and reused from document to document.
@safe
public struct TokenBuffer: ~Copyable {
  @usableFromInline var storage: UnsafeMutablePointer<TokenID>
  /// Ids that fit before the next growth.
  public private(set) var capacity: Int
  /// Ids held.
  @usableFromInline var used = 0

  /// Makes an empty buffer.
  public init(capacity: Int = 1024) {
    self.capacity = max(capacity, 16)
    unsafe storage = Self.allocate(self.capacity)
  }

  deinit {
    unsafe Self.deallocate(storage, capacity)
  }

  /// Room for a row of ids; a long one in huge pages, which take a fraction of the time to touch.
  @unsafe
  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<TokenID> {
    unsafe isLong(capacity) ? ZeroedMemory.map(capacity) : .allocate(capacity: capacity)
  }

  @unsafe
  private static func deallocate(_ storage: UnsafeMutablePointer<TokenID>, _ capacity: Int) {
    if isLong(capacity) {
      unsafe ZeroedMemory.unmap(storage, capacity)
    } else {
      unsafe storage.deallocate()
    }
  }

  private static func isLong(_ capacity: Int) -> Bool { capacity >= 1 << 20 }

  /// The number of ids held.
  @inlinable public var count: Int { used }

  /// The ids; the span ends with the next change of the buffer.
  public var ids: Span<TokenID> {
    @_lifetime(borrow self)
    borrowing get {
      let span = unsafe Span(_unsafeStart: storage, count: used)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Appends one id.
  public mutating func append(_ id: TokenID) {
    reserve(1)
    unsafe storage[used] = id
    used += 1
  }

  /// Forgets the ids past `count` and keeps the memory.
  ///
  /// - Precondition: `0 ≤ count ≤ self.count`.
  public mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= used)
    used = count
  }

  /// Makes room for `extra` more ids.
  @inline(__always)
  public mutating func reserve(_ extra: Int) {
    if capacity - used < extra { grow(extra) }
  }

  @inline(never)
  private mutating func grow(_ extra: Int) {
    let larger = max(capacity * 2, used + extra)
    if Self.isLong(capacity), let grown = unsafe ZeroedMemory.grow(storage, capacity, to: larger) {
      unsafe storage = grown
    } else {
      let moved = unsafe Self.allocate(larger)
      unsafe moved.update(from: storage, count: used)
      unsafe Self.deallocate(storage, capacity)
      unsafe storage = moved
    }
    capacity = larger
  }

  /// Appends `count` ids.
  @unsafe
  mutating func append(from ids: UnsafePointer<TokenID>, count: Int) {
    reserve(count)
    unsafe (storage + used).update(from: ids, count: count)
    used += count
  }

  /// Lets `body` append ids behind the `used` ones of the row; it says how many there are then.
  ///
  /// - Precondition: there is room for them, by ``reserve(_:)``.
  @unsafe @inline(__always)
  mutating func appendUnchecked<Outcome>(
    _ body: (_ row: UnsafeMutablePointer<TokenID>, _ used: inout Int) -> Outcome
  ) -> Outcome {
    unsafe body(storage, &used)
  }

  /// The first id; ends with the next change of the buffer.
  @unsafe
  var start: UnsafePointer<TokenID> { unsafe UnsafePointer(storage) }
}
