internal import Machine

/// Checks every number in the arrays of an index, in bounded memory.
struct IndexCheck {
  let idxPath: String
  let binPath: String
  let binByteCount: Int
  let layout: IndexLayout
  let type: ElementType

  /// What one unit of a pointer is worth: a byte in `MMIDIDX`, an element in `TNTIDX`.
  private var unitByteCount: Int { layout.format == .mmap ? 1 : type.byteCount }
  /// What a size is to be multiplied by before it is added to a pointer.
  private var unitsPerElement: Int64 { layout.format == .mmap ? Int64(type.byteCount) : 1 }

  /// Opens a dataset that is to be copied, and checks its index; documents may have any sequences.
  ///
  /// - Throws: what opening throws, and `malformed` with the first problem.
  static func openSound(_ prefix: String) throws(IndexedDataError) -> IndexedDataset {
    let dataset = try IndexedDataset(prefix: prefix, mode: .pread)
    let check = IndexCheck(
      idxPath: dataset.indexPath, binPath: dataset.elementsPath,
      binByteCount: dataset.elementsByteCount, layout: dataset.layout, type: dataset.elementType)
    var report = VerifyReport(prefix: prefix, limit: 1)
    try check.checkSequences(&report)
    if dataset.hasDocumentBoundaries {
      try check.checkDocuments(&report, asGPTNeoXWrites: false)
    }
    guard let problem = report.problems.first else { return dataset }
    throw .malformed(
      path: problem.path, byte: problem.byte ?? 0, what: problem.what,
      expected: problem.expected, found: problem.found)
  }

  func run(_ report: inout VerifyReport) throws(IndexedDataError) {
    let problemCount = report.problemCount
    if let stated = layout.statedElementByteCount, stated != type.byteCount {
      report.add(
        idxPath, 24, "element size", expected: "\(type.byteCount) for \(type.rawValue)",
        found: "\(stated)")
    }
    if binByteCount % type.byteCount != 0 {
      report.add(
        binPath, binByteCount - binByteCount % type.byteCount, "file length",
        expected: "a multiple of \(type.byteCount), the bytes of an element",
        found: "\(binByteCount)")
    }
    try checkSequences(&report)
    report.hasDamagedIndex = report.problemCount > problemCount
    try checkDocuments(&report)
    guard !report.hasDamagedIndex, report.problemCount > problemCount else { return }
    // Documents that only GPT-NeoX would not have written are no damage.
    var documents = VerifyReport(prefix: report.prefix, limit: 1)
    try checkDocuments(&documents, asGPTNeoXWrites: false)
    report.hasDamagedIndex = !documents.isSound
  }

  private func checkSequences(_ report: inout VerifyReport) throws(IndexedDataError) {
    try checkDimensions(&report)
    try checkPointers(&report)
  }

  /// Item i of a one-dimensional `TNTIDX` dataset has its one size at place i.
  private func checkDimensions(_ report: inout VerifyReport) throws(IndexedDataError) {
    guard let offset = layout.dimensionsOffset else { return }
    var places = try NumberStream(
      path: idxPath, offset: offset, count: layout.sequenceCount + 1, width: 8)
    for item in 0...layout.sequenceCount {
      let byte = places.byteOffset
      let found = try places.read()
      guard found != Int64(item) else { continue }
      report.add(
        idxPath, byte, "dimension offset \(item)", expected: "\(item)", found: "\(found)")
    }
  }

