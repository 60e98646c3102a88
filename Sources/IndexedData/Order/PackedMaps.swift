/// The maps of `packed` data, bit for bit those of GPT-NeoX.
///
/// The documents of all epochs are shuffled together, laid end to end, cut every `S` tokens (each
/// sample takes the next one's first token along as its last label), and the samples are shuffled.
enum PackedMaps {
  static func make(
    _ request: OrderRequest, _ data: OrderData
  ) throws(IndexedDataError) -> SampleMaps {
    let prefix = data.text.prefix
    let sizes = try data.text.sizes(of: request.documents)
    let total = sizes.reduce(0) { $0 + Int($1) }
    let epochs = try epochCount(total, request, prefix)
    let tokens = total.multipliedReportingOverflow(by: epochs)
    let orderCount = sizes.count.multipliedReportingOverflow(by: epochs)
    guard !tokens.overflow, !orderCount.overflow, request.documents.upperBound <= Int(Int32.max)
    else {
      throw .unsuitable(
        path: prefix, reason: "\(epochs) epochs of \(sizes.count) documents are too many")
    }
    // Floor division: no tokens but one give no sample, not minus one.
    let sampleCount = max(0, (tokens.partialValue - 1) / request.sequenceLength)
    var generator = MersenneTwister(seed: request.seed)
    var order: [Int32] = []
    order.reserveCapacity(orderCount.partialValue)
    let documents = Int32(request.documents.lowerBound)..<Int32(request.documents.upperBound)
    for _ in 0..<epochs { order.append(contentsOf: documents) }
    generator.shuffle(&order)
    let positions = try positions(
      order, sizes, request, sampleCount, tokens.partialValue, prefix)
    return SampleMaps(
      documentIndices: .int32(order), sampleIndices: positions,
      shuffleIndices: shuffled(sampleCount, &generator))
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

  private static func positions(
    _ order: [Int32], _ sizes: [Int32], _ request: OrderRequest, _ sampleCount: Int,
    _ tokenCount: Int, _ prefix: String
  ) throws(IndexedDataError) -> MapNumbers {
    let rows = Double(tokenCount - 1) / Double(request.sequenceLength) + 1
    if 2 * rows < 2_147_483_647 {
      guard order.count <= Int(Int32.max) else {
        throw .unsuitable(
          path: prefix, reason: "\(order.count) documents in a few long samples are too many")
      }
      return .int32(walk(order, sizes, request, sampleCount))
    }
    return .int64(walk(order, sizes, request, sampleCount))
  }

  private static func walk<Number: FixedWidthInteger>(
    _ order: [Int32], _ sizes: [Int32], _ request: OrderRequest, _ sampleCount: Int
  ) -> [Number] {
    let first = request.documents.lowerBound
    let length = request.sequenceLength
    return [Number](capacity: 2 * (sampleCount + 1)) { rows in
      rows.append(0)
      rows.append(0)
      var place = 0
      var offset = 0
      var available = order.isEmpty ? 0 : Int(sizes[Int(order[0]) - first])
      for _ in 0..<sampleCount {
        var needed = length + 1
        while available < needed {
          needed -= available
          place += 1
          offset = 0
          available = Int(sizes[Int(order[place]) - first])
        }
        offset += needed - 1
        available -= needed - 1
        rows.append(Number(truncatingIfNeeded: place))
        rows.append(Number(truncatingIfNeeded: offset))
      }
    }
  }

  private static func shuffled(_ count: Int, _ generator: inout MersenneTwister) -> MapNumbers {
    if count < Int(UInt32.max) - 1 {
      var numbers = [UInt32](0..<UInt32(count))
      generator.shuffle(&numbers)
      return .uint32(numbers)
    }
    var numbers = [Int64](0..<Int64(count))
    generator.shuffle(&numbers)
    return .int64(numbers)
  }
}
