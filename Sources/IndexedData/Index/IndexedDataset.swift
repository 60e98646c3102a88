internal import Machine

/// A dataset on disk: `PREFIX.idx` and `PREFIX.bin`, in either format, open for reading.
///
/// Opening checks all that can be checked without looking at every entry; every read checks the
/// entries it uses. Whatever the files hold, a read returns what the index describes or throws.
/// Files must not be cut while they are open in ``ReadingMode/mmap``.
public final class IndexedDataset: Sendable {
  /// The common part of the two paths.
  public let prefix: String
  /// The format of the index.
  public let format: IndexFormat
  /// What the elements are.
  public let elementType: ElementType
  /// Who wrote the index; ``IndexVariant/neox`` where nothing tells the two apart.
  public let variant: IndexVariant
  /// Where everything lies in the index.
  package let layout: IndexLayout
  let index: FileBytes
  let elements: FileBytes

  /// Opens `prefix.idx` and `prefix.bin`.
  public convenience init(
    prefix: String, mode: ReadingMode = .mmap
  ) throws(IndexedDataError) {
    try RequiredFiles.check(of: prefix)
    try self.init(
      prefix: prefix, index: FileBytes(path: prefix + ".idx", mode: mode),
      elements: FileBytes(path: prefix + ".bin", mode: mode))
  }

  init(
    prefix: String, index: FileBytes, elements: FileBytes
  ) throws(IndexedDataError) {
    let headerCount = min(index.byteCount, IndexLayout.headerByteCount)
    let layout = try index.withBytes(at: 0, count: headerCount) {
      (header) throws(IndexedDataError) in
      try IndexLayout(header: header, fileLength: index.byteCount, path: index.path)
    }
    let kind = try OpeningChecks.elementKind(layout, index, elements)
    try OpeningChecks.run(layout, kind.type, index, elements)
    self.prefix = prefix
    format = layout.format
    elementType = kind.type
    variant = kind.variant
    self.layout = layout
    self.index = index
    self.elements = elements
  }

  /// The path of the index.
  public var indexPath: String { prefix + ".idx" }
  /// The path of the elements.
  public var elementsPath: String { prefix + ".bin" }
  /// Number of sequences.
  public var sequenceCount: Int { layout.sequenceCount }
  /// Number of documents; 0 when the index does not tell them apart.
  public var documentCount: Int { layout.documentEntryCount - 1 }
  /// Whether the index tells documents apart; GPT-NeoX's own merge tool forgets to.
  public var hasDocumentBoundaries: Bool { documentCount > 0 || sequenceCount == 0 }
  /// Whether each sequence has a mode, as in Megatron-core's multimodal datasets.
  public var hasModes: Bool { layout.modesOffset != nil }
  /// Number of elements in all sequences.
  public var tokenCount: Int { elements.byteCount / elementType.byteCount }
  /// Bytes of all elements.
  public var elementsByteCount: Int { elements.byteCount }
  /// Bytes of the index.
  public var indexByteCount: Int { index.byteCount }

  // MARK: - The index

  /// Number of elements of a sequence.
  public func size(of sequence: Int) throws(IndexedDataError) -> Int {
    try check(sequence, isBelow: sequenceCount, "sequence")
    let offset = layout.sizesOffset + sequence * layout.sizeByteCount
    let size =
      switch format {
      case .mmap: Int(try index.load(at: offset, Int32.self))
      case .cached: Int(try index.load(at: offset, Int64.self))
      }
    guard size >= 0, size <= tokenCount else {
      throw .malformed(
        path: indexPath, byte: offset, what: "size of sequence \(sequence)",
        expected: "0 to \(tokenCount), the elements in \(elementsPath)", found: "\(size)")
    }
    return size
  }

  /// Where a sequence begins in `.bin`, in bytes.
  public func pointer(of sequence: Int) throws(IndexedDataError) -> Int {
    try check(sequence, isBelow: sequenceCount, "sequence")
    let offset = layout.pointersOffset + sequence * 8
    let stored = try index.load(at: offset, Int64.self)
    let unit = format == .mmap ? 1 : elementType.byteCount
    let (start, overflow) = Int(stored).multipliedReportingOverflow(by: unit)
    guard !overflow, start >= 0, start <= elements.byteCount,
      start % elementType.byteCount == 0
    else {
      throw .malformed(
        path: indexPath, byte: offset, what: "pointer of sequence \(sequence)",
        expected: "a multiple of \(elementType.byteCount / unit) up to"
          + " \(elements.byteCount / unit)", found: "\(stored)")
    }
    return start
  }

