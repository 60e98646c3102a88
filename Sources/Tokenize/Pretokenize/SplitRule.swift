/// A rule that cuts text into words before byte pairs are merged; no token crosses a cut.
public enum SplitRule: String, CaseIterable, Sendable {
  /// GPT-2's, also GPT-NeoX-20B's, r50k_base's and p50k_base's:
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
  case gpt2
  /// cl100k_base's, as tiktoken 0.14 has it:
  /// `'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+$|\s*[\r\n]|\s+(?!\S)|\s`.
  case cl100k
  /// Llama 3's, which is cl100k_base's without `\s+$`.
  case llama3
  /// Qwen 2's, which is Llama 3's with `\p{N}` for `\p{N}{1,3}`.
  case qwen2
  /// o200k_base's, which also cuts where small letters meet capitals.
  case o200k

  /// The end of the word that begins at `start`, by reading one character after the other.
  ///
  /// The rules look ahead but never back, so a word depends on nothing before it.
  ///
  /// - Precondition: `0 ≤ start < text.count`.
  func wordEnd(_ text: Characters, from start: Int) -> Int {
    switch self {
    case .gpt2: Self.gpt2WordEnd(text, from: start)
    case .cl100k:
      Self.cl100kWordEnd(text, from: start, digits: 3, keepsTrailingSpace: true)
    case .llama3:
      Self.cl100kWordEnd(text, from: start, digits: 3, keepsTrailingSpace: false)
    case .qwen2:
      Self.cl100kWordEnd(text, from: start, digits: 1, keepsTrailingSpace: false)
    case .o200k: Self.o200kWordEnd(text, from: start)
    }
  }

  private static func gpt2WordEnd(_ text: Characters, from start: Int) -> Int {
    if let end = gpt2ContractionEnd(text, from: start) { return end }
    var first = text.character(start)
    var end = start + first.length
    if text.byte(start) == 0x20, end < text.count {
      let next = text.character(end)
      if next.class != .space {
        first = next
        end += next.length
      }
    }
    if first.class == .space { return whiteSpaceEnd(text, from: start) }
    let kind = gpt2Kind(first.class)
    while end < text.count {
      let next = text.character(end)
      guard next.class != .space, gpt2Kind(next.class) == kind else { break }
      end += next.length
    }
    return end
  }

  /// The end of one of `'s 't 're 've 'm 'll 'd`, or `nil`.
  static func gpt2ContractionEnd(_ text: Characters, from start: Int) -> Int? {
    guard text.byte(start) == UInt8(ascii: "'") else { return nil }
    switch (text.byteOrZero(start + 1), text.byteOrZero(start + 2)) {
    case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _),
      (UInt8(ascii: "d"), _):
      return start + 2
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "l"), UInt8(ascii: "l")):
      return start + 3
    default:
      return nil
    }
  }

  /// `\s+(?!\S)|\s+`: all of a run of white space but the last character, unless the run is one
  /// character long or ends the text.
  static func whiteSpaceEnd(_ text: Characters, from start: Int) -> Int {
    var end = start
    var last = start
    while end < text.count {
      let next = text.character(end)
      guard next.class == .space else { return last > start ? last : end }
      last = end
      end += next.length
    }
    return end
  }

  /// Letters 0, numbers 1, everything else 2.
  private static func gpt2Kind(_ characterClass: CharacterClass) -> Int {
    characterClass.isLetter ? 0 : characterClass == .number ? 1 : 2
  }
}
