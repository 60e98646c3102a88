internal import Machine
internal import Synchronization

/// Decides from which dataset the samples of a blend are drawn, one after another.
protocol BlendRule: Sendable {
  /// All that decides what is drawn, exactly.
  var description: String { get }

  /// Draws the samples behind `place` others, one for each place of `choices`, into which their
  /// datasets go; `taken` are the samples of each dataset so far.
  func draw(from place: Int, taken: inout [Int], into choices: inout [UInt16])
}

/// The samples of a blend, drawn as far as somebody asked.
///
/// How many of each dataset came before is kept for every block of samples; any sample is found by
/// drawing its block again. Two blocks are kept: who draws and who reads ahead ask in turn.
final class BlendLedger<Rule: BlendRule>: Sendable {
  /// Samples from one kept count to the next.
  let blockCount: Int
  private let rule: Rule
  private let datasetCount: Int
  private let file: BlendFile?
  private let state: Mutex<State>

  private struct State: Sendable {
    /// Samples of each dataset before each block, as far as they are known.
    var takenAtBlocks: [Int]
    /// How many of them lie in the file.
    var storedCount = 0
    /// The blocks that were looked at last.
    var blocks: [Block] = []
    /// Which of them was not looked at for longer.
    var older = 0
  }

  /// The samples of a block: their datasets and which of their samples they are.
  private struct Block: Sendable {
    var number = -1
    var choices: [UInt16]
    var samples: [Int]
  }

  /// Begins a blend, with what is known of it from a file of counts named by `base`.
  init(_ rule: Rule, datasetCount: Int, keptUnder base: String? = nil) {
    let blockCount = Self.blockCount(datasetCount)
    self.rule = rule
    self.datasetCount = datasetCount
    self.blockCount = blockCount
    file = base.map {
      BlendFile($0, rule: rule.description, datasetCount: datasetCount, blockCount: blockCount)
    }
    let stored = file?.read() ?? []
    let block = Block(
      choices: [UInt16](repeating: 0, count: blockCount),
      samples: [Int](repeating: 0, count: blockCount))
    state = Mutex(
      State(
        takenAtBlocks: stored.isEmpty ? [Int](repeating: 0, count: datasetCount) : stored,
        storedCount: stored.count, blocks: [block, block]))
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
      let found = find(place / blockCount, &state)
      let offset = place % blockCount
      return (Int(state.blocks[found].choices[offset]), state.blocks[found].samples[offset])
    }
  }

  /// How many of the first `count` samples come from a dataset.
  func taken(from dataset: Int, first count: Int) -> Int {
    state.withLock { state in
      let (block, offset) = count.quotientAndRemainder(dividingBy: blockCount)
      reach(block, &state)
      let taken = state.takenAtBlocks[block * datasetCount + dataset]
      guard offset > 0 else { return taken }
      let found = find(block, &state)
      return taken + state.blocks[found].choices[..<offset].count { Int($0) == dataset }
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
          let block = state.blocks[find(low, &state)]
          let offset = block.samples.indices.first {
            block.samples[$0] == sample && Int(block.choices[$0]) == dataset
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

  /// Brings a block into the state, and says where it is there.
  private func find(_ number: Int, _ state: inout State) -> Int {
    if let found = state.blocks.firstIndex(where: { $0.number == number }) {
      state.older = 1 - found
      return found
    }
    reach(number, &state)
    let place = state.older
    var taken = Array(
      state.takenAtBlocks[(number * datasetCount)..<((number + 1) * datasetCount)])
    var next = taken
    rule.draw(from: number * blockCount, taken: &next, into: &state.blocks[place].choices)
    if state.takenAtBlocks.count == (number + 1) * datasetCount { state.takenAtBlocks += next }
    for offset in 0..<blockCount {
      let choice = Int(state.blocks[place].choices[offset])
      state.blocks[place].samples[offset] = taken[choice]
      taken[choice] += 1
    }
    state.blocks[place].number = number
    state.older = 1 - place
    return place
  }

  // MARK: - Keeping

  /// Samples that are drawn again in a moment: fewer are not worth a file.
  static var keptCount: Int { 1 << 20 }

  /// Puts what was drawn into the file, where it is many more samples than the file tells of; draws
  /// as far as `count` before.
  func keep(drawing count: Int = 0) throws(IndexedDataError) {
    guard let file else { return }
    let counts = state.withLock { state -> [Int]? in
      reach(count / blockCount, &state)
      let isMore =
        (state.takenAtBlocks.count - state.storedCount) / datasetCount * blockCount
        >= Self.keptCount
      guard isMore else { return nil }
      state.storedCount = state.takenAtBlocks.count
      return state.takenAtBlocks
    }
    if let counts { try file.write(counts) }
  }
}
