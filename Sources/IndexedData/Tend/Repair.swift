internal import Machine

/// What a person can say to help a repair.
package struct RepairOptions: Sendable {
  /// The id that ends documents; needed when the index is to be made from `.bin`.
  package var endOfDocument: Int64?
  /// The type of elements; the index's own where it can be read.
  package var elementType: ElementType?
  /// Whether the index is made from `.bin` even where the old one is of use.
  package var rebuilds = false
  /// Whether tokens behind the last end of a document become a document.
  package var keepsTail = false
  /// What the files were when they were written, where that is known.
  package var record: DatasetRecord?
  /// How the output is written.
  package var output = TendOptions()

  package init() {}
}

/// Writes a sound dataset to a new prefix from what is left of a damaged one.
///
/// Where the sizes of the index can be trusted they are kept, pointers and the document index are
/// made anew, and a `.bin` that ends early loses its last, half-written document. Otherwise `.bin` is
/// cut behind each end-of-document id.
///
/// Where the record has a hash of `.bin`, that is read once more to compare it: other tokens than were
/// written cannot be repaired.
///
/// - Returns: what was written, with a note on each thing that was done, and a warning where tokens
///   are not those that were written.
package func repairDataset(
  _ input: String, to output: String, _ options: RepairOptions
) throws(IndexedDataError) -> TendedDataset {
  try RequiredFiles.check([".bin"], of: input)
  let elements = try FileBytes(path: input + ".bin", mode: .pread)
  let warnings = try lostTokens(elements, options)
  var result = try write(input, to: output, binByteCount: elements.byteCount, options)
  result.warnings = warnings
  return result
}

private func write(
  _ input: String, to output: String, binByteCount: Int, _ options: RepairOptions
) throws(IndexedDataError) -> TendedDataset {
  if !options.rebuilds {
    let salvage = try Salvage(input, binByteCount: binByteCount, options.elementType)
    if let salvage { return try salvage.write(to: output, options.output) }
  }
  var known = options.elementType
  if known == nil { known = try readableType(input) }
  guard let type = known, let end = options.endOfDocument else {
    throw lackOfHelp(input, knowsType: known != nil, knowsEnd: options.endOfDocument != nil)
  }
  guard !type.isFloatingPoint else {
    throw .unsuitable(
      path: input + ".bin", reason: "fractions have no end-of-document id to cut at")
  }
  let rebuild = Rebuild(input: input, type: type, end: end, keepsTail: options.keepsTail)
  return try rebuild.write(to: output, options.output)
}

/// What the record knows to be wrong with the tokens.
private func lostTokens(
  _ elements: FileBytes, _ options: RepairOptions
) throws(IndexedDataError) -> [String] {
  guard let record = options.record, let hash = record.binHash else { return [] }
  let count = record.binBytes ?? elements.byteCount
  guard count <= elements.byteCount else {
    return [
      "\(elements.path): \(count) bytes were written, by the manifest, and \(elements.byteCount) are"
        + " left; whether these are as they were written cannot be known"
    ]
  }
  let found = try elements.hash(
    first: count, interruption: options.output.interruption, progress: options.output.progress)
  guard found != hash else { return [] }
  return [
    "\(elements.path): the tokens are not those that were written, by the hash in the manifest;"
      + " that cannot be repaired, and the output has them as they are"
  ]
}

/// What must be said so that the index can be made from `.bin`.
private func lackOfHelp(_ input: String, knowsType: Bool, knowsEnd: Bool) -> IndexedDataError {
  var wanted: [String] = []
  if !knowsType { wanted.append("--element-type TYPE") }
  if !knowsEnd {
    wanted.append("--eod-id ID (or --tokenizer-type and the tokenizer's files)")
  }
  let state = DurableFile.exists(input + ".idx") ? "is of no use" : "is not there"
  return .unsuitable(
    path: input + ".idx",
    reason: "\(state); to make one from .bin, give \(wanted.joined(separator: " and "))")
}

/// The element type by the header, when it can be read and agrees with the pointers.
private func readableType(_ prefix: String) throws(IndexedDataError) -> ElementType? {
  guard DurableFile.exists(prefix + ".idx") else { return nil }
  let index = try FileBytes(path: prefix + ".idx", mode: .pread)
  guard index.byteCount >= IndexLayout.headerByteCount else { return nil }
  return try index.withBytes(at: 0, count: IndexLayout.headerByteCount) { header in
    let isOld = header.starts(with: IndexLayout.cachedMagic)
    guard isOld || header.starts(with: IndexLayout.mmapMagic) else { return nil }
    let code =
      isOld
      ? header.loadNumber(at: 16, UInt64.self)
      : UInt64(header.loadNumber(at: 17, UInt8.self))
    return ElementType(code: code, variant: .neox)
  }
}

/// Refuses to write what a check would call unsound: elements of another type than it is to be.
func requireElements(
  of type: ElementType, in prefix: String, within limit: Int
) throws(IndexedDataError) {
  let elements = try FileBytes(path: prefix + ".bin", mode: .pread)
  guard let kinds = try contradiction(of: type, elements, within: limit) else { return }
  throw .unsuitable(
    path: prefix + ".bin",
    reason: "byte 0: elements: expected \(kinds.expected), found \(kinds.found);"
      + " give the right one with --element-type")
}
