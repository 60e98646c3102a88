internal import Machine

/// What ``deduplicateDatasets(_:to:workers:_:)`` wrote.
package struct Deduplication: Equatable, Sendable {
  /// The datasets without repetitions, in the order in which they were named.
  package var datasets: [TendedDataset]
  /// Documents that were left out, and their tokens.
  package var repeatedDocuments: Int
  package var repeatedTokens: Int
  /// The file that tells of each document of the input where its tokens are in the output: 64-bit
  /// integers in NumPy's format.
  package var mapPath: String
}

/// Writes a dataset, and what others say of its documents, again without those documents that an
/// earlier one repeats in all of them.
///
/// The order of documents is kept. All outputs are looked at before the first is written.
/// - Precondition: there is one input at least, and an output for each.
package func deduplicateDatasets(
  _ inputs: [String], to outputs: [String], workers: Int, _ options: TendOptions = TendOptions()
) throws(IndexedDataError) -> Deduplication {
  let mapPath = outputs[0] + "_dedupe_map.npy"
  guard options.overwrite || !DurableFile.exists(mapPath) else {
    throw .alreadyExists(path: mapPath)
  }
  let (found, results) = try writeTogether(outputs, of: inputs, options) {
    (work) throws(IndexedDataError) in
    let outcome = try deduplicate(inputs, to: outputs, workers: workers, in: work)
    try NumPyFile.write(
      outcome.0.keptPlaces, beside: mapPath, interruption: options.interruption)
    work.take(mapPath)
    return outcome
  }
  return Deduplication(
    datasets: results, repeatedDocuments: found.keptPlaces.count - found.keptCount,
    repeatedTokens: found.repeatedTokens, mapPath: mapPath)
}

private func deduplicate(
  _ inputs: [String], to outputs: [String], workers: Int, in work: TendTransaction
) throws(IndexedDataError) -> (DuplicateSearch.Outcome, [TendedDataset]) {
  let options = work.options
  var datasets: [IndexedDataset] = []
  for input in inputs { datasets.append(try IndexedDataset(prefix: input)) }
  let found = try DuplicateSearch(datasets[0], with: Array(datasets.dropFirst()))
    .run(
      workers: workers, interruption: options.interruption, progress: options.progress)
  let isKept = found.isKept
  var results: [TendedDataset] = []
  for (dataset, output) in zip(datasets, outputs) {
    let selection = try DatasetSelection(dataset, isKept)
    var result = try selection.write(to: output, in: work)
    if !dataset.hasDocumentBoundaries { result.notes.append(lostBoundariesNote(dataset.prefix)) }
    results.append(result)
  }
  return (found, results)
}
