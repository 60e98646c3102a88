internal import Machine

/// What can be kept of a dataset whose index has sizes that make sense.
struct Salvage {
  private let prefix: String
  private let layout: IndexLayout
  private let type: ElementType
  private let variant: IndexVariant
  /// Sequences and documents that lie wholly inside `.bin`.
  private let sequences: Int
  private let documents: Int
  private let keepsDocuments: Bool
  private let binByteCount: Int
  private let notes: [String]

  /// Looks at the index; `nil` when its sizes cannot be trusted.
  init?(
    _ prefix: String, binByteCount: Int, _ givenType: ElementType?
  ) throws(IndexedDataError) {
    guard let (layout, kind) = try Self.readHeader(prefix) else { return nil }
    let type = givenType ?? kind.type
    var notes: [String] = []
    guard
      let sound = try Self.countSequences(layout, prefix, type.byteCount, binByteCount)
    else { return nil }
    let (documents, keeps) = try Self.countDocuments(layout, prefix, sound.sequences)
    var sequences = sound.sequences
    if sound.sequences < layout.sequenceCount {
      if keeps { sequences = try Self.entry(documents, layout, prefix) }
      guard sequences > 0 else {
        throw .unsuitable(
          path: prefix + ".bin",
          reason: "holds none of the \(layout.sequenceCount) sequences of the index whole; there is"
            + " nothing to repair")
      }
      let lost = layout.sequenceCount - sequences
      let elements =
        try Self.elements(layout, prefix, layout.sequenceCount)
        - Self.elements(layout, prefix, sequences)
      notes.append(
        "lost the last \(lost) of \(layout.sequenceCount) sequences, \(elements) elements in all:"
          + " they are not whole in .bin, which is cut or was half written")
    }
    let kept = try Self.elements(layout, prefix, sequences) * type.byteCount
    try requireElements(of: type, in: prefix, within: kept)
    if kept < binByteCount && sequences == layout.sequenceCount {
      notes.append("left out \(binByteCount - kept) bytes of .bin that the index does not know")
    }
    if !keeps && layout.sequenceCount > 0 {
      notes.append("made the document index anew: each sequence is a document")
    }
    if sound.wrongPointers > 0 {
      notes.append("made \(sound.wrongPointers) wrong pointers anew from the sizes")
    }
    self.prefix = prefix
    self.layout = layout
    self.type = type
    variant = kind.variant
    self.sequences = sequences
    self.documents = keeps ? documents : sequences
    keepsDocuments = keeps
    self.binByteCount = kept
    self.notes = notes
  }

  /// Writes what can be kept.
  func write(to output: String, _ options: TendOptions) throws(IndexedDataError) -> TendedDataset {
    let files = try OutputPair(prefix: output, inputs: [prefix], options)
    try copyElements(prefix + ".bin", count: binByteCount, to: files.binPath, options)
    var index = try IndexStream.begin(
      path: files.idxPath, format: layout.format, elementType: type, variant: variant,
      sequenceCount: sequences, documentEntryCount: documents + 1,
      interruption: options.interruption)
    if sequences > 0 {
      var sizes = try layout.sizes(prefix + ".idx", from: 0, count: sequences)
      for _ in 0..<sequences { try index.append(size: sizes.read()) }
    }
    try index.append(documentEntry: 0)
    if keepsDocuments && documents > 0 {
      var entries = try layout.documentEntries(prefix + ".idx", from: 1, count: documents)
      for _ in 0..<documents { try index.append(documentEntry: entries.read()) }
    } else {
      for document in 0..<documents { try index.append(documentEntry: Int64(document + 1)) }
    }
    if let offset = layout.modesOffset, sequences > 0 {
      var modes = try NumberStream(
        path: prefix + ".idx", offset: offset, count: sequences, width: 1)
      for _ in 0..<sequences { try index.append(mode: Int8(truncatingIfNeeded: modes.read())) }
    }
    if options.isDurable { try index.synchronize() } else { try index.flush() }
    var result = TendedDataset(
      prefix: output, elementType: type, sequences: sequences, documents: documents,
      tokens: binByteCount / type.byteCount, notes: notes)
    let all = keepsDocuments ? layout.documentEntryCount - 1 : layout.sequenceCount
    try files.writeSources(
      [SourcePiece(prefix: prefix, documents: [0..<documents], of: all)], &result,
      options, passesOverDamage: true)
    try files.prepare(result, options)
    try endWhereRaised(options.interruption)
    try files.names.give(isDurable: options.isDurable)
    return result
  }

  // MARK: - Looking

