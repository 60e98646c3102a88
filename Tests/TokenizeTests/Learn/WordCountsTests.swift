import TestSupport
import Testing
import Tokenize

@Suite("Counting words")
struct WordCountsTests {
  @Test("counts as a dictionary does", arguments: [1, 2, 3] as [UInt64])
  func equalsDictionary(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let text = (0..<60_000).map { _ in UInt8(generator.next() % 3) }
    var counts = WordCounts()
    var expected: [[UInt8]: UInt64] = [:]
    var start = 0
    while start < text.count {
      let end = min(text.count, start + Int(generator.next() % 40))
      try unsafe counts.add(start..<end, of: text.span.bytes)
      if end > start { expected[Array(text[start..<end]), default: 0] += 1 }
      start = end + (end == start ? 1 : 0)
    }
    let distinct = counts.distinct
    let total = counts.total
    var sum = WordCounts()
    try sum.add(counts)
    try sum.add(counts)
    var found: [[UInt8]: UInt64] = [:]
    sum.forEachWord { found[$0, default: 0] += $1 }
    #expect(distinct == expected.count, "seed \(seed)")
    #expect(total == expected.values.reduce(0, +), "seed \(seed)")
    #expect(found == expected.mapValues { $0 * 2 }, "seed \(seed)")
  }

  @Test("refuses one distinct word too many")
  func limit() throws {
    var counts = WordCounts(limit: 3)
    for word in ["a", "b", "a long word of many bytes", "a", "b"] { try counts.add(word) }
    #expect(throws: TokenizeError.self) { try limited("c") }
    #expect(throws: TokenizeError.self) { try limited("another long word of many bytes") }
    func limited(_ word: String) throws {
      var full = WordCounts(limit: 3)
      try full.add(counts)
      try full.add(word)
    }
  }
}
