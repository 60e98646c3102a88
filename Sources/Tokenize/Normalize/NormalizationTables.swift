/// Normalisation data in tables for look-up.
///
/// The tables take about 190 KiB, are built once and stay until the process ends.
@safe
struct NormalizationTables: @unchecked Sendable {
  // Sendable: nothing is written after `init`.

  /// One set of tables for the process.
  static let shared = NormalizationTables()

  /// What normalisation asks of a character.
  struct Properties: OptionSet {
    let rawValue: UInt16

    /// The canonical combining class is in the low eight bits.
    var combiningClass: UInt8 { UInt8(truncatingIfNeeded: rawValue) }
    /// It has a canonical decomposition.
    static let decomposes = Properties(rawValue: 1 << 8)
    /// It has a compatibility decomposition.
    static let decomposesCompatibly = Properties(rawValue: 1 << 9)
    /// NFC changes it, or may join it to what comes before.
    static let composes = Properties(rawValue: 1 << 10)
    /// NFKC changes it, or may join it to what comes before.
    static let composesCompatibly = Properties(rawValue: 1 << 11)
  }

  private let properties: BlockedProperties
  private let canonical: Decompositions
  private let compatibility: Decompositions
  /// First code point above the second, in order.
  private let pairs: [UInt64]
  private let composites: [UInt32]

  private init() {
    canonical = Decompositions(NormalizationData.canonical)
    compatibility = Decompositions(NormalizationData.compatibility)
    var compositions: [(pair: UInt64, composite: UInt32)] = []
    forEachRow(NormalizationData.compositions) { row in
      compositions.append((Self.pair(row[0], row[1]), row[2]))
    }
    compositions.sort { $0.pair < $1.pair }
    pairs = compositions.map(\.pair)
    composites = compositions.map(\.composite)

    var properties = BlockedProperties()
    forEachRow(NormalizationData.combiningClasses) { row in
      for codePoint in row[0]...row[1] {
        properties[codePoint].formUnion(.init(rawValue: UInt16(row[2])))
      }
    }
    let both: Properties = [.composes, .composesCompatibly]
    for codePoint in canonical.codePoints {
      properties[codePoint].formUnion([.decomposes, .decomposesCompatibly, both])
    }
    // What is composed already stays, unless it also joins to what comes before.
    for composite in composites { properties[composite].subtract(both) }
    for codePoint in compatibility.codePoints {
      properties[codePoint].formUnion([.decomposesCompatibly, .composesCompatibly])
    }
    for pair in pairs { properties[UInt32(truncatingIfNeeded: pair)].formUnion(both) }
    for codePoint in Hangul.syllables {
      properties[codePoint].formUnion([.decomposes, .decomposesCompatibly])
    }
    for codePoint in Hangul.vowels { properties[codePoint].formUnion(both) }
    for codePoint in Hangul.tails { properties[codePoint].formUnion(both) }
    self.properties = properties
  }

  private static func pair(_ first: UInt32, _ second: UInt32) -> UInt64 {
    UInt64(first) << 32 | UInt64(second)
  }

  /// The properties of a code point.
  @inline(__always)
  func properties(_ codePoint: UInt32) -> Properties { properties[codePoint] }

  /// Calls `body` with each code point that has properties, and with others.
  func forEachCodePoint(_ body: (UInt32, Properties) -> Void) { properties.forEach(body) }

  /// The full decomposition of a code point, `nil` where it stays; Hangul not included.
  func decomposition(_ codePoint: UInt32, compatibly: Bool) -> ArraySlice<UInt32>? {
    if compatibly, let found = compatibility[codePoint] { return found }
    return canonical[codePoint]
  }

  /// The code point that two become, Hangul included.
  func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if let syllable = Hangul.composite(first, second) { return syllable }
    let pair = Self.pair(first, second)
    let place = firstPlace(in: pairs.count) { pairs[$0] >= pair }
    return place < pairs.count && pairs[place] == pair ? composites[place] : nil
  }
}

