import TestSupport
import Testing
import Tokenize

@Suite("Learning a vocabulary")
struct LearnTests {
  @Test("learns what Hugging Face's trainer learns from seeded words")
  func equalsRecorded() throws {
    for (index, recorded) in recordedFromWords.enumerated() {
      let seed = UInt64(index + 1)
      let seeded = SeededWords(seed: seed)
      let learned = try #require(try learnBytePairs(from: seeded.counts(), seeded.settings))
      let found = fingerprint(learned.vocabularyJSON() + learned.mergesText())
      #expect(found == recorded, "seed \(seed)")
    }
  }

  @Test("learns what Hugging Face's trainer learns from seeded texts")
  func equalsRecordedTexts() throws {
    for (index, recorded) in recordedFromTexts.enumerated() {
      let seed = UInt64(index + 1)
      let seeded = SeededTexts(seed: seed)
      var counter = seeded.counter()
      for text in seeded.texts { try unsafe counter.count(text.span.bytes, atStart: true) }
      let learned = try #require(try learnBytePairs(from: counter.take(), seeded.settings))
      let found = fingerprint(learned.vocabularyJSON() + learned.mergesText())
      #expect(found == recorded, "seed \(seed)")
    }
  }

  @Test("long documents are counted piece by piece")
  func pieces() throws {
    for seed in UInt64(1)...40 {
      let seeded = SeededTexts(seed: seed)
      var whole = seeded.counter()
      var pieces = seeded.counter()
      for text in seeded.texts {
        try unsafe whole.count(text.span.bytes, atStart: true)
        let middle = text.count / 2
        let cut = unsafe WordCounter.safeCut(
          text.span.bytes.extracting(0..<middle), form: seeded.form)
        if seeded.form == .none { #expect(cut > 0 || middle < 64, "seed \(seed)") }
        if cut > 0 { try unsafe pieces.count(text.span.bytes.extracting(0..<cut), atStart: true) }
        try unsafe pieces.count(text.span.bytes.extracting(cut..<text.count), atStart: cut == 0)
      }
      let expected = try learnBytePairs(from: whole.take(), seeded.settings)
      #expect(
        try learnBytePairs(from: pieces.take(), seeded.settings) == expected, "seed \(seed)")
    }
  }

  @Test("does not depend on how the words are dealt to threads")
  func sumOfTables() throws {
    for seed in UInt64(1)...20 {
      let seeded = SeededWords(seed: seed)
      let whole = try learnBytePairs(from: seeded.counts(), seeded.settings)
      for parts in 2...5 {
        var sum = WordCounts()
        for part in (0..<parts).reversed() { try sum.add(seeded.counts(from: part, step: parts)) }
        let joined = try learnBytePairs(from: sum, seeded.settings)
        #expect(joined == whole, "seed \(seed), \(parts) parts")
      }
    }
  }

  @Test("stops when asked to")
  func stops() throws {
    var settings = LearnSettings(vocabularySize: 100_000)
    settings.minimumFrequency = 1
    var counts = WordCounts()
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<500 {
      try counts.add(
        String(
          (0..<8).map { _ in
            Character(["a", "b", "c", "d"].randomElement(using: &generator) ?? "a")
          }))
    }
    #expect(try learnBytePairs(from: counts, settings) { _ in false } == nil)
  }

  @Test("learns nothing from nothing")
  func empty() throws {
    let all = try learnBytePairs(from: WordCounts(), LearnSettings(vocabularySize: 300))
    #expect(all?.tokens.count == 256)
    #expect(all?.merges == [])
    var settings = LearnSettings(vocabularySize: 300)
    settings.alphabet = .seen
    let seen = try #require(try learnBytePairs(from: WordCounts(), settings))
    #expect(seen.vocabularyJSON() == Array("{}".utf8))
    #expect(seen.mergesText() == Array("#version: 0.2\n".utf8))
  }

  @Test("a long word without spaces is learned from, too")
  func longWord() throws {
    var counts = WordCounts()
    try counts.add(String(repeating: "a", count: 1 << 20))
    let learned = try #require(try learnBytePairs(from: counts, LearnSettings(vocabularySize: 276)))
    // Each merge doubles: aa, aaaa, …, until a pair occurs but once.
    #expect(learned.merges.count == 19)
    #expect(learned.tokens.last?.count == 1 << 19)
  }
}
