/// Reads the texts of a long record in pieces, cut where the tokenizer can cut.
struct LongDocument {
  /// A piece of a text.
  struct Piece {
    let block: ByteBlock
    let part: DocumentPart
    let key: Int
    /// Bytes of the text before it.
    let textByte: Int
    /// Where reading continues: the wanted member, and bytes of its text that are done.
    let next: (key: Int, textByte: Int)
  }

  let record: LongRecord
  let place: RecordPlace
  private let extents: [LongRecord.Extent?]
  private let options: ReadingOptions
  private let pool: BlockPool
  private let name: String
  private var key = 0
  /// Bytes of the current text that have been given away.
  private var textByte = 0
  /// Text that has been read and not been given away.
  private var text: [UInt8] = []
  private var transform = TextTransform.none
  /// What is left to read of the current text.
  private var left = 0..<0
  private var scratch: [UInt8] = []

  init(
    _ record: LongRecord, extents: [LongRecord.Extent?], place: RecordPlace, name: String,
    options: ReadingOptions, pool: BlockPool
  ) {
    self.record = record
    self.extents = extents
    self.place = place
    self.name = name
    self.options = options
    self.pool = pool
    scratch = [UInt8](repeating: 0, count: 1 << 18)
    begin(0)
  }

  private mutating func begin(_ key: Int) {
    self.key = key
    textByte = 0
    text.removeAll(keepingCapacity: true)
    guard key < extents.count, let extent = extents[key] else {
      left = 0..<0
      return
    }
    left = extent.range
    transform = extent.transform
  }

  /// Passes over texts that are done.
  ///
  /// - Throws: ``PreprocessError/cannotResume(_:)`` when there is less text than that.
  mutating func skip(toKey wanted: Int, textByte wantedByte: Int) throws(PreprocessError) {
    begin(wanted)
    while textByte < wantedByte {
      try fill(to: min(options.itemBytes, wantedByte - textByte))
      guard !text.isEmpty else { throw .cannotResume("\(name) is not what it was") }
      let count = min(text.count, wantedByte - textByte)
      text.removeFirst(count)
      textByte += count
    }
  }

  /// What comes next of a text.
  enum Next {
    case piece(Piece)
    /// There is no place to cut the text within the limit.
    case uncuttable(DocumentPart, key: Int, reason: String)
  }

  /// What comes next; `nil` after the last piece.
  mutating func next() throws(PreprocessError) -> Next? {
    guard key < extents.count else { return nil }
    var target = options.itemBytes
    while true {
      try fill(to: target + 1)
      if text.count <= target { return .piece(endOfText()) }
      let cut = options.safeCut(text.span.bytes(first: target))
      if cut > 0 { return .piece(piece(cut, isLast: false)) }
      guard target < options.pieceLimit else { return uncuttable() }
      target = min(target * 2, options.pieceLimit)
    }
  }

  private func uncuttable() -> Next {
    // As stored, text takes as many bytes at least.
    let rest = text.count + left.count
    return .uncuttable(
      textByte == 0 ? .whole : .last, key: key,
      reason: "from byte \(textByte) of its text on there is no place to cut it within "
        + "\(options.pieceLimit) bytes; \(options.roomFor(rest))")
  }

  private mutating func endOfText() -> Piece {
    let piece = piece(text.count, isLast: true)
    begin(key + 1)
    return piece
  }

  private mutating func piece(_ count: Int, isLast: Bool) -> Piece {
    let start = textByte
    let isFirst = start == 0
    var bytes = pool.take(capacity: count)
    bytes.copy(text[..<count], to: 0)
    text.removeFirst(count)
    textByte += count
    return Piece(
      block: ByteBlock(bytes, count: count, pool: pool),
      part: isFirst ? isLast ? .whole : .first : isLast ? .last : .middle, key: key,
      textByte: start, next: isLast ? (key + 1, 0) : (key, textByte))
  }

  /// Reads until there are `target` bytes of text or the text ends.
  private mutating func fill(to target: Int) throws(PreprocessError) {
    while text.count < target && !left.isEmpty {
      let part = left.prefix(scratch.count)
      try record.file.read(part, into: &scratch)
      Self.append(scratch, part.count, &transform, &text)
      left = part.upperBound..<left.upperBound
      if left.isEmpty { transform.finish(into: &text) }
    }
  }

  private static func append(
    _ bytes: [UInt8], _ count: Int, _ transform: inout TextTransform, _ text: inout [UInt8]
  ) {
    transform.append(bytes.span.extracting(first: count), to: &text)
  }
}

extension Span<UInt8> {
  /// The first bytes, raw.
  @_lifetime(copy self)
  fileprivate func bytes(first count: Int) -> RawSpan {
    unsafe extracting(first: count).bytes
  }
}
