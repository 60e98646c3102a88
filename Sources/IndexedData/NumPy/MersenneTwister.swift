internal import CMachine

/// NumPy's legacy generator, `RandomState(seed)`: MT19937 seeded from one whole number.
///
/// The state is spread from the seed by Knuth's multiplier (`init_genrand`), as NumPy does for a
/// plain integer; a list of numbers would be spread in another way.
package struct MersenneTwister: Sendable {
  private static let wordCount = 624
  private static let shift = 397

  private var key: [UInt32]
  // The key's words as the caller sees them, from `place` on not yet drawn.
  private var words: [UInt32]
  private var place = wordCount

  /// Starts the generator that `numpy.random.RandomState(seed)` starts.
  package init(seed: UInt32) {
    var word = seed
    key = []
    key.reserveCapacity(Self.wordCount)
    for index in 0..<UInt32(Self.wordCount) {
      key.append(word)
      word = 1_812_433_253 &* (word ^ (word >> 30)) &+ index &+ 1
    }
    words = key
  }

  /// The next 32 bits.
  package mutating func next() -> UInt32 {
    if place == Self.wordCount { refill() }
    defer { place += 1 }
    return words[place]
  }

  /// A number from 0 to `most`, both included, by masking and rejecting; 0 costs no draw.
  package mutating func next(upTo most: UInt64) -> UInt64 {
    guard most > 0 else { return 0 }
    let mask = UInt64.max >> UInt64(most.leadingZeroBitCount)
    while true {
      var bits = UInt64(next())
      if most > UInt64(UInt32.max) { bits = bits << 32 | UInt64(next()) }
      bits &= mask
      if bits <= most { return bits }
    }
  }

  private mutating func refill() {
    let count = Self.wordCount
    var index = 0
    unsafe key.withUnsafeMutableBufferPointer { key in
      func mixed(_ high: UInt32, _ low: UInt32, _ far: UInt32) -> UInt32 {
        let bits = (high & 0x8000_0000) | (low & 0x7FFF_FFFF)
        return far ^ (bits >> 1) ^ ((bits & 1) &* 0x9908_B0DF)
      }
      while index < count - Self.shift {
        unsafe key[index] = mixed(key[index], key[index + 1], key[index + Self.shift])
        index += 1
      }
      while index < count - 1 {
        unsafe key[index] = mixed(
          key[index], key[index + 1], key[index + Self.shift - count])
        index += 1
      }
      unsafe key[index] = mixed(key[index], key[0], key[Self.shift - 1])
      unsafe words.withUnsafeMutableBufferPointer { words in
        for index in 0..<count {
          var word = unsafe key[index]
          word ^= word >> 11
          word ^= (word << 7) & 0x9D2C_5680
          word ^= (word << 15) & 0xEFC6_0000
          unsafe words[index] = word ^ (word >> 18)
        }
      }
    }
    place = 0
  }
}

// MARK: - Shuffling

extension MersenneTwister {
  /// How many swaps are drawn before they are done.
  private static let blockCount = 512

  /// Puts `values` in the order `RandomState.shuffle` gives them.
  ///
  /// The partners of a block of swaps are drawn first and fetched while the block is drawn, so that
  /// an array far larger than the caches costs no full wait for memory at each swap.
  package mutating func shuffle<Value: BitwiseCopyable>(_ values: inout [Value]) {
    unsafe values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      var last = values.count - 1
      while last > Int(UInt32.max) {
        unsafe values.swapAt(last, Int(next(upTo: UInt64(last))))
        last -= 1
      }
      unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.blockCount) {
        partners in
        while last > 0 {
          let count = unsafe drawPartners(last: UInt32(last), partners)
          for step in 0..<count { unsafe cm_prefetch(base + Int(partners[step])) }
          for step in 0..<count {
            let here = unsafe base[last - step]
            let partner = unsafe base + Int(partners[step])
            unsafe base[last - step] = partner.pointee
            unsafe partner.pointee = here
          }
          last -= count
        }
      }
    }
  }

  /// Leaves the generator as ``shuffle(_:)`` of so many values does.
  package mutating func skipShuffle(count: Int) {
    var last = count - 1
    while last > Int(UInt32.max) {
      _ = next(upTo: UInt64(last))
      last -= 1
    }
    unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.blockCount) { partners in
      while last > 0 { unsafe last -= drawPartners(last: UInt32(last), partners) }
    }
  }

  // Draws for places `last`, `last - 1` … as long as they share a mask. A rejected draw is written
  // and then overwritten: a branch would be guessed wrong every third time.
  private mutating func drawPartners(
    last: UInt32, _ partners: UnsafeMutableBufferPointer<UInt32>
  ) -> Int {
    let mask = UInt32.max >> UInt32(last.leadingZeroBitCount)
    let wanted = min(Self.blockCount, Int(last - mask >> 1))
    var drawn = 0
    while drawn < wanted {
      if place == Self.wordCount { refill() }
      let available = Self.wordCount - place
      var used = 0
      unsafe words.withUnsafeBufferPointer { words in
        while drawn < wanted, used < available {
          let bits = unsafe words[place + used] & mask
          used += 1
          unsafe partners[drawn] = bits
          drawn += bits <= last - UInt32(drawn) ? 1 : 0
        }
      }
      place += used
    }
    return drawn
  }
}
