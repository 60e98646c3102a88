import TestSupport
import Testing

@testable import Tokenize

@Suite("Character-level tokenizer")
struct CharacterLevelTests {
  @Test("Bytes are ids, and come back whole")
  func bytes() throws {
    let tokenizer = try loadTokenizer(TokenizerChoice(kind: .characterLevel))
    let all = (0...255).map { UInt8($0) }
    #expect(try tokenizer.ids(all) == all.map { TokenID($0) })
    #expect(tokenizer.bytes(try tokenizer.ids(all)) == all)
    #expect(tokenizer.vocabularySize == 512)
    #expect(tokenizer.endOfDocument == 0)
    #expect(try tokenizer.ids([]) == [])
  }

  @Test("Names of tokenizers are found in any case")
  func names() {
    #expect(TokenizerKind(name: "charleveltokenizer") == .characterLevel)
    #expect(TokenizerKind(name: "GPT2BPETokenizer") == .gpt2BPE)
    #expect(TokenizerKind(name: "BertTokenizer") == nil)
  }

  @Test("SentencePiece is refused with a sentence")
  func sentencePiece() {
    let error = #expect(throws: TokenizeError.self) {
      try loadTokenizer(TokenizerChoice(kind: .sentencePiece, vocabularyFile: "x.model"))
    }
    #expect(error?.description.contains("SentencePiece") == true)
  }
}

@Suite("Padded vocabulary")
struct PaddedVocabularyTests {
  @Test(
    "Sizes are padded as GPT-NeoX pads them",
    arguments: [
      (50257, 1, 128, 50304), (50257, 2, 128, 50432), (50277, 1, 128, 50304),
      (50277, 2, 128, 50432), (50258, 1, 128, 50304), (512, 1, 128, 512),
      (100277, 4, 128, 100352), (128256, 4, 1, 128256), (32000, 8, 128, 32768), (1, 1, 128, 128),
    ])
  func table(size: Int, parallel: Int, divisor: Int, padded: Int) {
    #expect(
      paddedVocabularySize(size, divisibleBy: divisor, modelParallelSize: parallel) == padded)
  }
}
