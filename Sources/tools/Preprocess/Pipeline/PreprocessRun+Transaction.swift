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
    let transaction: DatasetTransaction
    do {
      transaction = try open()
    } catch .otherWork(let journal) {
      throw .otherWork(journal, difference: "inputs or options")
    } catch {
      throw .dataset(error)
    }
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

  /// Removes what a run left that was killed after its manifest was written.
  func removeLeftovers(_ identity: RunIdentity) throws(PipelineError) {
    try inDataset { () throws(IndexedDataError) in
      let isLeft = try DatasetTransaction.isFinishing(
        journal: recipe.journalPath, identity: identity.storedBytes)
      if isLeft { _ = try beginTransaction(identity, .keep) }
    }
  }

  private var outputs: [DatasetOutput] {
    recipe.keys.map { key in
      DatasetOutput(
        prefix: recipe.datasetPrefix(key: key), elementType: plan.elementType,
        format: recipe.implementation == .mmap ? .mmap : .cached)
    }
  }

  private func beginTransaction(
    _ identity: RunIdentity, _ policy: DatasetTransaction.Policy
  ) throws(IndexedDataError) -> DatasetTransaction {
    try DatasetTransaction(
      journal: recipe.journalPath, outputs: outputs, auxiliaries: [recipe.quarantinePath],
      identity: identity.storedBytes, policy: policy)
  }

  /// The state that earlier work left off at.
  func resumedState(of transaction: DatasetTransaction) throws(PipelineError) -> RunState {
    var state = RunState(outputCount: recipe.keys.count)
    if let position = transaction.resumedPosition {
      guard let stored = RunState(storedBytes: position, outputCount: recipe.keys.count) else {
        throw .otherVersion(recipe.journalPath)
      }
      guard stored.policy == recipe.errorPolicy || stored.counts.hasNoFaults else {
        throw .otherWork(recipe.journalPath, difference: "--on-error, which has had faulty records")
      }
      state = stored
    }
    state.policy = recipe.errorPolicy
    return state
  }

  private func checkNothingIsInTheWay(_ outputs: [DatasetOutput]) throws(PipelineError) {
    let files = outputs.flatMap { [$0.prefix + ".bin", $0.prefix + ".idx"] }
    for path in files + [recipe.quarantinePath] where DurableFile.exists(path) {
      throw .outputExists(path, hint: "replace it with --overwrite")
    }
  }
}
