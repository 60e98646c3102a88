import TestSupport
import Testing

@testable import Tokenize

/// A vocabulary of random merges over a few letters, with the slow obvious way to use it.
struct RandomVocabulary {
  var tokens: [[UInt8]?]
  var merges: [BytePairMerge] = []
  private var ranks: [[TokenID]: Int] = [:]

  /// - Parameter letters: The bytes that merges are made of; the other bytes stay single.
  init(letters: [UInt8], mergeCount: Int, seed: UInt64, withoutByte: UInt8? = nil) {
    var generator = SeededGenerator(seed: seed)
    tokens = (0...255).map { $0 == withoutByte ? nil : [UInt8($0)] }
    var known = letters.map { TokenID($0) }
    var seen: Set<[UInt8]> = []
    while merges.count < mergeCount {
      let left = known[Int.random(in: 0..<known.count, using: &generator)]
      let right = known[Int.random(in: 0..<known.count, using: &generator)]
      guard let leftBytes = tokens[Int(left)], let rightBytes = tokens[Int(right)] else { continue }
      let bytes = leftBytes + rightBytes
      guard bytes.count <= 40, ranks[[left, right]] == nil, seen.insert(bytes).inserted else {
        continue
      }
      let result = TokenID(tokens.count)
      ranks[[left, right]] = merges.count
      merges.append(BytePairMerge(left: left, right: right, result: result))
      tokens.append(bytes)
      known.append(result)
    }
  }

  /// Merges the best, leftmost pair until none is left.
  func encodeSlowly(_ word: [UInt8]) -> [TokenID] {
    var parts = word.compactMap { byte in tokens[Int(byte)] == nil ? nil : TokenID(byte) }
    while true {
      var best: (rank: Int, place: Int)?
      for place in parts.indices.dropLast() {
        guard let rank = ranks[[parts[place], parts[place + 1]]] else { continue }
        if best.map({ rank < $0.rank }) ?? true { best = (rank, place) }
      }
      guard let best else { return parts }
      parts[best.place] = merges[best.rank].result
      parts.remove(at: best.place + 1)
    }
  }
}

extension ByteLevelEncoder {
  /// The ids of a text, with a cache of its own.
  func ids(_ text: [UInt8], byteBudget: Int = 1 << 20) -> [TokenID] {
    var cache = WordCache(byteBudget: byteBudget)
    var buffer = TokenBuffer()
    unsafe encode(text.span.bytes, into: &buffer, cache: &cache)
    return buffer.array
  }
}

extension TokenBuffer {
  /// A copy of the ids.
  var array: [TokenID] { ids.indices.map { ids[$0] } }
}

@Suite("Byte pair encoding")
struct BytePairTests {
  private static let letters = Array("abcde".utf8)

  @Test("Words of every length encode as by the slow way", arguments: 0..<12 as Range<UInt64>)
  func equalsSlowWay(seed: UInt64) throws {
    let vocabulary = RandomVocabulary(letters: Self.letters, mergeCount: 300, seed: seed)
    let encoder = ByteLevelEncoder(
      model: try BytePairModel(tokens: TokenTable(vocabulary.tokens), merges: vocabulary.merges),
      rule: .gpt2)
    var generator = SeededGenerator(seed: seed + 1000)
    for length in [
      1, 2, 3, 7, 14, 15, 16, 17, 31, 64, 127, 128, 129, 256, 257, 511, 512, 700, 1500,
    ] {
      let word = (0..<length).map { _ in
        Self.letters[Int.random(in: 0..<Self.letters.count, using: &generator)]
      }
      #expect(encoder.ids(word) == vocabulary.encodeSlowly(word), "seed \(seed), \(length) bytes")
    }
  }

  @Test("Words of one repeated letter encode as by the slow way", arguments: [1, 2, 3] as [UInt64])
  func repetition(seed: UInt64) throws {
    let vocabulary = RandomVocabulary(letters: Array("a".utf8), mergeCount: 12, seed: seed)
    let encoder = ByteLevelEncoder(
      model: try BytePairModel(tokens: TokenTable(vocabulary.tokens), merges: vocabulary.merges),
      rule: .gpt2)
    for length in [5, 100, 300, 1000, 2001] {
      let word = [UInt8](repeating: 0x61, count: length)
      #expect(encoder.ids(word) == vocabulary.encodeSlowly(word), "seed \(seed), \(length) letters")
    }
  }

