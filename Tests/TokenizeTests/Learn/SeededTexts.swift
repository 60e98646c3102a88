import TestSupport
import Tokenize

/// Some seeded texts and settings. The Python recorder draws the same numbers in the same order.
struct SeededTexts {
  static let fragments: [[UInt8]] = [
    "the ", "then", " they're", "don't ", "I'll", "'", "\n", "\n\n", "  ", "   \n", "\t", "\r\n",
    " ",
    "2024", " 10", "½", "!", "...", " (", ")", "naïve", " σοφία", "Ελλάδα ", "你好", "，", "世界。", "🙂",
    " 👩‍💻", "ไทย", " हिन्दी", "\u{A0}", "\u{3000}", "e\u{301}", "<|endoftext|>", "\0", "_", "x_1 ",
    "\u{2028}", "עברית ", "ﬁnd ", " ｆｕｌｌ", "ｶﾞ", "Å", "㍿", "a\u{323}\u{302}", "…", "ｘ\u{3099}",
    "한\u{11A8}",
  ].map { Array($0.utf8) }

  var texts: [[UInt8]] = []
  var settings: LearnSettings
  var addsPrefixSpace: Bool
  var form: TextForm

  init(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }
    for _ in 0..<1 + below(5) {
      var text: [UInt8] = []
      for _ in 0..<below(2000) {
        text += Self.fragments[min(below(Self.fragments.count), below(Self.fragments.count))]
      }
      texts.append(text)
    }
    settings = LearnSettings(vocabularySize: 256 + below(300))
    settings.minimumFrequency = UInt64(below(4))
    let areLines = below(2) > 0
    addsPrefixSpace = below(2) > 0
    settings.specialTokens = ["<|endoftext|>", "<|padding|>"]
    settings.alphabet = below(2) > 0 ? .all : .seen
    form = TextForm.allCases[below(3)]
    if areLines { texts = texts.flatMap(Self.lines) }
  }

  /// The lines of a text with their ends.
  private static func lines(of text: [UInt8]) -> [[UInt8]] {
    var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false).map {
      Array($0) + [0x0A]
    }
    lines[lines.count - 1].removeLast()
    return lines.filter { !$0.isEmpty }
  }

  /// A counter with this case's options.
  func counter() -> WordCounter {
    WordCounter(limit: 1 << 20, form: form, addsPrefixSpace: addsPrefixSpace)
  }
}
