internal import Machine

/// Runs of documents of a dataset, whose sources go into those of another one.
struct SourcePiece {
  let prefix: String
  /// The archive that the dataset lies in; `nil` where it is files of its own.
  let archive: Archive?
  /// The runs, in order.
  let documents: [Range<Int>]
  /// Documents of the whole dataset, as the sources must have them.
  let count: Int

  init(prefix: String, documents: [Range<Int>], of count: Int, in archive: Archive? = nil) {
    self.prefix = prefix
    self.archive = archive
    self.documents = documents
    self.count = count
  }

  /// Writes the sources of all pieces, one behind the other; nothing where no piece has any.
  ///
  /// Sources of another number of documents belong to something else and are left out, which a note
  /// says, as it does of pieces without any beside others that have some.
  ///
  /// With `passesOverDamage`, damaged sources are left out with a note as well.
  /// - Throws: `malformed` where sources are damaged.
  static func write(
    _ pieces: [SourcePiece], to path: String, _ options: TendOptions, passesOverDamage: Bool
  ) throws(IndexedDataError) -> (summary: SourceSummary?, notes: [String]) {
    var notes: [String] = []
    var found: [DocumentSources?] = []
    for piece in pieces {
      let sources: DocumentSources?
      do throws(IndexedDataError) {
        sources = try piece.open()
        if passesOverDamage { try sources?.check() }
      } catch {
        guard passesOverDamage, case .malformed = error else { throw error }
        notes.append("\(error); where documents came from is left out")
        found.append(nil)
        continue
      }
      guard let sources, sources.documentCount != piece.count else {
        found.append(sources)
        continue
      }
      found.append(nil)
      notes.append(
        "\(sources.path): tells of \(sources.documentCount) documents, and there are "
          + "\(piece.count); left out")
    }
    guard found.contains(where: { $0 != nil }) else { return (nil, notes) }
    let writer = try SourceWriter(path: path)
    for (piece, sources) in zip(pieces, found) {
      guard let sources else {
        notes.append(
          "\(piece.prefix): nothing is known of where its \(piece.documentCount) documents came "
            + "from, and the .src of the output says so")
        for _ in 0..<piece.documentCount {
          try endWhereRaised(options.interruption)
          try writer.append(nil, id: nil, of: [])
        }
        continue
      }
      try piece.append(from: sources, to: writer, options.interruption)
    }
    try writer.finish(durable: options.isDurable)
    let file = try FileBytes(path: path, mode: .pread)
    let summary = SourceSummary(
      byteCount: file.byteCount, hash: try file.hash(first: file.byteCount))
    return (summary, notes)
  }
}

extension SourcePiece {
  fileprivate func open() throws(IndexedDataError) -> DocumentSources? {
    guard let archive else { return try DocumentSources(besideDataset: prefix) }
    return try DocumentSources(archive: archive)
  }

  fileprivate var documentCount: Int { documents.reduce(0) { $0 + $1.count } }

  /// Appends the entries of all runs; what lies between them is read too, so that no block is read
  /// once more for each run.
  fileprivate func append(
    from sources: DocumentSources, to writer: SourceWriter, _ interruption: Interruption?
  ) throws(IndexedDataError) {
    guard let first = documents.first, let last = documents.last else { return }
    var document = first.lowerBound
    var run = 0
    try sources.forEach(in: first.lowerBound..<last.upperBound) {
      (entry, id) throws(IndexedDataError) in
      try endWhereRaised(interruption)
      while documents[run].upperBound <= document { run += 1 }
      defer { document += 1 }
      guard documents[run].lowerBound <= document else { return }
      try writer.append(entry, id: id, of: sources.files)
    }
  }
}

/// Checks the file that tells where the documents of a dataset came from, where there is one.
func checkSources(
  _ options: VerifyOptions, documents: Int, _ layout: IndexLayout, _ report: inout VerifyReport
) throws(IndexedDataError) {
  let path = DocumentSources.path(prefix: report.prefix)
  do throws(IndexedDataError) {
    guard let sources = try DocumentSources(besideDataset: report.prefix) else {
      guard options.expectsSource else { return }
      report.add(path, nil, "file", expected: "one, by the manifest", found: "none")
      return
    }
    report.bytesRead += sources.byteCount
    // Where the document index was lost, each sequence counts as a document.
    let count = documents == 0 ? layout.sequenceCount : documents
    if sources.documentCount != count {
      report.add(
        path, sources.byteCount - SourceLayout.trailerByteCount, "number of documents",
        expected: "\(count) as in \(report.prefix).idx", found: "\(sources.documentCount)")
    }
    try sources.check()
  } catch {
    if case .system = error { throw error }
    report.add(error, path: path)
  }
}
