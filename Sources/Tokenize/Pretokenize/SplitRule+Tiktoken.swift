// The rules that came after GPT-2's: contractions in either case, one character of any kind before
// letters, numbers cut into groups of at most three, line ends kept together.

extension SplitRule {
  /// The end of the word that begins at `start` by cl100k_base's rule or one of its relatives.
  static func cl100kWordEnd(
    _ text: Characters, from start: Int, digits: Int, keepsTrailingSpace: Bool
  ) -> Int {
    if let end = contractionEnd(text, from: start) { return end }
    let first = text.character(start)
    let second = start + first.length
    if first.class.isLetter { return lettersEnd(text, from: second) }
    if first.class == .number { return numbersEnd(text, from: start, atMost: digits) }
    if !isLineEnd(text.byte(start)), second < text.count,
      text.character(second).class.isLetter
    {
      return lettersEnd(text, from: second)
    }
    if let end = symbolsEnd(text, from: start, alsoSlash: false) { return end }
    return lineEndingSpaceEnd(text, from: start, keepsTrailingSpace: keepsTrailingSpace)
  }

  /// The end of the word that begins at `start` by o200k_base's rule.
  static func o200kWordEnd(_ text: Characters, from start: Int) -> Int {
    if let end = casedWordEnd(text, from: start) {
      return contractionEnd(text, from: end) ?? end
    }
    if text.character(start).class == .number {
      return numbersEnd(text, from: start, atMost: 3)
    }
    if let end = symbolsEnd(text, from: start, alsoSlash: true) { return end }
    return lineEndingSpaceEnd(text, from: start, keepsTrailingSpace: false)
  }

  /// `'s 't 'm 'd 'll 've 're` in any case; the long s folds to s.
  private static func contractionEnd(_ text: Characters, from start: Int) -> Int? {
    guard start < text.count, text.byte(start) == UInt8(ascii: "'") else { return nil }
    let first = text.byteOrZero(start + 1)
    if first == 0xC5, text.byteOrZero(start + 2) == 0xBF { return start + 3 }
    switch (first | 0x20, text.byteOrZero(start + 2) | 0x20) {
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

  private static func isLineEnd(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
  }

  private static func lettersEnd(_ text: Characters, from start: Int) -> Int {
    var end = start
    while end < text.count {
      let next = text.character(end)
      guard next.class.isLetter else { break }
      end += next.length
    }
    return end
  }

  private static func numbersEnd(_ text: Characters, from start: Int, atMost limit: Int) -> Int {
    var end = start
    var count = 0
    while end < text.count, count < limit {
      let next = text.character(end)
      guard next.class == .number else { break }
      end += next.length
      count += 1
    }
    return end
  }

  /// ` ?[^\s\p{L}\p{N}]+[\r\n]*`, with `/` among the line ends for o200k_base.
  private static func symbolsEnd(
    _ text: Characters, from start: Int, alsoSlash: Bool
  ) -> Int? {
    let body = text.byte(start) == 0x20 ? start + 1 : start
    var end = body
    while end < text.count {
      let next = text.character(end)
      guard next.class == .other || next.class == .mark else { break }
      end += next.length
    }
    guard end > body else { return nil }
    while end < text.count,
      isLineEnd(text.byte(end)) || alsoSlash && text.byte(end) == UInt8(ascii: "/")
    {
      end += 1
    }
    return end
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`, before which tiktoken's cl100k_base has `\s+$`.
  private static func lineEndingSpaceEnd(
    _ text: Characters, from start: Int, keepsTrailingSpace: Bool
  ) -> Int {
    var end = start
    var lineEnd = start
    while end < text.count {
      let next = text.character(end)
      guard next.class == .space else { break }
      if isLineEnd(text.byte(end)) { lineEnd = end + 1 }
      end += next.length
    }
    if end == text.count, keepsTrailingSpace { return end }
    return lineEnd > start ? lineEnd : whiteSpaceEnd(text, from: start)
  }

  /// The two alternatives of o200k_base that begin with letters: capitals then small letters, of
  /// which the expression wants at least one small (first alternative) or one capital (second).
  private static func casedWordEnd(_ text: Characters, from start: Int) -> Int? {
    let first = text.character(start)
    let mayPrecede =
      !first.class.isLetter && first.class != .number && !isLineEnd(text.byte(start))
    let bodies = mayPrecede ? [start + first.length, start] : [start]
    for body in bodies {
      if let end = smallLettersEnd(text, from: body) { return end }
    }
    for body in bodies {
      let capitals = capitalsEnd(text, from: body).end
      if capitals > body { return capitals }
    }
    return nil
  }

  /// Capitals and what has no case: where they end, and where the last one without case ends.
  private static func capitalsEnd(
    _ text: Characters, from start: Int
  ) -> (end: Int, caselessEnd: Int?) {
    var end = start
    var caselessEnd: Int?
    while end < text.count {
      let next = text.character(end)
      guard next.class == .upper || next.class == .letter || next.class == .mark else { break }
      end += next.length
      if next.class != .upper { caselessEnd = end }
    }
    return (end, caselessEnd)
  }

  /// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`, backtracking included.
  private static func smallLettersEnd(_ text: Characters, from start: Int) -> Int? {
    let (capitals, caselessEnd) = capitalsEnd(text, from: start)
    var end = capitals
    while end < text.count {
      let next = text.character(end)
      guard next.class == .lower || next.class == .letter || next.class == .mark else { break }
      end += next.length
    }
    return end > capitals ? end : caselessEnd
  }
}
