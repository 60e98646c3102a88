/// The maps of `pack_until_overflow` and `unpacked` data, bit for bit those of GPT-NeoX where it does
/// not fail.
///
/// They are handed out block by block, so that none has to be in memory as a whole: only the sizes of
/// the documents are, and what is shuffled.
struct WholeDocumentMaps {
  private let request: OrderRequest
  private let data: OrderData
  private let sampleCount: Int
  /// How many documents ahead their sizes are fetched: they lie anywhere in memory.
  private static let ahead = 24

  /// Describes maps of so many samples.
  init(_ request: OrderRequest, _ data: OrderData, sampleCount: Int) {
    self.request = request
    self.data = data
    self.sampleCount = sampleCount
  }

  /// All maps in memory.
  ///
  /// - Throws: `unsuitable` when there is nothing to draw from.
  func maps() throws(IndexedDataError) -> SampleMaps {
    try MapMemory.require(
      32 * Double(sampleCount), samples: sampleCount, prefix: data.text.prefix)
    let target = MapArrays()
    let leftOut = try make(target)
    return SampleMaps(
      documentIndices: .int64(target.documents), sampleIndices: .int64(target.rows),
      shuffleIndices: .int64(target.shuffle), leftOut: leftOut)
  }

  /// Writes the maps of documents, samples and their shuffle to three files.
  ///
  /// - Throws: `unsuitable` when there is nothing to draw from, and what the system refuses.
  func write(to paths: [String]) throws(IndexedDataError) -> LeftOutDocuments {
    let target = try MapStreams(to: paths)
    let leftOut = try make(target)
    try target.finish()
    return leftOut
  }

  private func make(_ target: some MapTarget) throws(IndexedDataError) -> LeftOutDocuments {
    let shuffleWidth = sampleCount > Int(UInt32.max) ? 8.0 : 4
    try MapMemory.require(
      shuffleWidth * Double(sampleCount), samples: sampleCount, prefix: data.text.prefix)
    let filter = try DocumentFilter(request, data)
    guard filter.count <= Int(UInt32.max) else {
      throw .unsuitable(
        path: data.text.prefix, reason: "\(filter.count) documents are too many to be shuffled")
    }
    return request.packing == .unpacked
      ? try unpacked(filter, target) : try packedUntilOverflow(filter, target)
  }

  /// As many whole documents a sample as fit, in shuffled order, shuffled anew after each pass.
  private func packedUntilOverflow(
    _ filter: DocumentFilter, _ target: some MapTarget
  ) throws(IndexedDataError) -> LeftOutDocuments {
    var generator = MersenneTwister(seed: request.seed)
    var blocks = MapBlocks(target)
    try shuffleSamples(&generator, limit: .max, blocks)
    var queue = Self.numbers(filter.count)
    generator.shuffle(&queue)
    let room = request.sequenceLength + 1
    var run = 0
    var place = 0
    var documentCountAtPassStart = 0
    var leftOut = LeftOutDocuments()
    leftOut.total = filter.count
    while blocks.rowCount < sampleCount {
      if place + Self.ahead < queue.count { filter.prefetch(Int(queue[place + Self.ahead])) }
      let choice = Int(queue[place])
      place += 1
      let reason = try filter.reason(toSkip: choice)
      if leftOut.examined < filter.count { leftOut.add(reason) }
      if reason == nil {
        let length = filter.length(choice)
        if run == 0 || run + length > room {
          try blocks.add(row: blocks.documentCount)
          run = 0
        }
        run += length
        try blocks.add(document: filter.document(choice))
      }
      guard place == queue.count else { continue }
      guard blocks.documentCount > documentCountAtPassStart else { throw filter.nothingLeft }
      documentCountAtPassStart = blocks.documentCount
      place = 0
      generator.shuffle(&queue)
    }
    try blocks.add(row: blocks.documentCount)
    try blocks.flush()
    return leftOut
  }

  /// One document a sample, in ascending order again and again; only the samples are shuffled.
  private func unpacked(
    _ filter: DocumentFilter, _ target: some MapTarget
  ) throws(IndexedDataError) -> LeftOutDocuments {
    var generator = MersenneTwister(seed: request.seed)
    let limit = data.negative == nil ? Int.max : filter.count
    var blocks = MapBlocks(target)
    try shuffleSamples(&generator, limit: limit, blocks)
    // One pass tells the whole order, which is that pass again and again.
    var kept: [UInt32] = []
    var leftOut = LeftOutDocuments()
    leftOut.total = filter.count
    for choice in 0..<filter.count {
      let reason = try filter.reason(toSkip: choice)
      leftOut.add(reason)
      guard reason == nil else { continue }
      kept.append(UInt32(choice))
      if kept.count > sampleCount { break }
    }
    guard !kept.isEmpty else { throw filter.nothingLeft }
    var place = 0
    for row in 0...sampleCount {
      try blocks.add(document: filter.document(Int(kept[place])))
      try blocks.add(row: row)
      place = place + 1 < kept.count ? place + 1 : 0
    }
    try blocks.flush()
    return leftOut
  }

  private func shuffleSamples(
    _ generator: inout MersenneTwister, limit: Int, _ blocks: MapBlocks<some MapTarget>
  ) throws(IndexedDataError) {
    // What is shuffled does not change how; numbers of half the width move faster.
    guard sampleCount > Int(UInt32.max) else {
      var numbers = Self.numbers(sampleCount)
      generator.shuffle(&numbers)
      try blocks.add(shuffle: numbers, modulo: limit)
      return
    }
    var numbers = [Int64](largeCount: sampleCount) { numbers in
      for place in 0..<sampleCount { numbers[place] = Int64(place) }
    }
    generator.shuffle(&numbers)
    try blocks.add(shuffle: numbers, modulo: limit)
  }

  private static func numbers(_ count: Int) -> [UInt32] {
    [UInt32](largeCount: count) { numbers in
      for place in 0..<count { numbers[place] = UInt32(place) }
    }
  }
}
