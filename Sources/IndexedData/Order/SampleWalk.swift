internal import CMachine
internal import Machine

/// The walk over documents laid end to end that says where each sample begins.
struct SampleWalk: Sendable {
  /// Numbers handed out at once.
  private static let blockCount = 1 << 16
  /// How many documents ahead their sizes are fetched: they lie anywhere in memory.
  private static let ahead = 24

  /// The sizes of the documents from ``firstDocument`` on.
  let sizes: [Int32]
  let firstDocument: Int32
  /// Tokens from one sample to the next, `S`.
  let length: Int
  /// How many samples there are.
  let sampleCount: Int

  /// The rows of `sample_idx`, place in `order` and token there, as one array.
  func allRows<Number: FixedWidthInteger & BitwiseCopyable>(_ order: [Int32]) -> [Number] {
    var all: [Number] = []
    all.reserveCapacity(2 * (sampleCount + 1))
    rows(order) { all += $0 }
    return all
  }

  /// Hands out the rows of `sample_idx`, block by block.
  func rows<Number: FixedWidthInteger & BitwiseCopyable, Failure: Error>(
    _ order: [Int32], _ body: ([Number]) throws(Failure) -> Void
  ) throws(Failure) {
    var rows: [Number] = []
    rows.reserveCapacity(Self.blockCount)
    var place = 0
    var offset = 0
    var available = order.isEmpty ? 0 : Int(sizes[Int(order[0] - firstDocument)])
    rows.append(0)
    rows.append(0)
    var sample = 0
    while sample < sampleCount {
      let count = min(sampleCount - sample, (Self.blockCount - rows.count) / 2)
      unsafe order.withUnsafeBufferPointer { order in
        unsafe sizes.withUnsafeBufferPointer { sizes in
          guard let base = sizes.baseAddress else { return }
          for _ in 0..<count {
            var needed = length + 1
            while available < needed {
              needed -= available
              place += 1
              offset = 0
              if place + Self.ahead < order.count {
                let next = unsafe order[place + Self.ahead]
                unsafe cm_prefetch(base + Int(next - firstDocument))
              }
              available = unsafe Int(sizes[Int(order[place] - firstDocument)])
            }
            offset += needed - 1
            available -= needed - 1
            rows.append(Number(truncatingIfNeeded: place))
            rows.append(Number(truncatingIfNeeded: offset))
          }
        }
      }
      sample += count
      try body(rows)
      rows.removeAll(keepingCapacity: true)
    }
    if sampleCount == 0 { try body(rows) }
  }
}

extension Array where Element: BitwiseCopyable {
  /// Numbers that `fill` sets, all of them.
  ///
  /// Large arrays lie in huge pages where the system has them: swaps all over an array then wait less
  /// for page tables.
  init(largeCount count: Int, _ fill: (inout MutableSpan<Element>) -> Void) {
    self = unsafe [Element](unsafeUninitializedCapacity: count) { memory, filled in
      let pageSize = 4096
      let bytes = UnsafeMutableRawBufferPointer(memory)
      if bytes.count >= 4 << 20, let start = bytes.baseAddress {
        let skipped = (pageSize - Int(bitPattern: start) % pageSize) % pageSize
        unsafe cm_ask_for_huge_pages(start + skipped, bytes.count - skipped)
      }
      var numbers = unsafe MutableSpan(
        _unsafeElements: UnsafeMutableBufferPointer(rebasing: memory[..<count]))
      fill(&numbers)
      filled = count
    }
  }
}
