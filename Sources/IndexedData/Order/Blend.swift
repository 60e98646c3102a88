internal import Machine

/// Which dataset each sample of a weighted blend comes from, as GPT-NeoX's helper decides: always
/// the dataset that is furthest behind its weight, the first one of several.
///
/// Samples are drawn as far as somebody asks; a count of each dataset is kept for every few thousand.
package struct Blend: Blending {
  /// The most datasets that can be blended; GPT-NeoX's limit is 254.
  package static let datasetLimit = 65_535

  /// How many samples there are.
  package let count: Int
  private let datasetCount: Int
  private let ledger: BlendLedger<NeoxBlendRule>

  /// Blends `count` samples; what is known of them is kept in a file whose name begins with `base`.
  ///
  /// - Precondition: 1 to ``datasetLimit`` weights, none negative, not all zero.
  package init(weights: [Double], count: Int, keptUnder base: String? = nil) {
    precondition(!weights.isEmpty && weights.count <= Self.datasetLimit && count >= 0)
    self.count = count
    datasetCount = weights.count
    let sum = BlendWeights.pairwiseSum(weights[...])
    ledger = BlendLedger(
      NeoxBlendRule(weights: weights.map { $0 / sum }), datasetCount: weights.count,
      keptUnder: weights.count > 1 ? base : nil)
  }

  /// The dataset a sample comes from, and which one of its samples it is.
  ///
  /// - Precondition: `0 ≤ index < count`.
  package subscript(index: Int) -> (dataset: Int, sample: Int) {
    precondition(index >= 0 && index < count)
    guard datasetCount > 1 else { return (0, index) }
    return ledger.sample(index)
  }

  /// How many of the first `count` samples come from a dataset.
  ///
  /// - Precondition: `0 ≤ count ≤ self.count`.
  package func taken(from dataset: Int, first count: Int) -> Int {
    precondition(count >= 0 && count <= self.count)
    guard datasetCount > 1 else { return count }
    return ledger.taken(from: dataset, first: count)
  }

  /// Which sample is the one of a dataset with this number; `nil` where the blend ends before.
  package func index(of sample: Int, from dataset: Int) -> Int? {
    guard sample >= 0 else { return nil }
    guard datasetCount > 1 else { return sample < count ? sample : nil }
    return ledger.index(of: sample, from: dataset, within: count)
  }

  package func keep(all: Bool) throws(IndexedDataError) {
    try ledger.keep(drawing: all ? count : 0)
  }
}
