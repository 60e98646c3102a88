import CTokenize
import TestSupport
import Testing

@testable import Tokenize

/// Random merges, with the slow obvious way to use them.
private struct MergeOracle {
  var merges: [BytePairMerge] = []
  var byteTokens: [TokenID]
  var tokenCount: Int
  let rankedByResult: Bool
  /// The bytes that have a token.
  let letters: [UInt8]
  private var ranks: [UInt64: (rank: Int, result: TokenID)] = [:]

  /// Of each seed other numbers of letters and merges; of some more merges than 16 bits can rank, or so
  /// many that the table for 16 bits is the larger one.
  init(rankedByResult: Bool, seed: UInt64) {
    self.init(
      letterCount: [1, 2, 3, 5, 256][Int(seed % 5)], mergeCount: Int(20 + seed * 20),
      rankedByResult: rankedByResult, padding: [0, 58_000, 0, 70_000][Int(seed % 4)], seed: seed)
  }

  /// - Parameter padding: Merges of tokens that no byte leads to, before, between and after.
  init(letterCount: Int, mergeCount: Int, rankedByResult: Bool, padding: Int, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    self.rankedByResult = rankedByResult
    letters = Array((0...255 as ClosedRange<UInt8>).shuffled(using: &generator)[..<letterCount])
    byteTokens = [TokenID](repeating: BytePairModel.absent, count: 256)
    // Bytes have any ids.
    let ids = (0..<TokenID(letterCount + mergeCount)).shuffled(using: &generator)
    for (index, letter) in letters.enumerated() { byteTokens[Int(letter)] = ids[index] }
    // Of many letters only a few merge, or hardly anything would.
    var known = Array(ids[..<min(letterCount, 6)])
    tokenCount = letterCount + mergeCount + padding + 2
    for index in 0..<mergeCount {
      addPadding(padding / mergeCount, using: &generator)
      let left = known.randomElement(using: &generator) ?? 0
      let right = known.randomElement(using: &generator) ?? 0
      // Several pairs may make one token, and a pair may be listed twice.
      let isNew = Bool.random(using: &generator) || index == 0
      let result = isNew ? ids[letterCount + index] : known.randomElement(using: &generator) ?? 0
      add(BytePairMerge(left: left, right: right, result: result))
      known.append(result)
      if index % 4 == 3, let again = merges.randomElement(using: &generator) {
        let other = known.randomElement(using: &generator) ?? 0
        add(BytePairMerge(left: again.left, right: again.right, result: other))
      }
    }
  }

  private mutating func addPadding(_ count: Int, using generator: inout SeededGenerator) {
    let unreached = TokenID(tokenCount / 2)..<TokenID(tokenCount)
    for _ in 0..<count {
      add(
        BytePairMerge(
          left: .random(in: unreached, using: &generator),
          right: .random(in: unreached, using: &generator),
          result: .random(in: unreached, using: &generator)))
    }
  }

  private mutating func add(_ merge: BytePairMerge) {
    let rank = rankedByResult ? Int(merge.result) : merges.count
    ranks[UInt64(merge.left) << 32 | UInt64(merge.right)] = (rank, merge.result)
    merges.append(merge)
  }

  func makeTable() throws -> PairTable {
    try PairTable(
      merges, rankedByResult: rankedByResult, byteTokens: byteTokens, tokenCount: tokenCount)
  }

  /// Merges the best, leftmost pair until none is left.
  func merge(_ word: [UInt8]) -> [TokenID] {
    var parts = word.map { byteTokens[Int($0)] }
    while true {
      var best: (rank: Int, place: Int, result: TokenID)?
      for place in parts.indices.dropLast() {
        let pair = UInt64(parts[place]) << 32 | UInt64(parts[place + 1])
        guard let found = ranks[pair], best.map({ found.rank < $0.rank }) ?? true else { continue }
        best = (found.rank, place, found.result)
      }
      guard let best else { return parts }
      parts[best.place] = best.result
      parts.remove(at: best.place + 1)
    }
  }
}

