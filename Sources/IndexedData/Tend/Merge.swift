/// Joins datasets in the order given into one, in bounded memory.
///
/// Document boundaries are kept as Megatron-core joins them. An input whose document index was lost,
/// as GPT-NeoX's merge tool leaves it, counts a document a sequence; a note says so.
///
/// The first input's format and type are the output's where none is named; without a named type, all
/// inputs must have the same.
///
/// Companions, which say something of the same documents, are joined along with them; they keep their
/// type of elements.
package func mergeDatasets(
  _ inputs: [String], to output: String, with companions: [(inputs: [String], output: String)] = [],
  format: IndexFormat? = nil, elementType: ElementType? = nil,
  _ options: TendOptions = TendOptions()
) throws(IndexedDataError) -> [TendedDataset] {
  let all = [(inputs, output, elementType)] + companions.map { ($0.inputs, $0.output, nil) }
  return try writeTogether(all.map(\.1), of: all.flatMap(\.0), options) {
    (work) throws(IndexedDataError) in
    var results: [TendedDataset] = []
    for (inputs, output, type) in all {
      results.append(
        try merge(inputs, to: output, format: format, elementType: type, in: work))
    }
    return results
  }
}

private func merge(
  _ inputs: [String], to output: String, format: IndexFormat?, elementType: ElementType?,
  in work: TendTransaction
) throws(IndexedDataError) -> TendedDataset {
  var pieces: [DatasetPiece] = []
  var notes: [String] = []
  for input in inputs {
    let dataset = try IndexCheck.openSound(input)
    let piece = try DatasetPiece(dataset)
    if let first = pieces.first, elementType == nil, first.elementType != piece.elementType {
      throw .unsuitable(
        path: input + ".idx",
        reason: "elements are \(piece.elementType.rawValue), those of \(first.prefix) are"
          + " \(first.elementType.rawValue); name the type of the output to join them")
    }
    if !dataset.hasDocumentBoundaries { notes.append(lostBoundariesNote(input)) }
    pieces.append(piece)
  }
  guard let first = pieces.first else {
    throw .unsuitable(path: output, reason: "there is nothing to merge")
  }
  let assembly = DatasetAssembly(
    pieces: pieces, format: format ?? first.format, elementType: elementType ?? first.elementType,
    variant: first.variant, keepsModes: pieces.contains { $0.hasModes })
  var result = try assembly.write(to: output, in: work)
  result.notes = notes + result.notes
  return result
}

/// What to say when a document index is missing.
func lostBoundariesNote(_ prefix: String) -> String {
  "\(prefix).idx: the document index is empty, as GPT-NeoX's merge tool leaves it;"
    + " each sequence counts as a document"
}
