internal import Machine

/// Checks an archive: header, contents, table and lengths, and with `isDeep` that every file in it is
/// byte for byte what it was when it was packed.
///
/// Each damaged block is a problem.
/// - Throws: what the system refuses.
package func verifyArchive(
  _ path: String, _ settings: UnpackOptions, _ options: VerifyOptions
) throws(IndexedDataError) -> VerifyReport {
  var report = VerifyReport(prefix: path, limit: options.limit)
  do throws(IndexedDataError) {
    let archive = try Archive(path: path)
    report.bytesRead = archive.byteCount - (archive.blocks.last?.payloadEnd ?? 0)
    let dataset = try IndexedDataset(archive: archive)
    report.sequences = dataset.sequenceCount
    report.documents = dataset.documentCount
    guard options.isDeep else { return report }
    let isWhole = try archive.check(settings, progress: options.progress) {
      report.add($0, path: path)
    }
    report.comparesBlocks = isWhole
    report.bytesRead = archive.byteCount
  } catch {
    if case .system = error { throw error }
    report.add(error, path: path)
  }
  return report
}
