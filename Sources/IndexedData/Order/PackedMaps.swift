internal import Machine
internal import Synchronization

/// The maps of `packed` data, bit for bit those of GPT-NeoX.
///
/// The documents of all epochs are shuffled together, laid end to end, cut every `S` tokens (each
/// sample takes the next one's first token along as its last label), and the samples are shuffled.
struct PackedMaps: Sendable {
  /// The documents of all epochs, shuffled.
  private let order: [Int32]
  private let walk: SampleWalk
  /// Whether places in ``order`` are written in 64 bits.
  private let isWide: Bool
  /// NumPy's generator as the shuffle of the documents leaves it.
  private let generator: MersenneTwister

  /// Shuffles the documents.
  ///
  /// - Throws: `unsuitable` when there is nothing to draw from, or too much; more of it where all maps
  ///   are to be in memory.
  init(
    _ request: OrderRequest, _ data: OrderData, inMemory: Bool
  ) throws(IndexedDataError) {
    let prefix = data.text.prefix
    let sizes = try data.text.sizes(of: request.documents)
    let total = sizes.reduce(0) { $0 + Int($1) }
    let epochs = try Self.epochCount(total, request, prefix)
    let tokens = total.multipliedReportingOverflow(by: epochs)
    let orderCount = sizes.count.multipliedReportingOverflow(by: epochs)
    guard !tokens.overflow, !orderCount.overflow, request.documents.upperBound <= Int(Int32.max)
    else {
      throw .unsuitable(
        path: prefix, reason: "\(epochs) epochs of \(sizes.count) documents are too many")
    }
    let rows = Double(tokens.partialValue - 1) / Double(request.sequenceLength) + 1
    isWide = 2 * rows >= 2_147_483_647
    guard isWide || orderCount.partialValue <= Int(Int32.max) else {
      throw .unsuitable(
        path: prefix,
        reason: "\(orderCount.partialValue) documents in a few long samples are too many")
    }
    // Floor division: no tokens but one give no sample, not minus one.
    let sampleCount = max(0, (tokens.partialValue - 1) / request.sequenceLength)
    let rowWidth = inMemory ? isWide ? 16 : 8 : 0
    let shuffleWidth = Self.isWideShuffle(sampleCount) ? 8 : 4
    try MapMemory.require(
      4 * Double(orderCount.partialValue) + Double(rowWidth + shuffleWidth) * Double(sampleCount),
      samples: sampleCount, prefix: prefix)
    let first = Int32(request.documents.lowerBound)
    var order = [Int32](largeCount: orderCount.partialValue) { numbers in
      var place = 0
      for _ in 0..<epochs {
        for document in 0..<Int32(sizes.count) {
          numbers[place] = first + document
          place += 1
        }
      }
    }
    var generator = MersenneTwister(seed: request.seed)
    generator.shuffle(&order)
    self.order = order
    self.generator = generator
    walk = SampleWalk(
      sizes: sizes, firstDocument: first, length: request.sequenceLength,
      sampleCount: sampleCount)
  }

  /// All maps in memory.
  var maps: SampleMaps {
    SampleMaps(
      documentIndices: .int32(order),
      sampleIndices: isWide ? .int64(walk.allRows(order)) : .int32(walk.allRows(order)),
      shuffleIndices: shuffled)
  }

  /// Writes the maps to their files, one while the other is shuffled; that of the rows is never in
  /// memory as a whole.
  ///
  /// - Throws: `interrupted`, and what the system refuses.
  func write(
    to paths: [String], _ interruption: Interruption?
  ) throws(IndexedDataError) -> [WrittenFile] {
    let files = Mutex<[Int: WrittenFile]>([:])
    try WorkerPool.forEach(
      count: 2, workers: 2, name: "maps"
    ) { (part) throws(IndexedDataError) in
      guard part == 0 else {
        let file = try shuffled.write(to: paths[2], interruption)
        return files.withLock { $0[2] = file }
      }
      let rows =
        try isWide
        ? writeRows(Int64.self, to: paths[1], interruption)
        : writeRows(Int32.self, to: paths[1], interruption)
      let documents = try MapNumbers.int32(order).write(to: paths[0], interruption)
      files.withLock { $0.merge([0: documents, 1: rows]) { $1 } }
    }
    return files.withLock { files in (0..<3).compactMap { files[$0] } }
  }

  private func writeRows<Number: NumPyNumber & FixedWidthInteger>(
    _: Number.Type, to path: String, _ interruption: Interruption?
  ) throws(IndexedDataError) -> WrittenFile {
    let header = NumPyHeader(type: Number.numPyType, shape: [walk.sampleCount + 1, 2])
    var stream = try NumPyStream(header, to: path, interruption: interruption)
    try walk.rows(order) { (rows: [Number]) throws(IndexedDataError) in
      try stream.append(rows)
    }
    return try stream.finish()
  }

  private var shuffled: MapNumbers {
    var generator = generator
    let count = walk.sampleCount
    if !Self.isWideShuffle(count) {
      var numbers = [UInt32](largeCount: count) { numbers in
        for place in 0..<count { numbers[place] = UInt32(place) }
      }
      generator.shuffle(&numbers)
      return .uint32(numbers)
    }
    var numbers = [Int64](largeCount: count) { numbers in
      for place in 0..<count { numbers[place] = Int64(place) }
    }
    generator.shuffle(&numbers)
    return .int64(numbers)
  }

  private static func isWideShuffle(_ sampleCount: Int) -> Bool {
    sampleCount >= Int(UInt32.max) - 1
  }

  /// The fewest epochs with enough samples, at least one.
  static func epochCount(
    _ total: Int, _ request: OrderRequest, _ prefix: String
  ) throws(IndexedDataError) -> Int {
    let wanted: Int
    switch request.length {
    case .epochs(let count): return count
    case .samples(let count): wanted = count
    }
    guard total > 0 else {
      throw .unsuitable(
        path: prefix,
        reason: "documents \(request.documents.lowerBound) to \(request.documents.upperBound)"
          + " hold no tokens to train on")
    }
    // (E * total - 1) / S >= wanted, that is E * total >= wanted * S + 1.
    let tokens = wanted.multipliedReportingOverflow(by: request.sequenceLength)
    guard !tokens.overflow, tokens.partialValue < .max - total else {
      throw .unsuitable(path: prefix, reason: "\(wanted) samples are too many")
    }
    return max(1, (tokens.partialValue + total) / total)
  }
}
