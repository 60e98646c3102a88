/// 1,500 seeded documents that are hard to tokenise, for which GPT-NeoX's output is recorded.
///
/// `Tests/Golden/third_corpus.py` draws the same numbers in the same order.
public struct ThirdCorpus {
  private static let words = [
    "the", " the", " of", "and ", "self", "return ", "def ", "import ", " == ", "->", "{}", "();",
    "http://", "www.", ".com/", "\\n", "<div>", "&amp;", "-----", "=====", "/*", "*/", "#include",
    "I", " I", "don", "ll", "Qu'est", "über", "naïve", "façade", "Ångström", "ﬁ", "½", "²", "№",
    "™", " data", " tokens", "neox", "GPT", " 2.0", "3.14159", "1,000", "0x7fff", "e-5",
  ]
  private static let ranges: [ClosedRange<UInt32>] = [
    0x21...0x7E, 0xA1...0x17F, 0x391...0x3A1, 0x3B1...0x3C9, 0x410...0x44F, 0x5D0...0x5EA,
    0x621...0x64A, 0x905...0x939, 0xE01...0xE30, 0xAC00...0xD7A3, 0x1100...0x1112,
    0x1161...0x1175, 0x3041...0x3096, 0x4E00...0x9FA5, 0x1F300...0x1F5FF, 0x1D400...0x1D454,
    0x300...0x345, 0x2010...0x2027, 0x660...0x669, 0x2160...0x2183, 0xF900...0xFA0D,
  ]
  private static let bases = "aeiouyAEOUncsgz".map { String($0) }
  private static let spaces = [
    " ", " ", " ", "\t", "\n", "\n", "\r\n", "\r", "\u{A0}", "\u{3000}", "\u{2003}", "\u{2028}",
    "\u{B}",
  ]
  private static let contractions = [
    "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "''", "'", "\u{2019}s", "'ß",
  ]
  private static let specials = [
    "<|endoftext|>", " <|endoftext|> ", "<|padding|>", "<|endoftext", "|>", "<|info|>", "[PAD]",
    "<|endoftext|><|endoftext|>",
  ]
  private static let letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".map { String($0) }

  private var generator = SeededGenerator(seed: 20)

  /// The documents, as UTF-8.
  public static func documents() -> [[UInt8]] {
    var corpus = ThirdCorpus()
    return (0..<1500).map { _ in
      let count = 1 + corpus.below(400)
      return (0..<count).flatMap { _ in Array(corpus.piece().utf8) }
    }
  }

  /// The documents as JSON lines, of which every other one is pure ASCII.
  public static func jsonLines() -> [UInt8] {
    var lines: [UInt8] = []
    for (number, document) in documents().enumerated() {
      lines += "{\"text\": \"".utf8
      for scalar in String(decoding: document, as: UTF8.self).unicodeScalars {
        let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
        guard mustEscape || !scalar.isASCII && number % 2 == 0 else {
          lines += String(scalar).utf8
          continue
        }
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          lines += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
        }
      }
      lines += "\"}\n".utf8
    }
    return lines
  }

  private mutating func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }

  private mutating func one(of items: [String]) -> String { items[below(items.count)] }

  private mutating func range() -> ClosedRange<UInt32> { Self.ranges[below(Self.ranges.count)] }

  private mutating func character(of range: ClosedRange<UInt32>) -> String {
    let value = range.lowerBound + UInt32(below(range.count))
    return Unicode.Scalar(value).map { String($0) } ?? ""
  }

  private mutating func piece() -> String {
    let kind = below(16)
    switch kind {
    case 0..<6:
      return one(of: Self.words)
    case 6:
      let range = range()
      return row(of: 1 + below(8)) { $0.character(of: range) }
    case 7:
      let base = one(of: Self.bases)
      return base + row(of: 1 + below(3)) { $0.character(of: 0x300...0x345) }
    case 8:
      let space = one(of: Self.spaces)
      return String(repeating: space, count: 1 + below(6))
    case 9:
      return row(of: 1 + below(12)) { String($0.below(10)) }
    case 10:
      return one(of: Self.contractions)
    case 11:
      return below(4) == 0 ? one(of: Self.specials) : " "
    case 12:
      let range = range()
      let character = character(of: range)
      return String(repeating: character, count: 1 + (below(8) == 0 ? below(300) : below(6)))
    case 13:
      return row(of: 1 + below(80)) { $0.one(of: Self.letters) }
    case 14:
      let range = range()
      return character(of: range)
    default:
      return "\n" + String(repeating: " ", count: below(13))
    }
  }

  private mutating func row(of count: Int, _ next: (inout ThirdCorpus) -> String) -> String {
    var text = ""
    for _ in 0..<count { text += next(&self) }
    return text
  }
}
