/// A stretch of input that one worker turns into documents: whole records, or a piece of a long one.
///
/// Items are cut by content alone, so that they are the same for any number of workers.
package struct WorkItem: Sendable {
  /// What the committing thread needs when the bytes are gone.
  package internal(set) var tag: ItemTag
  /// Bytes the item holds in memory or makes a worker read.
  package let weight: Int
  let shape: Shape
  let bytes: Bytes
  /// Line ends, where the reading thread counted them.
  let lines: Int

  /// How the records lie in the bytes.
  enum Shape: Sendable {
    /// Lines of JSON, each a record.
    case jsonLines
    /// Lines of text, each a record with its line end.
    case textLines
    /// Records of JSON at known places.
    case jsonRecords([RecordRange])
    /// Texts at known places.
    case texts([RecordRange], translatesNewlines: Bool)
    /// A piece of one document's text, which begins at a byte of it, ready to be tokenised.
    case piece(
      DocumentPart, key: Int, textByte: Int, record: RecordPlace, raw: RawRecord, isJSON: Bool)
    /// A long record, all of it.
    case whole(LongRecord.Kind, RecordPlace)
    /// A long record that is no document.
    case fault(Fault)
    /// The rest of a long record that is no document after all, as a text of it cannot be cut; the
    /// part and the wanted member of the text are told as of a piece.
    case uncuttable(Fault, DocumentPart, key: Int)
    /// A long record without text.
    case emptyRecord
  }

  /// Where the bytes are.
  enum Bytes: Sendable {
    case none
    case memory(ByteBlock)
    case file(OpenFile, Range<Int>)
  }

  init(tag: ItemTag, shape: Shape, bytes: Bytes, lines: Int = 0) {
    self.tag = tag
    self.lines = lines
    self.shape = shape
    self.bytes = bytes
    switch bytes {
    case .none: weight = 0
    case .memory(let block): weight = block.count
    case .file(_, let range): weight = range.count
    }
  }
}

/// A record inside a work item.
struct RecordRange: Sendable {
  /// The record's bytes in the item.
  var bytes: Range<Int>
  /// The stream it belongs to, as an index of ``ItemTag/names``.
  var stream: Int
  /// The record's offset in its stream.
  var offset: Int
}

/// How much of a document a span of text is.
package enum DocumentPart: Sendable {
  case whole
  case first
  case middle
  case last

  /// Whether the document starts here.
  package var isFirst: Bool { self == .whole || self == .first }
  /// Whether the document ends here.
  package var isLast: Bool { self == .whole || self == .last }
}

/// What is known of a work item before it is read.
package struct ItemTag: Sendable {
  /// The streams it comes from: paths, and after `!` the members of archives.
  package let names: [String]
  /// The number of the first of them in the input; the others follow.
  let firstStream: Int
  /// The input it comes from, counted from 0 in the expanded list.
  package let input: Int
  /// The path of that input.
  let path: String
  /// The offset of its first byte in its stream.
  let startByte: Int
  /// The number of its first line, where that is plain; otherwise lines go on from the item before.
  let firstLine: Int?
  /// Where reading continues after it; its line is not counted yet.
  var end: SourcePosition
}

/// What a worker counted in one item.
package struct ItemCounts: Equatable, Sendable {
  /// Records: documents, empty ones and faults together.
  package var read = 0
  /// Records without text, which become no document.
  package var empty = 0
  /// Records that cannot become documents.
  package var faults = 0
  /// Line ends.
  package var lines = 0

  /// Makes counts of zero.
  package init() {}
}

extension ItemTag {
  /// Of each stream the member of an archive; `nil` where the input is none.
  var members: [String?] {
    let root = (path == "-" ? "standard input" : path).utf8
    return names.map { name in
      name.utf8.count > root.count ? String(name.utf8.dropFirst(root.count + 1)) : nil
    }
  }
}