  private static func readHeader(
    _ prefix: String
  ) throws(IndexedDataError) -> (IndexLayout, (type: ElementType, variant: IndexVariant))? {
    guard DurableFile.exists(prefix + ".idx") else { return nil }
    let index = try FileBytes(path: prefix + ".idx", mode: .pread)
    let elements = try FileBytes(path: prefix + ".bin", mode: .pread)
    do throws(IndexedDataError) {
      let count = min(index.byteCount, IndexLayout.headerByteCount)
      let layout = try index.withBytes(at: 0, count: count) { (header) throws(IndexedDataError) in
        try IndexLayout(header: header, fileLength: index.byteCount, path: prefix + ".idx")
      }
      return (layout, try OpeningChecks.elementKind(layout, index, elements))
    } catch {
      if case .system = error { throw error }
      return nil
    }
  }

  /// How many sequences lie in `.bin`, when either all sizes fit its length or all pointers agree.
  private static func countSequences(
    _ layout: IndexLayout, _ prefix: String, _ width: Int, _ binByteCount: Int
  ) throws(IndexedDataError) -> (sequences: Int, wrongPointers: Int)? {
    let n = layout.sequenceCount
    guard n > 0 else { return nil }
    var sizes = try layout.sizes(prefix + ".idx", from: 0, count: n)
    var pointers = try layout.pointers(prefix + ".idx", from: 0, count: n)
    let unit = layout.format == .mmap ? Int64(width) : 1
    var elements: Int64 = 0
    var whole = 0
    var wrong = 0
    for sequence in 0..<n {
      let size = try sizes.read()
      guard size >= 0, size <= Int64.max / 16 - elements else { return nil }
      // No overflow: `elements` is below a sixteenth of what fits.
      if try pointers.read() != elements * unit { wrong += 1 }
      elements += size
      if elements * Int64(width) <= Int64(binByteCount) { whole = sequence + 1 }
    }
    let fits = elements * Int64(width) == Int64(binByteCount)
    guard fits || wrong == 0 else { return nil }
    return (whole, wrong)
  }

  /// How many documents end within `sequences`, and whether the document index makes sense.
  private static func countDocuments(
    _ layout: IndexLayout, _ prefix: String, _ sequences: Int
  ) throws(IndexedDataError) -> (documents: Int, keeps: Bool) {
    let count = layout.documentEntryCount
    guard count > 1 else { return (0, false) }
    var entries = try layout.documentEntries(prefix + ".idx", from: 0, count: count)
    var rule = DocumentIndexRule(sequenceCount: layout.sequenceCount, entryCount: count)
    var documents = 0
    for entry in 0..<count {
      let found = try entries.read()
      guard rule.expectation(for: found) == nil else { return (0, false) }
      if found <= Int64(sequences) { documents = entry }
    }
    guard documents < count - 1 else { return (documents, true) }
    // What is left of an index that is cut must keep to the rule by itself.
    let kept = try Self.entry(documents, layout, prefix)
    entries = try layout.documentEntries(prefix + ".idx", from: 0, count: documents + 1)
    rule = DocumentIndexRule(sequenceCount: kept, entryCount: documents + 1)
    for _ in 0...documents where rule.expectation(for: try entries.read()) != nil {
      return (0, false)
    }
    return (documents, true)
  }

  private static func entry(
    _ entry: Int, _ layout: IndexLayout, _ prefix: String
  ) throws(IndexedDataError) -> Int {
    var entries = try layout.documentEntries(prefix + ".idx", from: entry, count: 1)
    return Int(try entries.read())
  }

  private static func elements(
    _ layout: IndexLayout, _ prefix: String, _ sequences: Int
  ) throws(IndexedDataError) -> Int {
    var total = 0
    guard sequences > 0 else { return 0 }
    var sizes = try layout.sizes(prefix + ".idx", from: 0, count: sequences)
    for _ in 0..<sequences { total += Int(try sizes.read()) }
    return total
  }
}

/// Copies the first `count` bytes of a file into a new one.
func copyElements(
  _ source: String, count: Int, to path: String, _ options: TendOptions
) throws(IndexedDataError) {
  let input = try asking { () throws(SystemError) in try InputFile(path: source) }
  var target = try asking { () throws(SystemError) in
    try AppendFile(path: path, syncsEarly: options.isDurable)
  }
  var place = 0
  while place < count {
    try endWhereRaised(options.interruption)
    let step = min(TendOptions.copyStep, count - place)
    try asking { () throws(SystemError) in
      try target.append(copyOf: input, from: place, count: step)
    }
    place += step
    options.progress(place, count)
  }
  try asking { () throws(SystemError) in
    if options.isDurable { try target.synchronize() } else { try target.flush() }
  }
}
