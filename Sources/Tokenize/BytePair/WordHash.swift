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
    // What is left, or the last bytes of the word, some of them a second time.
    var rest: UInt64 = 0
    if offset < count {
      if count >= 8 {
        unsafe rest = word.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
      } else if count >= 4 {
        let first = unsafe word.loadUnaligned(as: UInt32.self)
        let last = unsafe word.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
        rest = UInt64(first) << 32 | UInt64(last)
      } else {
        for index in 0..<count {
          unsafe rest = rest << 8 | UInt64(word.load(fromByteOffset: index, as: UInt8.self))
        }
      }
    }
    return mix(hash ^ rest)
  }

  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low
  }
}
