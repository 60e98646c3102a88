internal import Machine
internal import Synchronization

/// Writes a file of token distributions beside the file that tells what they were computed from.
///
/// Both appear whole at the end. Killed, the same work opened again goes on behind the last
/// checkpoint, to the same bytes.
package final class TokenDistributionWriter {
  private let transaction: DatasetTransaction
  private let shape: DistributionShape
  private let path: String
  private var table = BlockTable()
  /// Documents that are in blocks.
  package private(set) var documentCount = 0

  /// Whether an earlier run had everything complete, so that opening finished the work.
  package var isFinished: Bool { transaction.isFinished }

  /// Where the journal of unfinished work lies.
  package static func journalPath(_ path: String) -> String { path + ".journal" }

  /// Begins or goes on.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - key: the path and the bytes of the file that tells what is computed.
  ///   - topCount: logits of a position, 1 to ``DistributionShape/topLimit``.
  ///   - vocabularySize: ids are below.
  ///   - documents: how many documents will be appended.
  ///   - policy: what is done with files in the way.
  /// - Throws: ``IndexedDataError`` as ``DatasetTransaction`` does.
  package init(
    path: String, key: (path: String, bytes: [UInt8]), topCount: Int, vocabularySize: Int,
    documents: Int, policy: DatasetTransaction.Policy
  ) throws(IndexedDataError) {
    self.path = path
    let record = key.bytes
    shape = DistributionShape(
      topCount: topCount, vocabularySize: vocabularySize, documentCount: documents,
      identity: unsafe ContentHash.hash(record.span.bytes))
    let header = shape.bytes
    transaction = try DatasetTransaction(
      journal: Self.journalPath(path), outputs: [], auxiliaries: [path, key.path],
      identity: header, policy: policy)
    guard !transaction.isFinished else { return }
    if transaction.resumedPosition != nil {
      try readBlocks()
    } else {
      try unsafe transaction.appendAuxiliary(0, header.span.bytes)
      try unsafe transaction.appendAuxiliary(1, record.span.bytes)
    }
  }

  /// Finds the blocks that an earlier run made durable.
  private func readBlocks() throws(IndexedDataError) {
    let file = try FileBytes(path: AuxiliaryFile.partialPath(path), mode: .pread)
    let end = transaction.auxiliaryByteCount(0)
    var offset = DistributionShape.byteCount
    while offset < end {
      let header = try BlockHeader(file, at: offset, limit: end)
      guard header.firstDocument == documentCount else {
        throw .malformed(
          path: file.path, byte: offset, what: "first document of the block",
          expected: "\(documentCount)", found: "\(header.firstDocument)")
      }
      note(offset, header.documentCount)
      offset += BlockHeader.byteCount + header.payloadByteCount
    }
  }

  private func note(_ offset: Int, _ documents: Int) {
    table.entries.append(.init(firstDocument: documentCount, offset: offset))
    documentCount += documents
  }

  /// Appends the next documents as whole blocks, compressed on some threads.
  ///
  /// Where blocks end depends on where calls end, so calls must be cut alike in every run.
  ///
  /// - Throws: ``IndexedDataError`` where they cannot be written.
  package func append(
    _ documents: [TokenDistribution], threads: Int
  ) throws(IndexedDataError) {
    let ranges = DistributionBlock.split(documents, shape)
    let blocks = Mutex([[UInt8]](repeating: [], count: ranges.count))
    let first = documentCount
    let shape = shape
    let path = path
    try WorkerPool.forEach(count: ranges.count, workers: threads, name: "compress") {
      (place) throws(IndexedDataError) in
      let range = ranges[place]
      let bytes = try DistributionBlock.encode(
        first: first + range.lowerBound, documents[range], shape, path: path)
      blocks.withLock { $0[place] = bytes }
    }
    for (range, bytes) in zip(ranges, blocks.withLock { $0 }) {
      note(transaction.auxiliaryByteCount(0), range.count)
      try unsafe transaction.appendAuxiliary(0, bytes.span.bytes)
    }
  }

  /// Makes what was appended survive a kill.
  package func checkpoint() throws(IndexedDataError) { try transaction.checkpoint(position: []) }

  /// Makes what was appended durable and ends, to be gone on with later.
  package func suspend() throws(IndexedDataError) { try transaction.suspend(position: []) }

  /// Writes the table and gives the files their names.
  ///
  /// - Precondition: all documents were appended.
  package func finish() throws(IndexedDataError) {
    precondition(documentCount == shape.documentCount, "documents are missing")
    let end = table.bytes(at: transaction.auxiliaryByteCount(0))
    try unsafe transaction.appendAuxiliary(0, end.span.bytes)
    try transaction.finish()
  }
}
