import Testing

@testable import IndexedData

@Suite("Keyed permutations")
struct KeyedPermutationTests {
  private func order(_ count: Int, seed: UInt32, epoch: Int) -> [Int] {
    var key = KeyStream(seed: seed, epoch: epoch)
    let permutation = KeyedPermutation(count: count, key: &key)
    return (0..<count).map { permutation[$0] }
  }

  @Test("every number once, for any count")
  func permutes() {
    for count in Array(1...130) + [255, 256, 257, 1000, 4095, 4096, 4097, 65_537] {
      let numbers = order(count, seed: UInt32(count), epoch: count % 3)
      #expect(numbers.sorted() == Array(0..<count), "\(count)")
      var key = KeyStream(seed: UInt32(count), epoch: count % 3)
      let permutation = KeyedPermutation(count: count, key: &key)
      #expect(numbers.map { permutation.place(of: $0) } == Array(0..<count))
    }
  }

  @Test("seeds and epochs give others, equal ones the same")
  func keys() {
    let first = order(1000, seed: 1234, epoch: 0)
    #expect(first == order(1000, seed: 1234, epoch: 0))
    var seen: Set = [first]
    for epoch in 1..<50 { #expect(seen.insert(order(1000, seed: 1234, epoch: epoch)).inserted) }
    for seed in 0..<50 as Range<UInt32> {
      #expect(seen.insert(order(1000, seed: seed, epoch: 0)).inserted)
    }
  }

  @Test("counts that no array could hold")
  func large() {
    for count in [1 << 40, (1 << 40) + 1, (1 << 62) - 1, 1 << 62] {
      var key = KeyStream(seed: 7, epoch: 1)
      let permutation = KeyedPermutation(count: count, key: &key)
      let numbers = Set((0..<1000).map { permutation[count / 2 - $0] })
      #expect(numbers.count == 1000 && numbers.allSatisfy { $0 >= 0 && $0 < count })
    }
  }

  @Test("every number comes everywhere about as often")
  func uniform() {
    let count = 12
    let epochs = 12_000
    var times = [Int](repeating: 0, count: count * count)
    for epoch in 0..<epochs {
      for (place, number) in order(count, seed: 5, epoch: epoch).enumerated() {
        times[place * count + number] += 1
      }
    }
    // A thousand are expected of each; the standard deviation is 30.
    #expect(times.allSatisfy { abs($0 - 1000) < 160 }, "\(times)")
  }

  @Test("neighbours have nothing to do with each other")
  func neighbours() {
    let count = 20_000
    let numbers = order(count, seed: 9, epoch: 3).map { Double($0) / Double(count) - 0.5 }
    let product = zip(numbers, numbers.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
    // The correlation; its standard deviation is 1 / √20000.
    #expect(abs(product * 12 / Double(count)) < 0.03)
    let ascents = zip(numbers, numbers.dropFirst()).count { $0 < $1 }
    #expect(abs(Double(ascents) / Double(count) - 0.5) < 0.02)
  }
}
