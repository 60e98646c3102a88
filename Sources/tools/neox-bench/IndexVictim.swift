import IndexedData

/// SplitMix64.
struct MutationRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A small sound dataset whose index is going to be damaged.
struct IndexVictim {
  private let type: ElementType
  private let isOld: Bool
  private let sizes: [Int]
  private let documents: [Int]
  private let modes: [UInt8]
  /// The elements.
  let bin: [UInt8]
  /// The sound index.
  let index: [UInt8]
  private let fields: [Range<Int>]
  private let documentIndex: Range<Int>

  /// Makes one: mostly a sequence a document, sometimes several, sometimes with modes.
  init(_ random: inout MutationRandom) {
    type = Bool.random(using: &random) ? .uint16 : .int32
    isOld = Int.random(in: 0..<3, using: &random) == 0
    let count = Int.random(in: 1...12, using: &random)
    sizes = (0..<count).map { _ in Int.random(in: 0..<6, using: &random) } + [1]
    let isPlain = Int.random(in: 0..<4, using: &random) > 0
    let inner = isPlain ? Array(1..<sizes.count) : [count / 2, count / 2]
    documents = [0] + inner + [sizes.count]
    let hasModes = !isOld && Int.random(in: 0..<8, using: &random) == 0
    modes = hasModes ? sizes.map { _ in UInt8.random(in: 0...1, using: &random) } : []
    let width = type.byteCount
    bin = (0..<(sizes.reduce(0, +) * width)).map {
      $0 % width == 0 ? UInt8.random(in: 1...255, using: &random) : 0
    }
    var writer = IndexBytes()
    isOld ? writer.old(type, sizes, documents) : writer.new(type, sizes, documents, modes)
    index = writer.bytes
    fields = writer.fields
    documentIndex = writer.documentIndex
  }

  /// The dataset in words.
  var what: String {
    "\(isOld ? "TNTIDX" : "MMIDIDX") \(type.rawValue), sizes \(sizes), documents \(documents),"
      + " modes \(modes)"
  }

  /// A damaged index and what was done.
  func mutation(_ random: inout MutationRandom) -> (bytes: [UInt8], what: String) {
    var bytes = index
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<4:
      let place = Int.random(in: 0..<bytes.count, using: &random)
      bytes[place] = UInt8.random(in: 0...255, using: &random)
      return (bytes, "byte \(place) set to \(bytes[place])")
    case 4..<8:
      let field = fields[Int.random(in: 0..<fields.count, using: &random)]
      let old = field.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
      let values: [UInt64] = [
        0, 1, old &+ 1, old &- 1, old &* 2, .max, 1 << 31, 1 << 63, 1 << 32, old ^ (1 << 40),
        UInt64(bytes.count), UInt64(sizes.count), random.next(),
      ]
      let value = values[Int.random(in: 0..<values.count, using: &random)]
      for (place, byte) in field.enumerated() {
        bytes[byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * place))
      }
      return (bytes, "field at \(field.lowerBound) set to \(value)")
    case 8:
      bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
      return (bytes, "cut to \(bytes.count) bytes")
    default:
      let count = Int.random(in: 1...64, using: &random)
      bytes += (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      return (bytes, "\(count) bytes added")
    }
  }

  /// Whether a change is one that leaves a dataset which could have been written so.
  func cannotShow(_ bytes: [UInt8]) -> Bool {
    // Modes that are cut off leave the same dataset without them.
    if !modes.isEmpty && bytes == index.dropLast(modes.count) { return true }
    guard bytes.count == index.count else { return false }
    let changed = index.indices.filter { index[$0] != bytes[$0] }
    let modesStart = index.count - modes.count
    let isPlain = documents == Array(0...sizes.count)
    return changed.allSatisfy {
      $0 >= modesStart && !modes.isEmpty || !isPlain && documentIndex.contains($0)
    }
  }
}

/// The bytes of an index, written plainly, with the place of each number.
private struct IndexBytes {
  var bytes: [UInt8] = []
  var fields: [Range<Int>] = []
  var documentIndex = 0..<0

  private mutating func add(_ value: Int, _ width: Int) {
    fields.append(bytes.count..<(bytes.count + width))
    for place in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
  }

  private mutating func add(documents: [Int]) {
    let start = bytes.count
    for entry in documents { add(entry, 8) }
    documentIndex = start..<bytes.count
  }

  mutating func new(_ type: ElementType, _ sizes: [Int], _ documents: [Int], _ modes: [UInt8]) {
    bytes = Array("MMIDIDX".utf8) + [0, 0]
    add(1, 8)
    add(Int(type.code(.neox)), 1)
    add(sizes.count, 8)
    add(documents.count, 8)
    for size in sizes { add(size, 4) }
    var place = 0
    for size in sizes {
      add(place, 8)
      place += size * type.byteCount
    }
    add(documents: documents)
    bytes += modes
  }

  mutating func old(_ type: ElementType, _ sizes: [Int], _ documents: [Int]) {
    bytes = Array("TNTIDX".utf8) + [0, 0]
    add(1, 8)
    for number in [
      Int(type.code(.neox)), type.byteCount, sizes.count, sizes.count, documents.count,
    ] { add(number, 8) }
    for place in 0...sizes.count { add(place, 8) }
    var place = 0
    add(0, 8)
    for size in sizes {
      place += size
      add(place, 8)
    }
    for size in sizes { add(size, 8) }
    add(documents: documents)
  }
}
