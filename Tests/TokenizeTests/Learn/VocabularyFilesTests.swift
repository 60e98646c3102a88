import Testing
import Tokenize

@Suite("Files of a learned vocabulary")
struct VocabularyFilesTests {
  /// Two merges, special tokens that need escapes.
  func learned() throws -> LearnedVocabulary {
    var settings = LearnSettings(vocabularySize: 300)
    settings.specialTokens = ["<|a\"\\\n\u{1}|>", "<|b|>", "<|b|>"]
    settings.alphabet = .seen
    var counts = WordCounts()
    for _ in 0..<2 { try counts.add(" \"\\") }
    return try #require(try learnBytePairs(from: counts, settings))
  }

  @Test("vocab.json")
  func vocabulary() throws {
    let text = String(decoding: try learned().vocabularyJSON(), as: UTF8.self)
    let expected =
      #"{"<|a\"\\\n\u0001|>":0,"<|b|>":1,"\"":2,"\\":3,"Ġ":4,"\"\\":5,"Ġ\"\\":6}"#
    #expect(text == expected)
  }

  @Test("merges.txt")
  func merges() throws {
    let text = String(decoding: try learned().mergesText(), as: UTF8.self)
    #expect(text == "#version: 0.2\n\" \\\nĠ \"\\\n")
  }

  @Test("tokenizer.json")
  func tokenizer() throws {
    let text = String(
      decoding: try learned().tokenizerJSON(form: .nfkc, addsPrefixSpace: true), as: UTF8.self)
    #expect(text.contains(#""content": "<|a\"\\\n\u0001|>","#))
    #expect(text.contains("\"normalizer\": {\n    \"type\": \"NFKC\"\n  },"))
    #expect(text.contains("\"merges\": [\n      \"\\\" \\\\\",\n      \"Ġ \\\"\\\\\"\n    ]\n"))
  }
}
