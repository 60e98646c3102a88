import TestSupport
import Tokenize

/// One seeded case of learning: words with many ties, and settings. The Python recorder draws the
/// same numbers in the same order.
struct SeededWords {
  var words: [String] = []
  var settings: LearnSettings

  init(seed: UInt64) {
    let alphabets = [
      "ab", "abc", "etaoin", "αβγδ", "añé", "你好世界", "a🙂b", "0123456789", "theTHE", "x",
    ].map { Array($0.unicodeScalars) }
    let specials = [
      [], ["<|endoftext|>"], ["<|endoftext|>", "<|padding|>"], ["ab", "the", "é"],
    ]
    var generator = SeededGenerator(seed: seed)
    func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }

    let alphabet = alphabets[below(alphabets.count)]
    let longest = 1 + below(12)
    for _ in 0..<20 + below(400) {
      var word = String.UnicodeScalarView()
      for _ in 0..<1 + below(longest) {
        word.append(alphabet[min(below(alphabet.count), below(alphabet.count))])
      }
      words += [String](repeating: String(word), count: 1 + below(4))
    }
    settings = LearnSettings(vocabularySize: 256 + below(200))
    settings.minimumFrequency = UInt64(below(6))
    settings.specialTokens = specials[below(specials.count)]
    settings.alphabet = below(4) > 0 ? .all : .seen
    settings.maximumTokenLength = [nil, nil, 2, 3, 5, 9][below(6)]
  }

  /// The counts of every `step`-th word from `first` on.
  func counts(from first: Int = 0, step: Int = 1) throws -> WordCounts {
    var counts = WordCounts()
    for index in stride(from: first, to: words.count, by: step) {
      try counts.add(words[index])
    }
    return counts
  }
}

extension WordCounts {
  /// Counts one word.
  mutating func add(_ word: String) throws {
    let bytes = Array(word.utf8)
    try unsafe add(0..<bytes.count, of: bytes.span.bytes)
  }
}

/// FNV-1a of some bytes.
func fingerprint(_ bytes: [UInt8]) -> UInt64 {
  bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
}
