/// The inputs as a row of work items: the same row whoever reads, and however often reading is broken
/// off and continued.
package struct DocumentSource: ~Copyable {
  private let inputs: InputList
  private let slices: [InputSlice]
  private let options: ReadingOptions
  private let pool: BlockPool
  /// Where reading continues, until ``goToStart()`` has gone there.
  private var resumePosition: SourcePosition?
  private var nextSlice = 0
  /// Bytes of the slices before that one.
  private var bytesOpened = 0
  private var regions: (cutter: RegionCutter, place: StreamPlace)?
  private var streams: StreamCutter?
  /// What they are read from, when it is a pipe.
  private var pipe: PipeStream?
  /// What was read of the pipes before that one.
  private var usedPipes: [PipeMark] = []
  /// A long record whose text is being read in pieces.
  private var long: (document: LongDocument, cut: LongCut)?
  /// A text that is all of a plain file, while its pieces are cut.
  private var text: (cutter: TextCutter, cut: LongCut)?

  /// Starts at the first input of a shard, or continues at a position that ``LineLedger`` gave.
  ///
  /// - Throws: ``PreprocessError`` when the inputs cannot be divided.
  package init(
    _ inputs: InputList, options: ReadingOptions, shard: Shard = .whole,
    resumingAt position: SourcePosition? = nil
  ) throws(PreprocessError) {
    precondition(Set(options.keys).count == options.keys.count && !options.keys.isEmpty)
    let slices = try shard.slices(of: inputs)
    self.inputs = inputs
    self.options = options
    self.slices = slices
    pool = BlockPool(capacity: options.itemBytes, keep: 64)
    resumePosition = position
  }

  /// Goes to the position where reading continues, so that ``bytesRead`` tells what was done before.
  ///
  /// Does nothing at the start of the inputs, and when it is called again.
  /// - Throws: ``PreprocessError/cannotResume(_:)`` when the position is in none of the inputs, and
  ///   ``PreprocessError/otherData(name:finding:)`` when a pipe does not hold what it held.
  package mutating func goToStart() throws(PreprocessError) {
    guard let position = resumePosition else { return }
    resumePosition = nil
    try resume(at: position)
  }

  /// The next item; `nil` after the last.
  ///
  /// - Throws: ``PreprocessError``; the first call throws what ``goToStart()`` throws, which it does
  ///   where that was not called.
  package mutating func next() throws(PreprocessError) -> WorkItem? {
    try goToStart()
    var item = try nextItem()
    item?.tag.end.pipes = pipe.map { usedPipes + [$0.mark] } ?? usedPipes
    return item
  }

  private mutating func nextItem() throws(PreprocessError) -> WorkItem? {
    while true {
      if let item = try nextPiece() { return item }
      switch try nextCut() {
      case .item(let item): return item
      case .long(let cut):
        if let item = try begin(cut) { return item }
      case nil:
        guard try openNext() else { return nil }
      }
    }
  }

  private mutating func nextCut() throws(PreprocessError) -> Cut? {
    if streams != nil { return try streams?.next() }
    guard let place = regions?.place, let cut = try regions?.cutter.next() else { return nil }
    switch cut {
    case .lines(let range):
      guard let file = regions?.cutter.file else { return nil }
      let isText = inputs.entries[place.input].plainFormat == .textLines
      return .item(
        WorkItem(
          tag: place.tag(from: range.lowerBound, to: range.upperBound),
          shape: isText ? .textLines : .jsonLines, bytes: .file(file, range)))
    case .longLine(let start):
      return try longLine(from: start, place)
    }
  }

  /// The record that comes next, taken as a long one whatever its size: it was one where memory was
  /// shared out otherwise.
  private mutating func longCut() throws(PreprocessError) -> Cut? {
    if streams != nil { return try streams?.nextLong() }
    guard let regions else { return nil }
    return try longLine(from: regions.cutter.offset, regions.place)
  }

  private mutating func longLine(
    from start: Int, _ place: StreamPlace
  ) throws(PreprocessError) -> Cut? {
    guard let file = regions?.cutter.file, let end = regions?.cutter.end else { return nil }
    let isText = inputs.entries[place.input].plainFormat == .textLines
    var window = Window(FileStream(file, from: start, end: end), offset: start, pool: pool)
    var boundary = RecordBoundary.line(isIncluded: isText)
    let kind: LongRecord.Kind =
      isText
      ? .text(translatesNewlines: false) : .json(keys: options.scannedKeys)
    let record = try LongRecord(from: &window, until: &boundary, kind: kind, options: options)
    regions?.cutter.offset = window.offset
    return .long(
      LongCut(
        record: record, stream: place, start: start, recordStart: start, linesBefore: 0,
        end: place.position(window.offset)))
  }

  /// Opens the next input, of which an earlier process may have read something; returns whether there
  /// is one.
  private mutating func openNext(expecting mark: PipeMark? = nil) throws(PreprocessError) -> Bool {
    guard nextSlice < slices.count else { return false }
    let slice = slices[nextSlice]
    nextSlice += 1
    bytesOpened += slice.range.count
    let entry = inputs.entries[slice.input]
    regions = nil
    streams = nil
    let begun = options.early?.take(entry)
    if let pipe { usedPipes.append(pipe.mark) }
    pipe =
      entry.isFile
      ? nil
      : try PipeStream(
        entry.path, input: slice.input, expecting: mark, interruption: options.interruption)
    if entry.isDivisible {
      let place = StreamPlace(
        input: slice.input, path: entry.path, ordinal: 0, name: entry.path)
      let file = try OpenFile(entry.path)
      regions = (RegionCutter(file: file, range: slice.range, options: options), place)
    } else {
      streams = try StreamCutter(
        entry, pipe: pipe, begun: begun, input: slice.input, options: options, pool: pool)
    }
    return true
  }
}