  @Test("The heap that merges long words equals the slow way", arguments: 0..<6 as Range<UInt64>)
  func longMerges(seed: UInt64) throws {
    // Merges of far-reaching effect: long tokens make windows fail and grow.
    let vocabulary = RandomVocabulary(letters: Array("ab".utf8), mergeCount: 600, seed: seed)
    let encoder = ByteLevelEncoder(
      model: try BytePairModel(tokens: TokenTable(vocabulary.tokens), merges: vocabulary.merges),
      rule: .gpt2)
    var generator = SeededGenerator(seed: seed)
    let word = (0..<3000).map { _ in UInt8.random(in: 0x61...0x62, using: &generator) }
    #expect(encoder.ids(word) == vocabulary.encodeSlowly(word), "seed \(seed)")
  }

  @Test("Whatever a small cache forgets, ids stay the same", arguments: 0..<4 as Range<UInt64>)
  func cacheNeverMatters(seed: UInt64) throws {
    let vocabulary = RandomVocabulary(letters: Self.letters, mergeCount: 300, seed: seed)
    let model = try BytePairModel(tokens: TokenTable(vocabulary.tokens), merges: vocabulary.merges)
    let encoder = ByteLevelEncoder(model: model, rule: .gpt2)
    var generator = SeededGenerator(seed: seed)
    var cache = WordCache(byteBudget: 0)
    for _ in 0..<200 {
      let text = awkwardText(100, using: &generator)
      let starts = wordStarts(text, .gpt2) + [text.count]
      let expected = zip(starts, starts.dropFirst()).flatMap {
        vocabulary.encodeSlowly(Array(text[$0..<$1]))
      }
      var ids = TokenBuffer()
      unsafe encoder.encode(text.span.bytes, into: &ids, cache: &cache)
      #expect(ids.array == expected, "seed \(seed)")
    }
  }

  @Test(
    "New long words beside each other keep their order", arguments: [nil, UInt8(ascii: "x")],
    0..<4 as Range<UInt64>)
  func longWordsInTurns(absent: UInt8?, seed: UInt64) throws {
    let vocabulary = RandomVocabulary(
      letters: Self.letters, mergeCount: 300, seed: seed, withoutByte: absent)
    let model = try BytePairModel(tokens: TokenTable(vocabulary.tokens), merges: vocabulary.merges)
    let encoder = ByteLevelEncoder(model: model, rule: .gpt2)
    var generator = SeededGenerator(seed: seed + 70)
    let letters = Self.letters + [absent].compactMap { $0 }
    for byteBudget in [0, 1 << 20] {
      var cache = WordCache(byteBudget: byteBudget)
      for count in Array(1...12) + [150] {
        var words: [[UInt8]] = []
        while words.count < count {
          // Of words with the byte that has no token, some have it left out, and are not merged whole.
          let some = Bool.random(using: &generator) ? Self.letters : letters
          let length = Int.random(in: 10...70, using: &generator)
          let word = (0..<length).map { _ in some.randomElement(using: &generator) ?? 0x61 }
          // Some come twice in turn, some again after others.
          words += [[UInt8]](repeating: word, count: Int.random(in: 1...2, using: &generator))
          if let earlier = words.randomElement(using: &generator) { words.append(earlier) }
        }
        let text = words.flatMap { $0 + [UInt8(ascii: "-")] }
        var ids = TokenBuffer()
        unsafe encoder.encode(text.span.bytes, into: &ids, cache: &cache)
        let expected = words.flatMap {
          vocabulary.encodeSlowly($0) + vocabulary.encodeSlowly([UInt8(ascii: "-")])
        }
        #expect(ids.array == expected, "seed \(seed), \(count) words")
      }
    }
  }

  @Test("Rules of one character, whose tokens have 64 bytes, encode as by the slow way")
  func longTokens() throws {
    var tokens: [[UInt8]?] = (0...255).map { [UInt8($0)] }
    var merges: [BytePairMerge] = []
    var half = TokenID(UInt8(ascii: "="))
    for power in 1...6 {
      let result = TokenID(tokens.count)
      merges.append(BytePairMerge(left: half, right: half, result: result))
      tokens.append([UInt8](repeating: UInt8(ascii: "="), count: 1 << power))
      half = result
    }
    let encoder = ByteLevelEncoder(
      model: try BytePairModel(tokens: TokenTable(tokens), merges: merges), rule: .gpt2)
    var cache = WordCache(byteBudget: 1 << 20)
    for length in [64, 65, 80, 191, 192, 193, 511, 513, 1024, 1025, 3000] {
      var expected = [TokenID](repeating: half, count: length / 64)
      for power in (0..<6).reversed() where length >> power & 1 == 1 {
        expected.append(power == 0 ? TokenID(UInt8(ascii: "=")) : TokenID(255 + power))
      }
      // The second time it may be remembered.
      for _ in 0..<2 {
        var ids = TokenBuffer()
        let word = [UInt8](repeating: UInt8(ascii: "="), count: length)
        unsafe encoder.encode(word.span.bytes, into: &ids, cache: &cache)
        #expect(ids.array == expected, "\(length) bytes")
      }
    }
  }

