import CSimdJSON
import Glibc

/// Turns work items into documents; each worker owns one.
package struct RecordReader: ~Copyable {
  private let keys: [[UInt8]]
  private let skipsBlankLines: Bool
  /// Whether records of JSON are handed over as they are stored.
  private let givesRecords: Bool
  private let parser: RecordParser?
  private var scanner: JSONScanner
  private var buffer: [UInt8] = []
  /// The texts that the fast parser did not give, one a wanted member.
  private var decoded: [[UInt8]]

  /// Makes a reader.
  package init(_ options: ReadingOptions) {
    keys = options.keys.map { Array($0.utf8) }
    skipsBlankLines = options.skipsBlankLines
    givesRecords = options.givesRecords
    parser = RecordParser(keys: keys)
    scanner = JSONScanner(keys: keys)
    decoded = [[UInt8]](repeating: [], count: keys.count)
  }

  /// Calls `body` for the text of every wanted member of every document of an item, in order, and
  /// `onFault` for the records that are none, in between.
  ///
  /// A record with several wanted members gives all of them one after another, or none.
  package mutating func forEachDocument(
    in item: WorkItem, _ body: (borrowing DocumentView) -> Void, onFault: (Fault) -> Void
  ) throws(PreprocessError) -> ItemCounts {
    var counts = ItemCounts()
    counts.lines = item.lines
    switch item.bytes {
    case .none:
      readLongRecord(item, &counts, onFault)
    case .memory(let block):
      read(item, block.bytes, block.count, &counts, body, onFault)
    case .file(let file, let range):
      var bytes: [UInt8] = []
      swap(&bytes, &buffer)
      if bytes.count < range.count + ByteBlock.padding {
        bytes = [UInt8](repeating: 0, count: range.count + range.count / 4 + ByteBlock.padding)
      }
      try file.read(range, into: &bytes)
      read(item, bytes, range.count, &counts, body, onFault)
      swap(&bytes, &buffer)
    }
    return counts
  }

  private func readLongRecord(
    _ item: WorkItem, _ counts: inout ItemCounts, _ onFault: (Fault) -> Void
  ) {
    counts.read = 1
    switch item.shape {
    case .fault(let fault), .uncuttable(let fault, _, key: _):
      counts.faults = 1
      onFault(fault)
    default:
      counts.empty = 1
    }
  }

  private mutating func read(
    _ item: WorkItem, _ bytes: [UInt8], _ count: Int, _ counts: inout ItemCounts,
    _ body: (borrowing DocumentView) -> Void, _ onFault: (Fault) -> Void
  ) {
    unsafe bytes.withUnsafeBufferPointer { all in
      let bytes = unsafe UnsafeBufferPointer(rebasing: all[..<count])
      switch item.shape {
      case .jsonLines:
        unsafe readJSONLines(bytes, item.tag.startByte, &counts, body, onFault)
      case .textLines:
        unsafe readTextLines(bytes, item.tag.startByte, &counts, body, onFault)
      case .jsonRecords(let ranges):
        unsafe readJSONRecords(bytes, ranges, &counts, body, onFault)
      case .texts(let ranges, let translates):
        for range in ranges {
          let place = RecordPlace(stream: range.stream, byte: range.offset, linesBefore: 0)
          let text = unsafe UnsafeBufferPointer(rebasing: bytes[range.bytes])
          unsafe readText(text, place, translates: translates, &counts, body, onFault)
        }
      case .whole(.json, let place):
        unsafe readRecord(bytes, place, atEnd: true, &counts, body, onFault)
      case .whole(.text(let translates), let place):
        unsafe readText(bytes, place, translates: translates, &counts, body, onFault)
      case .piece(let part, let key, let textByte, let place, let raw, let isJSON):
        if part.isLast && key == keys.count - 1 { counts.read = 1 }
        let span = unsafe RawSpan(_unsafeElements: bytes)
        let view = DocumentView(
          key: key, part: part, textByte: textByte, place: place, text: span, record: span,
          hasMembers: isJSON, longRecord: raw)
        body(view)
      case .fault, .uncuttable, .emptyRecord:
        break
      }
    }
  }
}

// MARK: - JSON

