/// How a tool writes a dataset.
package struct TendOptions: Sendable {
  /// Whether finished files with the output's names are replaced.
  package var overwrite = false
  /// Whether the output survives a loss of power once the tool says that it is done.
  package var isDurable = true
  /// Told of the bytes of `.bin` that are done, now and then.
  package var progress: @Sendable (_ bytesDone: Int, _ bytesTotal: Int) -> Void = { _, _ in }

  package init() {}
}

/// A dataset that a tool wrote, in numbers.
package struct TendedDataset: Equatable, Sendable {
  /// The prefix.
  package var prefix: String
  /// The type of its elements.
  package var elementType: ElementType
  /// Number of sequences.
  package var sequences: Int
  /// Number of documents.
  package var documents: Int
  /// Number of elements.
  package var tokens: Int
  /// Things a person should know, a sentence each.
  package var notes: [String] = []
  /// Things that are wrong and stay so, a sentence each.
  package var warnings: [String] = []
}
