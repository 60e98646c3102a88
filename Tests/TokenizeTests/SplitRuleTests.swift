import TestSupport
import Testing

@testable import Tokenize

/// The places where words begin, read one character after the other.
func wordStarts(_ text: [UInt8], _ rule: SplitRule) -> [Int] {
  unsafe text.withUnsafeBufferPointer { bytes in
    guard let base = bytes.baseAddress else { return [] }
    let characters = unsafe Characters(base, count: bytes.count)
    var starts: [Int] = []
    var start = 0
    while start < bytes.count {
      starts.append(start)
      start = rule.wordEnd(characters, from: start)
    }
    return starts
  }
}

/// The places where words begin, found 64 bytes at a time.
private func scannedStarts(_ text: [UInt8]) -> [Int] {
  unsafe text.withUnsafeBufferPointer { bytes in
    guard let base = bytes.baseAddress else { return [] }
    let characters = unsafe Characters(base, count: bytes.count)
    var scan = WordScan()
    var starts: [Int] = []
    var start = 0
    while start < bytes.count {
      scan.scan(characters, from: start)
      guard scan.wordCount > 0 else {
        starts.append(start)
        start = SplitRule.gpt2.wordEnd(characters, from: start)
        continue
      }
      for index in 0..<scan.wordCount { unsafe starts.append(start + Int(scan.bounds[index])) }
      unsafe start += Int(scan.bounds[scan.wordCount])
    }
    return starts
  }
}

private func words(_ text: String, _ rule: SplitRule = .gpt2) -> [String] {
  let bytes = Array(text.utf8)
  let starts = wordStarts(bytes, rule) + [bytes.count]
  return zip(starts, starts.dropFirst()).map { String(decoding: bytes[$0..<$1], as: UTF8.self) }
}

/// Pieces that meet each other in every way a rule distinguishes.
let awkwardPieces: [[UInt8]] =
  [
    "a", "Z", "word", "s", "t", "re", "ve", "m", "ll", "d", "'", "''", "'s", "'S", "'re", "'l",
    " ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", "\u{85}", "\u{A0}", "\u{2028}", "\u{3000}",
    "\u{1680}", "0", "7", "123456", "\u{B2}", "\u{661}", "\u{1D7D8}", ".", "!?", "-", "_", "<|",
    "\u{0}", "\u{301}", "\u{300}x", "é", "ß", "ж", "слово", "日", "日本語", "한", "\u{1F600}",
    "\u{200D}", "\u{1F468}\u{200D}\u{1F469}", "\u{10FFFF}", "\u{E000}", "ǅ", "ʰ", "ª",
  ].map { Array($0.utf8) } + [
    [0x80], [0xFF], [0xC2], [0xE2, 0x80], [0xF0, 0x9F, 0x98], [0xED, 0xA0, 0x80], [0xC0, 0x80],
    [0xF4, 0x90, 0x80, 0x80], [0xE3, 0x80],
  ]

/// Text made of `count` random pieces.
func awkwardText(_ count: Int, using generator: inout SeededGenerator) -> [UInt8] {
  var text: [UInt8] = []
  for _ in 0..<count {
    let piece = awkwardPieces[Int.random(in: 0..<awkwardPieces.count, using: &generator)]
    let times = Int.random(in: 0..<8, using: &generator) == 0 ? 70 : 1
    for _ in 0..<Int.random(in: 1...times, using: &generator) { text += piece }
  }
  return text
}

@Suite("Splitting rules")
struct SplitRuleTests {
  @Test("GPT-2's rule cuts as its expression says")
  func gpt2Examples() {
    #expect(words("Hello world's  end") == ["Hello", " world", "'s", " ", " end"])
    #expect(
      words("it'll we've 'tis don't") == [
        "it", "'ll", " we", "'ve", " '", "tis", " don", "'t",
      ])
    #expect(words("a\n\nb \n c") == ["a", "\n", "\n", "b", " \n", " c"])
    #expect(words("x  ") == ["x", "  "])
    #expect(words("  x") == [" ", " x"])
    #expect(words("12ab3.5") == ["12", "ab", "3", ".", "5"])
    #expect(
      words("a\u{3000}\u{3000}b\u{A0}c") == ["a", "\u{3000}", "\u{3000}", "b", "\u{A0}", "c"])
    #expect(words("'S 'RE") == ["'", "S", " '", "RE"])
    #expect(words("''s") == ["''", "s"])
    #expect(words("\n's") == ["\n", "'s"])
  }

  @Test("The later rules cut as their expressions say")
  func laterExamples() {
    let text = "HTMLParser'S x12345 \n\n  a\tb!?\n/\r\nÉté İx  \n "
    #expect(
      words(text, .cl100k) == [
        "HTMLParser", "'S", " x", "123", "45", " \n\n", " ", " a", "\tb", "!?\n", "/\r\n", "Été",
        " İx", "  \n ",
      ])
    #expect(words("x  \n ", .llama3) == ["x", "  \n", " "])
    #expect(words("12345", .qwen2) == ["1", "2", "3", "4", "5"])
    #expect(
      words(text, .o200k) == [
        "HTMLParser'S", " x", "123", "45", " \n\n", " ", " a", "\tb", "!?\n/\r\n", "Été", " İx",
        "  \n", " ",
      ])
    #expect(words("日本ABCdef日本ABC", .o200k) == ["日本ABCdef日本", "ABC"])
    #expect(words("it'ſ IT'LL", .cl100k) == ["it", "'ſ", " IT", "'LL"])
  }

  @Test(
    "The scan of 64 bytes at a time finds the words of the rule", arguments: 0..<40 as Range<UInt64>
  )
  func scanEqualsRule(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<60 {
      let count = Int.random(in: 1...(seed < 30 ? 40 : 3000), using: &generator)
      let text = awkwardText(count, using: &generator)
      let expected = wordStarts(text, .gpt2)
      #expect(scannedStarts(text) == expected, "seed \(seed), \(text.count) bytes")
    }
  }

  @Test("Every code point is cut alike by scan and rule, wherever it stands")
  func everyCodePoint() {
    var text: [UInt8] = []
    for value in 0..<0x110000 as Range<UInt32> {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let character = Array(Character(scalar).utf8)
      text += [0x61] + character + [0x62, 0x20] + character + [0x31] + character
      text += [0x27, 0x73, 0x20, 0x20] + character
      if text.count > 20_000 {
        #expect(scannedStarts(text) == wordStarts(text, .gpt2), "up to code point \(value)")
        text = []
      }
    }
  }

  @Test("A word longer than a segment is one word")
  func longWords() {
    let text =
      [UInt8](repeating: 0x61, count: 20_000) + [0x20] + [UInt8](repeating: 0x2D, count: 9000)
    #expect(scannedStarts(text) == [0, 20_000])
  }
}
