/// Which dataset each sample of a weighted blend comes from, as GPT-NeoX's helper decides: always
/// the dataset that is furthest behind its weight, the first one of several.
///
/// The choices take a byte a sample; which sample of the dataset it is, is counted from the last
/// of ``blockCount`` samples where all counts are kept.
package struct Blend: Blending {
  /// The most datasets that can be blended.
  package static let datasetLimit = 254
  static let blockCount = 4096

  /// How many samples there are.
  package let count: Int
  let datasetCount: Int
  // Empty for one dataset alone, where there is nothing to choose.
  let choices: [UInt8]
  let takenAtBlocks: [Int]

  /// Decides for `count` samples.
  ///
  /// - Precondition: 1 to ``datasetLimit`` weights, none negative, not all zero.
  package init(weights: [Double], count: Int) {
    precondition(!weights.isEmpty && weights.count <= Self.datasetLimit && count >= 0)
    self.count = count
    datasetCount = weights.count
    guard weights.count > 1 else {
      choices = []
      takenAtBlocks = []
      return
    }
    let sum = BlendWeights.pairwiseSum(weights[...])
    let weights = weights.map { $0 / sum }
    var taken = [Int](repeating: 0, count: weights.count)
    var takenAtBlocks: [Int] = []
    choices = [UInt8](capacity: count) { choices in
      for place in 0..<count {
        if place % Self.blockCount == 0 { takenAtBlocks += taken }
        let samples = Double(max(place, 1))
        var choice = 0
        var most = weights[0] * samples - Double(taken[0])
        for dataset in 1..<weights.count {
          let behind = weights[dataset] * samples - Double(taken[dataset])
          if behind > most {
            most = behind
            choice = dataset
          }
        }
        choices.append(UInt8(choice))
        taken[choice] += 1
      }
    }
    self.takenAtBlocks = takenAtBlocks
  }

  /// The dataset a sample comes from, and which one of its samples it is.
  ///
  /// - Precondition: `0 ≤ index < count`.
  package subscript(index: Int) -> (dataset: Int, sample: Int) {
    precondition(index >= 0 && index < count)
    guard datasetCount > 1 else { return (0, index) }
    let block = index / Self.blockCount
    let choice = choices[index]
    var sample = takenAtBlocks[block * datasetCount + Int(choice)]
    for place in (block * Self.blockCount)..<index where choices[place] == choice { sample += 1 }
    return (Int(choice), sample)
  }
}
