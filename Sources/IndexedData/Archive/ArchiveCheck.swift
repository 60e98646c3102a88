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
    let problem = try archive.lookAtDataset(&report)
    if options.isDeep {
      report.comparesBlocks = try archive.check(settings, progress: options.progress) {
        report.add($0, path: path)
      }
      report.bytesRead = archive.byteCount
    }
    // What is wrong with damaged blocks of the index has been told.
    if let problem, report.isSound { report.add(problem, path: path) }
  } catch {
    if case .system = error { throw error }
    report.add(error, path: path)
  }
  return report
}

extension Archive {
  /// Opens the dataset and counts its documents; returns what is wrong with it.
  fileprivate func lookAtDataset(
    _ report: inout VerifyReport
  ) throws(IndexedDataError) -> IndexedDataError? {
    do throws(IndexedDataError) {
      let dataset = try IndexedDataset(archive: self)
      report.sequences = dataset.sequenceCount
      report.documents = dataset.documentCount
      return nil
    } catch {
      if case .system = error { throw error }
      return error
    }
  }
}
