internal import Machine

/// Checks a dataset: the whole index always, every element where `options` say so.
///
/// Some changes leave a dataset that another program could have written, and cannot be found without
/// the record of its manifest: an inner entry of a document index whose documents have several
/// sequences, the mode of a sequence, the element types int8 and uint8 (or int16 and uint16) taken
/// for each other while no id tells, the numbering of floating-point types by GPT-NeoX or
/// Megatron-core, and, without a deep check, any change inside `.bin`.
///
/// - Throws: only what the system refuses; what is wrong with the files is in the report.
package func verifyDataset(
  _ prefix: String, _ options: VerifyOptions = VerifyOptions()
) throws(IndexedDataError) -> VerifyReport {
  var report = VerifyReport(prefix: prefix, limit: options.limit)
  let idxPath = prefix + ".idx"
  let binPath = prefix + ".bin"
  try RequiredFiles.check(of: prefix)
  let index = try FileBytes(path: idxPath, mode: .pread)
  let elements = try FileBytes(path: binPath, mode: .pread)
  report.bytesRead = index.byteCount
  try checkRecord(options.record, index, elements, &report)
  let layout: IndexLayout
  let kind: (type: ElementType, variant: IndexVariant)
  do throws(IndexedDataError) {
    let headerCount = min(index.byteCount, IndexLayout.headerByteCount)
    layout = try index.withBytes(at: 0, count: headerCount) { (header) throws(IndexedDataError) in
      try IndexLayout(header: header, fileLength: index.byteCount, path: idxPath)
    }
    kind = try OpeningChecks.elementKind(layout, index, elements)
  } catch {
    if case .system = error { throw error }
    report.add(error, path: idxPath)
    report.hasDamagedIndex = true
    // Only a hash by the manifest took more than the header.
    if options.record?.idxHash == nil {
      report.bytesRead = min(index.byteCount, IndexLayout.headerByteCount)
    }
    return report
  }
  report.sequences = layout.sequenceCount
  report.documents = layout.documentEntryCount - 1
  let check = IndexCheck(
    idxPath: idxPath, binPath: binPath, binByteCount: elements.byteCount, layout: layout,
    type: kind.type)
  try check.run(&report)
  checkType(kind.type, layout, options, &report)
  if let kinds = try contradiction(of: kind.type, elements) {
    report.add(binPath, 0, "elements", expected: kinds.expected, found: kinds.found)
  }
  let isSound = report.isSound
  for companion in options.companions {
    try companion.run(against: layout, idxPath, options, &report)
  }
  try checkSources(options, documents: report.documents, layout, &report)
  if options.isDeep {
    var deep = ElementCheck(
      prefix: prefix, layout: layout, type: kind.type, options: options,
      knowsDocuments: isSound)
    try deep.run(&report)
    try checkTexts(options, index, &report)
  }
  return report
}

/// Compares the dataset with what companions were computed from.
private func checkTexts(
  _ options: VerifyOptions, _ index: borrowing FileBytes, _ report: inout VerifyReport
) throws(IndexedDataError) {
  let sources = options.companions.filter { $0.source != nil }
  guard !sources.isEmpty, let elements = report.elements else { return }
  let found =
    ContentHash.text(elements.hash)
    + ContentHash.text(
      try index.hash(first: index.byteCount))
  for (place, companion) in options.companions.enumerated() {
    guard let expected = companion.source, expected != found else { continue }
    report.add(
      companion.prefix, nil, "hash of the text that it was computed from", expected: expected,
      found: "\(found) of \(report.prefix)")
    report.companions[place].problemCount += 1
  }
}

/// Compares lengths and the index's hash with what the manifest says.
func checkRecord(
  _ record: DatasetRecord?, _ index: borrowing FileBytes, _ elements: borrowing FileBytes,
  _ report: inout VerifyReport
) throws(IndexedDataError) {
  guard let record else { return }
  if let bytes = record.idxBytes, bytes != index.byteCount {
    report.add(
      index.path, min(bytes, index.byteCount), "file length", expected: "\(bytes) by the manifest",
      found: "\(index.byteCount)")
  }
  if let bytes = record.binBytes, bytes != elements.byteCount {
    report.add(
      elements.path, min(bytes, elements.byteCount), "file length",
      expected: "\(bytes) by the manifest", found: "\(elements.byteCount)")
  }
  guard let expected = record.idxHash else { return }
  let hash = try index.hash(first: index.byteCount)
  guard hash != expected else { return }
  report.add(
    index.path, nil, "content hash", expected: "\(ContentHash.text(expected)) by the manifest",
    found: ContentHash.text(hash))
}

/// Tells of types that GPT-NeoX does not use for tokens, and of one that the manifest contradicts.
private func checkType(
  _ type: ElementType, _ layout: IndexLayout, _ options: VerifyOptions,
  _ report: inout VerifyReport
) {
  let path = report.prefix + ".idx"
  let byte = layout.format == .mmap ? 17 : 16
  if let expected = options.record?.elementType {
    guard type != expected else { return }
    report.add(
      path, byte, "element type", expected: "\(expected.rawValue) by the manifest",
      found: type.rawValue)
  } else if type != .uint16 && type != .int32 {
    let use =
      type.isFloatingPoint
      ? "rewards and reference log-probabilities, not tokens, are kept in it"
      : "GPT-NeoX writes tokens as uint16 or int32"
    report.warnings.append("\(path): byte \(byte): the element type is \(type.rawValue); \(use)")
  }
  if layout.modesOffset != nil {
    report.warnings.append(
      "\(path): each sequence has a mode, as in Megatron-core's multimodal datasets;"
        + " GPT-NeoX never writes modes")
  }
}
