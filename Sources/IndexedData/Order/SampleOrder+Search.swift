internal import Machine
internal import Synchronization

extension SampleOrder {
  /// Looks at every sample of the range, on all processors.
  package func samples(
    naming document: Int, in range: Range<Int>
  ) throws(IndexedDataError) -> [Int] {
    let blockCount = 1 << 14
    let starts = Array(stride(from: range.lowerBound, to: range.upperBound, by: blockCount))
    let found = Mutex<[Int]>([])
    try WorkerPool.forEach(
      count: starts.count, workers: WorkerPool.processorCount, name: "search"
    ) { (block: Int) throws(IndexedDataError) in
      var pieces: [SamplePiece] = []
      var some: [Int] = []
      for sample in starts[block]..<min(starts[block] + blockCount, range.upperBound) {
        pieces.removeAll(keepingCapacity: true)
        try appendPieces(of: sample, to: &pieces)
        if pieces.contains(where: { $0.document == document }) { some.append(sample) }
      }
      if !some.isEmpty { found.withLock { $0 += some } }
    }
    return found.withLock { $0.sorted() }
  }
}
