import TestSupport
import Testing

@testable import IndexedData

/// Figures of NumPy itself (1.26 and 2.4 give the same).
@Suite("NumPy's generator")
struct MersenneTwisterTests {
  @Test(
    "first numbers",
    arguments: [
      (0, [2_357_136_044, 2_546_248_239, 3_071_714_933, 3_626_093_760]),
      (1, [1_791_095_845, 4_282_876_139, 3_093_770_124, 4_005_303_368]),
      (42, [1_608_637_542, 3_421_126_067, 4_083_286_876, 787_846_414]),
      (1234, [822_569_775, 2_137_449_171, 2_671_936_806, 3_512_589_365]),
      (.max, [419_326_371, 479_346_978, 3_918_654_476, 2_416_749_639]),
    ] as [(UInt32, [UInt32])])
  func firstNumbers(seed: UInt32, expected: [UInt32]) {
    var generator = MersenneTwister(seed: seed)
    #expect((0..<4).map { _ in generator.next() } == expected)
  }

  @Test(
    "ten numbers shuffled",
    arguments: [
      (0, [2, 8, 4, 9, 1, 6, 7, 3, 0, 5], 12), (1, [2, 9, 6, 4, 0, 3, 1, 7, 8, 5], 13),
      (42, [8, 1, 5, 0, 7, 2, 9, 4, 3, 6], 10), (1234, [7, 2, 9, 1, 0, 8, 4, 5, 6, 3], 11),
      (.max, [6, 9, 5, 1, 8, 0, 7, 4, 2, 3], 11),
    ] as [(UInt32, [Int32], Int)])
  func tenNumbers(seed: UInt32, expected: [Int32], draws: Int) {
    var generator = MersenneTwister(seed: seed)
    var numbers = [Int32](0..<10)
    generator.shuffle(&numbers)
    #expect(numbers == expected)
    var counter = MersenneTwister(seed: seed)
    for _ in 0..<draws { _ = counter.next() }
    #expect(generator.next() == counter.next())
  }

  @Test("the generator goes on from one shuffle to the next")
  func twoShuffles() {
    var generator = MersenneTwister(seed: 1234)
    var first = [Int64](0..<10)
    var second = [UInt32](0..<7)
    generator.shuffle(&first)
    generator.shuffle(&second)
    #expect(second == [6, 4, 0, 5, 3, 2, 1])
  }

  @Test("nothing is drawn for less than two numbers", arguments: [0, 1])
  func nothingToDraw(count: Int) {
    var generator = MersenneTwister(seed: 1234)
    var numbers = [Int32](repeating: 7, count: count)
    generator.shuffle(&numbers)
    #expect(generator.next() == 822_569_775)
  }

  @Test("64-bit draws take the high half first")
  func wideDraws() {
    var generator = MersenneTwister(seed: 1234)
    #expect(generator.next(upTo: .max) == 0x3107_6B2F_7F66_E2D3)
    #expect(generator.next(upTo: 0) == 0)
  }

  @Test(
    "long shuffles",
    arguments: [
      (100, 1234, [40, 35, 81, 61, 98], [38, 83, 47]),
      (1000, 42, [521, 737, 740, 660, 411], [860, 435, 102]),
      (65536, 1234, [18723, 41126, 899, 9519, 17160], [34086, 58067, 27439]),
      (100_000, 42, [75721, 80184, 19864, 76699, 92991], [76820, 860, 15795]),
    ] as [(Int, UInt32, [Int32], [Int32])])
  func longShuffles(count: Int, seed: UInt32, head: [Int32], tail: [Int32]) {
    var generator = MersenneTwister(seed: seed)
    var numbers = [Int32](0..<Int32(count))
    generator.shuffle(&numbers)
    #expect(Array(numbers.prefix(5)) == head && Array(numbers.suffix(3)) == tail)
    #expect(numbers.sorted() == [Int32](0..<Int32(count)))
  }

  @Test(
    "the blocks of swaps are those of a plain loop", arguments: [2, 3, 513, 1024, 1025, 70_001])
  func plainLoop(count: Int) {
    var generator = MersenneTwister(seed: 99)
    var plain = generator
    var skipping = generator
    var numbers = [Int64](0..<Int64(count))
    var expected = numbers
    generator.shuffle(&numbers)
    for last in stride(from: count - 1, to: 0, by: -1) {
      expected.swapAt(last, Int(plain.next(upTo: UInt64(last))))
    }
    #expect(numbers == expected)
    skipping.skipShuffle(count: count)
    let next = generator.next()
    #expect(next == plain.next())
    #expect(next == skipping.next(), "skipped rather than done")
  }
}
