internal import Machine

/// Writes some documents of a dataset as another, in their order and in bounded memory.
struct DatasetSelection {
  private let dataset: IndexedDataset
  private let isWanted: [Bool]
  private let sequenceCount: Int
  private let documentCount: Int

  /// Chooses documents; `isWanted` has an entry for each.
  init(_ dataset: IndexedDataset, _ isWanted: [Bool]) throws(IndexedDataError) {
    self.dataset = dataset
    self.isWanted = isWanted
    var sequences = 0
    var documents = 0
    for document in isWanted.indices where isWanted[document] {
      sequences += try dataset.tendedSequences(ofDocument: document).count
      documents += 1
    }
    sequenceCount = sequences
    documentCount = documents
  }

  /// Writes the dataset and gives it its name.
  ///
  /// `inputs` are prefixes that must not be overwritten.
  func write(
    to prefix: String, inputs: [String], _ options: TendOptions
  ) throws(IndexedDataError) -> TendedDataset {
    var output = try OutputPair(prefix: prefix, inputs: inputs, options)
    let bytes = try writeElements(output.binPath, options)
    var index = try IndexStream.begin(
      path: output.idxPath, format: dataset.format, elementType: dataset.elementType,
      variant: dataset.variant, sequenceCount: sequenceCount, documentEntryCount: documentCount + 1)
    try forEachSequence { (sequence) throws(IndexedDataError) in
      try index.append(size: Int64(dataset.size(of: sequence)))
    }
    try writeDocuments(&index)
    if dataset.hasModes {
      try forEachSequence { (sequence) throws(IndexedDataError) in
        try index.append(mode: dataset.mode(of: sequence))
      }
    }
    if options.isDurable { try index.synchronize() } else { try index.flush() }
    var result = TendedDataset(
      prefix: prefix, elementType: dataset.elementType, sequences: sequenceCount,
      documents: documentCount, tokens: bytes / dataset.elementType.byteCount)
    let source = SourcePiece(
      prefix: dataset.prefix, documents: isWanted.indices, of: isWanted.count, kept: isWanted)
    try output.writeSources([source], &result, durable: options.isDurable)
    try output.finish(result, durable: options.isDurable)
    return result
  }

  private func forEachSequence(
    _ body: (Int) throws(IndexedDataError) -> Void
  ) throws(IndexedDataError) {
    for document in isWanted.indices where isWanted[document] {
      for sequence in try dataset.tendedSequences(ofDocument: document) { try body(sequence) }
    }
  }

  /// Writes `.bin`, what lies together in one piece; returns its length.
  private func writeElements(
    _ path: String, _ options: TendOptions
  ) throws(IndexedDataError) -> Int {
    let source = try asking { () throws(SystemError) in
      try InputFile(path: dataset.elementsPath)
    }
    var target = try asking { () throws(SystemError) in try AppendFile(path: path) }
    var run = 0..<0
    try forEachSequence { (sequence) throws(IndexedDataError) in
      let bytes = try dataset.byteRange(of: sequence)
      if bytes.isEmpty { return }
      if bytes.lowerBound == run.upperBound, !run.isEmpty {
        run = run.lowerBound..<bytes.upperBound
        return
      }
      try copy(run, of: source, to: &target)
      run = bytes
    }
    try copy(run, of: source, to: &target)
    try asking { () throws(SystemError) in
      if options.isDurable { try target.synchronize() } else { try target.flush() }
    }
    return target.byteCount
  }

  private func copy(
    _ bytes: Range<Int>, of source: borrowing InputFile, to target: inout AppendFile
  ) throws(IndexedDataError) {
    if bytes.isEmpty { return }
    do throws(SystemError) {
      try target.append(copyOf: source, from: bytes.lowerBound, count: bytes.count)
    } catch {
      throw .system(error)
    }
  }

  private func writeDocuments(_ index: inout IndexStream) throws(IndexedDataError) {
    try index.append(documentEntry: 0)
    var entry = 0
    for document in isWanted.indices where isWanted[document] {
      entry += try dataset.tendedSequences(ofDocument: document).count
      try index.append(documentEntry: Int64(entry))
    }
  }
}
