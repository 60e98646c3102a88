/// Counts documents that ``deduplicateDatasets(_:to:workers:_:)`` would leave out, and writes nothing.
///
/// - Throws: what that throws of its inputs: `notAsRecorded` where one is not what `options` say was
///   written down of it.
/// - Precondition: there is one input at least.
package func findRepetitions(
  in inputs: [String], workers: Int, _ options: TendOptions = TendOptions()
) throws(IndexedDataError) -> DuplicateSearch.Outcome {
  try writeTogether([], of: inputs, options) { (work) throws(IndexedDataError) in
    var datasets: [IndexedDataset] = []
    for input in inputs { datasets.append(try IndexedDataset(prefix: input)) }
    return try DuplicateSearch(datasets[0], with: Array(datasets.dropFirst())).run(
      workers: workers, interruption: options.interruption, progress: options.progress)
  }
}