extension RecordReader {
  private mutating func readJSONLines(
    _ bytes: UnsafeBufferPointer<UInt8>, _ offset: Int, _ counts: inout ItemCounts,
    _ body: (borrowing DocumentView) -> Void, _ onFault: (Fault) -> Void
  ) {
    var start = 0
    while start < bytes.count {
      let end = unsafe Self.lineEnd(in: bytes, from: start)
      let line = unsafe UnsafeBufferPointer(rebasing: bytes[start..<end])
      let place = RecordPlace(byte: offset + start, linesBefore: counts.lines)
      if unsafe !(skipsBlankLines && line.allSatisfy { $0 <= 0x20 }) {
        unsafe readRecord(line, place, atEnd: end == bytes.count, &counts, body, onFault)
      }
      if end < bytes.count { counts.lines += 1 }
      start = end + 1
    }
  }

  private mutating func readJSONRecords(
    _ bytes: UnsafeBufferPointer<UInt8>, _ ranges: [RecordRange], _ counts: inout ItemCounts,
    _ body: (borrowing DocumentView) -> Void, _ onFault: (Fault) -> Void
  ) {
    var counted = 0
    for range in ranges {
      counts.lines += unsafe Self.lineCount(in: bytes, counted..<range.bytes.lowerBound)
      counted = range.bytes.lowerBound
      let place = RecordPlace(
        stream: range.stream, byte: range.offset, linesBefore: counts.lines)
      unsafe readRecord(
        UnsafeBufferPointer(rebasing: bytes[range.bytes]), place, &counts, body, onFault)
    }
    counts.lines += unsafe Self.lineCount(in: bytes, counted..<bytes.count)
  }

  /// Reads one record of JSON, which the padding follows; `atEnd` says that the stream ends with it.
  private mutating func readRecord(
    _ record: UnsafeBufferPointer<UInt8>, _ place: RecordPlace, atEnd: Bool = false,
    _ counts: inout ItemCounts, _ body: (borrowing DocumentView) -> Void, _ onFault: (Fault) -> Void
  ) {
    counts.read += 1
    if givesRecords {
      let stored = unsafe RawSpan(_unsafeElements: record)
      return body(DocumentView(key: 0, place: place, text: stored, record: stored))
    }
    guard let parser, unsafe parser.parse(Self.withoutMark(record)) else {
      return unsafe judgeRecord(record, place, atEnd: atEnd, &counts, body, onFault)
    }
    var isEmpty = true
    for key in keys.indices where unsafe !parser.text(key).isEmpty { isEmpty = false }
    guard !isEmpty else {
      counts.empty += 1
      return
    }
    let stored = unsafe RawSpan(_unsafeElements: record)
    for key in keys.indices {
      let text = unsafe RawSpan(_unsafeElements: parser.text(key))
      body(DocumentView(key: key, place: place, text: text, record: stored))
    }
  }

  /// Reads a record that the fast parser refused: slowly and exactly.
  private mutating func judgeRecord(
    _ record: UnsafeBufferPointer<UInt8>, _ place: RecordPlace, atEnd: Bool,
    _ counts: inout ItemCounts, _ body: (borrowing DocumentView) -> Void, _ onFault: (Fault) -> Void
  ) {
    let bytes = unsafe Span(_unsafeElements: record)
    scanner.reset()
    scanner.feed(bytes)
    scanner.finish(atEnd: atEnd)
    switch scanner.verdict() {
    case .empty:
      counts.empty += 1
    case .fault(let fault):
      counts.faults += 1
      let lines = unsafe Self.lineCount(in: record, 0..<min(fault.offset, record.count))
      let exact = RecordPlace(
        stream: place.stream, byte: place.byte + fault.offset,
        linesBefore: place.linesBefore + lines)
      onFault(
        Fault(
          place: exact, reason: fault.reason, record: unsafe .bytes(Array(record)),
          isMissingMember: fault.isMissingMember))
    case .texts(let ranges):
      for key in keys.indices {
        decoded[key].removeAll(keepingCapacity: true)
        guard let range = ranges[key] else { continue }
        var decoder = JSONTextDecoder()
        decoder.decode(bytes.extracting(range), into: &decoded[key])
      }
      for key in keys.indices {
        unsafe decoded[key].withUnsafeBufferPointer {
          let text = unsafe RawSpan(_unsafeElements: $0)
          let stored = unsafe RawSpan(_unsafeElements: record)
          body(DocumentView(key: key, place: place, text: text, record: stored))
        }
      }
    }
  }

