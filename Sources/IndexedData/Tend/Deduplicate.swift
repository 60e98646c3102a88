internal import Machine

/// What ``deduplicateDataset(_:to:workers:_:)`` wrote.
package struct Deduplication: Equatable, Sendable {
  /// The dataset without repetitions.
  package var dataset: TendedDataset
  /// Documents that were left out, and their tokens.
  package var repeatedDocuments: Int
  package var repeatedTokens: Int
  /// The file that tells of each document of the input where its tokens are in the output: 64-bit
  /// integers in NumPy's format.
  package var mapPath: String
}

/// Writes a dataset again without the documents whose tokens an earlier document has.
///
/// The order of documents is kept.
package func deduplicateDataset(
  _ input: String, to output: String, workers: Int, _ options: TendOptions = TendOptions()
) throws(IndexedDataError) -> Deduplication {
  let mapPath = output + "_dedupe_map.npy"
  guard options.overwrite || !DurableFile.exists(mapPath) else {
    throw .alreadyExists(path: mapPath)
  }
  let dataset = try IndexedDataset(prefix: input)
  let found = try DuplicateSearch(dataset).run(workers: workers, progress: options.progress)
  let selection = try DatasetSelection(dataset, found.isKept)
  var result = try selection.write(to: output, options)
  if !dataset.hasDocumentBoundaries { result.notes.append(lostBoundariesNote(input)) }
  try asking { () throws(SystemError) in
    try NumPyFile.write(found.keptPlaces, shape: [found.keptPlaces.count], to: mapPath)
  }
  return Deduplication(
    dataset: result, repeatedDocuments: found.keptPlaces.count - found.keptCount,
    repeatedTokens: found.repeatedTokens, mapPath: mapPath)
}
