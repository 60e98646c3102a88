import TestSupport
import Testing

@testable import Tokenize

@Suite("Added tokens")
struct AddedTokenTests {
  private func token(_ content: [UInt8], id: Int) -> AddedToken {
    AddedToken(id: TokenID(id), content: content)
  }

  /// Where the first token begins, and of those that begin there the longest.
  private func firstMatch(
    _ tokens: [AddedToken], in text: [UInt8], from start: Int
  ) -> (range: Range<Int>, id: TokenID)? {
    for place in start..<max(start, text.count) {
      let here = tokens.filter { text[place...].starts(with: $0.content) }
      if let longest = here.max(by: { $0.content.count < $1.content.count }) {
        return (place..<place + longest.content.count, longest.id)
      }
    }
    return nil
  }

  @Test("Tokens are found at the leftmost place, the longest", arguments: 0..<24 as Range<UInt64>)
  func firstMatches(seed: UInt64) {
    var generator = SeededGenerator(seed: seed + 40)
    // Zeros, too, which stand for what lies behind a text.
    let letters = Array(0..<UInt8(seed % 2 == 0 ? 4 : 12))
    func bytes(_ count: Int) -> [UInt8] {
      (0..<count).map { _ in letters.randomElement(using: &generator) ?? 0 }
    }
    let count = Int(seed % 12) + 1
    let tokens = Dictionary(
      (0..<count).map { id in
        let content = bytes(Int.random(in: 1...5, using: &generator))
        return (content, token(content, id: id))
      }, uniquingKeysWith: { $1 })
    let matcher = AddedTokenMatcher(Array(tokens.values))
    var found = 0
    for length in Array(0...200) + [1_000] {
      // Letters that begin no token in front, so that whole blocks are passed over.
      let text =
        [UInt8](repeating: 99, count: Int.random(in: 0...length, using: &generator))
        + bytes(Int.random(in: 0...length / 16 + 3, using: &generator))
        + (tokens.keys.randomElement(using: &generator) ?? [])
        + [UInt8](repeating: 98, count: Int.random(in: 0...2, using: &generator))
      var start = 0
      while true {
        let match = matcher.firstMatch(in: text.span.bytes.characters, from: start)
        let expected = firstMatch(matcher.tokens, in: text, from: start)
        #expect(match?.range == expected?.range, "seed \(seed): \(text) from \(start)")
        #expect(match?.token.id == expected?.id, "seed \(seed): \(text) from \(start)")
        guard let match, match.range == expected?.range else { break }
        found += 1
        start = match.range.upperBound
      }
    }
    #expect(found > 10)
  }

  /// A token that takes white space along, on the left or on the right.
  private func stripping(_ content: String, id: Int, left: Bool, right: Bool) -> AddedToken {
    var token = token(Array(content.utf8), id: id)
    token.stripsLeft = left
    token.stripsRight = right
    return token
  }

  @Test("A token in white space that the one before it took along is left out")
  func swallowed() {
    func pieces(_ text: String, _ tokens: [AddedToken]) -> [String] {
      let bytes = Array(text.utf8)
      var found: [String] = []
      var pieces = TextPieces(bytes.span.bytes.characters, AddedTokenMatcher(tokens))
      while let piece = pieces.next() {
        found.append(
          piece.token.map { "\($0.id)" } ?? String(decoding: bytes[piece.range], as: UTF8.self))
      }
      return found
    }
    // What Hugging Face's library makes of them.
    let space = [stripping(" ", id: 1, left: true, right: true)]
    #expect(pieces("  ", space) == ["1"])
    #expect(pieces("a   b", space) == ["a", "1", "b"])
    #expect(pieces("a b c", space) == ["a", "1", "b", "1", "c"])
    let word = [
      stripping(" foo", id: 1, left: false, right: true),
      stripping("\n\n", id: 2, left: true, right: false),
    ]
    #expect(pieces(" foo\n\n", word) == ["1"])
    #expect(pieces(" fooa\n\n", word) == ["1", "a", "2"])
    let lines = [
      stripping("\n\n", id: 1, left: false, right: true),
      stripping("\n", id: 2, left: true, right: false),
    ]
    #expect(pieces("\n\n\n", lines) == ["1"])
    #expect(pieces("a \nb", lines) == ["a", "2", "b"])
    // The second ends before the white space does, where Hugging Face's library fails.
    let failing = [
      stripping("A", id: 1, left: false, right: true),
      stripping("\n", id: 2, left: true, right: false),
    ]
    #expect(pieces("A\n\n", failing) == ["1"])
    // One that takes nothing on its left counts there.
    let plain = [
      stripping("A", id: 1, left: false, right: true),
      stripping("\n", id: 2, left: false, right: false),
    ]
    #expect(pieces("A\n", plain) == ["1", "2"])
  }

