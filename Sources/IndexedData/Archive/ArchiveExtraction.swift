internal import Machine

extension Archive {
  /// Writes some documents of the dataset in the archive, and of its labels and other companions, as
  /// datasets of their own; only their blocks are read.
  ///
  /// - Throws: `outOfRange` where the dataset has fewer documents, `unsuitable` where the name of a
  ///   companion does not follow from the prefix, and what writing throws.
  package func extract(
    _ documents: Range<Int>, to prefix: String, _ options: TendOptions
  ) throws(IndexedDataError) -> [TendedDataset] {
    let names = datasets
    guard !names.isEmpty else { throw .unsuitable(path: path, reason: "holds no dataset") }
    var outputs: [String] = []
    for name in names {
      guard let output = name.prefix(for: prefix) else {
        throw .unsuitable(
          path: prefix,
          reason: "\(name.original(datasetName)) is found by its name, so the output has to end in"
            + " \(name.replaced) as \(datasetName) does")
      }
      outputs.append(output)
    }
    for output in outputs {
      for suffix in [".bin", ".idx", ".src"] {
        let file = FileIdentity(output + suffix)
        guard file == nil || file != FileIdentity(path) else {
          throw .outputIsInput(path: output + suffix)
        }
      }
    }
    return try writeTogether(outputs, of: [], options) { (work) throws(IndexedDataError) in
      try extract(documents, of: names, to: outputs, in: work)
    }
  }

  private func extract(
    _ documents: Range<Int>, of names: [ArchivedName], to outputs: [String],
    in work: TendTransaction
  ) throws(IndexedDataError) -> [TendedDataset] {
    var results: [TendedDataset] = []
    for (name, output) in zip(names, outputs) {
      let dataset = try IndexedDataset(archive: self, name)
      guard documents.upperBound <= dataset.tendedDocumentCount else {
        throw .outOfRange(
          path: dataset.prefix, what: "document", asked: documents.upperBound - 1,
          limit: dataset.tendedDocumentCount)
      }
      let selection = try DatasetSelection(dataset, documents: [documents])
      // Labels and others have the documents of the text, and no sources of their own.
      var result = try selection.write(
        to: output, sourcesIn: results.isEmpty ? self : nil, in: work)
      if !dataset.hasDocumentBoundaries { result.notes.append(lostBoundariesNote(dataset.prefix)) }
      results.append(result)
    }
    return results
  }
}
