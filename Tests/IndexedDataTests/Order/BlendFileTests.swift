import Foundation
import TestSupport
import Testing

@testable import IndexedData

@Suite("Counts of blends that are kept")
struct BlendFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
  }

  private func blend(_ weights: [Double], _ count: Int) -> Blend {
    Blend(weights: weights, count: count, keptUnder: folder.file("a_train"))
  }

  @Test("a long blend is the same with and without its file")
  func same() throws {
    let weights = [0.31, 0.2, 0.07, 0.42]
    let count = (1 << 20) + 5000
    let plain = Blend(weights: weights, count: count)
    try blend(weights, count).keep(all: true)
    #expect(try names.count == 1 && names[0].hasSuffix("_counts.npy"))
    let kept = blend(weights, count)
    for index in [count - 1, 0, 4095, 4096, 777_777, count - 4097] {
      #expect(kept[index] == plain[index])
      #expect(kept.index(of: plain[index].sample, from: plain[index].dataset) == index)
    }
    for dataset in weights.indices {
      #expect(kept.taken(from: dataset, first: count) == plain.taken(from: dataset, first: count))
    }
    // A longer one goes on behind it, and adds to the file when that is worth it.
    let longer = blend(weights, 3 * count)
    #expect(longer[3 * count - 1] == Blend(weights: weights, count: 3 * count)[3 * count - 1])
    let before = try folder.read(names[0]).count
    try longer.keep(all: false)
    #expect(try names.count == 1 && folder.read(names[0]).count > 2 * before)
  }

  @Test("the file is really read: other counts of the right sums give other samples")
  func isRead() throws {
    let count = 1 << 21
    try blend([1, 1], count).keep(all: true)
    let path = folder.file(try names[0])
    let file = try NumPyFile(path: path)
    var counts = (0..<file.count).map { file.integer(at: $0) }
    for row in 1..<(file.count / 2) {
      counts[2 * row] -= 7
      counts[2 * row + 1] += 7
    }
    try NumPyFile.write(counts, shape: file.header.shape, to: path)
    #expect(blend([1, 1], count).taken(from: 0, first: 4096) == 2041)
  }

  @Test("short blends have no file, and other weights another one")
  func naming() throws {
    try blend([1, 2], 1 << 19).keep(all: true)
    try blend([1], 1 << 22).keep(all: true)
    #expect(try names.isEmpty)
    try blend([1, 2], 1 << 21).keep(all: false)
    #expect(try names.isEmpty, "nothing was drawn")
    try blend([1, 2], 1 << 21).keep(all: true)
    try blend([2, 1], 1 << 21).keep(all: true)
    #expect(try Set(names).count == 2)
  }

  @Test("a file that cannot be right is not used, and written anew", arguments: 0..<6)
  func damage(kind: Int) throws {
    let weights = [0.6, 0.4]
    let count = 1 << 21
    let plain = Blend(weights: weights, count: count)
    try blend(weights, count).keep(all: true)
    let path = folder.file(try names[0])
    let good = try folder.read(names[0])
    let file = try NumPyFile(path: path)
    var shape = file.header.shape
    var counts = (0..<file.count).map { file.integer(at: $0) }
    switch kind {
    case 0: counts[400] += 1
    case 1: (counts[400], counts[401]) = (.max, .min)
    case 2: counts[0] = 1
    case 3: shape = [file.count]
    case 4: (counts, shape) = ([], [0, 2])
    default: (counts[400], counts[401]) = (counts[400] - 5000, counts[401] + 5000)
    }
    try NumPyFile.write(counts, shape: shape, to: path)
    let again = blend(weights, count)
    #expect(again[count - 1] == plain[count - 1])
    try again.keep(all: true)
    #expect(try folder.read(names[0]) == good)
  }

  @Test("a stable blend without a period is kept as well")
  func stable() throws {
    let weights = [Double(2).squareRoot(), 1, Double(3).squareRoot()]
    let place = (1 << 20) + 9999
    let plain = StableBlend(weights: weights)
    let first = StableBlend(weights: weights, keptUnder: folder.file("a_train"))
    #expect(first[place] == plain[place])
    try first.keep(all: false)
    #expect(try names.count == 1)
    let second = StableBlend(weights: weights, keptUnder: folder.file("a_train"))
    #expect(second[place] == plain[place] && second[1234] == plain[1234])
  }
}
