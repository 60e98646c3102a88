/// A pair of neighbours that waits to be merged.
struct WaitingPair: Sendable {
  /// How often the pair occurred when it was last looked at.
  var count: UInt64
  /// The left token in the upper half, the right one in the lower.
  let pair: UInt64
  /// Where ``PairCounts`` keeps the pair.
  let record: UInt32
  /// The words that hold the pair, a list in ``WordLists``.
  let words: WordLists.Head

  /// Whether this pair is merged before the other: the more frequent one, then that of smaller ids.
  func precedes(_ other: WaitingPair) -> Bool {
    count != other.count ? count > other.count : pair < other.pair
  }
}

/// The waiting pairs, the next to merge on top: a heap of four branches.
struct MergeQueue: ~Copyable {
  private var heap: [WaitingPair] = []

  mutating func push(_ waiting: WaitingPair) {
    heap.append(waiting)
    var place = heap.count - 1
    while place > 0 {
      let parent = (place - 1) / 4
      guard waiting.precedes(heap[parent]) else { break }
      heap[place] = heap[parent]
      place = parent
    }
    heap[place] = waiting
  }

  mutating func pop() -> WaitingPair? {
    guard let top = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return top }
    var place = 0
    while true {
      let first = place * 4 + 1
      guard first < heap.count else { break }
      var best = first
      for child in first + 1..<min(first + 4, heap.count) where heap[child].precedes(heap[best]) {
        best = child
      }
      guard heap[best].precedes(last) else { break }
      heap[place] = heap[best]
      place = best
    }
    heap[place] = last
    return top
  }
}

/// Many lists of word numbers in one piece of memory, whose nodes are used again.
struct WordLists: ~Copyable {
  /// The first node of a list.
  typealias Head = UInt32
  /// The head of a list without words.
  static let empty: Head = .max

  private var words: [UInt32] = []
  private var next: [UInt32] = []
  private var free: Head = Self.empty

  /// Puts a word before the list's others, unless it is the foremost already.
  mutating func prepend(_ word: UInt32, to head: inout Head) {
    if head != Self.empty && words[Int(head)] == word { return }
    let node: Head
    if free != Self.empty {
      node = free
      free = next[Int(node)]
      words[Int(node)] = word
      next[Int(node)] = head
    } else {
      node = Head(words.count)
      words.append(word)
      next.append(head)
    }
    head = node
  }

  /// Takes the first word off the list, `nil` at the list's end.
  mutating func takeFirst(of head: inout Head) -> UInt32? {
    guard head != Self.empty else { return nil }
    let node = head
    head = next[Int(node)]
    next[Int(node)] = free
    free = node
    return words[Int(node)]
  }
}
