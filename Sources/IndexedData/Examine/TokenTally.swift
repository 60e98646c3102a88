internal import Machine

/// Which ids one reading of the data counts: those whose mixed number ends in some bits.
///
/// The first share counts the ids of plain arrays as well.
struct IDShare: Sendable {
  static let all = IDShare(bits: 0, value: 0)

  let bits: UInt64
  let value: UInt64

  /// Eight shares that make up this one.
  var parts: [IDShare] { (0..<8).map { IDShare(bits: bits + 3, value: value | $0 << bits) } }

  var hasPlainIDs: Bool { value == 0 }

  func contains(_ mixed: UInt64) -> Bool { mixed & ((1 << bits) &- 1) == value }
}

/// Ids as one thread counts them: small ones in an array, others in a table.
struct TokenTally: Sendable {
  /// Ids below this have a place in the array, of types with more than 16 bits.
  private static let plainLimit = 1 << 20
  /// A lane is emptied before it can overflow.
  private static let pendingLimit = 1 << 31

  /// The ids without a place in the array.
  private(set) var table = IDTable()
  private var counts: [Int]
  // Neighbouring tokens are counted in different lanes, as a processor waits for a count that it
  // has just written.
  private var lanes: [UInt32]
  private var pending = 0
  private let plainCount: Int
  private let type: ElementType
  private let share: IDShare

  /// Nothing counted yet.
  ///
  /// - Precondition: elements of the type are whole numbers.
  init(_ type: ElementType, _ share: IDShare) {
    self.type = type
    self.share = share
    plainCount = type.byteCount == 1 ? 1 << 8 : type.byteCount == 2 ? 1 << 16 : Self.plainLimit
    counts = [Int](repeating: 0, count: plainCount)
    lanes = [UInt32](repeating: 0, count: 2 * plainCount)
  }

  /// Counts a block of fewer than 2^30 elements.
  mutating func add(_ bytes: RawSpan) {
    let elements = bytes.byteCount / type.byteCount
    if pending + elements > Self.pendingLimit { empty() }
    pending += elements
    switch type {
    case .uint8, .int8: addSmall(bytes, UInt8.self)
    case .uint16, .int16: addSmall(bytes, UInt16.self)
    case .int32: addLarge(bytes, Int32.self)
    case .int64: addLarge(bytes, Int64.self)
    case .float32, .float64: break
    }
  }

  /// Calls `body` with every id of the array and its count.
  mutating func visitPlain(_ body: (Int64, Int) -> Void) {
    guard share.hasPlainIDs else { return }
    empty()
    for (place, count) in counts.enumerated() where count > 0 {
      switch type {
      case .int8: body(Int64(Int8(truncatingIfNeeded: place)), count)
      case .int16: body(Int64(Int16(truncatingIfNeeded: place)), count)
      default: body(Int64(place), count)
      }
    }
  }

  /// Takes in what another thread has counted of the same share.
  mutating func add(_ other: consuming TokenTally) {
    empty()
    other.empty()
    for place in counts.indices { counts[place] += other.counts[place] }
    table.add(other.table)
  }

  private mutating func empty() {
    for place in counts.indices {
      counts[place] += Int(lanes[place]) + Int(lanes[plainCount + place])
      lanes[place] = 0
      lanes[plainCount + place] = 0
    }
    pending = 0
  }

  // MARK: - Blocks

  /// Numbers that all have a place in the array; those with a sign are taken by their bits.
  private mutating func addSmall<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ bytes: RawSpan, _: Number.Type
  ) {
    guard share.hasPlainIDs else { return }
    let width = MemoryLayout<Number>.size
    let count = bytes.byteCount / width
    let lane = plainCount
    unsafe bytes.withUnsafeBytes { source in
      // A number of the type is always below `plainCount`.
      unsafe lanes.withUnsafeMutableBufferPointer { lanes in
        var place = 0
        while place + 2 <= count {
          let one = unsafe source.loadUnaligned(fromByteOffset: place * width, as: Number.self)
          let other = unsafe source.loadUnaligned(
            fromByteOffset: (place + 1) * width, as: Number.self)
          unsafe lanes[Int(Number(littleEndian: one))] &+= 1
          unsafe lanes[lane + Int(Number(littleEndian: other))] &+= 1
          place += 2
        }
        if place < count {
          let one = unsafe source.loadUnaligned(fromByteOffset: place * width, as: Number.self)
          unsafe lanes[Int(Number(littleEndian: one))] &+= 1
        }
      }
    }
  }

  /// Numbers of which only the small ones have a place in the array.
  private mutating func addLarge<Number: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: RawSpan, _: Number.Type
  ) {
    let width = MemoryLayout<Number>.size
    let limit = UInt64(plainCount)
    let lane = plainCount
    let hasPlain = share.hasPlainIDs
    let share = share
    var table = IDTable.empty
    swap(&table, &self.table)
    unsafe bytes.withUnsafeBytes { source in
      unsafe lanes.withUnsafeMutableBufferPointer { lanes in
        for place in 0..<(source.count / width) {
          let number = Number(
            littleEndian: unsafe source.loadUnaligned(
              fromByteOffset: place * width, as: Number.self))
          let id = Int64(truncatingIfNeeded: number)
          if UInt64(bitPattern: id) < limit {
            if hasPlain { unsafe lanes[(place & 1) * lane + Int(id)] &+= 1 }
          } else {
            let mixed = IDTable.mixed(id)
            if share.contains(mixed) { table.add(id, mixed: mixed) }
          }
        }
      }
    }
    swap(&table, &self.table)
  }
}