  /// A record without the mark that may come before it.
  private static func withoutMark(
    _ record: UnsafeBufferPointer<UInt8>
  ) -> UnsafeBufferPointer<UInt8> {
    guard let first = unsafe record.first else { return unsafe record }
    if first == 0x1E { return unsafe UnsafeBufferPointer(rebasing: record[1...]) }
    if first == 0xEF && record.count >= 3, unsafe record[1] == 0xBB && record[2] == 0xBF {
      return unsafe UnsafeBufferPointer(rebasing: record[3...])
    }
    return unsafe record
  }
}

// MARK: - Text

extension RecordReader {
  private mutating func readTextLines(
    _ bytes: UnsafeBufferPointer<UInt8>, _ offset: Int, _ counts: inout ItemCounts,
    _ body: (borrowing DocumentView) -> Void, _ onFault: (Fault) -> Void
  ) {
    var start = 0
    while start < bytes.count {
      let newline = unsafe Self.lineEnd(in: bytes, from: start)
      let end = min(newline + 1, bytes.count)
      let line = unsafe UnsafeBufferPointer(rebasing: bytes[start..<end])
      let place = RecordPlace(byte: offset + start, linesBefore: counts.lines)
      unsafe readText(line, place, translates: false, &counts, body, onFault)
      if newline < bytes.count { counts.lines += 1 }
      start = end
    }
  }

  /// Reads a record that is text, which serves every wanted member alike.
  private mutating func readText(
    _ text: UnsafeBufferPointer<UInt8>, _ place: RecordPlace, translates: Bool,
    _ counts: inout ItemCounts, _ body: (borrowing DocumentView) -> Void,
    _ onFault: (Fault) -> Void
  ) {
    counts.read += 1
    guard let start = text.baseAddress, !text.isEmpty else {
      counts.empty += 1
      return
    }
    guard unsafe csj_is_utf8(start, text.count) == 1 else {
      counts.faults += 1
      let bytes = unsafe Span(_unsafeElements: text)
      return onFault(Self.fault(inText: bytes, at: place))
    }
    var translated: [UInt8] = []
    if unsafe translates && memchr(start, 0x0D, text.count) != nil {
      var newlines = NewlineTranslator()
      swap(&translated, &decoded[0])
      translated.removeAll(keepingCapacity: true)
      newlines.translate(unsafe Span(_unsafeElements: text), into: &translated)
      newlines.finish(into: &translated)
    }
    let stored = unsafe RawSpan(_unsafeElements: text)
    unsafe translated.withUnsafeBufferPointer {
      let result = unsafe $0.isEmpty ? stored : RawSpan(_unsafeElements: $0)
      for key in keys.indices {
        body(
          DocumentView(
            key: key, place: place, text: result, record: stored, hasMembers: false))
      }
    }
    if !translated.isEmpty { swap(&translated, &decoded[0]) }
  }

  private static func fault(inText bytes: Span<UInt8>, at place: RecordPlace) -> Fault {
    var checker = UTF8Checker()
    let index = checker.firstFault(in: bytes) ?? bytes.count
    let lines = (0..<index).reduce(0) { $0 + (bytes[$1] == 0x0A ? 1 : 0) }
    let exact = RecordPlace(
      stream: place.stream, byte: place.byte + index, linesBefore: place.linesBefore + lines)
    let raw = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    return Fault(place: exact, reason: "bytes that are not UTF-8", record: .bytes(raw))
  }
}

// MARK: - Lines

extension RecordReader {
  /// The index of the next line end, or the end of the bytes.
  private static func lineEnd(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    guard let base = bytes.baseAddress,
      let found = unsafe memchr(base + start, 0x0A, bytes.count - start)
    else { return bytes.count }
    return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
  }

  private static func lineCount(
    in bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
  ) -> Int {
    var count = 0
    for index in range where unsafe bytes[index] == 0x0A { count += 1 }
    return count
  }
}
