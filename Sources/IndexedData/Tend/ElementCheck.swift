internal import Machine

/// Looks at every element of `.bin` once, front to back.
struct ElementCheck {
  private static let blockByteCount = 1 << 19

  private let prefix: String
  private let layout: IndexLayout
  private let type: ElementType
  private let options: VerifyOptions
  private let knowsDocuments: Bool
  private var elements = ElementReport()
  private var endCount = 0

  /// Prepares a look; documents are followed only where the index is known to be sound.
  init(
    prefix: String, layout: IndexLayout, type: ElementType, options: VerifyOptions,
    knowsDocuments: Bool
  ) {
    self.prefix = prefix
    self.layout = layout
    self.type = type
    self.options = options
    self.knowsDocuments = knowsDocuments
  }

  mutating func run(_ report: inout VerifyReport) throws(IndexedDataError) {
    let path = prefix + ".bin"
    let file = try asking { () throws(SystemError) in try InputFile(path: path) }
    let follows = knowsDocuments && options.endOfDocument != nil
    var ends = try DocumentEnds.begin(
      layout, idxPath: prefix + ".idx", elementByteCount: type.byteCount,
      documents: follows ? layout.documentEntryCount - 1 : 0)
    var missing: [Int] = []
    var missingCount = 0
    if options.endOfDocument != nil { elements.documentsEnded = 0 }
    let whole = file.byteCount / type.byteCount * type.byteCount
    var hash = ContentHash()
    var block = ByteBuffer(capacity: Self.blockByteCount)
    var place = 0
    while place < file.byteCount {
      block.removeAll()
      let wanted = min(Self.blockByteCount, file.byteCount - place)
      let found = try asking { () throws(SystemError) in
        try file.read(wanted, at: place, to: &block)
      }
      guard found == wanted else {
        report.add(
          path, place + found, "file length", expected: "\(file.byteCount)",
          found: "a file that was cut while it was read")
        return
      }
      hash.update(block.bytes)
      scan(block.bytes.extracting(first: max(0, min(found, whole - place))), at: place, &report)
      while let end = ends.next, end <= place + found {
        let last = block.bytes.loadElement(at: end - type.byteCount - place, type)
        elements.documentsWithElements += 1
        if last == options.endOfDocument {
          elements.documentsEnded? += 1
        } else {
          missingCount += 1
          if missing.count < options.limit { missing.append(end - type.byteCount) }
        }
        try ends.advance()
      }
      place += found
      options.progress(place, file.byteCount)
    }
    elements.hash = hash.value
    report.bytesRead += file.byteCount
    judgeEnds(missing, missingCount, follows, &report)
    judgeHash(path, &report)
    report.elements = elements
  }

  // MARK: - Ids

  /// Finds the smallest and largest id of a block, and counts the end-of-document ids.
  private mutating func scan(_ bytes: RawSpan, at place: Int, _ report: inout VerifyReport) {
    guard !type.isFloatingPoint, bytes.byteCount > 0 else { return }
    let range: (least: Int64, most: Int64, ends: Int)
    let end = options.endOfDocument
    if type == .uint16, let found = NumberRange(uint16: bytes, match: UInt16(clamping: end ?? 0)) {
      range = (found.least, found.most, found.matches)
    } else if type == .int32,
      let found = NumberRange(int32: bytes, match: Int32(clamping: end ?? 0))
    {
      range = (found.least, found.most, found.matches)
    } else {
      range = rangeOfRareType(bytes)
    }
    // An id that the type cannot hold was counted as another; it cannot occur.
    if let end, type.range?.contains(end) == true { endCount += range.ends }
    elements.smallest = min(elements.smallest ?? range.least, range.least)
    elements.largest = max(elements.largest ?? range.most, range.most)
    guard let size = options.vocabularySize else { return }
    if (range.least < 0 && !options.holdsLabels) || range.most >= Int64(size) {
      reportStrangers(bytes, at: place, below: Int64(size), &report)
    }
  }

  /// The types that GPT-NeoX does not use for tokens, one element after the other.
  private func rangeOfRareType(_ bytes: RawSpan) -> (least: Int64, most: Int64, ends: Int) {
    var range = (least: Int64.max, most: Int64.min, ends: 0)
    for offset in stride(from: 0, to: bytes.byteCount, by: type.byteCount) {
      let id = bytes.loadElement(at: offset, type)
      range.least = min(range.least, id)
      range.most = max(range.most, id)
      if id == options.endOfDocument { range.ends += 1 }
    }
    return range
  }

  private func reportStrangers(
    _ bytes: RawSpan, at place: Int, below size: Int64, _ report: inout VerifyReport
  ) {
    for offset in stride(from: 0, to: bytes.byteCount, by: type.byteCount) {
      let id = bytes.loadElement(at: offset, type)
      guard (id < 0 && !options.holdsLabels) || id >= size else { continue }
      report.add(
        prefix + ".bin", place + offset, "token", expected: "0 to \(size - 1)", found: "\(id)")
    }
  }

  // MARK: - Verdicts

  /// Documents without the end-of-document id are a problem when others have it.
  private mutating func judgeEnds(
    _ missing: [Int], _ count: Int, _ followed: Bool, _ report: inout VerifyReport
  ) {
    guard let end = options.endOfDocument, followed else { return }
    elements.endsInside = endCount - (elements.documentsEnded ?? 0)
    if count > 0 && elements.documentsEnded == 0 {
      report.warnings.append(
        "\(prefix).bin: no document ends with \(end): written without --append-eod?")
    } else {
      for byte in missing {
        report.add(
          prefix + ".bin", byte, "last token of a document", expected: "\(end), as in others",
          found: "another")
      }
      report.problemCount += count - missing.count
    }
    if let inside = elements.endsInside, inside > 0 {
      report.warnings.append(
        "\(prefix).bin: \(inside) end-of-document ids stand inside documents")
    }
  }

  private func judgeHash(_ path: String, _ report: inout VerifyReport) {
    let expected = options.record?.binHash
    report.content = expected.map { $0 == elements.hash ? .same : .different } ?? .unknown
    if let expected, expected != elements.hash {
      report.add(
        path, nil, "content hash", expected: "\(ContentHash.text(expected)) by the manifest",
        found: ContentHash.text(elements.hash))
    }
    if type == .int16 || type == .int8, let least = elements.smallest, least < 0 {
      report.warnings.append(
        "\(path): ids as low as \(least): is the type u\(type.rawValue) rather than"
          + " \(type.rawValue), or are these labels?")
    }
  }
}
