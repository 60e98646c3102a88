/// Room in which one thread merges the byte pairs of a short word.
@safe
struct MergeScratch: ~Copyable {
  /// The longest word, in bytes.
  static let capacity = PairTable.mergeLimit

  /// The ids of the word merged last.
  let parts = UnsafeMutablePointer<TokenID>.allocate(capacity: capacity)
  fileprivate let known = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)

  deinit {
    unsafe parts.deallocate()
    unsafe known.deallocate()
  }
}

extension BytePairModel {
  /// Merges the pairs of a short word, its bytes without a token left out; leaves the ids in
  /// `scratch.parts` and returns how many there are.
  ///
  /// - Precondition: `count` ≤ ``MergeScratch/capacity``.
  @unsafe @inline(__always)
  func mergeShort(
    _ word: UnsafePointer<UInt8>, count: Int, _ scratch: borrowing MergeScratch
  ) -> Int {
    guard lacksBytes else {
      return unsafe merges.merge(word, count: count, into: scratch.parts)
    }
    precondition(count <= MergeScratch.capacity)
    var used = 0
    for index in 0..<count where unsafe byteTokens[Int(word[index])] != Self.absent {
      unsafe scratch.known[used] = word[index]
      used += 1
    }
    return unsafe merges.merge(scratch.known, count: used, into: scratch.parts)
  }
}
