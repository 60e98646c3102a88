internal import Machine

/// Decides from which dataset the samples of a blend are drawn, one after another.
protocol BlendRule: Sendable {
  /// Draws the samples behind `place` others, one for each place of `choices`, into which their
  /// datasets go; `taken` are the samples of each dataset so far.
  func draw(from place: Int, taken: inout [Int], into choices: inout [UInt16])
}

/// The samples of a blend, drawn as far as somebody asked.
///
/// How many of each dataset came before is kept for every block of samples; any sample is found by
/// drawing its block again, and that of the last question is kept.
final class BlendLedger<Rule: BlendRule>: Sendable {
  /// Samples from one kept count to the next.
  let blockCount: Int
  private let rule: Rule
  private let datasetCount: Int
  private let state: Monitor<State>

  private struct State: Sendable {
    /// Samples of each dataset before each block, as far as they are known.
    var takenAtBlocks: [Int]
    /// The block that was looked at last: its number, datasets and which of their samples.
    var block = -1
    var choices: [UInt16] = []
    var samples: [Int] = []
  }

  /// Begins a blend.
  init(_ rule: Rule, datasetCount: Int) {
    self.rule = rule
    self.datasetCount = datasetCount
    blockCount = Self.blockCount(datasetCount)
    state = Monitor(State(takenAtBlocks: [Int](repeating: 0, count: datasetCount)))
  }

  /// Counts of few datasets are kept every 4,096 samples; those of many would take more memory than
  /// a byte a sample.
  static func blockCount(_ datasetCount: Int) -> Int {
    var count = 4096
    while 8 * datasetCount > count { count *= 2 }
    return count
  }

  /// The dataset a sample comes from, and which one of its samples it is.
  func sample(_ place: Int) -> (dataset: Int, sample: Int) {
    state.withLock { state in
      find(place / blockCount, &state)
      let offset = place % blockCount
      return (Int(state.choices[offset]), state.samples[offset])
    }
  }

  /// How many of the first `count` samples come from a dataset.
  func taken(from dataset: Int, first count: Int) -> Int {
    state.withLock { state in
      let (block, offset) = count.quotientAndRemainder(dividingBy: blockCount)
      reach(block, &state)
      let taken = state.takenAtBlocks[block * datasetCount + dataset]
      guard offset > 0 else { return taken }
      find(block, &state)
      return taken + state.choices[..<offset].count { Int($0) == dataset }
    }
  }

  /// Which of the first `limit` samples is the one of a dataset with this number; `nil` for none.
  func index(of sample: Int, from dataset: Int, within limit: Int) -> Int? {
    state.withLock { state in
      // The last block that begins with no more than this many taken.
      var low = 0
      var high = state.takenAtBlocks.count / datasetCount
      while high - low > 1 {
        let middle = low + (high - low) / 2
        if state.takenAtBlocks[middle * datasetCount + dataset] <= sample {
          low = middle
        } else {
          high = middle
        }
      }
      while low * blockCount < limit {
        reach(low + 1, &state)
        guard state.takenAtBlocks[(low + 1) * datasetCount + dataset] <= sample else {
          find(low, &state)
          let offset = state.samples.indices.first {
            state.samples[$0] == sample && Int(state.choices[$0]) == dataset
          }
          return offset.map { low * blockCount + $0 }.flatMap { $0 < limit ? $0 : nil }
        }
        low += 1
      }
      return nil
    }
  }

  /// Draws on until the counts before a block are known.
  private func reach(_ block: Int, _ state: inout State) {
    var next = state.takenAtBlocks.count / datasetCount - 1
    guard next < block else { return }
    var taken = Array(state.takenAtBlocks.suffix(datasetCount))
    var choices = [UInt16](repeating: 0, count: blockCount)
    while next < block {
      rule.draw(from: next * blockCount, taken: &taken, into: &choices)
      state.takenAtBlocks += taken
      next += 1
    }
  }

  /// Brings a block into the state.
  private func find(_ block: Int, _ state: inout State) {
    guard state.block != block else { return }
    reach(block, &state)
    var taken = Array(
      state.takenAtBlocks[(block * datasetCount)..<((block + 1) * datasetCount)])
    var next = taken
    if state.choices.isEmpty { state.choices = [UInt16](repeating: 0, count: blockCount) }
    rule.draw(from: block * blockCount, taken: &next, into: &state.choices)
    if state.takenAtBlocks.count == (block + 1) * datasetCount { state.takenAtBlocks += next }
    state.samples.removeAll(keepingCapacity: true)
    for choice in state.choices {
      state.samples.append(taken[Int(choice)])
      taken[Int(choice)] += 1
    }
    state.block = block
  }
}
