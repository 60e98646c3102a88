internal import Machine

/// What is checked whenever a dataset is opened: nothing that needs every entry.
enum OpeningChecks {
  /// The element type, with the two meanings of codes 6 and 7 told apart by the length of sequences.
  static func elementKind(
    _ layout: IndexLayout, _ index: FileBytes, _ elements: FileBytes
  ) throws(IndexedDataError) -> (type: ElementType, variant: IndexVariant) {
    var byteCount = layout.statedElementByteCount
    if (6...7).contains(layout.code), byteCount == nil {
      byteCount = try widthByPointers(layout, index, elements)
    }
    var variants: [IndexVariant] = layout.modesOffset == nil ? [.neox, .megatronCore] : []
    if variants.isEmpty { variants = [.megatronCore, .neox] }
    for variant in variants {
      guard let type = ElementType(code: layout.code, variant: variant) else { continue }
      if type.byteCount == byteCount ?? type.byteCount { return (type, variant) }
    }
    throw .malformed(
      path: index.path, byte: 17, what: "element type", expected: "elements of 4 or 8 bytes",
      found: "code \(layout.code), while sequences have \(byteCount ?? 0) bytes an element")
  }

  /// Bytes an element takes by the first sequence that has any; `nil` when all are empty.
  private static func widthByPointers(
    _ layout: IndexLayout, _ index: FileBytes, _ elements: FileBytes
  ) throws(IndexedDataError) -> Int? {
    for sequence in 0..<layout.sequenceCount {
      let size = Int(try index.load(at: layout.sizesOffset + 4 * sequence, Int32.self))
      guard size > 0 else { continue }
      let place = layout.pointersOffset + 8 * sequence
      let start = try index.load(at: place, Int64.self)
      var end = Int64(elements.byteCount)
      if sequence + 1 < layout.sequenceCount { end = try index.load(at: place + 8, Int64.self) }
      let (bytes, overflow) = end.subtractingReportingOverflow(start)
      guard !overflow, bytes > 0, bytes % Int64(size) == 0, bytes / Int64(size) <= 8 else {
        throw .malformed(
          path: index.path, byte: place, what: "pointer of sequence \(sequence)",
          expected: "4 or 8 bytes for each of \(size) elements", found: "\(start) to \(end)")
      }
      return Int(bytes) / size
    }
    return nil
  }

  /// Checks the lengths and both ends of each array.
  static func run(
    _ layout: IndexLayout, _ type: ElementType, _ index: FileBytes,
    _ elements: FileBytes
  ) throws(IndexedDataError) {
    let width = type.byteCount
    guard elements.byteCount % width == 0 else {
      throw .malformed(
        path: elements.path, byte: elements.byteCount - elements.byteCount % width,
        what: "file length", expected: "a multiple of \(width), the bytes of an element",
        found: "\(elements.byteCount)")
    }
    try checkSequences(layout, width, index, elements)
    try checkDocuments(layout, index)
  }

  private static func checkSequences(
    _ layout: IndexLayout, _ width: Int, _ index: FileBytes,
    _ elements: FileBytes
  ) throws(IndexedDataError) {
    let n = layout.sequenceCount
    guard n > 0 else {
      guard elements.byteCount == 0 else {
        throw .malformed(
          path: elements.path, byte: 0, what: "file length",
          expected: "0, as the index has no sequence", found: "\(elements.byteCount)")
      }
      return
    }
    let first = try index.load(at: layout.pointersOffset, Int64.self)
    guard first == 0 else {
      throw .malformed(
        path: index.path, byte: layout.pointersOffset, what: "pointer of sequence 0",
        expected: "0", found: "\(first)")
    }
    let place = layout.pointersOffset + 8 * (n - 1)
    let sizePlace = layout.sizesOffset + layout.sizeByteCount * (n - 1)
    var end: Int64?
    if layout.format == .mmap {
      let size = Int64(try index.load(at: sizePlace, Int32.self))
      let start = try index.load(at: place, Int64.self)
      if size >= 0, start >= 0 { end = sum(start, size * Int64(width)) }
    } else {
      let size = try index.load(at: sizePlace, Int64.self)
      let start = try index.load(at: place, Int64.self)
      let stated = try index.load(at: place + 8, Int64.self)
      if size >= 0, start >= 0, let last = sum(start, size), last == stated {
        let bytes = last.multipliedReportingOverflow(by: Int64(width))
        end = bytes.overflow ? nil : bytes.partialValue
      }
    }
    guard end == Int64(elements.byteCount) else {
      throw .malformed(
        path: index.path, byte: place, what: "end of the last sequence",
        expected: "\(elements.byteCount), the length of \(elements.path)",
        found: end.map { "\($0)" } ?? "no sum of its pointer and size")
    }
  }

  private static func checkDocuments(
    _ layout: IndexLayout, _ index: FileBytes
  ) throws(IndexedDataError) {
    let first = try index.load(at: layout.documentIndexOffset, Int64.self)
    guard first == 0 else {
      throw .malformed(
        path: index.path, byte: layout.documentIndexOffset, what: "document index entry 0",
        expected: "0", found: "\(first)")
    }
    // A single 0 is what GPT-NeoX's merge tool leaves: no boundaries, but sound sequences.
    guard layout.documentEntryCount > 1 else { return }
    let place = layout.documentIndexOffset + 8 * (layout.documentEntryCount - 1)
    let last = try index.load(at: place, Int64.self)
    guard last == Int64(layout.sequenceCount) else {
      throw .malformed(
        path: index.path, byte: place, what: "last document index entry",
        expected: "\(layout.sequenceCount), the number of sequences", found: "\(last)")
    }
  }

  private static func sum(_ a: Int64, _ b: Int64) -> Int64? {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : sum
  }
}
