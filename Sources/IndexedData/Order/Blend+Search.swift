extension Blend {
  /// How many of the first `count` samples come from a dataset.
  ///
  /// - Precondition: `0 ≤ count ≤ self.count`.
  package func taken(from dataset: Int, first count: Int) -> Int {
    precondition(count >= 0 && count <= self.count)
    guard datasetCount > 1 else { return count }
    guard count > 0 else { return 0 }
    // The last block that begins before the end; there is none at an end that no sample lies behind.
    let block = (count - 1) / Self.blockCount
    let start = block * Self.blockCount
    return takenAtBlocks[block * datasetCount + dataset]
      + choices[start..<count].count { Int($0) == dataset }
  }

  /// Which sample is the one of a dataset with this number; `nil` where the blend ends before.
  package func index(of sample: Int, from dataset: Int) -> Int? {
    guard sample >= 0 else { return nil }
    guard datasetCount > 1 else { return sample < count ? sample : nil }
    // The last block that begins with no more than this many taken.
    var low = 0
    var high = takenAtBlocks.count / datasetCount
    while low < high {
      let middle = low + (high - low) / 2
      if takenAtBlocks[middle * datasetCount + dataset] <= sample {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low > 0 else { return nil }
    let start = (low - 1) * Self.blockCount
    var left = sample - takenAtBlocks[(low - 1) * datasetCount + dataset]
    for place in start..<min(start + Self.blockCount, count) where Int(choices[place]) == dataset {
      if left == 0 { return place }
      left -= 1
    }
    return nil
  }
}
