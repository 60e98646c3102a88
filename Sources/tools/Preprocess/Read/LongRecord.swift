internal import Machine

/// A record that is too long for memory: it is judged as it comes by, and kept in a file, from which
/// its text is read afterwards.
struct LongRecord: Sendable {
  /// How its bytes become text.
  enum Kind: Sendable {
    case json(keys: [[UInt8]])
    case text(translatesNewlines: Bool)

    var isJSON: Bool { if case .json = self { true } else { false } }
  }

  /// A wanted text: its stored bytes, and how they become text; `nil` when it is empty.
  typealias Extent = (range: Range<Int>, transform: TextTransform)

  /// What the record is.
  enum Verdict: Sendable {
    /// The fault, from the start of the record, and the line ends before it.
    case fault(JSONScanner.Fault, linesBefore: Int)
    case empty
    case texts([Extent?])
    /// A text that is all of a plain file, of which nothing has been read.
    case unread(translatesNewlines: Bool)
  }

  let kind: Kind
  let file: OpenFile
  /// The record in the file.
  let range: Range<Int>
  let verdict: Verdict
  /// Line ends in the record and after it.
  let lineCount: Int
  /// Bytes of the stream that belong to it, its line end included.
  let streamByteCount: Int

  /// The text that is all of a plain file.
  init(unread stream: FileStream, translatesNewlines: Bool) {
    kind = .text(translatesNewlines: translatesNewlines)
    file = stream.file
    range = 0..<stream.end
    verdict = .unread(translatesNewlines: translatesNewlines)
    lineCount = 0
    streamByteCount = stream.end
  }

  /// Reads a record to its end, which the window is then at.
  init(
    from window: inout Window, until end: inout RecordBoundary, kind: Kind,
    options: ReadingOptions
  ) throws(PreprocessError) {
    self.kind = kind
    let start = window.offset
    var judge = LongRecordJudge(kind)
    var store = try LongRecordStore(window, options)
    var dropped = 0
    var isAtEnd = false
    while true {
      if window.count == 0 { try window.fill(to: 1 << 20) }
      guard window.count > 0 else {
        guard end.mayEndWithStream else {
          throw .brokenStructure(
            name: window.stream.name, byte: window.offset, reason: "the stream ends in a record")
        }
        isAtEnd = true
        break
      }
      let isEnd: Bool
      let length: Int
      do {
        let bytes = window.bytes.span.extracting(first: window.count)
        let taken = end.take(bytes)
        judge.take(bytes.extracting(first: taken.count))
        try store.append(bytes.extracting(first: taken.count))
        dropped = taken.dropped
        isEnd = taken.isEnd
        length = taken.count + taken.dropped
      }
      window.drop(length)
      if isEnd { break }
    }
    streamByteCount = window.offset - start
    let stored = store.range(streamByteCount - dropped)
    file = store.file
    range = stored
    lineCount = judge.lineCount + dropped
    verdict = judge.verdict(base: stored.lowerBound, byteCount: stored.count, atEnd: isAtEnd)
  }
}

/// Keeps the bytes of a long record where they can be read again.
private enum LongRecordStore {
  /// The record lies in a plain file anyhow.
  case inPlace(OpenFile, start: Int)
  case spool(SpoolFile)

  init(_ window: Window, _ options: ReadingOptions) throws(PreprocessError) {
    if let stream = window.stream as? FileStream {
      self = .inPlace(stream.file, start: window.offset)
    } else {
      self = .spool(try SpoolFile(in: options.spoolFolder))
    }
  }

  var file: OpenFile {
    switch self {
    case .inPlace(let file, _): file
    case .spool(let spool): spool.file
    }
  }

  func range(_ byteCount: Int) -> Range<Int> {
    switch self {
    case .inPlace(_, let start): start..<start + byteCount
    case .spool: 0..<byteCount
    }
  }

  mutating func append(_ bytes: Span<UInt8>) throws(PreprocessError) {
    guard case .spool(var spool) = self else { return }
    try spool.append(bytes)
    self = .spool(spool)
  }
}

/// Judges a long record as it comes by.
private struct LongRecordJudge {
  private let kind: LongRecord.Kind
  private var scanner: JSONScanner
  private var utf8 = UTF8Checker()
  private var offset = 0
  private var textFault: JSONScanner.Fault?
  private(set) var lineCount = 0
  /// Line ends before the fault.
  private var linesBeforeFault: Int?

  init(_ kind: LongRecord.Kind) {
    self.kind = kind
    if case .json(let keys) = kind {
      scanner = JSONScanner(keys: keys)
    } else {
      scanner = JSONScanner(keys: [])
    }
  }

  private var fault: JSONScanner.Fault? { scanner.fault ?? textFault }

  mutating func take(_ bytes: Span<UInt8>) {
    if fault == nil {
      switch kind {
      case .json:
        scanner.feed(bytes)
      case .text:
        if let index = utf8.firstFault(in: bytes) { noteBadText(at: offset + index) }
      }
    }
    if let fault, linesBeforeFault == nil {
      linesBeforeFault = lineCount + bytes.extracting(first: fault.offset - offset).count(of: 0x0A)
    }
    lineCount += bytes.count(of: 0x0A)
    offset += bytes.count
  }

  private mutating func noteBadText(at place: Int) {
    textFault = .init(offset: place, reason: "bytes that are not UTF-8")
  }

  mutating func verdict(base: Int, byteCount: Int, atEnd: Bool) -> LongRecord.Verdict {
    switch kind {
    case .text(let translates):
      if textFault == nil && utf8.isInside { noteBadText(at: byteCount) }
      if let textFault {
        return .fault(textFault, linesBefore: linesBeforeFault ?? lineCount)
      }
      guard byteCount > 0 else { return .empty }
      return .texts([(base..<base + byteCount, translates ? .newlines(.init()) : .none)])
    case .json:
      scanner.finish(atEnd: atEnd)
      switch scanner.verdict() {
      case .empty:
        return .empty
      case .fault(let fault):
        return .fault(fault, linesBefore: linesBeforeFault ?? 0)
      case .texts(let ranges):
        return .texts(
          ranges.map { range in
            range.map { (base + $0.lowerBound..<base + $0.upperBound, .json(.init())) }
          })
      }
    }
  }
}

/// How stored bytes become text.
enum TextTransform: Sendable {
  case none
  case newlines(NewlineTranslator)
  case json(JSONTextDecoder)

  /// Appends the text of the next bytes.
  mutating func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
    switch self {
    case .none:
      unsafe bytes.withUnsafeBufferPointer { unsafe text.append(contentsOf: $0) }
    case .newlines(var translator):
      translator.translate(bytes, into: &text)
      self = .newlines(translator)
    case .json(var decoder):
      decoder.decode(bytes, into: &text)
      self = .json(decoder)
    }
  }

  /// Appends what waits at the end of the bytes.
  mutating func finish(into text: inout [UInt8]) {
    guard case .newlines(var translator) = self else { return }
    translator.finish(into: &text)
    self = .newlines(translator)
  }
}
