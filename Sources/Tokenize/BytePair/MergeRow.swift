/// The parts of a word as a linked row, with the possible merges in a heap.
struct MergeRow {
  private var parts: [TokenID]
  private var next: [Int32]
  private var previous: [Int32]
  /// A binary heap, smallest first, of rank above place; entries that are out of date stay until
  /// they come up.
  private var heap: [UInt64] = []

  /// Begins with the tokens of the bytes.
  init(_ tokens: [TokenID]) {
    parts = tokens
    next = (0..<tokens.count).map { Int32($0 + 1) }
    previous = (0..<tokens.count).map { Int32($0 - 1) }
  }

  /// Merges until nothing merges, in time n log n.
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

  /// Appends what is left.
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