  /// Pointers are the sums of the sizes before them, and the last sum is the end of `.bin`.
  ///
  /// Where a pointer and the sum disagree, the numbers that follow tell which of the two is wrong.
  private func checkPointers(_ report: inout VerifyReport) throws(IndexedDataError) {
    let n = layout.sequenceCount
    let end = Int64(binByteCount / unitByteCount)
    // TNTIDX states the end as well, as one pointer more.
    let stated = layout.format == .cached ? n + 1 : n
    var sizes = try layout.sizes(idxPath, from: 0, count: n)
    var pointers = try layout.pointers(idxPath, from: 0, count: stated)
    var expected: Int64 = 0
    var pointer = stated > 0 ? try pointers.read() : end
    var lastSize: Int64 = 0
    for sequence in 0..<n {
      let pointerByte = layout.pointersOffset + 8 * sequence
      let sizeByte = sizes.byteOffset
      let size = try sizes.read()
      let next = sequence + 1 < stated ? try pointers.read() : end
      let step = max(0, size).multipliedReportingOverflow(by: unitsPerElement)
      let sum = expected.addingReportingOverflow(step.partialValue)
      if size < 0 || step.overflow || sum.overflow {
        report.add(
          idxPath, sizeByte, "size of sequence \(sequence)",
          expected: "0 to \(end / unitsPerElement)", found: "\(size)")
        (expected, pointer, lastSize) = (next, next, size)
        continue
      }
      if pointer != expected {
        if next == sum.partialValue || sequence == 0 {
          report.add(
            idxPath, pointerByte, "pointer of sequence \(sequence)", expected: "\(expected)",
            found: "\(pointer)")
        } else {
          // Pointers may be anything, so a difference may wrap; it is only shown.
          let units = pointer &- (expected &- lastSize &* unitsPerElement)
          blameSize(of: sequence - 1, lastSize, units, &report)
          expected = pointer
        }
      }
      // No overflow: both are sums of this file's numbers that were checked above, or its pointers.
      expected = expected.addingReportingOverflow(step.partialValue).partialValue
      (pointer, lastSize) = (next, size)
    }
    checkEnd(expected, pointer, end, lastSize, &report)
  }

  private func blameSize(
    of sequence: Int, _ size: Int64, _ units: Int64, _ report: inout VerifyReport
  ) {
    let byte = layout.sizesOffset + layout.sizeByteCount * sequence
    let expected =
      units >= 0 && units % unitsPerElement == 0
      ? "\(units / unitsPerElement) by the pointers"
      : "a size that agrees with the pointers of sequences \(sequence) and \(sequence + 1)"
    report.add(
      idxPath, byte, "size of sequence \(sequence)", expected: expected, found: "\(size)")
  }

  private func checkEnd(
    _ expected: Int64, _ stated: Int64, _ end: Int64, _ lastSize: Int64,
    _ report: inout VerifyReport
  ) {
    if layout.format == .cached && stated != expected {
      report.add(
        idxPath, layout.pointersOffset + 8 * layout.sequenceCount, "end of the last item",
        expected: "\(expected)", found: "\(stated)")
    }
    guard expected != end else { return }
    let byte = max(0, min(Int(expected), Int(end))) * unitByteCount
    report.add(
      binPath, byte, "file length",
      expected: "\(expected) \(unitByteCount == 1 ? "bytes" : "elements") by the"
        + " index, whose last sequence has \(lastSize) elements", found: "\(end)")
  }

  /// Every entry of the document index keeps to the rule.
  private func checkDocuments(
    _ report: inout VerifyReport, asGPTNeoXWrites: Bool = true
  ) throws(IndexedDataError) {
    let n = Int64(layout.sequenceCount)
    let count = layout.documentEntryCount
    var entries = try layout.documentEntries(idxPath, from: 0, count: count)
    if count == 1 && n > 0 {
      let found = try entries.read()
      report.add(
        idxPath, layout.documentIndexOffset, "document index",
        expected: "entries up to \(n), the number of sequences",
        found: "only [\(found)], as GPT-NeoX's merge tool leaves it; repair can rebuild it")
      return
    }
    var rule = DocumentIndexRule(
      sequenceCount: layout.sequenceCount, entryCount: count, asGPTNeoXWrites: asGPTNeoXWrites)
    for entry in 0..<count {
      let byte = entries.byteOffset
      let found = try entries.read()
      guard let expected = rule.expectation(for: found) else { continue }
      report.add(
        idxPath, byte, "document index entry \(entry)", expected: expected, found: "\(found)")
    }
  }
}
