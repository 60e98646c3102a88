/// The lengths of a dataset's sequences or documents in elements, counted in bounded memory.
///
/// They are counted one by one up to 65,535 and in bins of 65,536 above; a second look at the index
/// finds what is asked of the longer ones, so that every answer is exact.
package struct LengthCounts: Sendable {
  /// What has a length.
  package enum Unit: Sendable {
    /// Sequences.
    case sequences
    /// Documents; sequences where the index does not tell documents apart.
    case documents
  }

  private static let fineCount = 1 << 16

  /// How many lengths there are.
  package private(set) var count = 0
  /// Their sum.
  package private(set) var sum = 0
  /// The least one; 0 where there is none.
  package private(set) var shortest = 0
  /// The greatest one; 0 where there is none.
  package private(set) var longest = 0
  /// Bin 0 counts lengths of 0, bin k those from 2^(k−1) up to 2^k − 1.
  package private(set) var octaves = [Int](repeating: 0, count: 65)
  private var fine = [Int](repeating: 0, count: fineCount)
  private var coarse: [Int: Int] = [:]
  private let dataset: IndexedDataset
  private let unit: Unit

  /// Counts by the index alone.
  ///
  /// - Throws: `malformed` for a size or an entry of the document index that cannot be, and for sizes that
  ///   do not add up to the elements there are.
  package init(_ dataset: IndexedDataset, of unit: Unit) throws(IndexedDataError) {
    var counts = Self(nothingOf: dataset, unit)
    var least = Int.max
    try Self.forEachLength(dataset, unit) { (length) throws(IndexedDataError) in
      counts.count += 1
      let (sum, overflow) = counts.sum.addingReportingOverflow(length)
      guard !overflow else {
        throw .unsuitable(
          path: dataset.indexPath, reason: "sizes add up to more than a number holds")
      }
      counts.sum = sum
      least = min(least, length)
      counts.longest = max(counts.longest, length)
      counts.octaves[64 - length.leadingZeroBitCount] += 1
      if length < Self.fineCount {
        counts.fine[length] += 1
      } else {
        counts.coarse[length >> 16, default: 0] += 1
      }
    }
    guard counts.sum == dataset.tokenCount else {
      throw .malformed(
        path: dataset.indexPath, byte: dataset.layout.sizesOffset, what: "sum of the sizes",
        expected: "\(dataset.tokenCount), the elements in \(dataset.elementsPath)",
        found: "\(counts.sum)")
    }
    counts.shortest = counts.count == 0 ? 0 : least
    self = counts
  }

  private init(nothingOf dataset: IndexedDataset, _ unit: Unit) {
    self.dataset = dataset
    self.unit = unit
  }

  /// The mean; 0 where there is none.
  package var mean: Double { count == 0 ? 0 : Double(sum) / Double(count) }

  /// The lengths that a share of all do not exceed, by nearest rank; 0 where there is none.
  ///
  /// `percentages` are from 0, the least length, to 100, the greatest.
  package func percentiles(_ percentages: [Int]) throws(IndexedDataError) -> [Int] {
    guard count > 0 else { return percentages.map { _ in 0 } }
    return try lengths(
      atRanks: percentages.map { percentage in
        let (high, low) = count.multipliedFullWidth(by: percentage)
        let (share, rest) = 100.dividingFullWidth((high, low))
        return max(0, share + (rest > 0 ? 1 : 0) - 1)
      })
  }

  /// How many lengths there are from each edge up to the next one, which does not belong to it.
  ///
  /// - Precondition: edges grow.
  package func histogram(edges: [Int]) throws(IndexedDataError) -> [Int] {
    var bins = [Int](repeating: 0, count: max(0, edges.count - 1))
    func bin(_ length: Int) -> Int? {
      var low = 0
      var high = edges.count
      while low < high {
        let middle = (low + high) / 2
        if edges[middle] <= length { low = middle + 1 } else { high = middle }
      }
      return low > 0 && low < edges.count ? low - 1 : nil
    }
    for (length, count) in fine.enumerated() where count > 0 {
      if let bin = bin(length) { bins[bin] += count }
    }
    guard !coarse.isEmpty else { return bins }
    try Self.forEachLength(dataset, unit) { (length) throws(IndexedDataError) in
      if length >= Self.fineCount, let bin = bin(length) { bins[bin] += 1 }
    }
    return bins
  }

  // MARK: - Ranks

  /// The lengths that stand at some places when all are sorted.
  private func lengths(atRanks ranks: [Int]) throws(IndexedDataError) -> [Int] {
    var lengths = [Int](repeating: 0, count: ranks.count)
    var open: [(place: Int, bin: Int, left: Int)] = []
    for (place, rank) in ranks.enumerated() {
      switch self.place(ofRank: rank) {
      case .fine(let length): lengths[place] = length
      case .coarse(let bin, let left): open.append((place, bin, left))
      }
    }
    guard !open.isEmpty else { return lengths }
    var tables: [Int: [Int]] = [:]
    for row in open { tables[row.bin] = [Int](repeating: 0, count: Self.fineCount) }
    try Self.forEachLength(dataset, unit) { (length) throws(IndexedDataError) in
      if length >= Self.fineCount { tables[length >> 16]?[length & 0xFFFF] += 1 }
    }
    for row in open {
      var left = row.left
      for (rest, count) in (tables[row.bin] ?? []).enumerated() {
        if left < count {
          lengths[row.place] = row.bin << 16 | rest
          break
        }
        left -= count
      }
    }
    return lengths
  }

  private enum Place {
    case fine(Int)
    case coarse(bin: Int, left: Int)
  }

  private func place(ofRank rank: Int) -> Place {
    var left = rank
    for (length, count) in fine.enumerated() {
      if left < count { return .fine(length) }
      left -= count
    }
    for bin in coarse.keys.sorted() {
      let count = coarse[bin] ?? 0
      if left < count { return .coarse(bin: bin, left: left) }
      left -= count
    }
    return .fine(0)
  }

  // MARK: - The index

  private static func forEachLength(
    _ dataset: IndexedDataset, _ unit: Unit, _ body: (Int) throws(IndexedDataError) -> Void
  ) throws(IndexedDataError) {
    guard dataset.sequenceCount > 0 || dataset.documentCount > 0 else { return }
    var sizes = dataset.sizeStream()
    var sequence = 0
    func next(_ sizes: inout NumberStream) throws(IndexedDataError) -> Int {
      let size = try sizes.read()
      guard size >= 0, size <= Int64(dataset.tokenCount) else {
        throw .malformed(
          path: dataset.indexPath, byte: sizes.byteOffset - dataset.layout.sizeByteCount,
          what: "size of sequence \(sequence)", expected: "0 to \(dataset.tokenCount)",
          found: "\(size)")
      }
      sequence += 1
      return Int(size)
    }
    guard unit == .documents, dataset.hasDocumentBoundaries else {
      for _ in 0..<dataset.sequenceCount { try body(next(&sizes)) }
      return
    }
    var entries = dataset.documentEntryStream()
    for document in -1..<dataset.documentCount {
      let end = try entries.read()
      guard end >= Int64(sequence), end <= Int64(dataset.sequenceCount) else {
        throw .malformed(
          path: dataset.indexPath, byte: entries.byteOffset - 8,
          what: "document index entry \(document + 1)",
          expected: "\(sequence) to \(dataset.sequenceCount)", found: "\(end)")
      }
      var length = 0
      while sequence < end {
        let (sum, overflow) = length.addingReportingOverflow(try next(&sizes))
        guard !overflow else {
          throw .unsuitable(
            path: dataset.indexPath,
            reason: "document \(document): the sizes of its sequences add up to too much")
        }
        length = sum
      }
      if document >= 0 { try body(length) }
    }
  }
}
