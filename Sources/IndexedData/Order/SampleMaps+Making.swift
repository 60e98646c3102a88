internal import Machine

extension SampleMaps {
  /// Makes GPT-NeoX's maps.
  ///
  /// - Throws: `unsuitable` when there is nothing to draw from.
  package init(_ request: OrderRequest, _ data: OrderData) throws(IndexedDataError) {
    try Self.check(request, data)
    switch (request.packing, request.length) {
    case (.packed, _):
      self = try PackedMaps(request, data, inMemory: true).maps
    case (_, .samples(let count)):
      self = try WholeDocumentMaps(request, data, sampleCount: count).maps()
    case (_, .epochs): throw Self.needsSamples(request, data)
    }
  }

  /// Makes GPT-NeoX's maps in their files, without having all of them in memory; says which documents
  /// are in none.
  static func write(
    _ request: OrderRequest, _ data: OrderData, to paths: [String], _ interruption: Interruption?
  ) throws(IndexedDataError) -> (outcomes: [WrittenFile], leftOut: LeftOutDocuments) {
    try check(request, data)
    switch (request.packing, request.length) {
    case (.packed, _):
      let maps = try PackedMaps(request, data, inMemory: false)
      return (try maps.write(to: paths, interruption), LeftOutDocuments())
    case (_, .samples(let count)):
      return try WholeDocumentMaps(request, data, sampleCount: count)
        .write(to: paths, interruption)
    case (_, .epochs): throw needsSamples(request, data)
    }
  }

  private static func needsSamples(_ request: OrderRequest, _ data: OrderData) -> IndexedDataError {
    .unsuitable(
      path: data.text.prefix,
      reason: "training by epochs needs pack_impl packed, not \(request.packing.rawValue)")
  }

  /// Checks what is asked for against the data.
  static func check(
    _ request: OrderRequest, _ data: OrderData
  ) throws(IndexedDataError) {
    let path = data.text.prefix
    guard (1...Int(Int32.max) - 1).contains(request.sequenceLength) else {
      throw .unsuitable(
        path: path, reason: "a sequence length of \(request.sequenceLength) cannot be")
    }
    switch request.length {
    case .samples(let count), .epochs(let count):
      guard count >= 0, count <= 1 << 40 else {
        throw .unsuitable(path: path, reason: "\(count) samples or epochs cannot be")
      }
    }
    for dataset in data.all {
      guard request.documents.lowerBound >= 0,
        request.documents.upperBound <= dataset.sequenceCount
      else {
        throw .outOfRange(
          path: dataset.prefix, what: "document", asked: request.documents.upperBound,
          limit: dataset.sequenceCount)
      }
    }
  }
}
