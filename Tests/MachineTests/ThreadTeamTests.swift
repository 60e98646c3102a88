import Testing

@testable import Machine

@Suite("Thread team")
struct ThreadTeamTests {
  @Test("every member takes part in every region", arguments: [1, 2, 5])
  func regions(threads: Int) {
    let team = ThreadTeam(threads: threads)
    #expect(team.threadCount == threads)
    let counts = Monitor([Int](repeating: 0, count: threads))
    for _ in 0..<500 {
      team.run { member in counts.withLock { $0[member] += 1 } }
    }
    #expect(counts.withLock { $0 } == [Int](repeating: 500, count: threads))
  }

  @Test("each index is taken once", arguments: [1, 3])
  func indices(threads: Int) {
    let team = ThreadTeam(threads: threads)
    let taken = Monitor([Int](repeating: 0, count: 1000))
    team.forEach(count: 1000) { index, member in
      #expect(member >= 0 && member < threads)
      taken.withLock { $0[index] += 1 }
    }
    #expect(taken.withLock { $0 }.allSatisfy { $0 == 1 })
  }

  @Test("ranges cover everything once, cut at multiples", arguments: [0, 1, 15, 16, 17, 100])
  func ranges(count: Int) {
    let team = ThreadTeam(threads: 3)
    let ranges = Monitor<[Range<Int>]>([])
    team.split(count, multiple: 16) { range, _ in ranges.withLock { $0.append(range) } }
    let sorted = ranges.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
    #expect(sorted.flatMap { Array($0) } == Array(0..<count))
    #expect(sorted.dropLast().allSatisfy { $0.upperBound % 16 == 0 })
  }
}
