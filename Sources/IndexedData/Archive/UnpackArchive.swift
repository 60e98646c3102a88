package import Machine

/// How an archive is read from end to end.
package struct UnpackOptions: Sendable {
  /// Threads that decompress.
  package var workers = 1
  /// What may end the work before its time.
  package var interruption: Interruption?
  /// What becomes of a manifest where the dataset gets another name; by default nothing.
  package var renamesManifest: @Sendable (_ bytes: [UInt8]) -> [UInt8] = { $0 }

  package init() {}
}

extension Archive {
  /// Writes the files in the archive, byte for byte what they were but for a manifest that has to
  /// name the dataset otherwise; they get their names when all are whole.
  ///
  /// A manifest that is there with the same bytes, as that of a run with several datasets can be,
  /// stays.
  /// - Returns: the paths; `nil` where the work was interrupted, and nothing is left of it.
  /// - Throws: `alreadyExists`, `busy`, `malformed` where the archive is damaged, `unsuitable` where
  ///   names of companions do not follow from the prefix.
  package func unpack(
    to prefix: String, _ settings: UnpackOptions, _ options: TendOptions
  ) throws(IndexedDataError) -> [String]? {
    let lock = try OutputLock(output: prefix)
    return try withExtendedLifetime(lock) { () throws(IndexedDataError) in
      var output = try UnpackedFiles(self, prefix, settings, options)
      let isWhole = try readBlocks(
        settings, options.progress, damaged: { (error) throws(IndexedDataError) in throw error }
      ) { (member, bytes) throws(IndexedDataError) in
        try output.append(bytes, to: member)
      }
      guard isWhole else { return nil }
      return try output.finish(durable: options.isDurable)
    }
  }

  /// Reads everything and compares all hashes.
  ///
  /// `damaged` is called with a `malformed` for each damaged block, in their order, and goes on to
  /// the next one by not throwing it.
  /// - Returns: `false` where the work was interrupted.
  /// - Throws: what `damaged` throws: without it the first damage.
  package func check(
    _ settings: UnpackOptions,
    progress: @Sendable (_ bytesDone: Int, _ bytesTotal: Int) -> Void = { _, _ in },
    damaged: (IndexedDataError) throws(IndexedDataError) -> Void = {
      (error) throws(IndexedDataError) in throw error
    }
  ) throws(IndexedDataError) -> Bool {
    try readBlocks(settings, progress, damaged: damaged) { _, _ in }
  }

  /// Calls `take` with the bytes of the members' blocks in their order, and `damaged` instead for
  /// each that is not what it was.
  private func readBlocks(
    _ settings: UnpackOptions, _ progress: (Int, Int) -> Void,
    damaged: (IndexedDataError) throws(IndexedDataError) -> Void,
    take: (_ member: Int, RawSpan) throws(IndexedDataError) -> Void
  ) throws(IndexedDataError) -> Bool {
    let pool = BufferPool()
    let total = memberByteCount
    var cursor = BlockCursor(members)
    var hash = ContentHash()
    var isDamaged = false
    var done = 0
    let pipeline = OrderedPipeline(
      workers: settings.workers, itemLimit: 2 * settings.workers, name: "unpack")
    let ending = try pipeline.run(
      interruption: settings.interruption,
      makeContext: { BlockDecompressor() },
      next: { () throws(IndexedDataError) -> BlockCursor.Place? in cursor.next() },
      work: { (decompressor, place) throws(IndexedDataError) -> UnpackedBlock in
        var bytes = pool.take()
        bytes.removeAll()
        guard let block = place.block else { return UnpackedBlock(bytes, place) }
        do throws(IndexedDataError) {
          try read(block, of: members[place.member], &decompressor, to: &bytes)
        } catch {
          guard case .malformed = error else { throw error }
          return UnpackedBlock(bytes, place, damage: error)
        }
        return UnpackedBlock(bytes, place)
      },
      commit: { (block) throws(IndexedDataError) in
        let place = block.place
        done += place.block.map { blocks[$0].range.count } ?? 0
        if let damage = block.damage {
          isDamaged = true
          try damaged(damage)
        }
        try block.use(pool) { (bytes) throws(IndexedDataError) in
          guard !isDamaged else { return }
          hash.update(bytes)
          try take(place.member, bytes)
        }
        progress(done, total)
        guard place.isLast else { return }
        // What its blocks say of a damaged member has been told.
        if !isDamaged, let damage = difference(hash.value, members[place.member]) {
          try damaged(damage)
        }
        hash = ContentHash()
        isDamaged = false
      })
    return ending == .finished
  }

  private func difference(_ hash: UInt64, _ member: ArchiveMember) -> IndexedDataError? {
    guard hash != member.hash else { return nil }
    return .malformed(
      path: path, byte: ArchiveLayout.headerByteCount, what: "hash of \(originalName(of: member))",
      expected: ContentHash.text(member.hash), found: ContentHash.text(hash))
  }
}

/// Walks through the blocks of all members; one without blocks is visited once.
private struct BlockCursor {
  struct Place: Sendable {
    let member: Int
    /// The block; `nil` of a member without any.
    let block: Int?
    /// Whether the member ends here.
    let isLast: Bool
  }

  private let members: [ArchiveMember]
  private var member = 0
  private var block = 0

  init(_ members: [ArchiveMember]) { self.members = members }

  mutating func next() -> Place? {
    guard member < members.count else { return nil }
    let blocks = members[member].blocks
    let isLast = block + 1 >= blocks.upperBound
    let place = Place(member: member, block: blocks.isEmpty ? nil : block, isLast: isLast)
    if !blocks.isEmpty { block += 1 }
    if isLast { member += 1 }
    return place
  }
}

/// A decompressed block on its way into a file.
private struct UnpackedBlock: ~Copyable {
  private let bytes: ByteBuffer
  let place: BlockCursor.Place
  /// What is wrong with the block, whose bytes mean nothing then.
  let damage: IndexedDataError?

  init(
    _ bytes: consuming ByteBuffer, _ place: BlockCursor.Place, damage: IndexedDataError? = nil
  ) {
    self.bytes = bytes
    self.place = place
    self.damage = damage
  }

  /// Shows the bytes, then gives the memory back.
  consuming func use(
    _ pool: BufferPool, _ body: (RawSpan) throws(IndexedDataError) -> Void
  ) throws(IndexedDataError) {
    try body(bytes.bytes)
    pool.give(bytes)
  }
}