  @Test("A table of words that grows amid a text keeps all ids")
  func cacheGrows() throws {
    let vocabulary = RandomVocabulary(letters: Self.letters, mergeCount: 300, seed: 1)
    let encoder = ByteLevelEncoder(
      model: try BytePairModel(tokens: TokenTable(vocabulary.tokens), merges: vocabulary.merges),
      rule: .gpt2)
    var text: [UInt8] = []
    var expected: [TokenID] = []
    for number in 0..<20_000 {
      let word = [UInt8(ascii: " ")] + String(number, radix: 5).utf8.map { $0 + 0x31 }
      let ids = vocabulary.encodeSlowly(word)
      // Words that hardly come back are not worth a larger table.
      for _ in 0..<4 {
        text += word
        expected += ids
      }
    }
    var cache = WordCache(byteBudget: 1 << 24)
    let mask = unsafe cache.short.view.mask
    var ids = TokenBuffer()
    unsafe encoder.encode(text.span.bytes, into: &ids, cache: &cache)
    #expect(ids.array == expected)
    #expect(unsafe cache.short.view.mask > mask)
  }

  @Test("Words that do not come back are not kept, nor do they enlarge a table; ids stay the same")
  func cacheGuards() throws {
    let vocabulary = RandomVocabulary(letters: Self.letters, mergeCount: 300, seed: 2)
    let encoder = ByteLevelEncoder(
      model: try BytePairModel(tokens: TokenTable(vocabulary.tokens), merges: vocabulary.merges),
      rule: .gpt2)
    var generator = SeededGenerator(seed: 3)
    var cache = WordCache(byteBudget: 1 << 24)
    let mask = unsafe cache.short.view.mask
    func add(_ words: Int, of lengths: ClosedRange<Int>, repeated: Int) {
      for _ in 0..<words {
        let word = (0..<Int.random(in: lengths, using: &generator)).map { _ in
          Self.letters.randomElement(using: &generator) ?? 0x61
        }
        let text = Array([[UInt8]](repeating: [UInt8(ascii: "-")] + word, count: repeated).joined())
        var ids = TokenBuffer()
        unsafe encoder.encode(text.span.bytes, into: &ids, cache: &cache)
        let expected = [[TokenID]](
          repeating: vocabulary.encodeSlowly([UInt8(ascii: "-")]) + vocabulary.encodeSlowly(word),
          count: repeated)
        if ids.array != Array(expected.joined()) { Issue.record("\(text)") }
      }
    }
    add(40_000, of: 8...14, repeated: 1)
    add(5_000, of: 20...40, repeated: 1)
    #expect(cache.short.door.isGuarding && cache.long.door.isGuarding)
    #expect(unsafe cache.short.view.mask == mask)
    add(17_000, of: 8...14, repeated: 10)
    add(17_000, of: 20...40, repeated: 5)
    #expect(!cache.short.door.isGuarding && !cache.long.door.isGuarding)
  }

  @Test("Long words that do not come back are not kept by a small table either")
  func smallCacheGuards() throws {
    let vocabulary = RandomVocabulary(letters: Self.letters, mergeCount: 30, seed: 2)
    let encoder = ByteLevelEncoder(
      model: try BytePairModel(tokens: TokenTable(vocabulary.tokens), merges: vocabulary.merges),
      rule: .gpt2)
    var generator = SeededGenerator(seed: 4)
    // A table in which bytes of words are used up before places.
    var cache = WordCache(byteBudget: 1 << 17)
    func add(_ words: Int, repeated: Int) {
      for _ in 0..<words {
        let word = (0..<40).map { _ in Self.letters.randomElement(using: &generator) ?? 0x61 }
        var ids = TokenBuffer()
        for _ in 0..<repeated {
          unsafe encoder.encode(word.span.bytes, into: &ids, cache: &cache)
        }
      }
    }
    add(3_000, repeated: 1)
    let isGuarding = cache.long.door.isGuarding
    #expect(isGuarding)
    add(20_000, repeated: 6)
    let isGuardingStill = cache.long.door.isGuarding
    #expect(!isGuardingStill)
  }