  /// An entry of the document index: the sequence a document begins with, or their number.
  public func documentEntry(_ place: Int) throws(IndexedDataError) -> Int {
    try check(place, isBelow: layout.documentEntryCount, "document entry")
    let offset = layout.documentIndexOffset + place * 8
    let stored = try index.load(at: offset, Int64.self)
    guard stored >= 0, stored <= Int64(sequenceCount) else {
      throw .malformed(
        path: indexPath, byte: offset, what: "document index entry \(place)",
        expected: "0 to \(sequenceCount)", found: "\(stored)")
    }
    return Int(stored)
  }

  /// The sequences of a document, none for an empty one.
  public func sequences(ofDocument document: Int) throws(IndexedDataError) -> Range<Int> {
    try check(document, isBelow: documentCount, "document")
    let start = try documentEntry(document)
    let end = try documentEntry(document + 1)
    guard start <= end else {
      throw .malformed(
        path: indexPath, byte: layout.documentIndexOffset + (document + 1) * 8,
        what: "document index entry \(document + 1)",
        expected: "\(start) to \(sequenceCount)", found: "\(end)")
    }
    return start..<end
  }

  /// The mode of a sequence, 0 where there are none.
  public func mode(of sequence: Int) throws(IndexedDataError) -> Int8 {
    try check(sequence, isBelow: sequenceCount, "sequence")
    guard let modes = layout.modesOffset else { return 0 }
    return try index.load(at: modes + sequence, Int8.self)
  }

  /// Where elements of a sequence lie in `.bin`; nothing of its neighbours is ever included.
  public func byteRange(
    of sequence: Int, from offset: Int = 0, count: Int? = nil
  ) throws(IndexedDataError) -> Range<Int> {
    let size = try size(of: sequence)
    let start = try pointer(of: sequence)
    try checkDimensions(of: sequence)
    let width = elementType.byteCount
    // No overflow: a size is at most the number of elements in the file.
    guard start <= elements.byteCount - size * width else {
      throw .malformed(
        path: indexPath, byte: layout.pointersOffset + sequence * 8,
        what: "end of sequence \(sequence)",
        expected: "at most \(elements.byteCount), the length of \(elementsPath)",
        found: "\(start + size * width)")
    }
    let next = try byteStart(ofSequence: sequence + 1)
    guard start + size * width == next else {
      throw .malformed(
        path: indexPath, byte: layout.sizesOffset + sequence * layout.sizeByteCount,
        what: "size of sequence \(sequence)",
        expected: "what lies between the pointers \(start) and \(next)",
        found: "\(size) elements of \(width) \(width == 1 ? "byte" : "bytes")")
    }
    guard offset >= 0, offset <= size else {
      throw .outOfRange(
        path: prefix, what: "sequence \(sequence): element", asked: offset, limit: size)
    }
    let count = count ?? (size - offset)
    guard count >= 0, count <= size - offset else {
      throw .outOfRange(
        path: prefix, what: "sequence \(sequence): from element \(offset), a count of",
        asked: count, limit: size - offset)
    }
    return (start + offset * width)..<(start + (offset + count) * width)
  }

  // Item i of a one-dimensional TNTIDX dataset has its one size at place i.
  private func checkDimensions(of sequence: Int) throws(IndexedDataError) {
    guard let dimensions = layout.dimensionsOffset else { return }
    for place in sequence...(sequence + 1) {
      let stored = try index.load(at: dimensions + place * 8, Int64.self)
      guard stored == Int64(place) else {
        throw .malformed(
          path: indexPath, byte: dimensions + place * 8, what: "dimension offset \(place)",
          expected: "\(place), items of one dimension", found: "\(stored)")
      }
    }
  }

  func check(_ value: Int, isBelow limit: Int, _ what: String) throws(IndexedDataError) {
    guard value >= 0, value < limit else {
      throw .outOfRange(path: prefix, what: what, asked: value, limit: limit)
    }
  }
}
