internal import Machine

/// What was written down of a file of a dataset when that was made.
struct FileRecord {
  /// The file.
  let path: String
  /// Its length.
  let byteCount: Int?
  /// Its XXH64.
  let hash: UInt64?
  /// The prefix of the dataset.
  let prefix: String
  /// The file in which it was written down.
  let recordPath: String

  /// Compares the length of the file with what was written down.
  ///
  /// - Throws: `notAsRecorded` where it is another.
  func requireLength(_ found: Int) throws(IndexedDataError) {
    guard let byteCount, byteCount != found else { return }
    throw difference("length", expected: "\(byteCount) bytes", found: "\(found)")
  }

  /// Compares the XXH64 of the whole file with what was written down.
  ///
  /// - Throws: `notAsRecorded` where it is another.
  func requireHash(_ found: UInt64) throws(IndexedDataError) {
    guard let hash, hash != found else { return }
    throw difference(
      "content hash", expected: ContentHash.text(hash), found: ContentHash.text(found))
  }

  private func difference(_ what: String, expected: String, found: String) -> IndexedDataError {
    .notAsRecorded(
      path: path, what: what, expected: expected, found: found, record: recordPath,
      prefix: prefix)
  }
}

extension DatasetRecord {
  /// What was written down of `.bin`, `.idx` and `.src` of the dataset `prefix`.
  func files(of prefix: String) -> (bin: FileRecord, idx: FileRecord, src: FileRecord) {
    func file(_ path: String, _ byteCount: Int?, _ hash: UInt64?) -> FileRecord {
      FileRecord(
        path: path, byteCount: byteCount, hash: hash, prefix: prefix, recordPath: self.path)
    }
    return (
      file(prefix + ".bin", binBytes, binHash), file(prefix + ".idx", idxBytes, idxHash),
      file(DocumentSources.path(prefix: prefix), sourceBytes, sourceHash)
    )
  }
}
