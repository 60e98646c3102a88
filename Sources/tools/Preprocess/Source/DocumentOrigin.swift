import Machine

/// Where the documents of an item came from, as a worker knows it.
struct ItemSources: Sendable {
  /// A document that all datasets have.
  struct Document: Sendable {
    let place: RecordPlace
    /// Its id in ``ids``.
    let id: Range<Int>?
  }

  private(set) var documents: [Document] = []
  /// The ids, one after another.
  private(set) var ids: [UInt8] = []

  /// Notes the next document, with the id that was read last.
  mutating func append(_ place: RecordPlace, _ reader: IDReader?) {
    let start = ids.count
    let hasID = reader?.appendID(to: &ids) ?? false
    documents.append(Document(place: place, id: hasID ? start..<ids.count : nil))
  }

  /// Forgets everything.
  mutating func removeAll() {
    documents.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
  }
}

/// Reads the ids of records; each worker owns one.
final class IDReader {
  /// The longest id, as it is stored.
  static let limit = 1 << 16

  private let key: String
  private let scan: MemberScan

  init(key: String) {
    self.key = key
    scan = MemberScan(name: key, limit: Self.limit)
  }

  /// Reads the id of a record, which may have none.
  ///
  /// - Throws: ``RecordRefusal`` where it is too long, or the record cannot be read again.
  func read(_ document: borrowing DocumentView) throws(RecordRefusal) {
    scan.reset()
    guard document.hasMembers else { return }
    if let extent = document.longExtent {
      try feed(extent)
    } else {
      unsafe document.record.withUnsafeBytes { unsafe scan.feed($0) }
    }
    guard !scan.isTooLong else {
      throw RecordRefusal(
        "\"\(key)\" of --id-key takes more than \(Self.limit) bytes; name a shorter member")
    }
  }

  /// Appends the id that was read last; false where there was none.
  func appendID(to bytes: inout [UInt8]) -> Bool { scan.appendValue(to: &bytes) }

  private func feed(
    _ extent: (file: OpenFile, range: Range<Int>)
  ) throws(RecordRefusal) {
    var block = [UInt8](repeating: 0, count: min(extent.range.count, 1 << 20))
    var place = extent.range.lowerBound
    while place < extent.range.upperBound {
      let part = place..<min(place + block.count, extent.range.upperBound)
      do throws(PreprocessError) {
        try extent.file.read(part, into: &block)
      } catch {
        throw RecordRefusal("the record cannot be read again for --id-key: \(error)")
      }
      unsafe block.withUnsafeBytes {
        unsafe scan.feed(UnsafeRawBufferPointer(rebasing: $0[..<part.count]))
      }
      place = part.upperBound
    }
  }
}
