// Words of any length in time that grows no faster than n log n.
//
// Two tokens are compatible when their joined bytes encode to just these two. A row of tokens, each
// the encoding of its own bytes, is the encoding of the joined bytes exactly when all neighbours
// are compatible: the first merge across a boundary would also happen with the two neighbours
// alone (van Antwerpen and Neubeck, "So many tokens, so little time", GitHub 2024). So a long word
// is encoded window by window, and only the seams are checked.

extension BytePairModel {
  /// Bytes of the first window that is tried.
  private static let window = 128

  /// Appends the ids of a word of any length.
  @unsafe
  func encodeLong(
    _ word: UnsafePointer<UInt8>, count: Int, into ids: inout TokenBuffer,
    _ scratch: borrowing MergeScratch
  ) {
    if lacksBytes {
      let known = unsafe UnsafeBufferPointer(start: word, count: count).filter {
        byteTokens[Int($0)] != Self.absent
      }
      unsafe known.withUnsafeBufferPointer { known in
        guard let start = known.baseAddress else { return }
        unsafe encodeKnown(start, count: known.count, into: &ids, scratch)
      }
    } else {
      unsafe encodeKnown(word, count: count, into: &ids, scratch)
    }
  }

  /// As ``encodeLong(_:count:into:_:)``, for a word each byte of which has a token.
  @unsafe
  private func encodeKnown(
    _ word: UnsafePointer<UInt8>, count: Int, into ids: inout TokenBuffer,
    _ scratch: borrowing MergeScratch
  ) {
    let first = ids.count
    var start = 0
    var window = Self.window
    var failures = 0
    while start < count {
      let size = min(window, count - start)
      let mark = ids.count
      unsafe merge(word + start, count: size, into: &ids, scratch)
      if mark > first, !areCompatible(ids.ids[mark - 1], ids.ids[mark], scratch) {
        // Step back ever further with an ever larger window, so that failures are few.
        let kept = max(first, mark - 1 << failures)
        for index in kept..<mark { start -= byteCount(of: ids.ids[index]) }
        ids.truncate(to: kept)
        failures += 1
        window *= 2
        continue
      }
      if start + size == count { return }
      // The end of the window says little about what follows.
      let kept = ids.count - mark - 2
      guard kept > 0 else {
        ids.truncate(to: mark)
        window *= 2
        continue
      }
      ids.truncate(to: mark + kept)
      for index in mark..<ids.count { start += byteCount(of: ids.ids[index]) }
      window = Self.window
      failures = 0
    }
  }

  /// Whether the joined bytes of two tokens encode to these two.
  private func areCompatible(
    _ left: TokenID, _ right: TokenID, _ scratch: borrowing MergeScratch
  ) -> Bool {
    var bytes: [UInt8] = []
    appendBytes(of: left, to: &bytes)
    appendBytes(of: right, to: &bytes)
    var ids = TokenBuffer(capacity: 16)
    unsafe bytes.withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe merge(start, count: bytes.count, into: &ids, scratch)
    }
    return ids.count == 2 && ids.ids[0] == left && ids.ids[1] == right
  }

  @unsafe
  private func merge(
    _ word: UnsafePointer<UInt8>, count: Int, into ids: inout TokenBuffer,
    _ scratch: borrowing MergeScratch
  ) {
    if count <= MergeScratch.capacity {
      let used = unsafe mergeShort(word, count: count, scratch)
      for index in 0..<used { unsafe ids.append(scratch.parts[index]) }
    } else {
      var row = unsafe MergeRow(
        UnsafeBufferPointer(start: word, count: count).map { byteTokens[Int($0)] })
      row.merge(by: merges)
      row.appendParts(to: &ids)
    }
  }
}

/// The parts of a word as a linked row, with the possible merges in a heap.
private struct MergeRow {
  private var parts: [TokenID]
  private var next: [Int32]
  private var previous: [Int32]
  /// A binary heap, smallest first, of rank above place; entries that are out of date stay until
  /// they come up.
  private var heap: [UInt64] = []

  init(_ tokens: [TokenID]) {
    parts = tokens
    next = (0..<tokens.count).map { Int32($0 + 1) }
    previous = (0..<tokens.count).map { Int32($0 - 1) }
  }

  mutating func merge(by merges: PairTable) {
    for place in 0..<parts.count - 1 { offer(place, merges) }
    while let entry = popSmallest() {
      let place = Int(entry & 0xFFFF_FFFF)
      let rank = UInt32(entry >> 32)
      guard parts[place] != BytePairModel.absent else { continue }
      let gone = Int(next[place])
      guard gone < parts.count, merges.rank(parts[place], parts[gone]) == rank else { continue }
      parts[place] = merges.result(rank)
      parts[gone] = BytePairModel.absent
      next[place] = next[gone]
      if Int(next[place]) < parts.count { previous[Int(next[place])] = Int32(place) }
      offer(place, merges)
      if previous[place] >= 0 { offer(Int(previous[place]), merges) }
    }
  }

  func appendParts(to ids: inout TokenBuffer) {
    for part in parts where part != BytePairModel.absent { ids.append(part) }
  }

  private mutating func offer(_ place: Int, _ merges: PairTable) {
    let right = Int(next[place])
    guard right < parts.count else { return }
    let rank = merges.rank(parts[place], parts[right])
    guard rank != PairTable.noRank else { return }
    heap.append(UInt64(rank) << 32 | UInt64(place))
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func popSmallest() -> UInt64? {
    guard let smallest = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return smallest }
    heap[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { return smallest }
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      guard heap[child] < heap[parent] else { return smallest }
      heap.swapAt(child, parent)
      parent = child
    }
  }
}
