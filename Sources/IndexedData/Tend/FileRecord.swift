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

  /// Whether the file is there.
  ///
  /// - Throws: `unsuitable` where it is not, though something was written down of it.
  func isThere() throws(IndexedDataError) -> Bool {
    if DurableFile.exists(path) { return true }
    guard byteCount == nil, hash == nil else { throw .missing(path, toldBy: recordPath) }
    return false
  }

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

extension IndexedDataError {
  /// A file is gone that another one tells of.
  package static func missing(_ path: String, toldBy witness: String) -> Self {
    .unsuitable(
      path: path,
      reason: "is not there, and \(witness) tells of it; put it back, or move \(witness) away to do"
        + " without it")
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
