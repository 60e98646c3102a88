internal import Machine

extension DatasetTransaction {
  /// Ends an auxiliary file that holds ``SourceBlocks/header`` and blocks: appends the files, the
  /// table and the trailer.
  ///
  /// Call it once, right before ``finish(position:manifest:)``.
  ///
  /// - Returns: its bytes and XXH64.
  package func finishSource(
    _ place: Int, documents: Int, files: [SourceFile]
  ) throws(IndexedDataError) -> SourceSummary {
    try flushAuxiliary(place)
    let path = AuxiliaryFile.partialPath(auxiliaries[place])
    try SourceEnd.write(
      behind: auxiliaryByteCount(place), of: path, documents: documents, files: files
    ) { (bytes) throws(IndexedDataError) in
      try unsafe appendAuxiliary(place, bytes.span.bytes)
    }
    try flushAuxiliary(place)
    let count = auxiliaryByteCount(place)
    return SourceSummary(
      byteCount: count, hash: try FileBytes(path: path, mode: .pread).hash(first: count))
  }
}
