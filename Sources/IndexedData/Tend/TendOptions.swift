package import Machine

/// The file that describes a dataset: it appears behind the dataset, and goes before it.
///
/// What stands in it is the caller's affair; this module knows when it is to be written.
package struct OutputManifest: Sendable {
  /// Where it goes.
  package var path: String
  /// Files that describe what the output replaces; they are removed before that is.
  package var replaced: [String]
  /// Its bytes, from the dataset and its files; `nil` when none is written.
  package var bytes: (@Sendable (_ dataset: TendedDataset, _ files: WrittenFiles) -> [UInt8])?

  package init(
    path: String, replaced: [String] = [],
    bytes: (@Sendable (_ dataset: TendedDataset, _ files: WrittenFiles) -> [UInt8])? = nil
  ) {
    self.path = path
    self.replaced = replaced
    self.bytes = bytes
  }
}

/// The two files of a dataset as they were written.
package struct WrittenFiles: Sendable, Equatable {
  /// The lengths in bytes.
  package var binBytes: Int
  package var idxBytes: Int
  /// XXH64 of the files.
  package var binHash: UInt64
  package var idxHash: UInt64
}

/// How a tool writes a dataset.
package struct TendOptions: Sendable {
  /// Bytes that are copied at once: not more, so that progress is seen and the disk works on one
  /// step while the next is copied; a converted step takes far less memory than its size.
  static let copyStep = 8 << 20

  /// Whether finished files with the output's names are replaced.
  package var overwrite = false
  /// Whether the output survives a loss of power once the tool says that it is done.
  package var isDurable = true
  /// Asked for the manifest of the output with a prefix; throws where that cannot be written.
  package var manifest: @Sendable (_ prefix: String) throws(IndexedDataError) -> OutputManifest? =
    { _ throws(IndexedDataError) in nil }
  /// What was written down of inputs, by their prefixes: an input that is not so is refused.
  package var records: [String: DatasetRecord] = [:]
  /// Told of the bytes of `.bin` that are done, now and then.
  package var progress: @Sendable (_ bytesDone: Int, _ bytesTotal: Int) -> Void = { _, _ in }
  /// What ends the work early: unfinished files are removed then, and `interrupted` is thrown.
  package var interruption: Interruption?

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
  /// The file that tells where the documents came from, where there is one.
  package var source: SourceSummary?
  /// Things a person should know, a sentence each.
  package var notes: [String] = []
  /// Things that are wrong and stay so, a sentence each.
  package var warnings: [String] = []
}
