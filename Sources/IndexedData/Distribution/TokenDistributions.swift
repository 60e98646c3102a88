internal import Machine
internal import Synchronization

/// A file of token distributions, one a document: the K largest logits of each position and the
/// log-sum-exp, in compressed blocks.
///
/// Any document can be read at any time; that reads and decompresses the block it lies in, and the
/// block read last is kept. It can be used by several threads at once. `Documentation/
/// reference-logits.md` has the format byte by byte.
///
/// ```swift
/// let logits = try TokenDistributions(path: "data/pairs_text_document_base_top64.logits")
/// let best = try logits.document(7)
/// for position in 0..<best.positionCount {
///   for place in best.range(of: position) {
///     print(best.ids[place], best.logits[place] - best.logSumExp[position])
///   }
/// }
/// ```
public final class TokenDistributions: Sendable {
  /// The file's path.
  public let path: String
  let shape: DistributionShape
  let table: BlockTable
  let file: FileBytes
  private let tableOffset: Int
  private let last = Mutex<(block: Int, documents: [TokenDistribution])?>(nil)

  /// Logits of a position, K.
  public var topCount: Int { shape.topCount }
  /// The size of the model's vocabulary with its padding: ids are below.
  public var vocabularySize: Int { shape.vocabularySize }
  /// Number of documents.
  public var documentCount: Int { shape.documentCount }
  /// XXH64 of the key file that tells what the logits were computed from.
  public var identity: UInt64 { shape.identity }
  /// Number of blocks.
  public var blockCount: Int { table.entries.count }

  /// Opens a file, and checks its header and its table.
  ///
  /// - Throws: ``IndexedDataError`` where it cannot be read or is not such a file.
  public init(path: String, mode: ReadingMode = .mmap) throws(IndexedDataError) {
    self.path = path
    file = try FileBytes(path: path, mode: mode)
    shape = try DistributionShape(file)
    (table, tableOffset) = try BlockTable.read(file, shape)
  }

  /// The distributions of a document.
  ///
  /// - Throws: `outOfRange` where there is no such document, and ``IndexedDataError`` where its block
  ///   cannot be read or is damaged.
  public func document(_ number: Int) throws(IndexedDataError) -> TokenDistribution {
    guard number >= 0, number < documentCount else {
      throw .outOfRange(path: path, what: "document", asked: number, limit: documentCount)
    }
    let block = table.block(of: number)
    let place = number - table.entries[block].firstDocument
    if let found = last.withLock({ $0?.block == block ? $0?.documents[place] : nil }) {
      return found
    }
    let documents = try documents(ofBlock: block)
    last.withLock { $0 = (block, documents) }
    return documents[place]
  }

  /// The documents of a block.
  func documents(ofBlock block: Int) throws(IndexedDataError) -> [TokenDistribution] {
    let header = try header(ofBlock: block)
    return try DistributionBlock.decode(header, at: table.entries[block].offset, shape, file)
  }

  /// The header of a block, which agrees with the table.
  func header(ofBlock block: Int) throws(IndexedDataError) -> BlockHeader {
    let entry = table.entries[block]
    let isLast = block + 1 == table.entries.count
    let next =
      isLast
      ? BlockTable.Entry(firstDocument: documentCount, offset: tableOffset)
      : table.entries[block + 1]
    let header = try BlockHeader(file, at: entry.offset, limit: next.offset)
    let found = (header.firstDocument, header.documentCount, header.payloadByteCount)
    let wanted = (
      entry.firstDocument, next.firstDocument - entry.firstDocument,
      next.offset - entry.offset - BlockHeader.byteCount
    )
    guard found == wanted else {
      throw .malformed(
        path: path, byte: entry.offset, what: "first document, documents and bytes of the block",
        expected: "\(wanted), as the table has them", found: "\(found)")
    }
    return header
  }
}
