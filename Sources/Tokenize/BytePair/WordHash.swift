/// Hashes of words for tables, of which all bits are good.
enum WordHash {
  /// Eight bytes at a time, folded by a wide product.
  @unsafe @inline(__always)
  static func hash(_ word: UnsafeRawPointer, count: Int) -> UInt64 {
    var hash = UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
    var offset = 0
    while offset + 8 <= count {
      unsafe hash = mix(hash ^ word.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < count {
      unsafe rest = rest << 8 | UInt64(word.load(fromByteOffset: offset, as: UInt8.self))
      offset += 1
    }
    return mix(hash ^ rest)
  }

  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low
  }
}
