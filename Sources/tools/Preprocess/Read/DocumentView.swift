/// A document, or a piece of a long one, as a worker sees it for the time of one call.
package struct DocumentView: ~Escapable {
  /// The wanted member it comes from, as an index of ``ReadingOptions/keys``.
  package let key: Int
  /// How much of the document's text this is.
  package let part: DocumentPart
  /// Bytes of the document's text before this.
  package let textByte: Int
  /// Where the record begins.
  package let place: RecordPlace
  /// The text: UTF-8, of length 0 where this member is empty and another is not.
  package let text: RawSpan
  /// The record as it was stored; of a long one, the text.
  let record: RawSpan
  /// Whether the record is JSON, and not text.
  let hasMembers: Bool
  private let longRecord: RawRecord?

  @_lifetime(copy text, copy record)
  init(
    key: Int, part: DocumentPart = .whole, textByte: Int = 0, place: RecordPlace, text: RawSpan,
    record: RawSpan, hasMembers: Bool = true, longRecord: RawRecord? = nil
  ) {
    self.key = key
    self.part = part
    self.textByte = textByte
    self.place = place
    self.text = text
    self.record = record
    self.hasMembers = hasMembers
    self.longRecord = longRecord
  }

  /// Where a long record is stored.
  var longExtent: (file: OpenFile, range: Range<Int>)? {
    guard case .extent(let file, let range)? = longRecord else { return nil }
    return (file, range)
  }

  /// The record as it was stored, for a quarantine; this copies it.
  package func rawRecord() -> RawRecord {
    if let longRecord { return longRecord }
    return unsafe .bytes(record.withUnsafeBytes { unsafe Array($0) })
  }
}
