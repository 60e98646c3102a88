/// A permutation of `0 ..< count` that a key decides, computed place by place: nothing is stored.
///
/// A Feistel network permutes the numbers of the next even number of bits; a number that falls behind
/// the end is permuted again until one falls inside, which keeps the whole a permutation (cycle
/// walking: J. Black and P. Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002). More than
/// a quarter of the numbers fall inside, so that a place costs less than four steps on average.
package struct KeyedPermutation: Sendable {
  /// How many numbers are permuted.
  package let count: Int
  private let halfBits: UInt64
  private let roundKeys: SIMD8<UInt64>

  /// The permutation of a key.
  ///
  /// - Precondition: `0 < count ≤ 2^62`.
  package init(count: Int, key: inout KeyStream) {
    precondition(count > 0 && count <= 1 << 62)
    self.count = count
    let bits = UInt64.bitWidth - UInt64(count - 1).leadingZeroBitCount
    halfBits = UInt64(max(1, (bits + 1) / 2))
    var keys = SIMD8<UInt64>()
    for round in keys.indices { keys[round] = key.next() }
    roundKeys = keys
  }

  /// Which number stands at a place.
  ///
  /// - Precondition: `0 ≤ place < count`.
  package subscript(place: Int) -> Int {
    precondition(place >= 0 && place < count)
    var number = UInt64(place)
    repeat { number = encrypted(number) } while number >= UInt64(count)
    return Int(number)
  }

  /// At which place a number stands.
  ///
  /// - Precondition: `0 ≤ number < count`.
  package func place(of number: Int) -> Int {
    precondition(number >= 0 && number < count)
    var place = UInt64(number)
    repeat { place = decrypted(place) } while place >= UInt64(count)
    return Int(place)
  }

  private func encrypted(_ number: UInt64) -> UInt64 {
    let mask: UInt64 = (1 << halfBits) - 1
    var left = number >> halfBits
    var right = number & mask
    for round in roundKeys.indices {
      (left, right) = (right, left ^ (KeyStream.mixed(right &+ roundKeys[round]) & mask))
    }
    return left << halfBits | right
  }

  private func decrypted(_ number: UInt64) -> UInt64 {
    let mask: UInt64 = (1 << halfBits) - 1
    var left = number >> halfBits
    var right = number & mask
    for round in roundKeys.indices.reversed() {
      (left, right) = (right ^ (KeyStream.mixed(left &+ roundKeys[round]) & mask), left)
    }
    return left << halfBits | right
  }
}

/// A stream of keys from whole numbers: SplitMix64.
///
/// The source is Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
package struct KeyStream: Sendable {
  private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

  private var state: UInt64

  /// The stream of a seed and an epoch.
  package init(seed: UInt32, epoch: Int) {
    let first = Self.mixed(UInt64(seed) &+ Self.step)
    state = Self.mixed(first &+ UInt64(truncatingIfNeeded: epoch) &+ Self.step)
  }

  /// The next 64 bits.
  package mutating func next() -> UInt64 {
    state &+= Self.step
    return Self.mixed(state)
  }

  /// A number below `bound`; 0 where that is 0.
  package mutating func next(below bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  static func mixed(_ bits: UInt64) -> UInt64 {
    var bits = bits
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }
}