// MARK: - Progress

extension DocumentSource {
  /// Bytes of the shard's inputs, as stored; 0 for what has no length.
  package var byteCount: Int {
    slices.reduce(0) { $0 + $1.range.count }
  }

  /// Bytes that came out of pipes so far, which have no length.
  package var pipedBytes: Int {
    usedPipes.reduce(pipe?.mark.byteCount ?? 0) { $0 + $1.byteCount }
  }

  /// Bytes of them that have been read so far.
  package var bytesRead: Int {
    guard nextSlice > 0 else { return 0 }
    let slice = slices[nextSlice - 1].range
    let offset =
      text?.cutter.offset ?? regions?.cutter.offset ?? streams?.storedByte ?? slice.upperBound
    return bytesOpened - slice.count + min(max(offset - slice.lowerBound, 0), slice.count)
  }
}

// MARK: - Long records

extension DocumentSource {
  /// Begins a long record; returns its only item when it has no text.
  private mutating func begin(_ cut: LongCut) throws(PreprocessError) -> WorkItem? {
    switch cut.record.verdict {
    case .texts where options.keepsRecordsWhole, .empty where options.givesRecords:
      let limit = options.pieceLimit
      guard cut.record.range.count > limit else { return cut.wholeItem() }
      let reason =
        "a record of \(cut.record.range.count) bytes, and one that gets labels must fit into "
        + "\(limit); \(options.roomFor(cut.record.range.count))"
      return cut.item(for: .fault(Fault(place: cut.place, reason: reason, record: cut.raw)))
    case .empty:
      return cut.item(for: .emptyRecord)
    case .fault(let fault, let lines):
      return cut.item(for: .fault(cut.fault(fault, linesBefore: lines)))
    case .unread(let translates):
      let cutter = TextCutter(
        cut.record.file, end: cut.record.range.upperBound, translatesNewlines: translates,
        options: options, pool: pool)
      text = (cutter, cut)
      return nil
    case .texts(let extents):
      // Text serves every wanted member alike.
      let all = extents.count == 1 ? options.keys.map { _ in extents[0] } : extents
      let document = LongDocument(
        cut.record, extents: all, place: cut.place, name: cut.stream.name, options: options,
        pool: pool)
      long = (document, cut)
      return nil
    }
  }

