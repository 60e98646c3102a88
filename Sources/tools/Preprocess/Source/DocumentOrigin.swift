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

  /// Notes the next document.
  mutating func append(_ place: RecordPlace, id: [UInt8]?) {
    var range: Range<Int>?
    if let id {
      range = ids.count..<ids.count + id.count
      ids += id
    }
    documents.append(Document(place: place, id: range))
  }

  /// Forgets everything.
  mutating func removeAll() {
    documents.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
  }
}

/// Reads the ids of records.
struct IDReader {
  /// The longest id, as it is stored.
  static let limit = 1 << 16

  let key: String

  /// The id of a record; `nil` where it has none.
  ///
  /// - Throws: ``RecordRefusal`` where it is too long, or the record cannot be read again.
  func id(of document: borrowing DocumentView) throws(RecordRefusal) -> [UInt8]? {
    guard document.hasMembers else { return nil }
    var scan = MemberScan(name: key, limit: Self.limit)
    if let extent = document.longExtent {
      try feed(extent, to: &scan)
    } else {
      unsafe document.record.withUnsafeBytes { unsafe scan.feed($0) }
    }
    switch scan.found() {
    case nil: return nil
    case .bytes(let bytes): return bytes
    case .tooLong:
      throw RecordRefusal(
        "\"\(key)\" of --id-key takes more than \(Self.limit) bytes; name a shorter member")
    }
  }

  private func feed(
    _ extent: (file: OpenFile, range: Range<Int>), to scan: inout MemberScan
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
