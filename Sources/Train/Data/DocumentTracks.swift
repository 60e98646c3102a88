package import IndexedData
internal import Machine

/// Text and what belongs to it, document by document.
package struct DocumentTracks: Sendable {
  /// The text.
  package let text: IndexedDataset
  /// A label for each token; those below 0 train nothing.
  package let labels: IndexedDataset?
  /// A reward for each document.
  package let rewards: IndexedDataset?
  /// The log-probability the reference model gives each next token, `S` for each document.
  package let references: IndexedDataset?

  /// Those so large that samples drawn from them lie anywhere; a small one is soon in memory as a whole.
  let scattered: [IndexedDataset]

  /// Datasets up to this size are read ahead by the system.
  private static let readAheadByteCount = 1 << 30

  /// The prefix of a dataset, and the key of the configuration that names it.
  struct Name {
    let path: String
    let key: String
  }

  /// Opens the datasets and checks that they fit together.
  init(
    text: Name, labels: Name?, rewards: Name?, referenceName: String?, sequenceLength: Int,
    mode: ReadingMode
  ) throws(TrainError) {
    func open(_ name: Name) throws(TrainError) -> IndexedDataset {
      do throws(IndexedDataError) {
        return try IndexedDataset(prefix: name.path, mode: mode)
      } catch {
        throw .data(key: name.key, error)
      }
    }
    self.text = try open(text)
    self.labels = if let labels { try open(labels) } else { nil }
    self.rewards = if let rewards { try open(rewards) } else { nil }
    references =
      if let referenceName {
        try open(Self.companion(of: text.path, referenceName))
      } else { nil }
    scattered = [self.text, self.labels, references].compactMap { $0 }.filter {
      $0.elementsByteCount > Self.readAheadByteCount
    }
    try Self.naming(text.key) { () throws(IndexedDataError) in try checkText() }
    if let labels {
      try Self.naming(labels.key) { () throws(IndexedDataError) in try checkLabels() }
    }
    if let rewards {
      try Self.naming(rewards.key) { () throws(IndexedDataError) in try checkRewards() }
    }
    try Self.naming(Self.referenceKey) { () throws(IndexedDataError) in
      try checkReferences(sequenceLength)
    }
    for dataset in scattered { dataset.expectRandomReads() }
  }

  /// Names a companion with reference log-probabilities, which has to be there.
  private static func companion(
    of text: String, _ referenceName: String
  ) throws(TrainError) -> Name {
    let path = "\(text)_\(referenceName)"
    guard DurableFile.exists(path + ".idx") else {
      throw .unsupported(
        what: "precompute_model_name \(referenceName)",
        reason: "there is no \(path).idx; neox-train precompute makes it, and without the key the"
          + " reference is held in memory")
    }
    return Name(path: path, key: referenceKey)
  }

  private static let referenceKey = "precompute_model_name"

  /// Lets errors name the key of the configuration by which the dataset at fault came in.
  private static func naming(
    _ key: String, _ check: () throws(IndexedDataError) -> Void
  ) throws(TrainError) {
    do throws(IndexedDataError) { try check() } catch { throw .data(key: key, error) }
  }

  private func checkText() throws(IndexedDataError) {
    guard text.sequenceCount > 0 else {
      throw .unsuitable(path: text.prefix, reason: "has no documents to train on")
    }
    try Self.checkIDs(text)
  }

  private static func checkIDs(_ dataset: IndexedDataset) throws(IndexedDataError) {
    guard dataset.elementType.isFloatingPoint else { return }
    throw .unsuitable(
      path: dataset.prefix, reason: "holds \(dataset.elementType.rawValue), not token ids")
  }

  private func checkLabels() throws(IndexedDataError) {
    guard let labels else { return }
    try Self.checkIDs(labels)
    guard let document = try text.firstDifferingSize(from: labels) else { return }
    let isShort = document >= min(labels.sequenceCount, text.sequenceCount)
    throw .unequalShapes(
      first: text.prefix, second: labels.prefix,
      what: isShort ? "documents" : "labels of document \(document)",
      expected: isShort ? text.sequenceCount : try text.size(of: document),
      found: isShort ? labels.sequenceCount : try labels.size(of: document))
  }

  private func checkRewards() throws(IndexedDataError) {
    guard let rewards else { return }
    guard rewards.sequenceCount == text.sequenceCount else {
      throw .unequalShapes(
        first: text.prefix, second: rewards.prefix, what: "documents",
        expected: text.sequenceCount, found: rewards.sequenceCount)
    }
    let sizes = try rewards.sizes(of: 0..<rewards.sequenceCount)
    if let document = sizes.firstIndex(where: { $0 < 1 }) {
      throw .unequalShapes(
        first: text.prefix, second: rewards.prefix, what: "rewards of document \(document)",
        expected: 1, found: 0)
    }
    // A list for a document is GPT-NeoX's, too, of which the first number counts.
    guard sizes.contains(where: { $0 > 1 }), try text.firstDifferingSize(from: rewards) == nil
    else { return }
    throw .unsuitable(
      path: rewards.prefix,
      reason: "has a number for each token, as labels have; a document has one reward")
  }

  // GPT-NeoX writes more rows than there are documents.
  private func checkReferences(_ sequenceLength: Int) throws(IndexedDataError) {
    guard let references else { return }
    guard references.sequenceCount >= text.sequenceCount else {
      throw .unequalShapes(
        first: text.prefix, second: references.prefix, what: "documents",
        expected: text.sequenceCount, found: references.sequenceCount)
    }
    let sizes = try references.sizes(of: 0..<text.sequenceCount)
    guard let document = sizes.firstIndex(where: { Int($0) != sequenceLength }) else { return }
    throw .unequalShapes(
      first: "seq_length", second: references.prefix,
      what: "log-probabilities of document \(document)", expected: sequenceLength,
      found: Int(sizes[document]))
  }
}