  @Test("Matchers are joined where their tokens cannot overlap")
  func joined() {
    func matcher(_ words: String...) -> AddedTokenMatcher {
      AddedTokenMatcher(words.map { token(Array($0.utf8), id: 7) })
    }
    let raw = matcher("<|end|>", "word")
    #expect(raw.joined(with: matcher("  ", "   "))?.tokens.count == 4)
    #expect(raw.joined(with: matcher("  ", " >")) == nil)
    #expect(raw.joined(with: matcher()) == nil && matcher().joined(with: raw) == nil)
    // Each by itself is sought many bytes at a time, both together would not be.
    let five = matcher("<a", "<b", "<c", "<d", "<e")
    #expect(five.joined(with: matcher("[f", "[g", "[h"))?.tokens.count == 8)
    #expect(five.joined(with: matcher("[f", "[g", "[h", "[i")) == nil)
    var stripping = token(Array("[".utf8), id: 1)
    stripping.stripsRight = true
    #expect(AddedTokenMatcher([stripping]).joined(with: matcher("  ")) == nil)
    #expect(matcher("  ").joined(with: AddedTokenMatcher([stripping])) == nil)
  }

  /// An added token in a tokenizer's file: its text as JSON has it between quotes.
  private struct Entry {
    var content: String
    var isNormalized: Bool
    var isSpecial: Bool
  }

  /// A tokenizer with added tokens behind `<|endoftext|>`, whose ids follow one another.
  private func tokenizer(
    _ added: [Entry], normalizes: Bool, addsPrefixSpace: Bool = false
  ) throws -> any Tokenizer {
    let tiny = try TinyVocabulary()
    let vocabulary = String(decoding: TinyVocabulary.json(TinyVocabulary.tokens), as: UTF8.self)
    let merges = TinyVocabulary.merges.map { TinyVocabulary.quoted($0) }.joined(separator: ",")
    let end = Entry(content: "<|endoftext|>", isNormalized: false, isSpecial: true)
    let rows = ([end] + added).enumerated().map { place, token in
      #"{"id":\#(TinyVocabulary.tokens.count - 1 + place),"content":"\#(token.content)","#
        + #""single_word":false,"lstrip":false,"rstrip":false,"#
        + #""normalized":\#(token.isNormalized),"special":\#(token.isSpecial)}"#
    }
    let text =
      #"{"version":"1.0","added_tokens":[\#(rows.joined(separator: ","))],"normalizer":"#
      + (normalizes ? #"{"type":"NFC"}"# : "null")
      + #","pre_tokenizer":{"type":"ByteLevel","add_prefix_space":\#(addsPrefixSpace),"#
      + #""trim_offsets":true},"post_processor":null,"decoder":{"type":"ByteLevel"},"#
      + #""model":{"type":"BPE","vocab":\#(vocabulary),"merges":[\#(merges)]}}"#
    try tiny.folder.write("tokenizer.json", Array(text.utf8))
    return try loadTokenizer(
      TokenizerChoice(kind: .huggingFace, vocabularyFile: tiny.folder.file("tokenizer.json")))
  }

  @Test(
    "Both kinds of tokens are found at once as one after the other", arguments: [false, true],
    [false, true])
  func atOnce(normalizes: Bool, addsPrefixSpace: Bool) throws {
    func make(_ more: [Entry]) throws -> any Tokenizer {
      let raw = ["<|x|>", "wo"].map { Entry(content: $0, isNormalized: false, isSpecial: true) }
      let spaces = ["  ", "    "].map { Entry(content: $0, isNormalized: true, isSpecial: false) }
      return try tokenizer(
        raw + spaces + more, normalizes: normalizes, addsPrefixSpace: addsPrefixSpace)
    }
    // One that shares a byte with the spaces, so that both kinds are sought one after the other.
    let stranger = Entry(content: #"\u0001 \u0001"#, isNormalized: false, isSpecial: true)
    let (joint, apart) = try (make([]), make([stranger]))
    var generator = SeededGenerator(seed: 77)
    let parts = [
      " ", "  ", "   ", "<|endoftext|>", "<|x|>", "<|", "wo", "wor", "hello", "é", "e\u{301}",
      ">\u{338}", "\u{301}", "\n", "wörld ", String(repeating: "hello ", count: 20),
    ]
    for _ in 0..<2_000 {
      let count = Int.random(in: 0...8, using: &generator)
      let text = (0..<count).map { _ in parts.randomElement(using: &generator) ?? "" }.joined()
      for atStart in [false, true] {
        let expected = try apart.ids(Array(text.utf8), atStart: atStart)
        #expect(
          try joint.ids(Array(text.utf8), atStart: atStart) == expected, "\(text.debugDescription)")
      }
    }
    let first = TokenID(TinyVocabulary.tokens.count)
    #expect(
      try joint.ids(Array("  <|x|>  <|endoftext|>".utf8)) == [
        first + 2, first, first + 2, first - 1,
      ])
  }

  @Test("Of tokens that become the same text special ones count first, then those listed first")
  func sameNormalForm() throws {
    let first = TokenID(TinyVocabulary.tokens.count)
    // One letter with two marks.
    let forms = ["\u{1E69}", "\u{1E63}\u{307}", "\u{1E61}\u{323}"]
    func entries(special: [Bool]) -> [Entry] {
      zip(forms, special).map {
        Entry(content: $0, isNormalized: true, isSpecial: $1)
      }
    }
    for (special, winner) in [
      ([false, false, false], 0), ([false, true, true], 1), ([false, false, true], 2),
    ] {
      let tokenizer = try tokenizer(entries(special: special), normalizes: true)
      for text in forms {
        #expect(try tokenizer.ids(Array(text.utf8)) == [first + TokenID(winner)], "\(special)")
      }
    }
  }
}
