/// A dataset to be written: `PREFIX.bin` and `PREFIX.idx`.
public struct DatasetOutput: Equatable, Sendable {
  /// The common part of the two paths.
  public var prefix: String
  /// What the elements are.
  public var elementType: ElementType
  /// The format of the index.
  public var format: IndexFormat
  /// Whose codes for floating-point types the index uses.
  public var variant: IndexVariant

  /// Describes a dataset to be written.
  public init(
    prefix: String, elementType: ElementType, format: IndexFormat = .mmap,
    variant: IndexVariant = .neox
  ) {
    self.prefix = prefix
    self.elementType = elementType
    self.format = format
    self.variant = variant
  }

  var elementsPath: String { prefix + ".bin" }
  var indexPath: String { prefix + ".idx" }
  /// Where documents came from; it may be an auxiliary file of a transaction.
  var sourcePath: String { DocumentSources.path(prefix: prefix) }
  var partialElementsPath: String { prefix + ".bin.partial" }
  var partialIndexPath: String { prefix + ".idx.partial" }
  var sizesPath: String { prefix + ".sizes.partial" }
  var documentsPath: String { prefix + ".documents.partial" }

  /// All files of a dataset that is not finished.
  var partialPaths: [String] {
    [sizesPath, documentsPath, partialElementsPath, partialIndexPath]
  }

  /// Bytes of a size in the index, and in the spool of sizes.
  var sizeByteCount: Int { format == .mmap ? 4 : 8 }
  /// The most elements a sequence can have.
  var sizeLimit: Int { format == .mmap ? Int(Int32.max) : .max }
}

/// What a written dataset holds.
public struct DatasetSummary: Equatable, Sendable {
  /// The dataset.
  public var output: DatasetOutput
  /// Number of documents.
  public var documentCount: Int
  /// Number of sequences.
  public var sequenceCount: Int
  /// Bytes of `.bin`.
  public var elementsByteCount: Int
  /// XXH64 of `.bin`.
  public var elementsHash: UInt64
  /// Bytes of `.idx`.
  public var indexByteCount: Int
  /// XXH64 of `.idx`.
  public var indexHash: UInt64

  /// Number of elements.
  public var tokenCount: Int { elementsByteCount / output.elementType.byteCount }
}
