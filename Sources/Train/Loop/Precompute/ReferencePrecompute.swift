internal import IndexedData
package import Machine

/// Computes what a reference model expects of the documents of a configuration's datasets.
///
/// The log-probabilities lie beside the datasets as `PREFIX_NAME`: float32, a row of `seq_length`
/// values a document (`megatron/text_generation_utils.py: precompute_logits`). With ``topCount`` the
/// largest logits are kept in their place; see ``TokenDistributions``.
///
/// Value j is log p(token j + 1 | tokens 0…j). A run that was stopped goes on where it was, to the
/// same bytes.
package struct ReferencePrecompute {
  /// Whether companions that are there are made anew.
  package var overwrites = false
  /// How many of the largest logits of each token are kept, 1 to 1,024; `nil` for the
  /// log-probabilities of the labels instead.
  package var topCount: Int?
  /// Raised when the work shall stop and be kept.
  package var interruption = Interruption.process
  /// Is told how far the work has come, now and then.
  package var progress: (Progress) -> Void = { _ in }
  /// Takes a note.
  package var note: (String) -> Void = { _ in }

  /// The defaults.
  package init() {}

  /// How far the work on a dataset has come.
  package struct Progress: Sendable, Equatable {
    /// The dataset's prefix.
    package var path: String
    /// Documents that are done, those of earlier runs included.
    package var done: Int
    /// Documents that there are.
    package var count: Int
    /// Tokens that this run has computed.
    package var tokens = 0

    init(_ dataset: IndexedDataset, done: Int) {
      path = dataset.prefix
      self.done = done
      count = dataset.sequenceCount
    }
  }

  /// What was done.
  package struct Outcome: Sendable, Equatable {
    /// The companions that were written: the prefix of a dataset, or a file of logits.
    package var written: [String] = []
    /// Those that were there already.
    package var kept: [String] = []
    /// Whether it was interrupted; the same command goes on.
    package var isInterrupted = false
  }

  /// Documents between two looks at the interruption.
  static let chunk = 256
  /// Seconds between two checkpoints of the work.
  static let checkpointSeconds = 5.0

  /// Writes the companions of all datasets of the model's configuration.
  ///
  /// - Throws: ``TrainError`` where there is no `precompute_model_name`, a dataset cannot be read, or
  ///   a companion is there that was made from something else.
  package func run(_ trained: TrainedModel, threads: Int) throws(TrainError) -> Outcome {
    let configuration = trained.configuration
    guard let name = configuration.data.referenceName, !name.isEmpty else {
      throw .unsupported(
        what: "precompute_model_name",
        reason: "is missing; companions are named PREFIX_ and it, and training finds them by it")
    }
    guard trained.model.settings.head != .reward else {
      throw .unsupported(what: "train_impl rm", reason: "a reward model has no log-probabilities")
    }
    if let topCount { try Self.check(topCount, trained.model) }
    let workers = try ReferenceWorkers(trained.model, count: threads)
    let weights = WeightIdentity.text(trained.model)
    var outcome = Outcome()
    for (path, coversPadding) in try Self.datasets(configuration) {
      let companion = "\(path)_\(name)" + (topCount.map { "_top\($0)" } ?? "")
      let key = try ReferenceKey(
        configuration, weights: weights, text: path,
        coversPadding: coversPadding && topCount == nil, topCount: topCount)
      let file = topCount == nil ? companion + ".idx" : Self.logitsPath(companion)
      let journal = topCount == nil ? companion + ".journal" : file + ".journal"
      // With a journal, a kill came between the names of the files.
      if !overwrites, DurableFile.exists(file), !DurableFile.exists(journal) {
        if let text = try ReferenceKey.check(companion, key) { note(text) }
        outcome.kept.append(topCount == nil ? companion : file)
        continue
      }
      let isDone =
        topCount == nil
        ? try write(companion, key, path, workers, trained.model)
        : try writeLogits(companion, key, path, workers, trained.model)
      guard isDone else {
        outcome.isInterrupted = true
        return outcome
      }
      outcome.written.append(topCount == nil ? companion : file)
    }
    return outcome
  }

  /// The datasets, each once, and whether their padding is trained on: it is where there are no
  /// labels.
  private static func datasets(
    _ configuration: TrainingConfiguration
  ) throws(TrainError) -> [(path: String, coversPadding: Bool)] {
    let all: [TrainingConfiguration.Dataset] =
      switch configuration.data.source {
      case .none: []
      case .split(let path, _): [.init(path: path, labels: nil, rewards: nil, weight: 1)]
      case .lists(let train, let valid, let test): train + test + valid
      case .pairs(let train, let valid, let test):
        (train + valid + test).flatMap { [$0.preferred, $0.other] }
      }
    guard !all.isEmpty else {
      throw .unsupported(
        what: "train_data_paths", reason: "no dataset is named whose values could be computed")
    }
    var found: [(path: String, coversPadding: Bool)] = []
    for dataset in all {
      if let place = found.firstIndex(where: { $0.path == dataset.path }) {
        found[place].coversPadding = found[place].coversPadding || dataset.labels == nil
      } else {
        found.append((dataset.path, dataset.labels == nil))
      }
    }
    return found
  }

  /// Writes one companion; `false` when it was interrupted.
  private func write(
    _ companion: String, _ key: ReferenceKey, _ path: String, _ workers: ReferenceWorkers,
    _ model: GPTNeoX
  ) throws(TrainError) -> Bool {
    do throws(IndexedDataError) {
      let dataset = try IndexedDataset(prefix: path)
      let text = ReferenceText(
        dataset: dataset, length: key.sequenceLength,
        vocabularySize: model.settings.vocabularySize, coversPadding: key.coversPadding)
      let transaction = try DatasetTransaction(
        journal: companion + ".journal",
        outputs: [DatasetOutput(prefix: companion, elementType: .float32)],
        auxiliaries: [ReferenceKey.path(companion)], identity: key.fileBytes,
        policy: overwrites ? .overwrite : .keep)
      guard !transaction.isFinished else { return true }
      guard try fill(transaction, text, workers) else { return false }
      // Work that an earlier version began has its key already.
      if transaction.auxiliaryByteCount(0) == 0 {
        let sealed = key.sealed(with: transaction.elementsHash(output: 0)).fileBytes
        try unsafe transaction.appendAuxiliary(0, sealed.span.bytes)
      }
      try transaction.finish()
      return true
    } catch {
      throw .dataset(error)
    }
  }

  /// Appends what is left to do; `false` when it was interrupted.
  private func fill(
    _ transaction: DatasetTransaction, _ text: ReferenceText, _ workers: ReferenceWorkers
  ) throws(IndexedDataError) -> Bool {
    let count = text.dataset.sequenceCount
    let sizes = [Int32](repeating: Int32(clamping: text.length), count: 1)
    var watch = Stopwatch()
    var state = Progress(text.dataset, done: 0)
    while transaction.documentCount(output: 0) < count {
      let first = transaction.documentCount(output: 0)
      state.done = first
      progress(state)
      if interruption.isRaised {
        try transaction.suspend(position: [])
        return false
      }
      let documents = first..<min(first + Self.chunk, count)
      let rows: [[Float]]
      do throws(TrainError) {
        rows = try workers.values(of: documents, in: text)
        for document in documents { state.tokens += try text.count(of: document) }
      } catch {
        if case .dataset(let cause) = error { throw cause }
        throw .unsuitable(path: text.dataset.prefix, reason: "\(error)")
      }
      for row in rows {
        let values = row.isEmpty ? [Float](repeating: 0, count: text.length) : row
        try unsafe transaction.append(
          output: 0, elements: values.span.bytes, documentSizes: sizes.span)
      }
      if watch.seconds > Self.checkpointSeconds {
        try transaction.checkpoint(position: [])
        watch = Stopwatch()
      }
    }
    state.done = count
    progress(state)
    return true
  }
}
