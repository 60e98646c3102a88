/// A stream inside an input, from which work items are named.
struct StreamPlace: Sendable {
  let input: Int
  /// The path of the input.
  let path: String
  /// The stream's number in the input.
  let ordinal: Int
  let name: String

  /// A position in the stream.
  func position(_ byte: Int) -> SourcePosition {
    SourcePosition(input: input, stream: ordinal, byte: byte)
  }

  /// The tag of an item that begins and ends at offsets of the stream.
  func tag(from start: Int, to end: Int) -> ItemTag {
    tag(from: start, end: position(end))
  }

  func tag(from start: Int, end: SourcePosition, firstLine: Int? = nil) -> ItemTag {
    ItemTag(
      names: [name], firstStream: ordinal, input: input, path: path, startByte: start,
      firstLine: start == 0 ? 1 : firstLine, end: end)
  }
}

/// What a cutter finds next.
enum Cut {
  case item(WorkItem)
  case long(LongCut)
}

/// A long record and where it lies.
struct LongCut {
  let record: LongRecord
  let stream: StreamPlace
  /// Where reading must begin again to find the record.
  let start: Int
  /// Where the record begins.
  let recordStart: Int
  /// Line ends between the two.
  let linesBefore: Int
  /// Where reading continues after the record.
  let end: SourcePosition
  /// The number of the first line, where lines do not go on from the item before.
  var firstLine: Int?

  var place: RecordPlace { RecordPlace(byte: recordStart, linesBefore: linesBefore) }
  var raw: RawRecord { .extent(record.file, record.range) }
  var lines: Int { linesBefore + record.lineCount }

  /// The item for a record that is no document.
  func item(for shape: WorkItem.Shape) -> WorkItem {
    WorkItem(
      tag: stream.tag(from: start, end: end, firstLine: firstLine), shape: shape, bytes: .none,
      lines: lines)
  }

  /// The item for a piece of the record's text.
  func item(for piece: LongDocument.Piece, isLast: Bool) -> WorkItem {
    var position = end
    if !isLast {
      position = stream.position(start)
      position.key = piece.next.key
      position.textByte = piece.next.textByte
    }
    return WorkItem(
      tag: stream.tag(from: start, end: position, firstLine: firstLine),
      shape: .piece(
        piece.part, key: piece.key, textByte: piece.textByte, record: place, raw: raw,
        isJSON: record.kind.isJSON),
      bytes: .memory(piece.block), lines: isLast ? lines : 0)
  }

  /// The item that holds the record as a whole.
  func wholeItem() -> WorkItem {
    WorkItem(
      tag: stream.tag(from: start, end: end, firstLine: firstLine),
      shape: .whole(record.kind, place), bytes: .file(record.file, record.range), lines: lines)
  }

  /// The fault of a record that has one.
  func fault(_ fault: JSONScanner.Fault, linesBefore lines: Int) -> Fault {
    let exact = RecordPlace(byte: recordStart + fault.offset, linesBefore: linesBefore + lines)
    return Fault(
      place: exact, reason: fault.reason, record: raw, isMissingMember: fault.isMissingMember)
  }
}
