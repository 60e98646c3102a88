/// One of several parts of the inputs that machines read without asking each other.
///
/// Parts follow one another: put together in order they are everything, each document once.
package struct Shard: Equatable, Sendable {
  /// Counted from 0.
  package let index: Int
  package let count: Int

  /// All of the inputs.
  package static let whole = Shard(index: 0, of: 1)

  /// The part `index`, counted from 0, of `count`.
  ///
  /// - Precondition: `0 ≤ index < count`.
  package init(index: Int, of count: Int) {
    precondition(index >= 0 && index < count)
    self.index = index
    self.count = count
  }

  /// The ranges of the inputs, end to end as stored, that belong to the shard.
  ///
  /// Files of lines are divided where a line begins: a line belongs to the part in which its first
  /// byte lies. What cannot be divided belongs to the part in which its own first byte lies.
  func slices(of inputs: InputList) throws(PreprocessError) -> [InputSlice] {
    if count == 1 {
      return inputs.entries.indices.map {
        InputSlice(input: $0, range: 0..<inputs.entries[$0].byteCount)
      }
    }
    let total = inputs.byteCount
    let mine = Self.share(total, index, count)..<Self.share(total, index + 1, count)
    var slices: [InputSlice] = []
    var start = 0
    for (input, entry) in inputs.entries.enumerated() {
      guard entry.isFile else { throw .pipeInShards(entry.path) }
      let whole = start..<start + entry.byteCount
      start = whole.upperBound
      guard entry.isDivisible else {
        // An empty stream still counts as a document; it goes with the byte that follows it.
        let isMine =
          mine.contains(whole.lowerBound) || (whole.lowerBound == total && index == count - 1)
        if isMine { slices.append(InputSlice(input: input, range: 0..<entry.byteCount)) }
        continue
      }
      let part = mine.clamped(to: whole)
      guard !part.isEmpty else { continue }
      let file = try OpenFile(entry.path)
      let range =
        try Self.lineStart(
          file, part.lowerBound - whole.lowerBound, entry.byteCount)..<(try Self.lineStart(
          file, part.upperBound - whole.lowerBound, entry.byteCount))
      if !range.isEmpty { slices.append(InputSlice(input: input, range: range)) }
    }
    return slices
  }

  /// The first byte of part `index`, without overflow whatever the size.
  private static func share(_ total: Int, _ index: Int, _ count: Int) -> Int {
    let product = total.multipliedFullWidth(by: index)
    return count.dividingFullWidth(product).quotient
  }

  /// The first line start at or after an offset.
  private static func lineStart(
    _ file: OpenFile, _ offset: Int, _ end: Int
  ) throws(PreprocessError) -> Int {
    if offset <= 0 || offset >= end { return min(max(offset, 0), end) }
    var window = [UInt8](repeating: 0, count: 1 << 16)
    return try RegionCutter.firstLineEnd(in: offset - 1..<end, of: file, &window) ?? end
  }
}

/// A part of an input that a shard reads.
struct InputSlice: Equatable, Sendable {
  /// The input, counted from 0 in the expanded list.
  let input: Int
  /// Bytes of the stored file; all of them, where the file cannot be divided.
  let range: Range<Int>
}
