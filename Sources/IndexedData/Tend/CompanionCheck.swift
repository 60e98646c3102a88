internal import Machine

/// A dataset that belongs to the one that is checked, and what is known of it.
package struct CompanionCheck: Sendable, Equatable {
  /// How it has to fit.
  package enum Kind: String, Sendable {
    /// A number for each token.
    case labels
    /// A number, or a few, for each document.
    case rewards
    /// A row of log-probabilities for each document.
    case references = "reference log-probabilities"
  }

  /// Its prefix.
  package var prefix: String
  /// How it has to fit.
  package var kind: Kind
  /// What was written down when it was made; `nil` where nothing was.
  package var record: DatasetRecord?
  /// Values in each row of ``Kind/references``, where that is known.
  package var rowLength: Int?
  /// The hashes of the `.bin` and the `.idx` that it was computed from, one behind the other in
  /// hexadecimal digits, where they are known.
  package var source: String?
  /// A file that tells that it must be there; `nil` where nothing does.
  package var witness: String?

  /// Those of its two files that are not there.
  package var missingFiles: [String] {
    [".bin", ".idx"].map { prefix + $0 }.filter { !DurableFile.exists($0) }
  }

  /// Names a companion.
  package init(_ prefix: String, _ kind: Kind, record: DatasetRecord? = nil) {
    self.prefix = prefix
    self.kind = kind
    self.record = record
  }
}

/// How far the values of a dataset were compared with what was written down.
package enum ContentComparison: String, Sendable {
  /// Their hash is the one that was written down.
  case same
  /// Their hash is another.
  case different
  /// Nothing tells what they should be.
  case unknown
  /// They were not read.
  case unread
  /// They are not there.
  case missing
}

/// What became of the comparison with a companion.
package struct CompanionReport: Sendable, Equatable {
  /// What was compared.
  package let check: CompanionCheck
  /// Problems that were found in it.
  package internal(set) var problemCount = 0
  /// How far its values were compared.
  package internal(set) var content = ContentComparison.unread
}

extension CompanionCheck {
  /// Checks the companion's own index, compares it with the index of its text, and where the check is
  /// deep its values with the hash that was written down.
  ///
  /// One that is not there is a problem where its witness tells that it must be.
  func run(
    against layout: IndexLayout, _ idxPath: String, _ options: VerifyOptions,
    _ report: inout VerifyReport
  ) throws(IndexedDataError) {
    let before = report.problemCount
    var result = CompanionReport(check: self)
    let missing = missingFiles
    if let witness, !missing.isEmpty {
      for path in missing {
        report.add(path, nil, "file", expected: "one, as \(witness) tells", found: "none")
      }
      result.content = .missing
      result.problemCount = missing.count
      report.companions.append(result)
      return
    }
    if let companion = try open(&report) {
      try checkIndex(of: companion, layout, idxPath, &report)
    }
    result.content = try compareContent(isDeep: options.isDeep, &report)
    result.problemCount = report.problemCount - before
    report.companions.append(result)
  }

  /// Opens it; `nil` when it cannot be opened, which is told.
  private func open(
    _ report: inout VerifyReport
  ) throws(IndexedDataError) -> IndexedDataset? {
    let companion: IndexedDataset
    do throws(IndexedDataError) {
      companion = try IndexedDataset(prefix: prefix, mode: .pread)
    } catch {
      if case .system = error { throw error }
      report.add(error, path: prefix + ".idx")
      return nil
    }
    if let expected = record?.elementType, companion.elementType != expected {
      report.add(
        prefix + ".idx", companion.format == .mmap ? 17 : 16, "element type",
        expected: expected.rawValue, found: companion.elementType.rawValue)
    }
    return companion
  }

  /// Checks every number of its index as those of the text are checked; a sound index is compared with
  /// that of the text.
  private func checkIndex(
    of companion: IndexedDataset, _ layout: IndexLayout, _ idxPath: String,
    _ report: inout VerifyReport
  ) throws(IndexedDataError) {
    let before = report.problemCount
    let check = IndexCheck(
      idxPath: companion.indexPath, binPath: companion.elementsPath,
      binByteCount: companion.elementsByteCount, layout: companion.layout,
      type: companion.elementType)
    try check.run(&report)
    guard companion.sequenceCount == layout.sequenceCount else {
      report.add(
        companion.indexPath, companion.format == .mmap ? 18 : 32, "number of sequences",
        expected: "\(layout.sequenceCount) as in \(idxPath)", found: "\(companion.sequenceCount)")
      return
    }
    // Sizes of which some are wrong were told already.
    guard report.problemCount == before else { return }
    try compareSizes(of: companion, layout, idxPath, &report)
  }

  private func compareSizes(
    of companion: IndexedDataset, _ layout: IndexLayout, _ idxPath: String,
    _ report: inout VerifyReport
  ) throws(IndexedDataError) {
    let count = layout.sequenceCount
    guard count > 0 else { return }
    var mine = try layout.sizes(idxPath, from: 0, count: count)
    var other = try companion.layout.sizes(companion.indexPath, from: 0, count: count)
    for sequence in 0..<count {
      let byte = other.byteOffset
      let size = try mine.read()
      let found = try other.read()
      let expected: String
      switch kind {
      case .labels:
        guard found != size else { continue }
        expected = "\(size) as in \(idxPath)"
      case .rewards:
        guard found < 1 else { continue }
        expected = "a reward"
      case .references:
        guard let rowLength, found != rowLength else { continue }
        expected = "\(rowLength), the seq_length of its key"
      }
      report.add(
        prefix + ".idx", byte, "size of sequence \(sequence)", expected: expected,
        found: kind == .rewards ? "none" : "\(found)")
    }
  }

  /// Compares lengths and hashes of its files with what was written down.
  private func compareContent(
    isDeep: Bool, _ report: inout VerifyReport
  ) throws(IndexedDataError) -> ContentComparison {
    let index = try FileBytes(path: prefix + ".idx", mode: .pread)
    let elements = try FileBytes(path: prefix + ".bin", mode: .pread)
    try checkRecord(record, index, elements, &report)
    guard isDeep else { return .unread }
    guard let expected = record?.binHash else { return .unknown }
    let hash = try elements.hash(first: elements.byteCount)
    report.bytesRead += elements.byteCount
    guard hash != expected else { return .same }
    report.add(
      prefix + ".bin", nil, "content hash",
      expected: "\(ContentHash.text(expected)), written down when it was made",
      found: ContentHash.text(hash))
    return .different
  }
}
