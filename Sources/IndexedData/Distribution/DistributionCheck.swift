internal import Machine

/// Checks a file of token distributions: header, table and block headers, the key file beside it,
/// and with `isDeep` every number.
///
/// - Throws: ``IndexedDataError/system(_:)`` where the file cannot be opened.
package func verifyDistributions(
  _ path: String, _ options: VerifyOptions
) throws(IndexedDataError) -> VerifyReport {
  var report = VerifyReport(prefix: path, limit: options.limit)
  let file: TokenDistributions
  do throws(IndexedDataError) {
    file = try TokenDistributions(path: path)
  } catch {
    guard case .malformed = error else { throw error }
    report.add(error, path: path)
    return report
  }
  report.documents = file.documentCount
  report.sequences = file.documentCount
  try checkKey(of: file, &report)
  var elements = ElementReport()
  for block in 0..<file.blockCount {
    do throws(IndexedDataError) {
      let header = try file.header(ofBlock: block)
      report.bytesRead += BlockHeader.byteCount
      guard options.isDeep else { continue }
      for (place, document) in try file.documents(ofBlock: block).enumerated() {
        check(document, header.firstDocument + place, path, &report, &elements)
      }
      report.bytesRead += header.payloadByteCount
      options.progress(file.table.entries[block].offset, file.file.byteCount)
    } catch {
      report.add(error, path: path)
    }
  }
  if options.isDeep { report.elements = elements }
  return report
}

/// Compares the hash of the key file with the one that the header has.
private func checkKey(
  of file: TokenDistributions, _ report: inout VerifyReport
) throws(IndexedDataError) {
  let ending = ".logits"
  let stem = file.path.hasSuffix(ending) ? String(file.path.dropLast(ending.count)) : file.path
  let path = stem + "_key.json"
  guard DurableFile.exists(path) else {
    report.warnings.append(
      "\(path) is not there: what the logits were computed from is not known")
    return
  }
  let key = try FileBytes(path: path, mode: .pread)
  let hash = try key.hash(first: key.byteCount)
  guard hash != file.identity else { return }
  report.add(
    path, nil, "content hash", expected: "\(ContentHash.text(file.identity)) by \(file.path)",
    found: ContentHash.text(hash))
}

/// Checks that logits are numbers, best first, and that none is above the log-sum-exp.
private func check(
  _ document: TokenDistribution, _ number: Int, _ path: String, _ report: inout VerifyReport,
  _ elements: inout ElementReport
) {
  if document.positionCount > 0 { elements.documentsWithElements += 1 }
  for position in 0..<document.positionCount {
    let range = document.range(of: position)
    for place in range {
      let id = Int64(document.ids[place])
      elements.smallest = min(elements.smallest ?? id, id)
      elements.largest = max(elements.largest ?? id, id)
      guard place > range.lowerBound else { continue }
      let (before, after) = (document.logits[place - 1], document.logits[place])
      let isInOrder =
        before > after || before == after && document.ids[place - 1] < document.ids[place]
      guard !isInOrder else { continue }
      report.add(
        path, nil, "document \(number), position \(position)", expected: "logits best first",
        found: "\(before) before \(after)")
      break
    }
    let (best, sum) = (document.logits[range.lowerBound], document.logSumExp[position])
    // The sum has rounding of its own.
    guard best <= sum + 1e-5 * abs(sum) + 1e-5 else {
      report.add(
        path, nil, "document \(number), position \(position)",
        expected: "a log-sum-exp of at least \(best)", found: "\(sum)")
      continue
    }
  }
}
