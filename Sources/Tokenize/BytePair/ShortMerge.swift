/// Room in which one thread leaves out the bytes of a short word that have no token.
@safe
struct MergeScratch: ~Copyable {
  fileprivate let known = UnsafeMutablePointer<UInt8>.allocate(capacity: PairTable.mergeLimit)

  deinit {
    unsafe known.deallocate()
  }
}

extension BytePairModel {
  /// Longest word that ``appendShort(_:count:to:_:)`` takes, in bytes.
  static let shortLimit = PairTable.mergeLimit

  /// Appends the ids of a short word, its bytes without a token left out.
  ///
  /// - Precondition: `count` ≤ ``shortLimit``.
  @unsafe @inline(__always)
  func appendShort(
    _ word: UnsafePointer<UInt8>, count: Int, to ids: inout TokenBuffer,
    _ scratch: borrowing MergeScratch
  ) {
    guard unsafe lacksByte(of: word, count: count) else {
      return unsafe merges.merge(word, count: count, into: &ids)
    }
    precondition(count <= Self.shortLimit)
    var used = 0
    for index in 0..<count where unsafe byteTokens[Int(word[index])] != Self.absent {
      unsafe scratch.known[used] = word[index]
      used += 1
    }
    unsafe merges.merge(scratch.known, count: used, into: &ids)
  }
}
