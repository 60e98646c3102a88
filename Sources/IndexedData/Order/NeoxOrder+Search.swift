internal import Machine

extension NeoxOrder {
  /// Reads the maps backwards: from the document to its places, the rows over them, and the samples.
  ///
  /// Two maps are read from end to end, and nothing is drawn.
  package func samples(
    naming document: Int, in range: Range<Int>
  ) throws(IndexedDataError) -> [Int] {
    var places: [Int] = []
    maps.documentIndices.visit { place, number in
      if number == document { places.append(place) }
    }
    var rows = RowSet(count: max(0, maps.sampleIndices.count / 2 - 1))
    for place in places { insertRows(over: place, into: &rows) }
    var samples: [Int] = []
    let mapCount = maps.shuffleIndices.count
    // As drawing does: the first sample stands in for one that GPT-NeoX cannot read.
    let first = mapCount > 0 ? maps.shuffleIndices[0] : 0
    maps.shuffleIndices.visit { sample, row in
      let row = isUnreadable(row) && !isUnreadable(first) ? first : row
      if rows.contains(row) { samples.append(sample) }
    }
    return drawn(samples, in: range)
  }

  // Rows begin in ascending order, and each ends where the next one begins.
  private func insertRows(over place: Int, into rows: inout RowSet) {
    var low = 0
    var high = rows.count
    while low < high {
      let middle = low + (high - low) / 2
      if maps.sampleIndices[2 * middle + 2] < place { low = middle + 1 } else { high = middle }
    }
    while low < rows.count, maps.sampleIndices[2 * low] <= place {
      rows.insert(low)
      low += 1
    }
  }

  // Samples behind the last one that the maps have are counted from the start again.
  private func drawn(_ samples: [Int], in range: Range<Int>) -> [Int] {
    let mapCount = maps.shuffleIndices.count
    var drawn = samples.filter(range.contains)
    guard range.upperBound > mapCount, count > 0 else { return drawn }
    for sample in samples where sample < count {
      let start = max(range.lowerBound, mapCount)
      let passes = max(0, (start - sample + count - 1) / count)
      drawn += stride(from: sample + passes * count, to: range.upperBound, by: count)
    }
    return drawn.sorted()
  }
}

/// Some of the rows of a map, a bit each.
private struct RowSet {
  let count: Int
  private var words: [UInt64]

  init(count: Int) {
    self.count = count
    words = [UInt64](repeating: 0, count: (count + 63) / 64)
  }

  mutating func insert(_ row: Int) { words[row / 64] |= 1 << UInt64(row % 64) }

  func contains(_ row: Int) -> Bool {
    row >= 0 && row < count && words[row / 64] >> UInt64(row % 64) & 1 == 1
  }
}

extension MapNumbers {
  /// Shows every number with its place to `body`, in order.
  fileprivate func visit(_ body: (_ place: Int, _ number: Int) -> Void) {
    switch self {
    case .int32(let numbers):
      for (place, number) in numbers.enumerated() { body(place, Int(number)) }
    case .uint32(let numbers):
      for (place, number) in numbers.enumerated() { body(place, Int(number)) }
    case .int64(let numbers):
      for (place, number) in numbers.enumerated() { body(place, Int(number)) }
    case .file(let file):
      switch file.header.type {
      case .int32: Self.visit(file, Int32.self, body)
      case .uint32: Self.visit(file, UInt32.self, body)
      case .int64: Self.visit(file, Int64.self, body)
      default: for place in 0..<file.count { body(place, Int(file.integer(at: place))) }
      }
    }
  }

  private static func visit<Number: FixedWidthInteger & BitwiseCopyable>(
    _ file: NumPyFile, _: Number.Type, _ body: (Int, Int) -> Void
  ) {
    file.withBytes { bytes in
      for place in 0..<file.count {
        body(place, Int(bytes.loadNumber(at: place * MemoryLayout<Number>.size, Number.self)))
      }
    }
  }
}
