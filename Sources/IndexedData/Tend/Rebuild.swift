internal import Machine

/// Makes an index from `.bin` alone: a document ends behind each end-of-document id.
struct Rebuild {
  let input: String
  let type: ElementType
  let end: Int64
  let keepsTail: Bool

  /// Writes the dataset; `.bin` loses what follows the last whole document unless that is kept.
  func write(to output: String, _ options: TendOptions) throws(IndexedDataError) -> TendedDataset {
    let files = try OutputPair(prefix: output, inputs: [input], options)
    // The number of documents stands before their sizes, so they are counted first.
    var documents = 0
    var inDocuments = 0
    let total = try forEachDocument(options.interruption) { size in
      documents += 1
      inDocuments += size
    }
    let tail = total - inDocuments
    let hasTail = keepsTail && tail > 0
    let count = documents + (hasTail ? 1 : 0)
    let kept = inDocuments + (hasTail ? tail : 0)
    guard count > 0 else {
      throw .unsuitable(
        path: input + ".bin",
        reason: "holds no end-of-document id \(end), so no document is whole; wrong id or type?")
    }
    try requireElements(of: type, in: input, within: kept * type.byteCount)
    try copyElements(input + ".bin", count: kept * type.byteCount, to: files.binPath, options)
    var index = try IndexStream.begin(
      path: files.idxPath, format: .mmap, elementType: type, variant: .neox, sequenceCount: count,
      documentEntryCount: count + 1, interruption: options.interruption)
    var left = documents
    let again = try forEachDocument(options.interruption) { (size) throws(IndexedDataError) in
      guard left > 0 else { throw changed }
      left -= 1
      try index.append(size: Int64(size))
    }
    guard left == 0, again == total else { throw changed }
    if hasTail { try index.append(size: Int64(tail)) }
    for document in 0...count { try index.append(documentEntry: Int64(document)) }
    if options.isDurable { try index.synchronize() } else { try index.flush() }
    var notes = ["made the index anew from .bin: a document ends behind each id \(end)"]
    if tail > 0 && !hasTail {
      notes.append("left out \(tail) tokens behind the last end of a document")
    }
    var result = TendedDataset(
      prefix: output, elementType: type, sequences: count, documents: count, tokens: kept,
      notes: notes)
    try files.writeSources(
      [SourcePiece(prefix: input, documents: [0..<count], of: count)], &result,
      options, passesOverDamage: true)
    try files.prepare(result, options)
    try endWhereRaised(options.interruption)
    try files.names.give(isDurable: options.isDurable)
    return result
  }

  private var changed: IndexedDataError {
    .unsuitable(path: input + ".bin", reason: "changed while it was read; repair it when at rest")
  }

  /// Calls `body` with the length of each document; returns the number of elements in the file.
  @discardableResult
  private func forEachDocument(
    _ interruption: Interruption?, _ body: (Int) throws(IndexedDataError) -> Void
  ) throws(IndexedDataError) -> Int {
    let path = input + ".bin"
    let file = try asking { () throws(SystemError) in try InputFile(path: path) }
    let total = file.byteCount / type.byteCount
    var block = ByteBuffer(capacity: 1 << 19)
    var length = 0
    var place = 0
    while place < total * type.byteCount {
      try endWhereRaised(interruption)
      block.removeAll()
      let wanted = min(1 << 19, total * type.byteCount - place)
      let found = try asking { () throws(SystemError) in
        try file.read(wanted, at: place, to: &block)
      }
      guard found == wanted else {
        throw .malformed(
          path: path, byte: place + found, what: "file was cut while it was read",
          expected: "\(wanted) bytes", found: "\(found)")
      }
      for offset in stride(from: 0, to: found, by: type.byteCount) {
        length += 1
        guard block.bytes.loadElement(at: offset, type) == end else { continue }
        try body(length)
        length = 0
      }
      place += found
    }
    return total
  }
}
