/// The maps of `pack_until_overflow` and `unpacked` data, bit for bit those of GPT-NeoX where it does
/// not fail.
enum WholeDocumentMaps {
  /// As many whole documents a sample as fit, in shuffled order, shuffled anew after each pass.
  static func packedUntilOverflow(
    _ request: OrderRequest, _ data: OrderData, sampleCount: Int
  ) throws(IndexedDataError) -> SampleMaps {
    let filter = try DocumentFilter(request, data)
    var generator = MersenneTwister(seed: request.seed)
    var shuffle = [Int64](largeCount: sampleCount) { numbers in
      for place in 0..<sampleCount { numbers[place] = Int64(place) }
    }
    generator.shuffle(&shuffle)
    var queue = [Int64](0..<Int64(filter.count))
    generator.shuffle(&queue)
    var order: [Int64] = []
    var rows: [Int64] = []
    rows.reserveCapacity(2 * (sampleCount + 1))
    let room = request.sequenceLength + 1
    var run = 0
    var place = 0
    var orderCountAtPassStart = 0
    var leftOut = LeftOutDocuments()
    leftOut.total = filter.count
    while rows.count < 2 * sampleCount {
      let choice = Int(queue[place])
      place += 1
      let reason = try filter.reason(toSkip: choice)
      if leftOut.examined < filter.count { leftOut.add(reason) }
      if reason == nil {
        let length = filter.length(choice)
        if run == 0 || run + length > room {
          rows.append(Int64(order.count))
          rows.append(0)
          run = 0
        }
        run += length
        order.append(Int64(filter.document(choice)))
      }
      guard place == queue.count else { continue }
      guard order.count > orderCountAtPassStart else { throw filter.nothingLeft }
      orderCountAtPassStart = order.count
      place = 0
      generator.shuffle(&queue)
    }
    rows.append(Int64(order.count))
    rows.append(0)
    return SampleMaps(
      documentIndices: .int64(order), sampleIndices: .int64(rows), shuffleIndices: .int64(shuffle),
      leftOut: leftOut)
  }

  /// One document a sample, in ascending order again and again; only the samples are shuffled.
  static func unpacked(
    _ request: OrderRequest, _ data: OrderData, sampleCount: Int
  ) throws(IndexedDataError) -> SampleMaps {
    let filter = try DocumentFilter(request, data)
    var generator = MersenneTwister(seed: request.seed)
    let limit = data.negative == nil ? Int64.max : Int64(filter.count)
    var shuffle = [Int64](largeCount: sampleCount) { numbers in
      for place in 0..<sampleCount { numbers[place] = Int64(place) % limit }
    }
    generator.shuffle(&shuffle)
    // One pass tells the whole order, which is that pass again and again.
    var kept: [Int64] = []
    var leftOut = LeftOutDocuments()
    leftOut.total = filter.count
    for choice in 0..<filter.count {
      let reason = try filter.reason(toSkip: choice)
      leftOut.add(reason)
      guard reason == nil else { continue }
      kept.append(Int64(filter.document(choice)))
      if kept.count > sampleCount { break }
    }
    guard !kept.isEmpty else { throw filter.nothingLeft }
    let order = (0...sampleCount).map { kept[$0 % kept.count] }
    var rows: [Int64] = []
    rows.reserveCapacity(2 * (sampleCount + 1))
    for row in 0...sampleCount {
      rows.append(Int64(row))
      rows.append(0)
    }
    return SampleMaps(
      documentIndices: .int64(order), sampleIndices: .int64(rows), shuffleIndices: .int64(shuffle),
      leftOut: leftOut)
  }
}
