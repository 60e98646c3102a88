/// How often ids occur that are too large, or too few of too many, for a plain array.
///
/// Open addressing with linear probing; a count of 0 marks a free place.
struct IDTable: Sendable {
  /// How many different ids there are.
  private(set) var count = 0
  private var ids: [Int64]
  private var counts: [Int]
  private var shift: UInt64

  /// An empty table.
  init() { self.init(capacityBits: 10) }

  /// One that holds nothing and takes next to no memory, to stand in for another.
  static let empty = IDTable(capacityBits: 0)

  private init(capacityBits: Int) {
    ids = [Int64](repeating: 0, count: 1 << capacityBits)
    counts = [Int](repeating: 0, count: 1 << capacityBits)
    shift = UInt64(64 - capacityBits)
  }

  /// A well mixed number of an id: tables take its high bits, shares its low ones.
  ///
  /// The constants are those of SplitMix64's finalizer.
  static func mixed(_ id: Int64) -> UInt64 {
    var number = UInt64(bitPattern: id)
    number = (number ^ (number >> 30)) &* 0xBF58_476D_1CE4_E5B9
    number = (number ^ (number >> 27)) &* 0x94D0_49BB_1331_11EB
    return number ^ (number >> 31)
  }

  /// Counts an id some times more.
  ///
  /// - Precondition: `times` is positive; `mixed` is of the id.
  mutating func add(_ id: Int64, mixed: UInt64, times: Int = 1) {
    if count * 8 >= ids.count * 5 { grow() }
    let mask = ids.count - 1
    var place = Int(mixed >> shift)
    while counts[place] != 0, ids[place] != id { place = (place + 1) & mask }
    if counts[place] == 0 {
      ids[place] = id
      count += 1
    }
    counts[place] += times
  }

  /// Counts what another table has.
  mutating func add(_ other: IDTable) {
    // The other's ids come in the order of this table's places: without room for all of them the
    // front would fill up, and looking for a free place there take ever longer.
    while (count + other.count) * 8 >= ids.count * 5 { grow() }
    other.visit { add($0, mixed: Self.mixed($0), times: $1) }
  }

  /// Calls `body` with every id and its count, in no order.
  func visit(_ body: (Int64, Int) -> Void) {
    for place in ids.indices where counts[place] > 0 { body(ids[place], counts[place]) }
  }

  private mutating func grow() {
    var larger = self
    larger.ids = [Int64](repeating: 0, count: 2 * ids.count)
    larger.counts = [Int](repeating: 0, count: 2 * ids.count)
    larger.shift = shift - 1
    larger.count = 0
    visit { larger.add($0, mixed: Self.mixed($0), times: $1) }
    self = larger
  }
}
