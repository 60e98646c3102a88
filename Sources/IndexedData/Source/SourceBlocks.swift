internal import Machine

/// Makes the blocks of a ``SourceLayout`` from one document after another.
///
/// Its state is small and can be kept between two runs, so that a run that was killed goes on to the
/// same bytes.
package struct SourceBlocks: Equatable, Sendable {
  /// Documents so far.
  package private(set) var documentCount = 0
  /// Those of them whose record has a name of its own.
  package private(set) var idCount = 0
  /// The entries of the block that is not full, behind room for their length.
  private var block: [UInt8] = SourceBlocks.room
  /// The document before in the block.
  private var last: SourceEntry?

  private static let room: [UInt8] = [0, 0, 0, 0]

  /// Starts before the first document.
  package init() {}

  /// What a file begins with.
  package static var header: [UInt8] { SourceLayout.header }

  /// Appends a document, `nil` where nothing is known of it, and the record's own name where it has one;
  /// returns the block that is full with it.
  package mutating func append(_ entry: SourceEntry?, id: ArraySlice<UInt8>?) -> [UInt8]? {
    append(id != nil, entry)
    if let id {
      idCount += 1
      block.appendVariable(UInt64(id.count))
      block += id
    }
    last = entry
    documentCount += 1
    return documentCount % SourceLayout.blockDocuments == 0 ? endBlock() : nil
  }

  private mutating func append(_ hasID: Bool, _ entry: SourceEntry?) {
    let mark: UInt64 = hasID ? 2 : 0
    guard let entry else {
      block.appendVariable(mark + 1)
      block.appendVariable(0)
      return
    }
    if let last, last.file == entry.file, last.stream == entry.stream,
      last.member == entry.member, last.byte <= entry.byte, last.line <= entry.line
    {
      block.appendVariable(UInt64(entry.line - last.line) << 2 + mark)
      block.appendVariable(UInt64(entry.byte - last.byte))
      return
    }
    block.appendVariable(mark + 1)
    block.appendVariable(UInt64(entry.file + 1))
    block.appendVariable(UInt64(entry.stream))
    if let member = entry.member {
      let name = Array(member.utf8)
      block.appendVariable(UInt64(name.count + 1))
      block += name
    } else {
      block.appendVariable(0)
    }
    block.appendVariable(UInt64(entry.byte))
    block.appendVariable(UInt64(entry.line))
  }

  /// The last block, which may be less than full; `nil` where there is none.
  package mutating func finish() -> [UInt8]? {
    block.count > Self.room.count ? endBlock() : nil
  }

  private mutating func endBlock() -> [UInt8] {
    let count = UInt32(block.count - Self.room.count)
    for place in 0..<4 { block[place] = UInt8(truncatingIfNeeded: count >> (place * 8)) }
    var bytes = LittleEndianBytes(block)
    let number = (documentCount - 1) / SourceLayout.blockDocuments
    bytes.append(unsafe SourceLayout.hash(block: number, block.span.bytes))
    block = Self.room
    last = nil
    return bytes.bytes
  }

  // MARK: - Stored form

  // v is a number of variable width as in the file: v documents, v ids, s block, v 1 where there is a document
  // before, and of that v file, v stream, v 1 and s where it has a member, v byte, v line.

  /// The state as bytes.
  package var storedBytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendVariable(UInt64(documentCount))
    bytes.appendVariable(UInt64(idCount))
    bytes.appendText(block)
    bytes.appendVariable(last == nil ? 0 : 1)
    guard let last else { return bytes }
    for number in [last.file, last.stream, last.byte, last.line] {
      bytes.appendVariable(UInt64(number))
    }
    bytes.appendVariable(last.member == nil ? 0 : 1)
    if let member = last.member { bytes.appendText(Array(member.utf8)) }
    return bytes
  }

  /// Reads a state back; `nil` unless the bytes are one.
  package init?(storedBytes: [UInt8]) {
    var reader = unsafe VariableReader(storedBytes.span.bytes)
    guard let documents = reader.count(), let ids = reader.count(), ids <= documents,
      let block = reader.text(), block.count >= Self.room.count, let hasLast = reader.count(),
      hasLast <= 1
    else { return nil }
    documentCount = documents
    idCount = ids
    self.block = block
    if hasLast == 1 {
      guard let file = reader.count(), let stream = reader.count(), let byte = reader.count(),
        let line = reader.count(), let hasMember = reader.count(), hasMember <= 1
      else { return nil }
      var entry = SourceEntry(file: file, stream: stream, byte: byte, line: line)
      if hasMember == 1 {
        guard let member = reader.string() else { return nil }
        entry.member = member
      }
      last = entry
    }
    guard reader.left == 0 else { return nil }
  }
}

extension SourceLayout {
  /// Reads the entries of a block; calls `body` with each document of it.
  ///
  /// - Returns: what is wrong with them and at which of the bytes; `nil` when nothing is.
  static func read(
    _ bytes: RawSpan, documents: Int, fileCount: Int,
    _ body: (Int, SourceEntry?, [UInt8]?) -> Void
  ) -> (byte: Int, what: String)? {
    var reader = VariableReader(bytes)
    var last: SourceEntry?
    for document in 0..<documents {
      let start = reader.place
      guard let head = reader.number() else { return (start, "mark of an entry") }
      var entry: SourceEntry?
      if head & 1 == 0 {
        guard let lines = Int(exactly: head >> 2), let bytes = reader.count(), let before = last,
          lines < numberLimit, before.byte + bytes < numberLimit,
          before.line + lines < numberLimit
        else { return (start, "entry that goes on from the one before") }
        entry = before
        entry?.byte += bytes
        entry?.line += lines
      } else {
        guard head >> 2 == 0, let file = reader.count(), file <= fileCount else {
          return (start, "file of an entry")
        }
        if file > 0 {
          guard let found = Self.entry(file: file - 1, &reader) else {
            return (start, "place of an entry")
          }
          entry = found
        }
      }
      last = entry
      var id: [UInt8]?
      if head & 2 != 0 {
        guard let found = reader.text() else { return (start, "id of an entry") }
        id = found
      }
      body(document, entry, id)
    }
    return reader.left == 0 ? nil : (reader.place, "bytes behind the entries")
  }

  private static func entry(file: Int, _ reader: inout VariableReader) -> SourceEntry? {
    guard let stream = reader.count(), let length = reader.count() else { return nil }
    var member: String?
    if length > 0 {
      guard let name = reader.row(length - 1),
        let text = String(validating: name, as: UTF8.self)
      else { return nil }
      member = text
    }
    guard let byte = reader.count(), let line = reader.count() else { return nil }
    return SourceEntry(file: file, stream: stream, member: member, byte: byte, line: line)
  }
}
