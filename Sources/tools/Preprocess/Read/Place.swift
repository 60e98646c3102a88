/// Where a record or a fault is, as messages and quarantine files name it: `file:line:byte`.
package struct Place: Equatable, Sendable, CustomStringConvertible {
  /// The file, and after `!` the member of an archive.
  package let name: String
  /// The line, counted from 1, in the decompressed stream.
  package let line: Int
  /// The offset, counted from 0, in the decompressed stream.
  package let byte: Int

  /// Makes a place.
  package init(name: String, line: Int, byte: Int) {
    self.name = name
    self.line = line
    self.byte = byte
  }

  package var description: String { "\(name):\(line):\(byte)" }
}

/// A place as a worker knows it: lines are counted from the start of the work item.
///
/// ``LineLedger/place(of:in:)`` makes it a ``Place``.
package struct RecordPlace: Equatable, Sendable {
  /// The stream, as an index of ``ItemTag/names``.
  package let stream: Int
  /// The offset in the decompressed stream.
  package let byte: Int
  /// Line ends between the start of the item and here.
  package let linesBefore: Int

  /// Makes a place.
  package init(stream: Int = 0, byte: Int, linesBefore: Int) {
    self.stream = stream
    self.byte = byte
    self.linesBefore = linesBefore
  }
}

/// A record that cannot become a document.
package struct Fault: Sendable {
  /// The byte at fault.
  package let place: RecordPlace
  /// What was found there, and what was expected.
  package let reason: String
  /// The record as it was stored, without its line end.
  package let record: RawRecord
  /// Whether a wanted member is absent.
  package let isMissingMember: Bool

  /// Makes a fault.
  package init(
    place: RecordPlace, reason: String, record: RawRecord, isMissingMember: Bool = false
  ) {
    self.place = place
    self.reason = reason
    self.record = record
    self.isMissingMember = isMissingMember
  }
}

/// The bytes of a record as they were stored.
package enum RawRecord: Sendable {
  /// A record that fits in memory.
  case bytes([UInt8])
  /// A long record: a range of a file, which stays open as long as the fault lives.
  case extent(OpenFile, Range<Int>)
}