  private mutating func nextPiece() throws(PreprocessError) -> WorkItem? {
    if let item = try nextTextPiece() { return item }
    guard let next = try long?.document.next(), let cut = long?.cut else {
      long = nil
      return nil
    }
    switch next {
    case .piece(let piece):
      let isLast = piece.next.key == options.keys.count
      if isLast { long = nil }
      return cut.item(for: piece, isLast: isLast)
    case .uncuttable(let part, let key, let reason):
      long = nil
      let fault = Fault(place: cut.place, reason: reason, record: cut.raw)
      return cut.item(for: .uncuttable(fault, part, key: key))
    }
  }
}

extension DocumentSource {
  private mutating func nextTextPiece() throws(PreprocessError) -> WorkItem? {
    guard let next = try text?.cutter.next(), let cut = text?.cut else {
      text = nil
      return nil
    }
    let (fault, part): (Fault, DocumentPart)
    switch next {
    case .piece(let piece):
      let isLast = piece.part.isLast
      if isLast { text = nil }
      return cut.item(for: piece, isLast: isLast)
    case .fault(let offset, let whichPart):
      let lines = LineLedger.countLines(of: cut.record.file.path, before: offset)
      fault = cut.fault(
        .init(offset: offset, reason: "bytes that are not UTF-8"), linesBefore: lines)
      part = whichPart
    case .uncuttable(let whichPart, let reason):
      fault = Fault(place: cut.place, reason: reason, record: cut.raw)
      part = whichPart
    }
    text = nil
    return cut.item(for: .uncuttable(fault, part, key: 0))
  }
}

// MARK: - Resuming

extension DocumentSource {
  private mutating func resume(at position: SourcePosition) throws(PreprocessError) {
    guard position.input < inputs.entries.count else {
      throw .cannotResume("there are fewer inputs than there were")
    }
    guard let index = slices.firstIndex(where: { $0.input >= position.input }) else {
      nextSlice = slices.count
      bytesOpened = byteCount
      return
    }
    nextSlice = index
    bytesOpened = slices[..<index].reduce(0) { $0 + $1.range.count }
    try passUsedPipes(before: position)
    guard slices[index].input == position.input else { return }
    do throws(PreprocessError) {
      guard try openNext(expecting: mark(of: position.input, in: position)) else { return }
      try pass(to: position)
    } catch {
      // Where the pipe holds other data, that explains whatever else went wrong.
      try pipe?.compareRest(keepsBytes: false)
      throw error
    }
  }

  /// Goes to a position in the input that is open.
  private mutating func pass(to position: SourcePosition) throws(PreprocessError) {
    if let range = regions.map({ $0.cutter.offset..<$0.cutter.end }) {
      // A saved position may be the very start, before the shard's own.
      let offset = max(position.byte, range.lowerBound)
      guard offset <= range.upperBound else {
        throw .cannotResume("\(inputs.entries[position.input].path) is shorter than it was")
      }
      regions?.cutter.offset = offset
    } else {
      try streams?.skip(to: position)
    }
    let cut = position.isInsideDocument ? try longCut() : nil
    // What had been read is what is done and all of a long record, but also some of what follows.
    try pipe?.compareRest(keepsBytes: true)
    guard position.isInsideDocument else { return }
    guard case .long(let cut) = cut, try begin(cut) == nil else {
      throw .cannotResume("the long document at byte \(position.byte) is not what it was")
    }
    try long?.document.skip(toKey: position.key, textByte: position.textByte)
    try text?.cutter.skip(to: position.textByte)
  }

  /// Compares the pipes that are done, as the output holds what they held.
  private mutating func passUsedPipes(before position: SourcePosition) throws(PreprocessError) {
    for (input, entry) in inputs.entries[..<position.input].enumerated() where !entry.isFile {
      let pipe = try PipeStream(
        entry.path, input: input, expecting: mark(of: input, in: position),
        interruption: options.interruption)
      try pipe.compareRest(keepsBytes: false)
      usedPipes.append(pipe.mark)
    }
  }

  /// What was read of an input; `nil` when it is a file.
  private func mark(
    of input: Int, in position: SourcePosition
  ) throws(PreprocessError) -> PipeMark? {
    let entry = inputs.entries[input]
    guard !entry.isFile else { return nil }
    guard let mark = position.pipes.first(where: { $0.input == input }) else {
      throw .cannotResume("it does not tell what was read of \(entry.path)")
    }
    return mark
  }
}
