package import Machine

/// How an archive is written.
package struct PackOptions: Sendable {
  /// How blocks are compressed.
  package var method = ArchiveMethod.zstd(level: 3)
  /// The most bytes of a block before compression, from 4 KiB to 64 MiB.
  package var blockByteCount = 1 << 20
  /// Threads that compress; what is written does not depend on their number.
  package var workers = 1
  /// What may end the work before its time.
  package var interruption: Interruption?

  package init() {}
}

/// Writes a dataset, and what belongs to it, as an archive; see `ArchiveLayout`.
///
/// The archive gets its name when it is whole and every file proved to be what was written down of
/// it. Memory: a few blocks a thread.
/// - Returns: `false` where the work was interrupted; nothing is left of it then.
/// - Throws: `alreadyExists`, `outputIsInput`, `busy`, `notAsRecorded` and what reading and writing
///   throw.
package func packDataset(
  _ plan: PackPlan, to output: String, _ settings: PackOptions, _ options: TendOptions
) throws(IndexedDataError) -> Bool {
  precondition((1 << 12...ArchiveLayout.blockLimit).contains(settings.blockByteCount))
  let sources = try PackSource.open(plan, options.records)
  func requireFree() throws(IndexedDataError) {
    guard let mine = FileIdentity(output) else { return }
    if sources.contains(where: { FileIdentity($0.file.path) == mine }) {
      throw .outputIsInput(path: output)
    }
    guard options.overwrite else { throw .alreadyExists(path: output) }
  }
  try requireFree()
  let lock = try OutputLock(output: output)
  return try withExtendedLifetime(lock) { () throws(IndexedDataError) in
    // Another process may have finished in between.
    try requireFree()
    var writer = try ArchiveWriter(output, settings)
    let reader = PackReader(sources, settings.blockByteCount)
    guard try writer.writeBlocks(of: reader, settings, options) else { return false }
    try writer.finish(
      DurableFile.name(of: plan.prefix), reader.members, durable: options.isDurable)
    return true
  }
}

/// Reads the blocks of files in their order, and hashes the files on the way.
private final class PackReader {
  let sources: [PackSource]
  let byteCount: Int
  private(set) var members: [ArchiveMember] = []

  private let blockByteCount: Int
  private var part = 0
  private var place = 0
  private var hash = ContentHash()
  private var blockCount = 0
  private var firstBlock = 0

  init(_ sources: [PackSource], _ blockByteCount: Int) {
    self.sources = sources
    self.blockByteCount = blockByteCount
    byteCount = sources.reduce(0) { $0 + $1.file.byteCount }
  }

  /// A block before compression.
  struct Block: ~Copyable {
    var bytes: ByteBuffer
    let offset: Int
    let filter: BlockFilter
  }

  /// Reads the next block; `nil` behind the last one.
  func next(_ pool: BufferPool) throws(IndexedDataError) -> Block? {
    while members.count < sources.count {
      let source = sources[members.count]
      if part < source.parts.count, place < source.parts[part].range.upperBound {
        let (range, filter) = source.parts[part]
        let count = min(blockByteCount, range.upperBound - place)
        var bytes = pool.take()
        bytes.removeAll()
        try source.file.read(count, at: place, to: &bytes)
        hash.update(bytes.bytes)
        let offset = place
        place += count
        blockCount += 1
        return Block(bytes: bytes, offset: offset, filter: filter)
      }
      part += 1
      if part >= source.parts.count { try endMember(source) }
    }
    return nil
  }

  private func endMember(_ source: PackSource) throws(IndexedDataError) {
    try source.record?.requireHash(hash.value)
    members.append(
      ArchiveMember(
        name: source.name, byteCount: source.file.byteCount, hash: hash.value,
        blocks: firstBlock..<blockCount))
    firstBlock = blockCount
    part = 0
    place = 0
    hash = ContentHash()
  }
}

/// A compressed block on its way into the file.
private struct PackedBlock: ~Copyable {
  private let payload: ByteBuffer
  let entry: ArchiveBlock

  init(
    _ block: consuming PackReader.Block, _ compressor: inout BlockCompressor, _ pool: BufferPool,
    path: String
  ) throws(IndexedDataError) {
    var payload = pool.take()
    payload.removeAll()
    let made = try compressor.compress(
      block.bytes.bytes, block.filter, to: &payload, path: path)
    entry = ArchiveBlock(
      payloadOffset: 0, payloadByteCount: Int32(payload.count), offset: block.offset,
      byteCount: Int32(block.bytes.count), codec: made.codec, filter: made.filter,
      hash: ContentHash.hash(block.bytes.bytes))
    self.payload = payload
    pool.give(block.bytes)
  }

  consuming func append(
    to file: inout AppendFile, _ pool: BufferPool
  ) throws(IndexedDataError) {
    do throws(SystemError) { try file.append(payload.bytes) } catch { throw .system(error) }
    pool.give(payload)
  }
}

/// An archive that is being written beside its name.
private struct ArchiveWriter: ~Copyable {
  private let output: String
  private let header: [UInt8]
  private var file: AppendFile
  private var blocks: [ArchiveBlock] = []
  private var isFinished = false

  private var beside: String { output + ".new" }

  init(_ output: String, _ settings: PackOptions) throws(IndexedDataError) {
    self.output = output
    let header = ArchiveLayout.header(blockByteCount: settings.blockByteCount)
    self.header = header
    file = try asking { () throws(SystemError) in
      var file = try AppendFile(path: output + ".new")
      try unsafe file.append(header.span.bytes)
      return file
    }
  }

  deinit { if !isFinished { try? DurableFile.remove(beside) } }

  /// Compresses all blocks; says whether that came to its end.
  mutating func writeBlocks(
    of reader: PackReader, _ settings: PackOptions, _ options: TendOptions
  ) throws(IndexedDataError) -> Bool {
    let path = output
    let method = settings.method
    let pool = BufferPool()
    var done = 0
    let pipeline = OrderedPipeline(
      workers: settings.workers, itemLimit: 2 * settings.workers, name: "pack")
    let ending = try pipeline.run(
      interruption: settings.interruption,
      makeContext: { BlockCompressor(method) },
      next: { () throws(IndexedDataError) -> PackReader.Block? in try reader.next(pool) },
      work: { (compressor, block) throws(IndexedDataError) in
        try PackedBlock(block, &compressor, pool, path: path)
      },
      commit: { (packed) throws(IndexedDataError) in
        let entry = packed.entry
        try packed.append(to: &file, pool)
        blocks.append(entry)
        done += Int(entry.byteCount)
        options.progress(done, reader.byteCount)
      })
    return ending == .finished
  }

  /// Writes contents, table and footer, and gives the archive its name.
  mutating func finish(
    _ datasetName: String, _ members: [ArchiveMember], durable: Bool
  ) throws(IndexedDataError) {
    let ending = ArchiveLayout.ending(
      datasetName, members, blocks, at: file.byteCount, header: header)
    do throws(SystemError) {
      try unsafe file.append(ending.span.bytes)
      if durable { try file.synchronize() } else { try file.flush() }
      try DurableFile.rename(beside, to: output)
      isFinished = true
      if durable { try DurableFile.synchronizeFolder(of: output) }
    } catch {
      throw .system(error)
    }
  }
}
