internal import Glibc

/// Cuts a text that is all of a plain file into pieces, of which it reads one after another.
///
/// Nobody has looked at the text before: a piece is judged when it is cut, so that the first is encoded
/// while the others are still to be read.
struct TextCutter {
  let file: OpenFile
  /// Where the next piece begins.
  private(set) var offset = 0
  private let end: Int
  private let translatesNewlines: Bool
  private let options: ReadingOptions
  private let pool: BlockPool

  /// Cuts the first `end` bytes of a file.
  init(
    _ file: OpenFile, end: Int, translatesNewlines: Bool, options: ReadingOptions, pool: BlockPool
  ) {
    self.file = file
    self.end = end
    self.translatesNewlines = translatesNewlines
    self.options = options
    self.pool = pool
  }

  /// Passes over bytes that are done.
  ///
  /// - Throws: ``PreprocessError/cannotResume(_:)`` when there are fewer.
  mutating func skip(to byte: Int) throws(PreprocessError) {
    guard byte <= end else { throw .cannotResume("\(file.path) is shorter than it was") }
    offset = byte
  }

  /// What comes next of the text.
  enum Next {
    case piece(LongDocument.Piece)
    /// Bytes that are no text, at an offset of the file.
    case fault(offset: Int, DocumentPart)
    /// There is no place to cut the text within the limit.
    case uncuttable(DocumentPart, reason: String)
  }

  /// What comes next; `nil` after the last piece.
  mutating func next() throws(PreprocessError) -> Next? {
    guard offset < end else { return nil }
    var target = options.itemBytes
    while true {
      let part = offset..<min(offset + target, end)
      let isLast = part.upperBound == end
      var stored = pool.take(capacity: part.count)
      try file.read(part, into: &stored)
      if let place = Self.firstFault(in: stored, part.count, isLast: isLast) {
        // What is before it is judged by whoever encodes it, and first.
        if let piece = piece(before: place, stored) { return .piece(piece) }
        return .fault(offset: part.lowerBound + place, offset == 0 ? .whole : .last)
      }
      let text = translated(stored, part.count, isLast: isLast)
      let bytes = text ?? stored
      let count = text.map { $0.count - ByteBlock.padding } ?? part.count
      let cut = isLast ? count : safeCut(bytes, count)
      if cut > 0 {
        let taken = isLast ? part.count : text == nil ? cut : Self.stored(stored, cut)
        return .piece(piece(bytes, cut, taken: taken))
      }
      guard target < options.pieceLimit else { return uncuttable() }
      target = min(target * 2, options.pieceLimit)
    }
  }

  /// The text before a fault, where it can be cut.
  private mutating func piece(before place: Int, _ stored: [UInt8]) -> LongDocument.Piece? {
    let text = translated(stored, place, isLast: false)
    let bytes = text ?? stored
    let cut = safeCut(bytes, text.map { $0.count - ByteBlock.padding } ?? place)
    guard cut > 0 else { return nil }
    return piece(bytes, cut, taken: text == nil ? cut : Self.stored(stored, cut))
  }

  private mutating func piece(_ bytes: [UInt8], _ count: Int, taken: Int) -> LongDocument.Piece {
    let start = offset
    offset += taken
    let isLast = offset == end
    let part: DocumentPart =
      start == 0 ? (isLast ? .whole : .first) : (isLast ? .last : .middle)
    return LongDocument.Piece(
      block: ByteBlock(bytes, count: count, pool: pool), part: part, key: 0, textByte: start,
      next: isLast ? (1, 0) : (0, offset))
  }

  private func uncuttable() -> Next {
    .uncuttable(
      offset == 0 ? .whole : .last,
      reason: "from byte \(offset) of its text on there is no place to cut it within "
        + "\(options.pieceLimit) bytes; \(options.roomFor(end - offset))")
  }

  // MARK: - Bytes

  private func safeCut(_ bytes: [UInt8], _ count: Int) -> Int {
    unsafe options.safeCut(bytes.span.extracting(first: count).bytes)
  }

  /// The text with the line ends that Python's have, and padding behind it.
  ///
  /// A carriage return at the end waits for what follows. `nil` where the text is what is stored.
  private func translated(_ stored: [UInt8], _ count: Int, isLast: Bool) -> [UInt8]? {
    let bytes = stored.span.extracting(first: count)
    guard translatesNewlines, Self.hasReturn(bytes) else { return nil }
    var translator = NewlineTranslator()
    var text: [UInt8] = []
    text.reserveCapacity(count + ByteBlock.padding)
    translator.translate(bytes, into: &text)
    if isLast { translator.finish(into: &text) }
    text.append(contentsOf: repeatElement(0, count: ByteBlock.padding))
    return text
  }

  private static func hasReturn(_ bytes: Span<UInt8>) -> Bool {
    unsafe bytes.withUnsafeBufferPointer { all in
      guard let base = all.baseAddress else { return false }
      return unsafe memchr(base, 0x0D, all.count) != nil
    }
  }

  /// How many stored bytes become the first bytes of the translated text.
  private static func stored(_ bytes: [UInt8], _ textCount: Int) -> Int {
    var place = 0
    for _ in 0..<textCount {
      place += bytes[place] == 0x0D && bytes[place + 1] == 0x0A ? 2 : 1
    }
    return place
  }

  /// The first place where bytes are not UTF-8; a character that goes on behind them is none unless
  /// they are the last.
  private static func firstFault(in bytes: [UInt8], _ count: Int, isLast: Bool) -> Int? {
    var checker = UTF8Checker()
    if let place = checker.firstFault(in: bytes.span.extracting(first: count)) { return place }
    return isLast && checker.isInside ? count : nil
  }
}