/// Properties by code point, in blocks of 256; all blocks without any are one.
private struct BlockedProperties {
  typealias Properties = NormalizationTables.Properties

  private var blocks = [UInt16](repeating: 0, count: 0x1100)
  private var rows = [Properties](repeating: [], count: 256)

  @inline(__always)
  subscript(codePoint: UInt32) -> Properties {
    get { rows[Int(blocks[Int(codePoint >> 8)]) << 8 | Int(codePoint & 255)] }
    set {
      let block = Int(codePoint >> 8)
      if blocks[block] == 0 {
        blocks[block] = UInt16(rows.count / 256)
        rows += [Properties](repeating: [], count: 256)
      }
      rows[Int(blocks[block]) << 8 | Int(codePoint & 255)] = newValue
    }
  }

  func forEach(_ body: (UInt32, Properties) -> Void) {
    for (block, number) in blocks.enumerated() where number != 0 {
      for index in 0..<256 {
        body(UInt32(block << 8 | index), rows[Int(number) << 8 | index])
      }
    }
  }
}

/// Full decompositions by code point.
private struct Decompositions {
  private(set) var codePoints: [UInt32] = []
  private var starts: [Int] = []
  private var parts: [UInt32] = []

  init(_ data: StaticString) {
    forEachRow(data) { row in
      codePoints.append(row[0])
      starts.append(parts.count)
      parts += row.dropFirst()
    }
    starts.append(parts.count)
  }

  subscript(codePoint: UInt32) -> ArraySlice<UInt32>? {
    let place = firstPlace(in: codePoints.count) { codePoints[$0] >= codePoint }
    guard place < codePoints.count, codePoints[place] == codePoint else { return nil }
    return parts[starts[place]..<starts[place + 1]]
  }
}

/// The first place of `count` for which `isLate` holds; it holds for all that follow it.
private func firstPlace(in count: Int, where isLate: (Int) -> Bool) -> Int {
  var low = 0
  var high = count
  while low < high {
    let middle = (low + high) / 2
    if isLate(middle) { high = middle } else { low = middle + 1 }
  }
  return low
}

/// Calls `body` with the hexadecimal numbers of each line.
private func forEachRow(_ data: StaticString, _ body: ([UInt32]) -> Void) {
  data.withUTF8Buffer { bytes in
    var row: [UInt32] = []
    var number: UInt32 = 0
    for index in 0...bytes.count {
      let byte = unsafe index < bytes.count ? bytes[index] : UInt8(ascii: "\n")
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        number = number << 4 | UInt32(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "A")...UInt8(ascii: "F"):
        number = number << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
      default:
        row.append(number)
        number = 0
        guard byte == UInt8(ascii: "\n") else { continue }
        body(row)
        row.removeAll(keepingCapacity: true)
      }
    }
  }
}

/// Korean syllables, which Unicode composes by arithmetic.
enum Hangul {
  static let syllables: Range<UInt32> = 0xAC00..<0xAC00 + 11172
  static let leads: Range<UInt32> = 0x1100..<0x1113
  static let vowels: Range<UInt32> = 0x1161..<0x1176
  static let tails: Range<UInt32> = 0x11A8..<0x11C3

  /// The syllable that a lead and a vowel, or a syllable without tail and a tail become.
  static func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if leads.contains(first), vowels.contains(second) {
      return syllables.lowerBound + ((first - 0x1100) * 21 + second - 0x1161) * 28
    }
    if syllables.contains(first), (first - 0xAC00) % 28 == 0, tails.contains(second) {
      return first + second - 0x11A7
    }
    return nil
  }

  /// The two or three parts of a syllable.
  static func parts(_ syllable: UInt32) -> [UInt32] {
    let index = syllable - 0xAC00
    let pair = [0x1100 + index / 588, 0x1161 + index % 588 / 28]
    return index % 28 == 0 ? pair : pair + [0x11A7 + index % 28]
  }
}
