internal import Machine

extension IndexedDataset {
  /// The sizes of some sequences, each checked as ``size(of:)`` checks it.
  ///
  /// - Throws: `unsuitable` for a sequence longer than 2,147,483,647 elements.
  package func sizes(of sequences: Range<Int>) throws(IndexedDataError) -> [Int32] {
    guard sequences.lowerBound >= 0, sequences.upperBound <= sequenceCount else {
      throw .outOfRange(
        path: prefix, what: "sequence", asked: sequences.upperBound, limit: sequenceCount)
    }
    let width = layout.sizeByteCount
    let limit = Int64(min(tokenCount, Int(Int32.max)))
    // They are looked up in any order.
    var sizes = [Int32](largeCount: sequences.count) { numbers in
      for place in 0..<sequences.count { numbers[place] = 0 }
    }
    var bad: Int?
    // Block by block: where the file is read by calls, the bytes are in memory beside the numbers.
    let blockCount = 1 << 18
    for first in stride(from: sequences.lowerBound, to: sequences.upperBound, by: blockCount) {
      let count = min(blockCount, sequences.upperBound - first)
      let start = layout.sizesOffset + width * first
      try withIndexBytes(start..<(start + width * count)) { bytes in
        for place in 0..<count {
          let size =
            width == 4
            ? Int64(bytes.loadNumber(at: 4 * place, Int32.self))
            : bytes.loadNumber(at: 8 * place, Int64.self)
          if size < 0 || size > limit, bad == nil { bad = first + place }
          sizes[first - sequences.lowerBound + place] = Int32(truncatingIfNeeded: size)
        }
      }
    }
    if let bad {
      let found = try size(of: bad)
      throw .unsuitable(
        path: prefix,
        reason: "sequence \(bad) has \(found) tokens; at most \(Int32.max) can be ordered")
    }
    return sizes
  }

  /// Whether another dataset has as many sequences of the same sizes.
  package func firstDifferingSize(
    from other: IndexedDataset
  ) throws(IndexedDataError) -> Int? {
    let common = min(sequenceCount, other.sequenceCount)
    let blockCount = 1 << 20
    for start in stride(from: 0, to: common, by: blockCount) {
      let block = start..<min(common, start + blockCount)
      let mine = try sizes(of: block)
      let others = try other.sizes(of: block)
      guard mine != others else { continue }
      return start + (zip(mine, others).enumerated().first { $1.0 != $1.1 }?.offset ?? 0)
    }
    return sequenceCount == other.sequenceCount ? nil : common
  }

  /// Whether the labels of a sequence at some places are all -100, which trains nothing.
  func isMasked(_ sequence: Int, at places: Range<Int>) throws(IndexedDataError) -> Bool {
    let type = elementType
    let places = places.clamped(to: 0..<(try size(of: sequence)))
    let count = places.count
    return try withBytes(of: sequence, from: places.lowerBound, count: count) { bytes in
      (0..<count).allSatisfy { place in
        bytes.loadElement(at: place * type.byteCount, type) == -100
      }
    }
  }
}
