internal import Machine

/// Which dataset each sample of a weighted blend comes from, so that at every prefix each dataset has
/// its share of the samples within less than one.
///
/// The j-th sample of a dataset with the share w may come when `n·w > j` and has come when
/// `n·w ≥ j + 1`, n samples having been drawn; of those that may come, the one is drawn that must
/// come first (R. Tijdeman, "The chairman assignment problem", Discrete Mathematics 32, 1980; G.
/// Steiner and S. Yeomans, "Level schedules for mixed-model, just-in-time processes", Management
/// Science 39, 1993: with these limits no sample comes late). All is counted in whole numbers.
///
/// Shares that are fractions with a denominator up to ``periodLimit`` repeat after that many samples:
/// memory and the time to find any sample do not grow. Others are rounded to 2^-52, and counts are kept
/// up to the farthest sample that was asked for.
package struct StableBlend: Blending {
  /// The most datasets that can be blended.
  package static let datasetLimit = Blend.datasetLimit
  /// The longest period that is looked for.
  static let periodLimit = 1 << 16
  /// Shares in parts of ``total``.
  let parts: [Int]
  /// What the shares add up to, which is the period where there is one.
  let total: Int
  private let isPeriodic: Bool
  private let ledger: BlendLedger<StableBlendRule>

  /// Blends datasets by weight; what is known of a blend without a period is kept in a file whose name
  /// begins with `base`.
  ///
  /// - Precondition: 1 to ``datasetLimit`` weights, none negative, not all zero.
  package init(weights: [Double], keptUnder base: String? = nil) {
    precondition(!weights.isEmpty && weights.count <= Self.datasetLimit)
    let sum = weights.reduce(0, +)
    let shares = weights.map { $0 / sum }
    let period = Self.period(shares)
    isPeriodic = period != nil
    total = period ?? 1 << 52
    parts = Self.parts(shares, total)
    ledger = BlendLedger(
      StableBlendRule(parts: parts, total: total), datasetCount: weights.count,
      keptUnder: isPeriodic ? nil : base)
  }

  package var count: Int { StableOrder.endlessCount }

  package subscript(index: Int) -> (dataset: Int, sample: Int) {
    precondition(index >= 0)
    guard parts.count > 1 else { return (0, index) }
    let (pass, place) = isPeriodic ? index.quotientAndRemainder(dividingBy: total) : (0, index)
    let (dataset, sample) = ledger.sample(place)
    return (dataset, pass * parts[dataset] + sample)
  }

  package func taken(from dataset: Int, first count: Int) -> Int {
    precondition(count >= 0)
    guard parts.count > 1 else { return count }
    let (pass, place) = isPeriodic ? count.quotientAndRemainder(dividingBy: total) : (0, count)
    let taken = ledger.taken(from: dataset, first: place)
    return pass * parts[dataset] + taken
  }

  package func index(of sample: Int, from dataset: Int) -> Int? {
    guard sample >= 0, parts[dataset] > 0 else { return nil }
    guard parts.count > 1 else { return sample < count ? sample : nil }
    // Between these numbers of samples it is drawn.
    var low = BlendSchedule.release(of: sample, part: parts[dataset], total: total)
    var high = min(count, BlendSchedule.deadline(of: sample, part: parts[dataset], total: total))
    guard low < high, taken(from: dataset, first: high) > sample else { return nil }
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if taken(from: dataset, first: middle) > sample { high = middle } else { low = middle }
    }
    return low
  }

  package func keep(all: Bool) throws(IndexedDataError) {
    // It has no end to be drawn to.
    try ledger.keep()
  }

  /// The least denominator that all shares have, up to what numbers in a file are rounded to.
  private static func period(_ shares: [Double]) -> Int? {
    (1...periodLimit).first { period in
      shares.allSatisfy { share in
        let parts = share * Double(period)
        return abs(parts - parts.rounded()) <= Double(period) * 0x1p-50
      }
    }
  }

  /// Whole parts of `total`, rounded so that they add up to it.
  private static func parts(_ shares: [Double], _ total: Int) -> [Int] {
    let exact = shares.map { $0 * Double(total) }
    var parts = exact.map { Int($0.rounded(.down)) }
    let missing = total - parts.reduce(0, +)
    // Those that lost most come first. Shares are rounded too, so that even too much may be given.
    let byLoss = shares.indices.filter { shares[$0] > 0 }.sorted {
      (exact[$0] - Double(parts[$0]), $1) > (exact[$1] - Double(parts[$1]), $0)
    }
    let largest = shares.indices.max { shares[$0] < shares[$1] } ?? 0
    if missing < 0 { parts[largest] += missing }
    for place in 0..<max(0, missing) { parts[byLoss[place % byLoss.count]] += 1 }
    return parts
  }
}
