internal import Machine

/// Keeps maps from being begun that the machine has no memory for.
enum MapMemory {
  /// - Throws: `unsuitable` where the machine has less than `byteCount` bytes.
  static func require(
    _ byteCount: Double, samples: Int, prefix: String, has physical: Int? = PhysicalMemory.byteCount
  ) throws(IndexedDataError) {
    guard let physical, byteCount > Double(physical) else { return }
    func gibibytes(_ count: Double) -> Int { Int((count / Double(1 << 30)).rounded(.up)) }
    throw .unsuitable(
      path: prefix,
      reason:
        "index maps of \(samples) samples need \(gibibytes(byteCount)) GiB of memory while they"
        + " are made, and the machine has \(gibibytes(Double(physical))); ask for fewer (train_iters,"
        + " train_epochs, --samples, --epochs), or set data_order: stable, which needs no maps")
  }
}