extension PairTable {
  /// The ids of each word that is not in a table, `nil` of one that is not merged with the others.
  fileprivate func ids(ofMissing words: [[UInt8]]) -> [[TokenID]?] {
    let batch = KeyBatch()
    for (index, word) in words.enumerated() {
      var bytes = [UInt8](repeating: 0, count: 16)
      bytes.replaceSubrange(0..<min(word.count, 16), with: word.prefix(16))
      bytes[15] = word.count > ShortWords.limit ? 16 : UInt8(word.count)
      unsafe batch.keys[index] = bytes.withUnsafeBytes { unsafe $0.load(as: ctok_key.self) }
      unsafe batch.missing[index] = ctok_missing(
        word: UInt32(index), ahead: 0, start: 0, end: 0)
    }
    var ids = TokenBuffer(capacity: 1)
    unsafe mergeWords(batch.keys, batch.missing, count: words.count, into: &ids)
    let places = unsafe words.indices.map { unsafe batch.missing[$0] }
    #expect(places.reduce(0) { $0 + $1.end - $1.start } == UInt32(ids.count))
    return places.map { $0.end == 0 ? nil : Array(ids.array[Int($0.start)..<Int($0.end)]) }
  }

  /// The ids of two words that are merged in turns.
  fileprivate func ids(_ first: [UInt8], _ second: [UInt8]) -> [[TokenID]] {
    var ids = TokenBuffer(capacity: 1)
    let counts = unsafe first.withUnsafeBufferPointer { first in
      unsafe second.withUnsafeBufferPointer { second in
        unsafe mergeBoth(
          ctok_bytes(start: first.baseAddress, count: first.count),
          ctok_bytes(start: second.baseAddress, count: second.count), into: &ids)
      }
    }
    #expect(counts.first + counts.second == ids.count)
    return [Array(ids.array.prefix(counts.first)), Array(ids.array.suffix(counts.second))]
  }

  /// The ids of a word.
  fileprivate func ids(_ word: [UInt8]) -> [TokenID] {
    var ids = TokenBuffer()
    unsafe word.withUnsafeBufferPointer { bytes in
      if let base = bytes.baseAddress { unsafe merge(base, count: bytes.count, into: &ids) }
    }
    return ids.array
  }
}

