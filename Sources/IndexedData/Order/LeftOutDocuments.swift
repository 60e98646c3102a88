/// The documents, or pairs of them, that the packings of whole documents leave out.
package struct LeftOutDocuments: Sendable, Equatable {
  /// All documents to choose from.
  package var total = 0
  /// Those that were looked at, one pass at most: samples may be fewer than documents.
  package var examined = 0
  /// Those of them that have no trained label within a sample.
  package var masked = 0
  /// Those of them whose length does not fit, where documents are not cut.
  package var unfit = 0

  /// None of no documents.
  package init() {}

  /// Takes a document in that was looked at for the first time.
  mutating func add(_ reason: DocumentFilter.Reason?) {
    examined += 1
    switch reason {
    case .labels: masked += 1
    case .length: unfit += 1
    case nil: break
    }
  }
}
