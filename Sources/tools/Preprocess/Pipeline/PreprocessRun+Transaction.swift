import Glibc
import IndexedData
import Machine

extension PreprocessRun {
  /// Opens the datasets, where earlier work left off if there is any.
  func openTransaction(_ identity: RunIdentity) throws(PipelineError) -> DatasetTransaction {
    try recipe.checkOutputFolderIsWritable()
    if settings.restarts && !settings.overwrites { try checkNothingIsInTheWay(outputs) }
    let policy: DatasetTransaction.Policy =
      settings.overwrites || settings.restarts ? .overwrite : .keep
    let open = { () throws(IndexedDataError) in try beginTransaction(identity, policy) }
    // Opening would complete the work of a run that came to its end; it must be what is wanted.
    let isOther = try policyDifferenceOfEnd(identity)
    if policy == .keep, let isOther { throw .otherWork(recipe.journalPath, difference: isOther) }
    let transaction: DatasetTransaction
    do {
      transaction = try open()
    } catch .otherWork(let journal) {
      throw .otherWork(journal, difference: try difference(from: identity))
    } catch .unknownPartial(let path) {
      throw .outputExists(
        path,
        hint:
          "no journal tells that it is unfinished work; move it away, or replace it with --restart")
    } catch {
      if case .system(let error) = error, let refusal = refusal(error) { throw refusal }
      throw .dataset(error)
    }
    if transaction.isFinished && isOther != nil { return try inDataset(open) }
    if transaction.isFinished && !inputs.isRereadable {
      guard settings.overwrites else { throw unknownInput }
      return try inDataset(open)
    }
    guard settings.restarts, transaction.resumedPosition != nil, !transaction.isFinished else {
      return transaction
    }
    try inDataset { () throws(IndexedDataError) in try transaction.discard() }
    return try inDataset(open)
  }

  /// That the first file cannot be made in the folder that the user chose; `nil` of other errors.
  private func refusal(_ error: SystemError) -> PipelineError? {
    guard error.call == "open", error.path == recipe.journalPath + ".lock", !error.isFull else {
      return nil
    }
    let folder = DurableFile.folder(of: error.path)
    // Of a folder that is there this says that no file can be made in it.
    let reason =
      error.code == ENOENT
      ? "the folder takes no new files" : unsafe String(cString: strerror(error.code))
    return .outputFolder(
      "\(DurableFile.name(of: error.path)) cannot be made in the folder \(folder) "
        + "(\(reason)); give another --output-prefix")
  }

  /// Removes what a run left that was killed after its manifest was written.
  func removeLeftovers(_ identity: RunIdentity) throws(PipelineError) {
    // Somebody else's file under the journal's name is in nobody's way here.
    if (try? ended(identity)) != nil {
      try inDataset { () throws(IndexedDataError) in _ = try beginTransaction(identity, .keep) }
    }
    DatasetTransaction.removeLeftClaim(journal: recipe.journalPath)
  }

  /// The work of this identity that is complete but for names; `nil` where there is none.
  private func ended(
    _ identity: RunIdentity
  ) throws(PipelineError) -> DatasetTransaction.Unfinished? {
    let work = try inDataset { () throws(IndexedDataError) in
      try DatasetTransaction.unfinished(journal: recipe.journalPath)
    }
    guard let work, work.isFinishing, work.identity == identity.storedBytes else { return nil }
    return work
  }

  /// What another policy has made otherwise in work that is complete but for names.
  private func policyDifferenceOfEnd(_ identity: RunIdentity) throws(PipelineError) -> String? {
    guard let work = try ended(identity),
      let state = RunState(storedBytes: work.position, outputCount: plan.tracks.count)
    else { return nil }
    return policyDifference(state.policy.rawValue, state.counts)
  }

  /// What was otherwise in the work that the journal tells of.
  private func difference(from identity: RunIdentity) throws(PipelineError) -> String {
    let work = try inDataset { () throws(IndexedDataError) in
      try DatasetTransaction.unfinished(journal: recipe.journalPath)
    }
    let then = RunIdentity(storedBytes: work?.identity ?? [])
    let difference = then.difference(to: identity, inputs: inputs.entries.map(\.path))
    return difference.isEmpty ? "the outputs were others" : difference
  }

  private var outputs: [DatasetOutput] {
    plan.tracks.map { track in
      DatasetOutput(
        prefix: recipe.datasetPrefix(key: track.name), elementType: track.elementType,
        format: recipe.implementation == .mmap ? .mmap : .cached)
    }
  }

  private func beginTransaction(
    _ identity: RunIdentity, _ policy: DatasetTransaction.Policy
  ) throws(IndexedDataError) -> DatasetTransaction {
    try DatasetTransaction(
      journal: recipe.journalPath, outputs: outputs,
      auxiliaries: [recipe.quarantinePath] + sourcePaths,
      identity: identity.storedBytes, policy: policy)
  }

  /// The state that earlier work left off at.
  func resumedState(of transaction: DatasetTransaction) throws(PipelineError) -> RunState {
    var state = RunState(outputCount: plan.tracks.count)
    if let position = transaction.resumedPosition {
      guard let stored = RunState(storedBytes: position, outputCount: plan.tracks.count) else {
        throw .otherVersion(recipe.journalPath)
      }
      if let difference = policyDifference(stored.policy.rawValue, stored.counts) {
        throw .otherWork(recipe.journalPath, difference: difference)
      }
      state = stored
    }
    state.policy = recipe.errorPolicy
    if plan.sources != nil, state.sources == nil {
      state.sources = SourceBlocks()
      try inDataset { () throws(IndexedDataError) in
        for place in plan.sourcePlaces {
          try unsafe transaction.appendAuxiliary(place, SourceBlocks.header.span.bytes)
        }
      }
    }
    return state
  }

  private func checkNothingIsInTheWay(_ outputs: [DatasetOutput]) throws(PipelineError) {
    let files = outputs.flatMap {
      [$0.prefix + ".bin", $0.prefix + ".idx", DocumentSources.path(prefix: $0.prefix)]
    }
    for path in files + [recipe.quarantinePath] where DurableFile.exists(path) {
      throw .outputExists(path, hint: "replace it with --overwrite")
    }
  }
}