@Suite("Table of merges")
struct PairTableTests {
  @Test(
    "Words of 1 to 64 bytes merge as by the slow way", arguments: [false, true],
    0..<16 as Range<UInt64>)
  func equalsSlowWay(rankedByResult: Bool, seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed + 500)
    let oracle = MergeOracle(rankedByResult: rankedByResult, seed: seed)
    let table = try oracle.makeTable()
    let letters = Array(oracle.letters.prefix(6))
    var merged = 0
    for count in 1...PairTable.mergeLimit {
      let period = (0..<Int.random(in: 1...5, using: &generator)).map { _ in
        letters.randomElement(using: &generator) ?? 0
      }
      for word in [
        (0..<count).map { _ in letters.randomElement(using: &generator) ?? 0 },
        (0..<count).map { _ in oracle.letters.randomElement(using: &generator) ?? 0 },
        (0..<count).map { period[$0 % period.count] },
      ] {
        let expected = oracle.merge(word)
        #expect(table.ids(word) == expected, "seed \(seed), ranked \(rankedByResult): \(word)")
        if expected.count < count { merged += 1 }
      }
    }
    #expect(merged > 32, "seed \(seed) merges hardly anything")
  }

  @Test(
    "Short words merged together merge as by the slow way", arguments: [false, true],
    0..<12 as Range<UInt64>)
  func mergesTogether(rankedByResult: Bool, seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed + 900)
    let oracle = MergeOracle(rankedByResult: rankedByResult, seed: seed)
    let table = try oracle.makeTable()
    for count in Array(0...40) + [255, KeyBatch.capacity] {
      let longest = Int.random(in: 1...ShortWords.limit, using: &generator)
      let words = (0..<count).map { _ in
        (0..<Int.random(in: 1...longest, using: &generator)).map { _ in
          oracle.letters.randomElement(using: &generator) ?? 0
        }
      }
      let found = table.ids(ofMissing: words)
      #expect(found == words.map(oracle.merge), "seed \(seed): \(words)")
    }
    // Long words and those with a byte that has no token are left to others.
    let letter = oracle.letters[0]
    let words: [[UInt8]] = [1, 9, 16, 3].map { [UInt8](repeating: letter, count: $0) }
    #expect(table.ids(ofMissing: words).map { $0 == nil } == [false, false, true, false])
    let strangers = (0...255).filter { (byte: UInt8) in !oracle.letters.contains(byte) }
    for stranger in strangers.prefix(3) + strangers.suffix(3) {
      let others: [[UInt8]] = [
        [stranger], [letter, stranger], [stranger, letter, letter], [letter],
      ]
      #expect(table.ids(ofMissing: others).map { $0 == nil } == [true, true, true, false])
    }
  }

  @Test(
    "Two words merged in turns merge as by the slow way", arguments: [false, true],
    0..<6 as Range<UInt64>)
  func mergesInTurns(rankedByResult: Bool, seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed + 1300)
    let oracle = MergeOracle(rankedByResult: rankedByResult, seed: seed)
    let table = try oracle.makeTable()
    let few = Array(oracle.letters.prefix(4))
    for count in 1...PairTable.mergeLimit {
      // The second one as long, a little longer or shorter, or of any length.
      let near = min(
        max(count + Int.random(in: -2...2, using: &generator), 1), PairTable.mergeLimit)
      for other in [count, near, Int.random(in: 1...PairTable.mergeLimit, using: &generator)] {
        let words = [(count, few), (other, oracle.letters)].map { count, letters in
          (0..<count).map { _ in letters.randomElement(using: &generator) ?? 0 }
        }
        let expected = words.map(oracle.merge)
        #expect(table.ids(words[0], words[1]) == expected, "seed \(seed): \(words)")
        #expect(table.ids(words[1], words[0]) == expected.reversed(), "seed \(seed): \(words)")
      }
    }
  }

  @Test("Ids that follow the ranks are those of the list", arguments: [2, 1_000, 70_000])
  func numbered(repetitions: Int) throws {
    var byteTokens = [TokenID](repeating: BytePairModel.absent, count: 256)
    for byte in 0..<4 { byteTokens[byte] = TokenID(byte) }
    // Each merge makes the id behind the one before it; of the last ones, all of one pair, the last counts.
    var merges: [BytePairMerge] = []
    for left in 0..<4 as Range<TokenID> {
      for right in 0..<4 as Range<TokenID> {
        merges.append(BytePairMerge(left: left, right: right, result: 4 + TokenID(merges.count)))
      }
    }
    for _ in 0..<repetitions {
      merges.append(BytePairMerge(left: 4, right: 4, result: 4 + TokenID(merges.count)))
    }
    let table = try PairTable(merges, byteTokens: byteTokens, tokenCount: merges.count + 4)
    #expect(table.result(7) == 11)
    #expect(table.ids([1, 3]) == [4 + 7] && table.ids([0, 0, 3, 1, 2]) == [4, 3, 4 + 6])
    #expect(table.ids([0, 0, 0, 0]) == [TokenID(merges.count + 3)])
  }

  @Test(
    "Every pair of a large vocabulary has its rank, and no other pair has one",
    arguments: [
      (1, false), (6_000, false), (53_248, false), (53_249, false), (65_533, true), (106_496, true),
      (106_497, true),
    ])
  func ranks(mergeCount: Int, rankedByResult: Bool) throws {
    var generator = SeededGenerator(seed: UInt64(mergeCount))
    let tokens = 0..<TokenID(65_534)
    var ranks: [UInt64: UInt32] = [:]
    var merges: [BytePairMerge] = []
    while merges.count < mergeCount {
      // Half of the pairs have few left tokens, as in vocabularies.
      let left = TokenID.random(in: 0..<(merges.count % 2 == 0 ? 300 : 65_534), using: &generator)
      let merge = BytePairMerge(
        left: left, right: .random(in: tokens, using: &generator),
        result: .random(in: tokens, using: &generator))
      // A pair in a hundred is listed again.
      let again = merges.count % 100 == 99 ? merges[merges.count / 2] : merge
      merges.append(BytePairMerge(left: again.left, right: again.right, result: merge.result))
      let rank = rankedByResult ? merge.result : UInt32(merges.count - 1)
      ranks[UInt64(again.left) << 32 | UInt64(again.right)] = rank
    }
    let table = try PairTable(
      merges, rankedByResult: rankedByResult,
      byteTokens: [TokenID](repeating: BytePairModel.absent, count: 256), tokenCount: tokens.count)
    for (pair, rank) in ranks where table.rank(TokenID(pair >> 32), TokenID(pair & 0xFFFF)) != rank
    {
      Issue.record("pair \(pair >> 32), \(pair & 0xFFFF) should have rank \(rank)")
    }
    for _ in 0..<200_000 {
      let left = TokenID.random(in: tokens, using: &generator)
      let right = TokenID.random(in: tokens, using: &generator)
      let expected = ranks[UInt64(left) << 32 | UInt64(right)] ?? PairTable.noRank
      if table.rank(left, right) != expected {
        Issue.record("\(left), \(right) is not \(expected)")
      }
    }
  }

  @Test("One look serves vocabularies of 16 bits, and only those")
  func shortPairs() {
    let merges = (0..<50_000 as Range<TokenID>).map {
      BytePairMerge(left: $0 &* 7 % 65_000, right: $0 % 251, result: $0)
    }
    #expect(ShortPairs(merges, rankedByResult: false, highestToken: 65_534) != nil)
    #expect(ShortPairs(merges, rankedByResult: false, highestToken: 65_535) == nil)
    #expect(ShortPairs(merges, rankedByResult: true, highestToken: 65_534) != nil)
    #expect(ShortPairs(merges, rankedByResult: true, highestToken: 65_535) == nil)
    // More of one pair than a group may have.
    let same = [BytePairMerge](repeating: merges[1], count: 65)
    #expect(ShortPairs(same, rankedByResult: false, highestToken: 65_534) == nil)
    #expect(ShortPairs(Array(same[1...]), rankedByResult: false, highestToken: 65_534) != nil)
  }

  @Test(
    "The highest ids merge like others", arguments: [65_534, 65_535, 65_536] as [TokenID],
    [0, 70_000])
  func highestIDs(last: TokenID, others: Int) throws {
    var byteTokens = [TokenID](repeating: BytePairModel.absent, count: 256)
    byteTokens[0x61] = last
    byteTokens[0x62] = last - 1
    let merges = [
      BytePairMerge(left: last, right: last - 1, result: last - 2),
      BytePairMerge(left: last - 2, right: last, result: last - 3),
    ]
    let table = try PairTable(
      merges, byteTokens: byteTokens, tokenCount: Int(last) + 1 + others)
    let words = ["a", "b", "ab", "ba", "aba", "aaabb", "abaababab", "bbbbbbbbb"].map {
      Array($0.utf8)
    }
    let expected = [
      [last], [last - 1], [last - 2], [last - 1, last], [last - 3],
      [last, last, last - 2, last - 1],
      [last - 3, last - 2, last - 2, last - 2], [TokenID](repeating: last - 1, count: 9),
    ]
    #expect(words.map(table.ids) == expected)
    #expect(table.ids(ofMissing: words) == expected)
  }

  @Test(
    "Of equal merges the leftmost comes first, and of a pair listed twice the later rank counts")
  func order() throws {
    var byteTokens = [TokenID](repeating: BytePairModel.absent, count: 256)
    byteTokens[0x61] = 0
    byteTokens[0x62] = 1
    let merges = [
      BytePairMerge(left: 0, right: 1, result: 3), BytePairMerge(left: 0, right: 0, result: 2),
      BytePairMerge(left: 0, right: 1, result: 4),
    ]
    let table = try PairTable(merges, byteTokens: byteTokens, tokenCount: 5)
    #expect(table.ids(Array("aaa".utf8)) == [2, 0])
    #expect(table.ids(Array("aab".utf8)) == [2, 1])
    #expect(table.ids(Array("ab".utf8)) == [4])
    #expect(table.rank(0, 1) == 2 && table.rank(1, 0) == PairTable.noRank)
    let ranked = try PairTable(
      merges, rankedByResult: true, byteTokens: byteTokens, tokenCount: 5)
    #expect(ranked.ids(Array("aaab".utf8)) == [2, 4])
    #expect(ranked.rank(0, 1) == 4 && table.ids([]) == [])
  }
}
