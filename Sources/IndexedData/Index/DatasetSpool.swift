internal import Machine

/// One dataset while it is written: its elements, and beside them its sizes and documents.
///
/// Nothing of the index is kept in memory; the spools hold what the index will be made of.
final class DatasetSpool {
  /// How much of a dataset there is.
  struct Mark: Equatable, Sendable {
    var byteCount = 0
    var sequenceCount = 0
    var documentCount = 0
    /// Elements of the sequence that has not ended yet.
    var openElementCount = 0
    /// The running hash of the elements.
    var hash = ContentHash().saved

    /// Whether a file cut to this mark lacks something of another.
    func isBefore(_ other: Mark) -> Bool {
      byteCount < other.byteCount || sequenceCount < other.sequenceCount
    }
  }

  let output: DatasetOutput
  private var elements: AppendFile
  private var sizes: AppendFile
  private var documents: AppendFile
  private var hash: ContentHash
  private(set) var sequenceCount: Int
  private(set) var documentCount: Int
  private var openElementCount: Int
  /// Where the document that has not ended began; equal to ``mark`` between documents.
  private(set) var documentStart: Mark

  /// Opens the three files and cuts them to the lengths at `mark`.
  init(_ output: DatasetOutput, mark: Mark, documentStart: Mark) throws(IndexedDataError) {
    guard let hash = ContentHash(saved: mark.hash) else {
      preconditionFailure("the journal checks saved hashes")
    }
    self.output = output
    let elements = try asking { () throws(SystemError) in
      try AppendFile(
        path: output.partialElementsPath, length: mark.byteCount, syncsEarly: true)
    }
    let sizes = try asking { () throws(SystemError) in
      try AppendFile(
        path: output.sizesPath, length: mark.sequenceCount * output.sizeByteCount)
    }
    let documents = try asking { () throws(SystemError) in
      try AppendFile(path: output.documentsPath, length: mark.documentCount * 8)
    }
    self.elements = elements
    self.sizes = sizes
    self.documents = documents
    self.hash = hash
    sequenceCount = mark.sequenceCount
    documentCount = mark.documentCount
    openElementCount = mark.openElementCount
    self.documentStart = documentStart
  }

  /// How much there is now.
  var mark: Mark {
    Mark(
      byteCount: elements.byteCount, sequenceCount: sequenceCount, documentCount: documentCount,
      openElementCount: openElementCount, hash: hash.saved)
  }

  /// XXH64 of the elements so far.
  var elementsHash: UInt64 { hash.value }

  /// Bytes of elements so far.
  var elementsByteCount: Int { elements.byteCount }

  /// Whether no document is open.
  var isBetweenDocuments: Bool {
    openElementCount == 0 && sequenceCount == documentStart.sequenceCount
      && documentCount == documentStart.documentCount
  }

  // MARK: - Appending

  /// Appends documents of one sequence each; a size of 0 is a document without one.
  func append(_ bytes: RawSpan, documentSizes: Span<Int32>) throws(IndexedDataError) {
    precondition(isBetweenDocuments, "a document is open")
    var total = 0
    var sizeNumbers: [Int32] = []
    var longNumbers: [Int64] = []
    sizeNumbers.reserveCapacity(documentSizes.count)
    longNumbers.reserveCapacity(documentSizes.count)
    for place in documentSizes.indices {
      let size = documentSizes[place]
      precondition(size >= 0, "a negative size")
      total += Int(size)
      if size > 0 { sizeNumbers.append(size) }
      longNumbers.append(Int64(sequenceCount + sizeNumbers.count))
    }
    precondition(total * output.elementType.byteCount == bytes.byteCount, "sizes and bytes differ")
    try write(bytes)
    try asking { () throws(SystemError) in
      try unsafe documents.append(longNumbers.span.bytes)
      if output.format == .mmap {
        try unsafe sizes.append(sizeNumbers.span.bytes)
      } else {
        longNumbers.removeAll(keepingCapacity: true)
        longNumbers.append(contentsOf: sizeNumbers.lazy.map(Int64.init))
        try unsafe sizes.append(longNumbers.span.bytes)
      }
    }
    sequenceCount += sizeNumbers.count
    documentCount += documentSizes.count
    documentStart = mark
  }

  /// Appends elements to the open sequence.
  func extendSequence(_ bytes: RawSpan) throws(IndexedDataError) {
    let width = output.elementType.byteCount
    precondition(bytes.byteCount % width == 0, "a part of an element")
    let count = openElementCount + bytes.byteCount / width
    guard count <= output.sizeLimit else {
      throw .tooLarge(
        path: output.prefix, document: documentCount, what: "number of elements of a sequence",
        found: count, limit: output.sizeLimit)
    }
    try write(bytes)
    openElementCount = count
  }

  /// Ends the open sequence, which may be empty.
  func endSequence() throws(IndexedDataError) {
    try asking { () throws(SystemError) in
      if output.format == .mmap {
        try sizes.append(number: Int32(openElementCount))
      } else {
        try sizes.append(number: Int64(openElementCount))
      }
    }
    sequenceCount += 1
    openElementCount = 0
  }

  /// Ends the open document, which may have no sequence.
  func endDocument() throws(IndexedDataError) {
    precondition(openElementCount == 0, "a sequence is open")
    try asking { () throws(SystemError) in try documents.append(number: Int64(sequenceCount)) }
    documentCount += 1
    documentStart = mark
  }

  /// Takes back everything since the last document ended.
  func abandonDocument() throws(IndexedDataError) {
    guard let hash = ContentHash(saved: documentStart.hash) else {
      preconditionFailure("the mark was made here")
    }
    try asking { () throws(SystemError) in
      try elements.truncate(to: documentStart.byteCount)
      try sizes.truncate(to: documentStart.sequenceCount * output.sizeByteCount)
    }
    self.hash = hash
    sequenceCount = documentStart.sequenceCount
    openElementCount = 0
  }

  private func write(_ bytes: RawSpan) throws(IndexedDataError) {
    hash.update(bytes)
    try asking { () throws(SystemError) in try elements.append(bytes) }
  }

  // MARK: - Durability

  /// Hands everything to the system, so that the spools can be read.
  func flush() throws(IndexedDataError) {
    try asking { () throws(SystemError) in
      try sizes.flush()
      try documents.flush()
    }
  }

  /// Hands everything to the system, which begins to write the elements to the disk.
  func beginWriting() throws(IndexedDataError) {
    try flush()
    try asking { () throws(SystemError) in try elements.beginWriting() }
  }

  /// Adds the elements to what is to be made durable.
  func join(_ group: inout DurableGroup) throws(IndexedDataError) {
    do throws(SystemError) { try group.add(&elements) } catch { throw .system(error) }
  }

  /// Makes everything appended so far durable.
  func synchronize() throws(IndexedDataError) {
    try asking { () throws(SystemError) in
      try elements.synchronize()
      try sizes.synchronize()
      try documents.synchronize()
    }
  }
}
