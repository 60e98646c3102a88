/// A run of sequences and documents of a dataset, which goes into another one.
package struct DatasetPiece: Sendable {
  /// The dataset's prefix.
  package let prefix: String
  /// The sequences.
  package let sequences: Range<Int>
  /// The documents that they make up, in the dataset's own numbering.
  package let documents: Range<Int>
  /// The bytes of `.bin` that they take.
  package let bytes: Range<Int>
  /// The type of the elements.
  package let elementType: ElementType
  /// Who wrote the index.
  package let variant: IndexVariant
  /// Its format.
  package let format: IndexFormat
  /// Whether each sequence has a mode.
  package let hasModes: Bool
  /// Whether the document index is to be read; else every sequence is a document.
  package let hasDocumentBoundaries: Bool
  /// Documents of the whole dataset.
  let sourceDocumentCount: Int
  let layout: IndexLayout

  /// A run of documents of an open dataset; all of them by default.
  package init(
    _ dataset: IndexedDataset, documents: Range<Int>? = nil
  ) throws(IndexedDataError) {
    let documents = documents ?? 0..<dataset.tendedDocumentCount
    prefix = dataset.prefix
    elementType = dataset.elementType
    variant = dataset.variant
    format = dataset.format
    hasModes = dataset.hasModes
    hasDocumentBoundaries = dataset.hasDocumentBoundaries
    layout = dataset.layout
    sourceDocumentCount = dataset.tendedDocumentCount
    self.documents = documents
    let start = try dataset.tendedDocumentStart(documents.lowerBound)
    let end = try dataset.tendedDocumentStart(documents.upperBound)
    guard start <= end else {
      throw .malformed(
        path: dataset.indexPath, byte: dataset.layout.documentIndexOffset,
        what: "document index", expected: "entries that never fall",
        found: "\(end) after \(start)")
    }
    sequences = start..<end
    let firstByte = try dataset.byteStart(ofSequence: start)
    let endByte = try dataset.byteStart(ofSequence: end)
    guard firstByte <= endByte else {
      throw .malformed(
        path: dataset.indexPath, byte: dataset.layout.pointersOffset + 8 * end,
        what: "pointer of sequence \(end)", expected: "at least \(firstByte)",
        found: "\(endByte)")
    }
    bytes = firstByte..<endByte
  }
}

extension IndexedDataset {
  /// Number of documents, each sequence being one where the index does not tell them apart.
  package var tendedDocumentCount: Int { hasDocumentBoundaries ? documentCount : sequenceCount }

  /// Checks that it has as many documents as another dataset, of which it says something.
  ///
  /// - Throws: `unsuitable` where it has more or fewer.
  package func requireDocuments(of dataset: IndexedDataset) throws(IndexedDataError) {
    let count = dataset.tendedDocumentCount
    guard tendedDocumentCount != count else { return }
    throw .unsuitable(
      path: prefix,
      reason: "has \(tendedDocumentCount) documents, and \(dataset.prefix) has \(count);"
        + " it does not say something of each of them")
  }

  /// The first sequence of a document, or the number of sequences behind the last one.
  package func tendedDocumentStart(_ document: Int) throws(IndexedDataError) -> Int {
    hasDocumentBoundaries ? try documentEntry(document) : document
  }

  /// The sequences of a document; a sequence each where the index does not tell documents apart.
  package func tendedSequences(ofDocument document: Int) throws(IndexedDataError) -> Range<Int> {
    if hasDocumentBoundaries { return try sequences(ofDocument: document) }
    try check(document, isBelow: tendedDocumentCount, "document")
    return document..<(document + 1)
  }

  /// Where a sequence begins in `.bin`, or the file's length behind the last one.
  package func byteStart(ofSequence sequence: Int) throws(IndexedDataError) -> Int {
    sequence == sequenceCount ? elementsByteCount : try pointer(of: sequence)
  }
}
