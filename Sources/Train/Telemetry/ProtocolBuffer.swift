/// A message of Google's protocol buffers, as bytes.
struct ProtocolBuffer {
  private(set) var encoded: [UInt8] = []

  /// A whole number that is not negative.
  mutating func integer(_ field: Int, _ value: Int) {
    variable(field << 3)
    variable(value)
  }

  mutating func double(_ field: Int, _ value: Double) {
    variable(field << 3 | 1)
    append(value.bitPattern, byteCount: 8)
  }

  mutating func float(_ field: Int, _ value: Float) {
    variable(field << 3 | 5)
    append(UInt64(value.bitPattern), byteCount: 4)
  }

  mutating func bytes(_ field: Int, _ value: [UInt8]) {
    variable(field << 3 | 2)
    variable(value.count)
    encoded += value
  }

  mutating func message(_ field: Int, _ fill: (inout ProtocolBuffer) -> Void) {
    var inner = ProtocolBuffer()
    fill(&inner)
    bytes(field, inner.encoded)
  }

  // Seven bits a byte, the lowest first; all but the last have their highest bit set.
  private mutating func variable(_ value: Int) {
    var rest = UInt(bitPattern: value)
    while rest >= 0x80 {
      encoded.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    encoded.append(UInt8(rest))
  }

  private mutating func append(_ bits: UInt64, byteCount: Int) {
    encoded += littleEndianBytes(bits).prefix(byteCount)
  }
}

/// A number's bytes, the lowest first.
func littleEndianBytes(_ number: UInt64) -> [UInt8] {
  (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

/// CRC-32C (polynomial 0x1EDC6F41), which TFRecord files use.
enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { bits, _ in
      bits & 1 == 1 ? bits >> 1 ^ 0x82F6_3B78 : bits >> 1
    }
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { bits, byte in
      bits >> 8 ^ table[Int(UInt8(truncatingIfNeeded: bits) ^ byte)]
    }
  }

  /// The checksum as TFRecord files hold it: turned and moved, so that sums of sums differ.
  static func masked(_ bytes: [UInt8]) -> UInt32 {
    let sum = checksum(bytes)
    return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
  }
}
