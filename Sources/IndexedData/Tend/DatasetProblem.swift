/// Something in a dataset that is not as it must be, or not as one would expect.
package struct DatasetProblem: Equatable, Sendable, CustomStringConvertible {
  /// The file.
  package let path: String
  /// Where in the file; `nil` when it is about the whole.
  package let byte: Int?
  /// What it is about.
  package let what: String
  /// What should be there.
  package let expected: String
  /// What is there.
  package let found: String

  /// `PATH: byte N: WHAT: expected X, found Y`.
  package var description: String {
    let place = byte.map { ": byte \($0)" } ?? ""
    return "\(path)\(place): \(what): expected \(expected), found \(found)"
  }
}

/// What a check found.
package struct VerifyReport: Equatable, Sendable {
  /// The dataset's prefix.
  package let prefix: String
  /// The first problems, in the order of their places.
  package internal(set) var problems: [DatasetProblem] = []
  /// How many problems there are, also beyond those listed.
  package internal(set) var problemCount = 0
  /// Things that may be as they are, but that GPT-NeoX would not have written.
  package internal(set) var warnings: [String] = []
  /// Bytes that were read.
  package internal(set) var bytesRead = 0
  /// Number of sequences by the index.
  package internal(set) var sequences = 0
  /// Number of documents by the index.
  package internal(set) var documents = 0
  /// What a deep check found in `.bin`.
  package internal(set) var elements: ElementReport?
  /// How far the elements were compared with what was written down.
  package internal(set) var content = ContentComparison.unread
  /// The companions that were compared, in the order of the options.
  package internal(set) var companions: [CompanionReport] = []

  /// Whether the index is damaged, or does not agree with the length of `.bin`; a repair may help.
  package internal(set) var hasDamagedIndex = false
  /// Whether every block of an archive was compared with its hash.
  package internal(set) var comparesBlocks = false

  /// Whether every element was looked at, or every block.
  package var isDeep: Bool { elements != nil || comparesBlocks }
  /// Whether the dataset can be used.
  package var isSound: Bool { problemCount == 0 }

  private let limit: Int

  init(prefix: String, limit: Int) {
    self.prefix = prefix
    self.limit = limit
  }

  mutating func add(
    _ path: String, _ byte: Int?, _ what: String, expected: String, found: String
  ) {
    problemCount += 1
    guard problems.count < limit else { return }
    problems.append(
      DatasetProblem(path: path, byte: byte, what: what, expected: expected, found: found))
  }

  mutating func add(_ error: IndexedDataError, path: String) {
    switch error {
    case .malformed(let path, let byte, let what, let expected, let found):
      add(path, byte, what, expected: expected, found: found)
    case .notAnIndex(let path, let found):
      add(
        path, 0, "magic", expected: "MMIDIDX or TNTIDX",
        found: found.isEmpty
          ? "nothing" : found.map { String($0, radix: 16) }.joined(separator: " "))
    default:
      add(path, nil, "reading", expected: "no error", found: error.description)
    }
  }
}

/// What the elements of `.bin` are.
package struct ElementReport: Equatable, Sendable {
  /// The smallest and largest id; `nil` for fractions and for no elements.
  package var smallest: Int64?
  package var largest: Int64?
  /// Documents that end with the end-of-document id; `nil` when that id is not known.
  package var documentsEnded: Int?
  /// Documents that have elements.
  package var documentsWithElements = 0
  /// End-of-document ids that do not stand at the end of a document.
  package var endsInside: Int?
  /// XXH64 of `.bin`.
  package var hash: UInt64 = 0
}

/// What a check knows beforehand, and how far it goes.
package struct VerifyOptions: Sendable {
  /// Whether every element is looked at.
  package var isDeep = false
  /// Entries of the vocabulary: every id must be below.
  package var vocabularySize: Int?
  /// Whether ids below 0 stand for tokens that are not trained on, as in labels.
  package var holdsLabels = false
  /// The id that ends documents.
  package var endOfDocument: Int64?
  /// What the manifest says of the files.
  package var record: DatasetRecord?
  /// Datasets that belong to this one.
  package var companions: [CompanionCheck] = []
  /// Whether the manifest names a file that tells where the documents came from.
  package var expectsSource = false
  /// Problems that are listed; all are counted.
  package var limit = 20
  /// Told of the bytes of `.bin` that are done, now and then.
  package var progress: @Sendable (_ bytesDone: Int, _ bytesTotal: Int) -> Void = { _, _ in }

  package init() {}
}

/// What was written down when a dataset was made.
package struct DatasetRecord: Equatable, Sendable {
  /// The type of elements.
  package var elementType: ElementType?
  /// The lengths of the files.
  package var binBytes: Int?
  package var idxBytes: Int?
  /// XXH64 of the files.
  package var binHash: UInt64?
  package var idxHash: UInt64?
  /// The length and the XXH64 of the file that tells where documents came from.
  package var sourceBytes: Int?
  package var sourceHash: UInt64?
  /// The file in which that was written down.
  package var path = "the manifest"

  package init() {}
}
