internal import Machine
internal import Synchronization

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
    let (maps, leftOut) = try make { _, _, _ in MapArray() }
    return SampleMaps(
      documentIndices: maps[0], sampleIndices: maps[1], shuffleIndices: maps[2], leftOut: leftOut)
  }

  /// Writes the maps of documents, samples and their shuffle to three files.
  ///
  /// - Throws: `unsuitable` when there is nothing to draw from, `interrupted`, and what the system
  ///   refuses.
  func write(
    to paths: [String], _ interruption: Interruption?
  ) throws(IndexedDataError) -> (outcomes: [WrittenFile], leftOut: LeftOutDocuments) {
    try make { (place, shape, grows) throws(IndexedDataError) in
      try MapFile(to: paths[place], shape: shape, grows: grows, interruption)
    }
  }

  /// Makes the maps for targets that `begin` makes of a map's place among the three, its shape, and
  /// whether its first length is only known at the end.
  ///
  /// The samples are shuffled by one thread while another goes through the documents.
  private func make<Target: MapTarget>(
    _ begin:
      @Sendable (_ place: Int, _ shape: [Int], _ grows: Bool) throws(IndexedDataError) -> Target
  ) throws(IndexedDataError) -> (outcomes: [Target.Outcome], leftOut: LeftOutDocuments) {
    let shuffleWidth = sampleCount > Int(UInt32.max) ? 8.0 : 4
    try MapMemory.require(
      shuffleWidth * Double(sampleCount), samples: sampleCount, prefix: data.text.prefix)
    let filter = try DocumentFilter(request, data)
    guard filter.count <= Int(UInt32.max) else {
      throw .unsuitable(
        path: data.text.prefix, reason: "\(filter.count) documents are too many to be shuffled")
    }
    let walked = Mutex<(outcomes: [Target.Outcome], leftOut: LeftOutDocuments)?>(nil)
    let shuffled = Mutex<Target.Outcome?>(nil)
    try WorkerPool.forEach(
      count: 2, workers: 2, name: "maps"
    ) { (part) throws(IndexedDataError) in
      guard part == 0 else {
        let target = try begin(2, [sampleCount], false)
        let outcome = try shuffle(filter, target)
        return shuffled.withLock { $0 = outcome }
      }
      let isUnpacked = request.packing == .unpacked
      var blocks = MapBlocks(
        documents: try begin(0, [sampleCount + 1], !isUnpacked),
        rows: try begin(1, [sampleCount + 1, 2], false))
      let leftOut = try isUnpacked ? walk(filter, &blocks) : pack(filter, &blocks)
      let (documents, rows) = try blocks.finish()
      walked.withLock { $0 = ([documents, rows], leftOut) }
    }
    guard let (outcomes, leftOut) = walked.withLock(\.self), let last = shuffled.withLock(\.self)
    else { preconditionFailure("both parts have run") }
    return (outcomes + [last], leftOut)
  }

  /// As many whole documents a sample as fit, in shuffled order, shuffled anew after each pass.
  private func pack(
    _ filter: DocumentFilter, _ blocks: inout MapBlocks<some MapTarget>
  ) throws(IndexedDataError) -> LeftOutDocuments {
    var generator = MersenneTwister(seed: request.seed)
    // The samples are shuffled first, from the same generator.
    generator.skipShuffle(count: sampleCount)
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
    return leftOut
  }

  /// One document a sample, in ascending order again and again; only the samples are shuffled.
  private func walk(
    _ filter: DocumentFilter, _ blocks: inout MapBlocks<some MapTarget>
  ) throws(IndexedDataError) -> LeftOutDocuments {
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
    return leftOut
  }

  private func shuffle<Target: MapTarget>(
    _ filter: DocumentFilter, _ target: Target
  ) throws(IndexedDataError) -> Target.Outcome {
    var target = target
    var generator = MersenneTwister(seed: request.seed)
    let isPairUnpacked = request.packing == .unpacked && data.negative != nil
    let limit = isPairUnpacked ? filter.count : Int.max
    // What is shuffled does not change how; numbers of half the width move faster.
    if sampleCount <= Int(UInt32.max) {
      var numbers = Self.numbers(sampleCount)
      generator.shuffle(&numbers)
      try target.append(shuffle: numbers, modulo: limit)
    } else {
      var numbers = [Int64](largeCount: sampleCount) { numbers in
        for place in 0..<sampleCount { numbers[place] = Int64(place) }
      }
      generator.shuffle(&numbers)
      try target.append(shuffle: numbers, modulo: limit)
    }
    return try target.finish()
  }

  private static func numbers(_ count: Int) -> [UInt32] {
    [UInt32](largeCount: count) { numbers in
      for place in 0..<count { numbers[place] = UInt32(place) }
    }
  }
}
