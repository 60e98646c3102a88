internal import Machine

/// Writes some documents of a dataset as another, in their order and in bounded memory.
struct DatasetSelection {
  private let dataset: IndexedDataset
  private let documents: [Range<Int>]
  private let sequenceCount: Int
  private let documentCount: Int

  /// Chooses documents; `isWanted` has an entry for each.
  init(_ dataset: IndexedDataset, _ isWanted: [Bool]) throws(IndexedDataError) {
    var runs: [Range<Int>] = []
    for document in isWanted.indices where isWanted[document] {
      if runs.last?.upperBound == document {
        runs[runs.count - 1] = runs[runs.count - 1].lowerBound..<document + 1
      } else {
        runs.append(document..<document + 1)
      }
    }
    try self.init(dataset, documents: runs)
  }

  /// Chooses runs of documents.
  ///
  /// - Throws: `outOfRange` where there is none of a number.
  init(_ dataset: IndexedDataset, documents: [Range<Int>]) throws(IndexedDataError) {
    self.dataset = dataset
    self.documents = documents
    var sequences = 0
    for run in documents {
      for document in run { sequences += try dataset.tendedSequences(ofDocument: document).count }
    }
    sequenceCount = sequences
    documentCount = documents.reduce(0) { $0 + $1.count }
  }

  /// Writes the dataset, which gets its name when the work is done.
  ///
  /// Where the documents came from is looked for
  /// beside the dataset, or in an archive.
  func write(
    to prefix: String, sourcesIn archive: Archive? = nil, in work: TendTransaction
  ) throws(IndexedDataError) -> TendedDataset {
    let options = work.options
    let output = try OutputPair(prefix: prefix, inputs: work.inputs, options)
    let bytes = try writeElements(output, work)
    var index = try IndexStream.begin(
      path: output.idxPath, format: dataset.format, elementType: dataset.elementType,
      variant: dataset.variant, sequenceCount: sequenceCount, documentEntryCount: documentCount + 1,
      interruption: options.interruption)
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
      prefix: dataset.prefix, documents: documents, of: dataset.tendedDocumentCount,
      in: archive)
    try output.writeSources([source], &result, options)
    try work.take(output, result)
    return result
  }

  private func forEachSequence(
    _ body: (Int) throws(IndexedDataError) -> Void
  ) throws(IndexedDataError) {
    for document in documents.joined() {
      for sequence in try dataset.tendedSequences(ofDocument: document) { try body(sequence) }
    }
  }

  /// Writes `.bin`, what lies together in pieces of about ``TendOptions/copyStep``; returns its length.
  private func writeElements(
    _ output: OutputPair, _ work: TendTransaction
  ) throws(IndexedDataError) -> Int {
    let options = work.options
    let check = work.check(of: dataset.prefix)
    let path = output.binPath
    var target = try asking { () throws(SystemError) in
      try AppendFile(path: path, syncsEarly: options.isDurable)
    }
    var run = 0..<0
    func append() throws(IndexedDataError) {
      try dataset.elements.append(run, to: &target)
      try output.note(run, of: check, appendedTo: &target, options.interruption)
    }
    try forEachSequence { (sequence) throws(IndexedDataError) in
      try endWhereRaised(options.interruption)
      let bytes = try dataset.byteRange(of: sequence)
      if bytes.isEmpty { return }
      if bytes.lowerBound == run.upperBound, !run.isEmpty, run.count < TendOptions.copyStep {
        run = run.lowerBound..<bytes.upperBound
        return
      }
      try append()
      run = bytes
    }
    try append()
    try asking { () throws(SystemError) in
      if options.isDurable { try target.synchronize() } else { try target.flush() }
    }
    return target.byteCount
  }

  private func writeDocuments(_ index: inout IndexStream) throws(IndexedDataError) {
    try index.append(documentEntry: 0)
    var entry = 0
    for document in documents.joined() {
      entry += try dataset.tendedSequences(ofDocument: document).count
      try index.append(documentEntry: Int64(entry))
    }
  }
}