  @Test("A cache that served one vocabulary serves another")
  func cacheChangesHands() throws {
    var cache = WordCache(byteBudget: 1 << 17)
    let text = Array("abcabc abcde abcdeabcdeabcdeabcde".utf8)
    for seed in 0..<5 as Range<UInt64> {
      let vocabulary = RandomVocabulary(letters: Self.letters, mergeCount: 100, seed: seed)
      let model = try BytePairModel(
        tokens: TokenTable(vocabulary.tokens), merges: vocabulary.merges)
      let encoder = ByteLevelEncoder(model: model, rule: .gpt2)
      var ids = TokenBuffer()
      unsafe encoder.encode(text.span.bytes, into: &ids, cache: &cache)
      #expect(ids.array == encoder.ids(text), "seed \(seed)")
    }
  }

  @Test("Bytes without a token are left out before merging")
  func absentBytes() throws {
    let vocabulary = RandomVocabulary(
      letters: Self.letters, mergeCount: 200, seed: 5, withoutByte: UInt8(ascii: "x"))
    let model = try BytePairModel(tokens: TokenTable(vocabulary.tokens), merges: vocabulary.merges)
    let encoder = ByteLevelEncoder(model: model, rule: .gpt2)
    for count in [2, 9, 400] {
      let word = (0..<count).flatMap { Array($0 % 3 == 0 ? "axb".utf8 : "xcd".utf8) }
      #expect(encoder.ids(word) == vocabulary.encodeSlowly(word), "\(count) parts")
    }
    #expect(encoder.ids(Array("xxx".utf8)) == [])
  }

  @Test("Ranked tokens merge as in tiktoken: the lowest joined id first, from the left")
  func rankedTokens() throws {
    var tokens: [[UInt8]?] = (0...255).map { [UInt8($0)] }
    tokens += ["aa", "aaa", "ab", "aab"].map { Array($0.utf8) }
    let encoder = ByteLevelEncoder(model: try BytePairModel(ranks: tokens), rule: .gpt2)
    #expect(encoder.ids(Array("aaaaa".utf8)) == [256, 257])
    #expect(encoder.ids(Array("aab".utf8)) == [259])
    #expect(encoder.ids(Array("baab".utf8)) == [0x62, 259])
  }

  @Test(
    "A cut that is called safe changes no id, whatever follows", arguments: SplitRule.allCases,
    0..<6 as Range<UInt64>)
  func safeCuts(rule: SplitRule, seed: UInt64) throws {
    let vocabulary = RandomVocabulary(letters: Self.letters, mergeCount: 300, seed: seed)
    let model = try BytePairModel(tokens: TokenTable(vocabulary.tokens), merges: vocabulary.merges)
    let encoder = ByteLevelEncoder(model: model, rule: rule)
    var generator = SeededGenerator(seed: seed)
    var cuts = 0
    for _ in 0..<200 {
      let text = awkwardText(30, using: &generator)
      let known = Int.random(in: 0...text.count, using: &generator)
      let cut = unsafe encoder.safeCut(Array(text[..<known]).span.bytes)
      #expect(cut <= known)
      if cut > 0 { cuts += 1 }
      let parts = encoder.ids(Array(text[..<cut])) + encoder.ids(Array(text[cut...]))
      #expect(parts == encoder.ids(text), "\(rule), seed \(seed), cut at \(cut) of \(known)")
    }
    #expect(cuts > 50)
  }

  @Test(
    "The cut of a long text, of which the end is read alone, is safe", arguments: SplitRule.allCases
  )
  func safeCutsOfLongTexts(rule: SplitRule) throws {
    let vocabulary = RandomVocabulary(letters: Self.letters, mergeCount: 300, seed: 1)
    let model = try BytePairModel(tokens: TokenTable(vocabulary.tokens), merges: vocabulary.merges)
    let encoder = ByteLevelEncoder(model: model, rule: rule)
    var generator = SeededGenerator(seed: 1)
    var cutsNearTheEnd = 0
    for _ in 0..<40 {
      let text = awkwardText(9000, using: &generator)
      let known = Int.random(in: 5000...text.count, using: &generator)
      let cut = unsafe encoder.safeCut(Array(text[..<known]).span.bytes)
      #expect(cut <= known)
      if known - cut < 4096 { cutsNearTheEnd += 1 }
      let parts = encoder.ids(Array(text[..<cut])) + encoder.ids(Array(text[cut...]))
      #expect(parts == encoder.ids(text), "\(rule), cut at \(cut) of \(known)")
    }
    #expect(cutsNearTheEnd > 30)
  }

  @Test("A vocabulary that names ids it does not have is refused")
  func badMerges() {
    #expect(throws: TokenizeError.self) {
      _ = try BytePairModel(
        tokens: TokenTable([[0x61]]), merges: [BytePairMerge(left: 0, right: 1, result: 0)])
    }
  }
}
