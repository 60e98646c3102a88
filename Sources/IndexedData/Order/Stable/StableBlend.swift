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
/// memory and the time to find any sample do not grow. Others are rounded to 2^-52, and the counts
/// of every ``blockCount``-th sample are kept, up to the farthest that was asked for.
package final class StableBlend: Blending {
  /// The most datasets that can be blended.
  package static let datasetLimit = Blend.datasetLimit
  /// The longest period that is looked for.
  static let periodLimit = 1 << 16
  /// Samples between kept counts.
  static let blockCount = 4096

  /// Shares in parts of ``total``.
  let parts: [Int]
  /// What the shares add up to, which is the period where there is one.
  let total: Int
  private let isPeriodic: Bool
  private let state: Monitor<State>

  private struct State: Sendable {
    /// Samples of each dataset before each block, as far as they are known.
    var takenAtBlocks: [Int]
    /// The block that was looked at last: its number, datasets and which of their samples.
    var block = -1
    var choices: [UInt8] = []
    var samples: [Int] = []
  }

  /// Blends datasets by weight.
  ///
  /// - Precondition: 1 to ``datasetLimit`` weights, none negative, not all zero.
  package init(weights: [Double]) {
    precondition(!weights.isEmpty && weights.count <= Self.datasetLimit)
    let sum = weights.reduce(0, +)
    let shares = weights.map { $0 / sum }
    let period = Self.period(shares)
    isPeriodic = period != nil
    total = period ?? 1 << 52
    parts = Self.parts(shares, total)
    state = Monitor(State(takenAtBlocks: [Int](repeating: 0, count: weights.count)))
  }

  package var count: Int { StableOrder.endlessCount }

  package subscript(index: Int) -> (dataset: Int, sample: Int) {
    precondition(index >= 0)
    guard parts.count > 1 else { return (0, index) }
    let (pass, place) = isPeriodic ? index.quotientAndRemainder(dividingBy: total) : (0, index)
    let (dataset, sample) = state.withLock { state in
      find(place / Self.blockCount, &state)
      let offset = place % Self.blockCount
      return (Int(state.choices[offset]), state.samples[offset])
    }
    return (dataset, pass * parts[dataset] + sample)
  }

  package func taken(from dataset: Int, first count: Int) -> Int {
    precondition(count >= 0)
    guard parts.count > 1 else { return count }
    let (pass, place) = isPeriodic ? count.quotientAndRemainder(dividingBy: total) : (0, count)
    let block = place / Self.blockCount
    let taken = state.withLock { state in
      find(block, &state)
      return state.takenAtBlocks[block * parts.count + dataset]
        + state.choices.prefix(place % Self.blockCount).count { Int($0) == dataset }
    }
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

  /// Brings a block into the state.
  private func find(_ block: Int, _ state: inout State) {
    guard state.block != block else { return }
    var next = min(block, state.takenAtBlocks.count / parts.count - 1)
    while true {
      let counts = state.takenAtBlocks[(next * parts.count)..<((next + 1) * parts.count)]
      var schedule = BlendSchedule(
        parts: parts, total: total, taken: Array(counts), at: next * Self.blockCount)
      if next == block {
        state.choices.removeAll(keepingCapacity: true)
        state.samples.removeAll(keepingCapacity: true)
        for _ in 0..<Self.blockCount {
          let dataset = schedule.next()
          state.choices.append(UInt8(dataset))
          state.samples.append(schedule.taken[dataset] - 1)
        }
        state.block = block
      } else {
        for _ in 0..<Self.blockCount { _ = schedule.next() }
      }
      if state.takenAtBlocks.count == (next + 1) * parts.count {
        state.takenAtBlocks += schedule.taken
      }
      if next == block { return }
      next += 1
    }
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

/// The state of a blend between two samples.
struct BlendSchedule {
  private let parts: [Int]
  private let total: Int
  /// Samples of each dataset so far.
  private(set) var taken: [Int]
  /// How many samples were drawn.
  private var place: Int
  /// After how many samples the next one of each dataset may come, and has come.
  private var releases: [Int]
  private var deadlines: [Int]

  /// Goes on behind `place` samples.
  init(parts: [Int], total: Int, taken: [Int], at place: Int) {
    self.parts = parts
    self.total = total
    self.taken = taken
    self.place = place
    releases = parts.map { _ in .max }
    deadlines = releases
    for dataset in parts.indices where parts[dataset] > 0 { plan(dataset) }
  }

  /// After how many samples the one with this number may come: the most n with `n·part ≤ number·total`.
  static func release(of number: Int, part: Int, total: Int) -> Int {
    let product = UInt(total).multipliedFullWidth(by: UInt(number))
    return Int(UInt(part).dividingFullWidth(product).quotient)
  }

  /// After how many samples it has come: the least n with `n·part ≥ (number + 1)·total`.
  static func deadline(of number: Int, part: Int, total: Int) -> Int {
    let product = UInt(total).multipliedFullWidth(by: UInt(number + 1))
    let (quotient, remainder) = UInt(part).dividingFullWidth(product)
    return Int(quotient) + (remainder > 0 ? 1 : 0)
  }

  private mutating func plan(_ dataset: Int) {
    let part = parts[dataset]
    releases[dataset] = Self.release(of: taken[dataset], part: part, total: total)
    deadlines[dataset] = Self.deadline(of: taken[dataset], part: part, total: total)
  }

  /// Draws the next sample; says from which dataset.
  mutating func next() -> Int {
    var choice = 0
    var earliest = Int.max
    for dataset in parts.indices
    where releases[dataset] <= place && deadlines[dataset] < earliest {
      choice = dataset
      earliest = deadlines[dataset]
    }
    taken[choice] += 1
    place += 1
    plan(choice)
    return choice
  }
}
