extension StreamCutter {
  /// Cuts whole streams, each a document: as many small ones as fill an item, or a large one.
  mutating func nextTexts(translates: Bool) throws(PreprocessError) -> Cut? {
    var batch = TextBatch()
    while let current = leaf, current.format == .text(translatesNewlines: translates) {
      if let file = unreadFile, file.end > options.textLimit {
        guard batch.isEmpty else { return item(batch, translates) }
        return longText(current, unread: file, translates: translates)
      }
      try fillText()
      guard window.isAtEnd else {
        if !batch.isEmpty { return item(batch, translates) }
        return try longText(current, translates: translates)
      }
      if batch.bytes.count + window.count > options.itemBytes || batch.isFull {
        if !batch.isEmpty { return item(batch, translates) }
        let whole = item(whole: current, translates)
        advanceOrNote()
        return whole
      }
      batch.append(window.bytes[..<window.count], current)
      window.drop(window.count)
      advanceOrNote()
      if pending != nil { break }
    }
    return batch.isEmpty ? nil : item(batch, translates)
  }

  /// Reads the whole stream as a long record.
  mutating func longText(
    _ leaf: LeafWalker.Leaf, translates: Bool
  ) throws(PreprocessError) -> Cut {
    if let file = unreadFile { return longText(leaf, unread: file, translates: translates) }
    let cut = try longRecord(
      leaf, from: 0, until: .stream, .text(translatesNewlines: translates), endsStream: true)
    advanceOrNote()
    return cut
  }

  /// The current stream, where it is a plain file which pieces may be made of and nobody has read of.
  private var unreadFile: FileStream? {
    guard !options.keepsRecordsWhole, !options.givesRecords, options.keys.count == 1,
      window.offset == 0, window.count == 0, let file = window.stream as? FileStream,
      file.storedByte == 0
    else { return nil }
    return file
  }

  private mutating func longText(
    _ leaf: LeafWalker.Leaf, unread file: FileStream, translates: Bool
  ) -> Cut {
    let record = LongRecord(unread: file, translatesNewlines: translates)
    let end = SourcePosition(input: input, stream: leaf.ordinal + 1, byte: 0)
    let cut = LongCut(
      record: record, stream: place(leaf), start: 0, recordStart: 0, linesBefore: 0, end: end)
    advanceOrNote()
    return .long(cut)
  }

  /// Reads the whole stream, or one byte more than a record may have.
  private mutating func fillText() throws(PreprocessError) {
    var target = options.itemBytes
    while true {
      try window.fill(to: target)
      if window.isAtEnd || window.count > options.recordLimit { return }
      target = min(target * 2, options.recordLimit + 1)
    }
  }

  private func item(_ batch: consuming TextBatch, _ translates: Bool) -> Cut {
    let count = batch.bytes.count
    let end = SourcePosition(input: input, stream: batch.nextOrdinal, byte: 0)
    let tag = ItemTag(
      names: batch.names, firstStream: batch.firstOrdinal, input: input, path: path, startByte: 0,
      firstLine: 1, end: end)
    var bytes = pool.take(capacity: count)
    bytes.copy(batch.bytes[...], to: 0)
    return .item(
      WorkItem(
        tag: tag, shape: .texts(batch.ranges, translatesNewlines: translates),
        bytes: .memory(ByteBlock(bytes, count: count, pool: pool))))
  }

  /// A stream that is an item of its own.
  private mutating func item(whole leaf: LeafWalker.Leaf, _ translates: Bool) -> Cut {
    let end = SourcePosition(input: input, stream: leaf.ordinal + 1, byte: 0)
    let range = RecordRange(bytes: 0..<window.count, stream: 0, offset: 0)
    let shape = WorkItem.Shape.texts([range], translatesNewlines: translates)
    let block = window.cut(window.count)
    return .item(
      WorkItem(tag: place(leaf).tag(from: 0, end: end), shape: shape, bytes: .memory(block)))
  }
}

/// Small streams that share an item.
private struct TextBatch {
  private(set) var bytes: [UInt8] = []
  private(set) var ranges: [RecordRange] = []
  private(set) var names: [String] = []
  private(set) var nextOrdinal = 0
  /// The number of the first one.
  private(set) var firstOrdinal = 0

  var isEmpty: Bool { ranges.isEmpty }
  /// Whether there are so many that their names would take too much memory.
  var isFull: Bool { ranges.count >= 4096 }

  mutating func append(_ text: ArraySlice<UInt8>, _ leaf: LeafWalker.Leaf) {
    if isEmpty { firstOrdinal = leaf.ordinal }
    let start = bytes.count
    bytes += text
    ranges.append(RecordRange(bytes: start..<bytes.count, stream: names.count, offset: 0))
    names.append(leaf.name)
    nextOrdinal = leaf.ordinal + 1
  }
}
