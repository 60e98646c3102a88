internal import Machine

/// A file that tells how many samples of each dataset come before each block of a blend, so that the
/// end of a long one is found without drawing all that comes before.
///
/// Its name has a key of all that decides what is drawn. A row a block, a column a dataset.
struct BlendFile: Sendable {
  let path: String
  private let lockPath: String
  private let datasetCount: Int
  private let blockCount: Int

  /// Names the file of a rule.
  init(_ base: String, rule: String, datasetCount: Int, blockCount: Int) {
    var key = ContentKey()
    key.add("neox-swift blend 1")
    key.add(rule)
    path = "\(base)_blend_\(key.text)_counts.npy"
    lockPath = "\(base)_blend_\(key.text)_lock"
    self.datasetCount = datasetCount
    self.blockCount = blockCount
  }

  /// All counts, row by row; none where the file is not there or cannot be right.
  func read() -> [Int] {
    guard DurableFile.exists(path), let file = try? NumPyFile(path: path),
      file.header.type == .int64, file.header.shape.count == 2,
      file.header.shape[1] == datasetCount
    else { return [] }
    let counts = file.withBytes { bytes in
      (0..<file.count).map { Int(bytes.loadNumber(at: 8 * $0, Int64.self)) }
    }
    return isSound(counts) ? counts : []
  }

  /// Whether each row has a block more than the one before, and no dataset fewer.
  private func isSound(_ counts: [Int]) -> Bool {
    var before = [Int](repeating: 0, count: datasetCount)
    for start in stride(from: 0, to: counts.count, by: datasetCount) {
      var added = 0
      for dataset in 0..<datasetCount {
        let more = counts[start + dataset].subtractingReportingOverflow(before[dataset])
        guard !more.overflow, more.partialValue >= 0, more.partialValue <= blockCount else {
          return false
        }
        added += more.partialValue
        before[dataset] = counts[start + dataset]
      }
      guard added == (start == 0 ? 0 : blockCount) else { return false }
    }
    return !counts.isEmpty
  }

  /// Writes counts, unless another process does so now.
  func write(_ counts: [Int]) throws(IndexedDataError) {
    do throws(IndexedDataError) {
      let lock = try asking { () throws(SystemError) in try FileLock(path: lockPath) }
      defer {
        try? DurableFile.remove(lockPath)
        lock.extend()
      }
      try NumPyFile.write(
        counts.map(Int64.init), shape: [counts.count / datasetCount, datasetCount], to: path)
    } catch .system(let error) where error.isHeldElsewhere {
      return
    }
  }
}
