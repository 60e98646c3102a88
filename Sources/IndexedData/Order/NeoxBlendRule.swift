/// GPT-NeoX's rule: always the dataset that is furthest behind its weight, the first one of several.
///
/// How far it is behind is `weight · n - taken`, rounded twice as there; nothing is reordered.
struct NeoxBlendRule: BlendRule {
  /// Among so many datasets all are looked at for each sample.
  private static let fewCount = 32

  /// Shares that add up to one.
  let weights: [Double]

  var description: String {
    "neox " + weights.map { String($0.bitPattern, radix: 16) }.joined(separator: " ")
  }

  func draw(from place: Int, taken: inout [Int], into choices: inout [UInt16]) {
    if weights.count == 2 {
      drawOfTwo(from: place, &taken, &choices)
    } else if weights.count <= Self.fewCount {
      var some = Candidates(weights.indices, weights, taken)
      for step in choices.indices {
        let (choice, _) = some.draw(Double(max(place + step, 1)))
        choices[step] = UInt16(some.datasets[choice])
      }
      some.store(in: &taken)
    } else {
      drawOfMany(from: place, &taken, &choices)
    }
  }

  // Without a branch, for it would often be guessed wrong.
  private func drawOfTwo(from place: Int, _ taken: inout [Int], _ choices: inout [UInt16]) {
    let (first, second) = (weights[0], weights[1])
    var (ofFirst, ofSecond) = (Double(taken[0]), Double(taken[1]))
    unsafe choices.withUnsafeMutableBufferPointer { choices in
      for step in 0..<choices.count {
        let samples = Double(max(place + step, 1))
        let isSecond = second * samples - ofSecond > first * samples - ofFirst
        unsafe choices[step] = isSecond ? 1 : 0
        let one = isSecond ? 1.0 : 0.0
        ofSecond += one
        ofFirst += 1 - one
      }
    }
    taken = [Int(ofFirst), Int(ofSecond)]
  }

  /// Looks at all datasets only now and then.
  ///
  /// How far a dataset is behind grows until it is drawn. So those that at the end of some samples
  /// will not have reached a level cannot be drawn before then, as long as what is drawn is not below
  /// that level; where it would be, the datasets are looked at anew.
  private func drawOfMany(from place: Int, _ taken: inout [Int], _ choices: inout [UInt16]) {
    var span = 64
    var slack = 1 / Double(weights.count)
    var step = 0
    while step < choices.count {
      let end = min(choices.count, step + span)
      let now = Double(max(place + step, 1))
      let last = Double(max(place + end - 1, 1))
      var most = -Double.infinity
      for dataset in weights.indices {
        most = max(most, weights[dataset] * now - Double(taken[dataset]))
      }
      let level = most - slack
      let hopeful = weights.indices.filter { weights[$0] * last - Double(taken[$0]) >= level }
      var some = Candidates(hopeful, weights, taken)
      let first = step
      while step < end {
        let (choice, behind) = some.best(Double(max(place + step, 1)))
        guard behind >= level else { break }
        some.take(choice)
        choices[step] = UInt16(some.datasets[choice])
        step += 1
      }
      some.store(in: &taken)
      // A level that is too high ends early, one too low lets too many in.
      if step < end, step - first < span / 2 {
        slack *= 2
      } else if hopeful.count > 4 * span {
        slack /= 2
        span = max(16, span / 2)
      } else if step == end {
        span = min(512, span * 2)
      }
    }
  }
}

/// Some datasets that are looked at for each sample, ascending.
private struct Candidates {
  let datasets: [Int]
  private let weights: [Double]
  private var taken: [Double]

  init(_ datasets: some Sequence<Int>, _ weights: [Double], _ taken: [Int]) {
    self.datasets = Array(datasets)
    self.weights = self.datasets.map { weights[$0] }
    self.taken = self.datasets.map { Double(taken[$0]) }
  }

  /// The first of those that are furthest behind, and how far.
  func best(_ samples: Double) -> (choice: Int, behind: Double) {
    unsafe weights.withUnsafeBufferPointer { weights in
      unsafe taken.withUnsafeBufferPointer { taken in
        var choice = 0
        var most = -Double.infinity
        for place in 0..<weights.count {
          let behind = unsafe weights[place] * samples - taken[place]
          choice = behind > most ? place : choice
          most = behind > most ? behind : most
        }
        return (choice, most)
      }
    }
  }

  mutating func take(_ choice: Int) { taken[choice] += 1 }

  mutating func draw(_ samples: Double) -> (choice: Int, behind: Double) {
    let found = best(samples)
    take(found.choice)
    return found
  }

  func store(in all: inout [Int]) {
    for (dataset, count) in zip(datasets, taken) { all[dataset] = Int(count) }
  }
}
