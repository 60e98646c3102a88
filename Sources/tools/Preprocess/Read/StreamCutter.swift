/// Cuts the streams of one input, which come in order and cannot go back, into work items.
struct StreamCutter {
  let input: Int
  let path: String
  let options: ReadingOptions
  let pool: BlockPool
  private var walker: LeafWalker
  /// The stream that is being cut.
  var leaf: LeafWalker.Leaf?
  /// What has been read of it.
  var window: Window
  /// Where the elements of its array are, when it is one.
  var splitter = ArraySplitter(at: .start)
  /// Reported after the records before it.
  var pending: PreprocessError?

  /// Starts at the first stream of an input; `pipe` is what it is read from when it is no file, and
  /// `begun` the content of a compressed one that is read already.
  init(
    _ entry: InputList.Entry, pipe: PipeStream?, begun: AheadStream?, input: Int,
    options: ReadingOptions, pool: BlockPool
  ) throws(PreprocessError) {
    self.input = input
    self.options = options
    self.pool = pool
    path = entry.path
    walker = try LeafWalker(entry, pipe: pipe, begun: begun, options: options)
    leaf = try walker.next()
    window = Window(leaf?.stream ?? EmptyStream(path), offset: 0, pool: pool)
  }

  /// Passes over what is done.
  ///
  /// - Throws: ``PreprocessError/cannotResume(_:)`` when the input is shorter than that.
  mutating func skip(to position: SourcePosition) throws(PreprocessError) {
    while let current = leaf, current.ordinal < position.stream { try advance() }
    guard position.byte > 0 else { return }
    guard leaf != nil, try window.skip(position.byte) == position.byte else {
      throw .cannotResume("\(path) is shorter than it was")
    }
    splitter = ArraySplitter(at: .afterElement)
  }

  /// The next cut; `nil` after the last stream.
  mutating func next() throws(PreprocessError) -> Cut? {
    while true {
      if let pending { throw pending }
      guard let current = leaf else { return nil }
      let cut: Cut?
      switch current.format {
      case .jsonLines: cut = try nextLines(.jsonLines, .json(keys: jsonKeys))
      case .textLines: cut = try nextLines(.textLines, .text(translatesNewlines: false))
      case .jsonArray: cut = try nextElements()
      case .sizedRecords: cut = try nextSizedRecords()
      case .text(let translates): cut = try nextTexts(translates: translates)
      }
      if let cut { return cut }
      if pending == nil && window.count == 0 && window.isAtEnd { try advance() }
    }
  }

  /// Bytes of the stored file that have been read, where a stream is open.
  var storedByte: Int? { leaf?.stream.storedByte }

  var jsonKeys: [[UInt8]] { options.scannedKeys }

  /// Turns to the next stream.
  mutating func advance() throws(PreprocessError) {
    leaf = try walker.next()
    if let leaf { window.restart(leaf.stream) }
    splitter = ArraySplitter(at: .start)
  }

  /// Turns to the next stream; what goes wrong there is reported after what was found before it.
  mutating func advanceOrNote() {
    do throws(PreprocessError) {
      try advance()
    } catch {
      pending = error
    }
  }

  /// The current stream, for tags.
  func place(_ leaf: LeafWalker.Leaf) -> StreamPlace {
    StreamPlace(input: input, path: path, ordinal: leaf.ordinal, name: leaf.name)
  }

  /// Reads a record that is too long from the window's front.
  ///
  /// `start` is where reading must begin again to find it, and `linesBefore` counts the lines from
  /// there.
  mutating func longRecord(
    _ leaf: LeafWalker.Leaf, from start: Int, linesBefore: Int = 0,
    until boundary: RecordBoundary, _ kind: LongRecord.Kind, endsStream: Bool = false
  ) throws(PreprocessError) -> Cut {
    let recordStart = window.offset
    var boundary = boundary
    let record = try LongRecord(from: &window, until: &boundary, kind: kind, options: options)
    let place = place(leaf)
    let end =
      endsStream
      ? SourcePosition(input: input, stream: leaf.ordinal + 1, byte: 0)
      : place.position(window.offset)
    return .long(
      LongCut(
        record: record, stream: place, start: start, recordStart: recordStart,
        linesBefore: linesBefore, end: end,
        firstLine: leaf.format == .sizedRecords ? 1 : nil))
  }

  // MARK: - Lines

  private mutating func nextLines(
    _ shape: WorkItem.Shape, _ kind: LongRecord.Kind
  ) throws(PreprocessError) -> Cut? {
    guard let leaf else { return nil }
    var target = options.itemBytes
    var searched = 0
    while true {
      try window.fill(to: target + 1)
      guard window.count > 0 else { return nil }
      let start = window.offset
      let isRest = window.count <= target
      if let length = isRest ? window.count : window.endOfLastLine(in: searched..<target) {
        let tag = place(leaf).tag(from: start, to: start + length)
        return .item(WorkItem(tag: tag, shape: shape, bytes: .memory(window.cut(length))))
      }
      guard target < options.recordLimit else {
        let boundary = RecordBoundary.line(isIncluded: leaf.format == .textLines)
        return try longRecord(leaf, from: start, until: boundary, kind)
      }
      searched = target
      target = min(target * 2, options.recordLimit)
    }
  }
}

/// A stream without bytes: an archive without members.
private final class EmptyStream: ByteStream {
  let name: String

  init(_ name: String) {
    self.name = name
  }

  var storedByte: Int { 0 }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int { 0 }
}
