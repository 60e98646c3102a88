import IndexedData
package import Machine
import Synchronization
package import Tokenize

/// A run from documents to finished datasets: what `neox-preprocess` does, whatever the command.
///
/// Its inputs are hashed from the start, so it is run once.
package struct PreprocessRun: Sendable {
  package let recipe: Recipe
  package let settings: RunSettings
  /// The vocabulary.
  package let tokenizer: any Tokenizer
  /// The inputs in order.
  package let inputs: InputList
  let plan: EncodingPlan
  let vocabulary: Manifest.Vocabulary
  /// The inputs as the manifest names them, without hashes.
  let inputFiles: [Manifest.File]
  /// What takes the hashes; `nil` where they are not wanted.
  let hashes: InputHashes?

  /// How a run came to its end.
  package enum Ending: Sendable {
    /// The datasets are finished now.
    case finished(Manifest)
    /// They were there already, made of the same input in the same way.
    case unchanged(Manifest)
  }

  /// Where a run stands.
  package struct Progress: Equatable, Sendable {
    /// Bytes of input that have been read, as stored.
    package var bytes = 0
    /// Bytes of input there are, as stored.
    package var totalBytes = 0
    /// Records read.
    package var records = 0
    /// Tokens of all texts; labels and rewards are none.
    package var tokens = 0

    /// The start.
    package init() {}
  }

  /// Reads the vocabulary, looks at the inputs, and finds whatever can be found wrong before work.
  ///
  /// - Throws: ``PipelineError``, before anything is written.
  package init(_ recipe: Recipe, _ settings: RunSettings) throws(PipelineError) {
    try Self.check(recipe, settings)
    var recipe = recipe
    self.settings = settings
    do {
      inputs = try InputList(recipe.inputs, format: recipe.format)
    } catch {
      throw .inputs(error)
    }
    inputFiles = inputs.entries.map {
      Manifest.File(path: $0.path, byteCount: $0.byteCount, hash: "", modified: $0.modified)
    }
    // Parts of a whole leave it out, as each would read everything.
    hashes =
      settings.hashesInputs && recipe.shard.count == 1
      ? InputHashes(inputs, inputFiles, isBeside: settings.workers > 1) : nil
    // The part that a shard reads may begin elsewhere.
    let early =
      settings.readsAhead && recipe.shard.count == 1
      ? inputs.entries.first.flatMap { EarlyStream($0) } : nil
    let paths = recipe.vocabularyPaths
    let files = Aside(name: "vocabulary") { () throws(PipelineError) in
      try FileHashes.vocabulary(paths)
    }
    var choice = recipe.tokenizer
    choice.specialText = recipe.specialPolicy.specialText
    tokenizer = try loadTokenizer(choice, vocabularyOption: recipe.vocabularyOption)
    if recipe.appendsEndOfDocument && tokenizer.endOfDocument == nil {
      throw .option(
        "--append-eod: the vocabulary has no <|endoftext|>; name the token that ends documents with "
          + "--eod-token")
    }
    if let path = FileIdentity.firstOutput(
      recipe.outputPaths,
      among: inputs.entries.filter(\.isFile).map(\.path) + recipe.vocabularyPaths
        + recipe.templatePaths)
    {
      throw .outputIsInput(path)
    }
    let chatEncoder = try recipe.makeChatEncoder(tokenizer)
    self.recipe = recipe
    plan = Self.plan(
      recipe, settings, tokenizer, chatEncoder, try recipe.sources(of: inputs), early)
    vocabulary = Manifest.Vocabulary(
      kind: recipe.tokenizer.kind.rawValue,
      files: try files.value(),
      size: tokenizer.vocabularySize, endOfDocument: tokenizer.endOfDocument.map { Int($0) })
  }

  /// Does the work, or continues it where an earlier run of the same kind was broken off.
  ///
  /// The first report tells where the work begins. Notes tell why work that was begun is not continued, or where it is, and which records were
  /// passed over.
  /// - Throws: ``PipelineError``; after ``PipelineError/suspended(reason:isSaved:)`` the same run
  ///   continues.
  package func run(
    interruption: Interruption, note: (String) -> Void = { _ in }, report: (Progress) -> Void
  ) throws(PipelineError) -> Ending {
    let identity = RunIdentity(
      inputs: inputFiles, vocabulary: vocabulary, options: recipe.options)
    if let manifest = try finishedManifest(identity) {
      try removeLeftovers(identity)
      return .unchanged(manifest)
    }
    let transaction: DatasetTransaction
    do {
      transaction = try openTransaction(identity)
    } catch {
      throw error.asSuspension(isSaved: DurableFile.exists(recipe.journalPath))
    }
    do {
      if let reason = transaction.restartReason { note("\(reason); the work begins anew") }
      if transaction.resumedPosition != nil, !inputs.isRereadable {
        note(
          "going on where an earlier run stopped; what it had read of standard input or a pipe must "
            + "come again, and is compared first (--restart begins anew)")
      }
      let manifest: Manifest
      if transaction.isFinished {
        manifest = try storedManifest()
      } else {
        hashes?.heed(interruption)
        let state = try work(transaction, interruption, note, report)
        manifest = try finish(transaction, state, note)
      }
      return .finished(manifest)
    } catch {
      // Without a journal nobody can go on with the partial files.
      if !DurableFile.exists(recipe.journalPath) { try? transaction.discard() }
      throw error.asSuspension(isSaved: DurableFile.exists(recipe.journalPath))
    }
  }

  /// Reads, encodes and appends everything that is left to do.
  private func work(
    _ transaction: DatasetTransaction, _ interruption: Interruption,
    _ note: (String) -> Void, _ report: (Progress) -> Void
  ) throws(PipelineError) -> RunState {
    let state = try resumedState(of: transaction)
    if let position = state.position { note(resumption(at: position, state.counts)) }
    var committer = Committer(
      transaction, state: state, recipe: recipe, plan: plan,
      checkpointSeconds: settings.checkpointSeconds)
    let ending: OrderedPipeline.Ending
    do {
      ending = try pass(&committer, interruption, report)
      noteSkipped(committer, note)
    } catch .source(.interrupted) {
      noteSkipped(committer, note)
      ending = .interrupted
    } catch {
      noteSkipped(committer, note)
      // The input is at fault, not the output: what was done before that place is kept.
      switch error {
      case .fault, .missingMember:
        try leave(transaction, at: committer.state, isFault: true)
      case .source: try leave(transaction, at: committer.state)
      default: break
      }
      throw error
    }
    guard ending == .finished else {
      throw try interrupted(transaction, at: committer.state)
    }
    return committer.state
  }

  /// Keeps the work done and says that it was asked to stop.
  private func interrupted(
    _ transaction: DatasetTransaction, at state: RunState
  ) throws(PipelineError) -> PipelineError {
    try leave(transaction, at: state)
    return .suspended(
      reason: PreprocessError.interrupted.description,
      isSaved: DurableFile.exists(recipe.journalPath))
  }

  private func resumption(at position: SourcePosition, _ counts: PipelineCounts) -> String {
    let path =
      inputs.entries.indices.contains(position.input)
      ? inputs.entries[position.input].path : "the end"
    let stream = position.stream > 0 ? ", stream \(position.stream + 1) of it" : ""
    let inside =
      position.isInsideDocument
      ? ", in the document that begins there, behind byte \(position.textByte) of its text" : ""
    return "resuming at \(path)\(stream), byte \(position.byte) of its content\(inside); "
      + "documents written before: \(counts.written)"
  }

  private func noteSkipped(_ committer: borrowing Committer, _ note: (String) -> Void) {
    for record in committer.firstSkipped { note("passed over \(record)") }
    let more = committer.skippedCount - committer.firstSkipped.count
    if more > 0 { note("passed over \(more) more; --on-error quarantine keeps them in a file") }
  }

  /// Sends all items through the workers.
  private func pass(
    _ committer: inout Committer, _ interruption: Interruption,
    _ report: (Progress) -> Void
  ) throws(PipelineError) -> OrderedPipeline.Ending {
    var source = try makeSource(resumingAt: committer.state.position, interruption)
    let totalBytes = source.byteCount
    // What an earlier process has read is none of this one's speed.
    do throws(PreprocessError) {
      try source.goToStart()
    } catch {
      throw .source(error)
    }
    var start = progress(committer.state)
    start.bytes = totalBytes > 0 ? source.bytesRead : source.pipedBytes
    start.totalBytes = totalBytes
    report(start)
    // Reading and committing are done by different threads at the same time.
    let bytesRead = Atomic(0)
    let plan = plan
    let pipeline = OrderedPipeline(
      workers: settings.workers, weightLimit: plan.memory.weightLimit, name: "preprocess")
    return try pipeline.run(
      interruption: interruption,
      makeContext: { ItemEncoder(plan) },
      next: { () throws(PipelineError) -> WorkItem? in
        do throws(PreprocessError) {
          let item = try source.next()
          // Of files a part of all is shown; pipes tell no whole.
          bytesRead.store(
            totalBytes > 0 ? source.bytesRead : source.pipedBytes, ordering: .relaxed)
          hashes?.follow(source.bytesRead)
          return item
        } catch {
          throw .source(error)
        }
      },
      weight: { (item: borrowing WorkItem) in item.weight },
      work: { (encoder, item) throws(PipelineError) -> ItemResult in
        do throws(PreprocessError) {
          return try encoder.encode(item)
        } catch {
          throw .source(error)
        }
      },
      commit: { (result) throws(PipelineError) in
        try committer.commit(result)
        var progress = progress(committer.state)
        progress.bytes = bytesRead.load(ordering: .relaxed)
        progress.totalBytes = totalBytes
        report(progress)
      })
  }

  /// Keeps the work done for later, where there is any; the beginning of a document with a fault is
  /// none.
  private func leave(
    _ transaction: DatasetTransaction, at state: RunState, isFault: Bool = false
  ) throws(PipelineError) {
    try inDataset { () throws(IndexedDataError) in
      if state.counts.read == 0 && (isFault || state.position == nil) {
        try transaction.discard()
      } else {
        try transaction.suspend(position: state.storedBytes)
      }
    }
  }

  /// Gives the datasets their names.
  private func finish(
    _ transaction: DatasetTransaction, _ state: RunState, _ note: (String) -> Void
  ) throws(PipelineError) -> Manifest {
    let counts = state.counts
    guard counts.addUp else { throw .miscounted(counts.sentence) }
    try checkCompanions(state)
    for suspicion in suspicions(state) { note(suspicion) }
    // A part of a whole may well have no document of its own.
    guard counts.written > 0 || recipe.shard.count > 1 else {
      let isTold = transaction.auxiliaryByteCount(0) > 0
      try inDataset { () throws(IndexedDataError) in
        try transaction.discard(keeping: [0])
      }
      throw .noDocument(
        counts: counts.sentence, quarantine: isTold ? recipe.quarantinePath : nil)
    }
    guard let inputs = try hashed(note) else {
      throw try interrupted(transaction, at: state)
    }
    let sources = try finishSources(transaction, state, inputs)
    let quarantineByteCount = transaction.auxiliaryByteCount(0)
    let describe = { (summaries: [DatasetSummary]) in
      manifest(
        counts, state.outputs, state.pairs, summaries, inputs: inputs,
        quarantineByteCount: quarantineByteCount, sources: sources)
    }
    try inDataset { () throws(IndexedDataError) in
      for places in labelledPlaces { try transaction.requireEqualShapes(places) }
      try transaction.finish(position: state.storedBytes) { summaries in
        (Manifest.path(prefix: recipe.shardPrefix), describe(summaries).fileBytes)
      }
    }
    return describe(transaction.summaries)
  }

  /// Every companion has a document for each of its text, and labels one for each token.
  private func checkCompanions(_ state: RunState) throws(PipelineError) {
    var text = state.outputs[0]
    for (track, output) in zip(plan.tracks, state.outputs) {
      if track.kind == .text { text = output }
      let isLike =
        output.documents == text.documents
        && (track.kind != .labels || output.tokens == text.tokens && output.lengths == text.lengths)
      guard isLike else {
        throw .miscounted(
          "\(recipe.datasetPrefix(key: track.name)): \(output.documents) documents and "
            + "\(output.tokens) values for \(text.documents) and \(text.tokens) of its text")
      }
    }
  }

  /// The places of each text and its labels among the outputs.
  private var labelledPlaces: [[Int]] {
    plan.tracks.indices.filter { plan.tracks[$0].kind == .labels }.compactMap { labels in
      plan.tracks.firstIndex { $0.kind == .text && $0.key == plan.tracks[labels].key }
        .map { [$0, labels] }
    }
  }

  private func storedManifest() throws(PipelineError) -> Manifest {
    do {
      return try Manifest(path: Manifest.path(prefix: recipe.shardPrefix))
    } catch {
      throw .tokenizer(error)
    }
  }

  private func makeSource(
    resumingAt position: SourcePosition?, _ interruption: Interruption
  ) throws(PipelineError) -> DocumentSource {
    var options = plan.reading
    options.interruption = interruption
    do {
      return try DocumentSource(
        inputs, options: options, shard: recipe.shard, resumingAt: position)
    } catch {
      throw .source(error)
    }
  }

  private func progress(_ state: RunState) -> Progress {
    var progress = Progress()
    progress.records = state.counts.read
    for (track, output) in zip(plan.tracks, state.outputs) where track.kind == .text {
      progress.tokens += output.tokens + output.open.tokens
    }
    return progress
  }
}
