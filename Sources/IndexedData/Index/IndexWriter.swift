internal import Machine

/// Makes `.idx.partial` from the spools of a dataset, in a fixed amount of memory.
struct IndexWriter: ~Copyable {
  private let output: DatasetOutput
  private let mark: DatasetSpool.Mark
  private var file: AppendFile
  private var hash = ContentHash()

  /// Writes the index, adds it to what is to be made durable, and returns its length and hash.
  static func write(
    _ output: DatasetOutput, _ mark: DatasetSpool.Mark, _ group: inout DurableGroup
  ) throws(IndexedDataError) -> (byteCount: Int, hash: UInt64) {
    var writer = try IndexWriter(output, mark)
    switch output.format {
    case .mmap: try writer.writeMMap()
    case .cached: try writer.writeCached()
    }
    return try writer.close(&group)
  }

  private init(
    _ output: DatasetOutput, _ mark: DatasetSpool.Mark
  ) throws(IndexedDataError) {
    self.output = output
    self.mark = mark
    file = try asking { () throws(SystemError) in try AppendFile(path: output.partialIndexPath) }
  }

  private mutating func close(
    _ group: inout DurableGroup
  ) throws(IndexedDataError) -> (byteCount: Int, hash: UInt64) {
    do throws(SystemError) {
      try group.add(&file)
    } catch {
      throw .system(error)
    }
    return (file.byteCount, hash.value)
  }

  private mutating func writeMMap() throws(IndexedDataError) {
    try append(IndexLayout.mmapMagic)
    try append([Int64(1)])
    try append([UInt8(truncatingIfNeeded: output.elementType.code(output.variant))])
    try append([Int64(mark.sequenceCount), Int64(mark.documentCount + 1)])
    try appendSizes { $0.map { Int32(truncatingIfNeeded: $0) } }
    let width = Int64(output.elementType.byteCount)
    var start: Int64 = 0
    try appendSizes { sizes in
      sizes.map { size in
        defer { start += size * width }
        return start
      }
    }
    try appendDocuments()
  }

  private mutating func writeCached() throws(IndexedDataError) {
    let n = Int64(mark.sequenceCount)
    try append(IndexLayout.cachedMagic)
    try append([Int64(1), Int64(output.elementType.code(output.variant))])
    try append([Int64(output.elementType.byteCount), n, n, Int64(mark.documentCount + 1)])
    var place: Int64 = 0
    while place <= n {
      let end = min(place + Int64(NumberSpool.blockCount), n + 1)
      try append(Array(place..<end))
      place = end
    }
    try append([Int64(0)])
    var end: Int64 = 0
    try appendSizes { sizes in
      sizes.map { size in
        end += size
        return end
      }
    }
    try appendSizes { $0 }
    try appendDocuments()
  }

  private mutating func appendSizes<Number: BitwiseCopyable>(
    _ change: ([Int64]) -> [Number]
  ) throws(IndexedDataError) {
    var spool = try NumberSpool(
      path: output.sizesPath, width: output.sizeByteCount, count: mark.sequenceCount)
    var place = 0
    while place < spool.count {
      let block = try spool.block(from: place)
      try append(change(block))
      place += block.count
    }
  }

  private mutating func appendDocuments() throws(IndexedDataError) {
    try append([Int64(0)])
    var spool = try NumberSpool(path: output.documentsPath, width: 8, count: mark.documentCount)
    var place = 0
    while place < spool.count {
      let block = try spool.block(from: place)
      try append(block)
      place += block.count
    }
  }

  private mutating func append<Number: BitwiseCopyable>(
    _ numbers: [Number]
  ) throws(IndexedDataError) {
    let bytes = unsafe numbers.span.bytes
    hash.update(bytes)
    do throws(SystemError) {
      try file.append(bytes)
    } catch {
      throw .system(error)
    }
  }
}
