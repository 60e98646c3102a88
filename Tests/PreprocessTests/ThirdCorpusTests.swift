import Foundation
import TestSupport
import Testing
import Tokenize

@testable import Preprocess

@Suite("Third corpus")
struct ThirdCorpusTests {
  /// The recorded checksums by file name.
  static func recorded() throws -> [String: String] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Golden/third_corpus.sha256")
    var sums: [String: String] = [:]
    for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
      let words = line.split(separator: " ")
      sums[String(words[1])] = String(words[0])
    }
    return sums
  }

  static let choices: [(name: String, choice: TokenizerChoice)] = [
    (
      "gpt2",
      TokenizerChoice(
        kind: .gpt2BPE, vocabularyFile: SharedMaterial.path("data/gpt2-vocab.json"),
        mergeFile: SharedMaterial.path("data/gpt2-merges.txt"))
    ),
    (
      "20B",
      TokenizerChoice(
        kind: .huggingFace, vocabularyFile: SharedMaterial.path("data/20B_tokenizer.json"))
    ),
  ]

  @Test(
    "gets the ids of GPT-NeoX's script",
    .enabled(if: SharedMaterial.isPresent, "\(SharedMaterial.absent)"), arguments: choices)
  func ids(name: String, choice: TokenizerChoice) throws {
    let tokenizer = try loadTokenizer(choice)
    let end = try #require(tokenizer.endOfDocument)
    var cache = tokenizer.makeCache(byteBudget: 1 << 20)
    var ids = TokenBuffer()
    for document in ThirdCorpus.documents() {
      try unsafe tokenizer.encode(
        document.span.bytes, atStart: true, into: &ids, cache: &cache)
      ids.append(end)
    }
    // Both vocabularies are small enough for two bytes an id.
    var bytes: [UInt8] = []
    let row = ids.ids
    for index in row.indices { bytes += [UInt8(row[index] & 0xFF), UInt8(row[index] >> 8)] }
    let sum = SHA256Oracle.hex(bytes)
    #expect(try sum == Self.recorded()["\(name)_third_text_document.bin"], "\(name)")
  }

  @Test(
    "rows of one character get the ids of tokenizers 0.23.3",
    .enabled(if: SharedMaterial.isPresent, "\(SharedMaterial.absent)"))
  func rows() throws {
    let tokenizer = try loadTokenizer(Self.choices[0].choice)
    var cache = tokenizer.makeCache(byteBudget: 1 << 20)
    var ids = TokenBuffer()
    for character in "=-*#_a/ \n".utf8 {
      for count in 49..<300 {
        let row = [0x20] + [UInt8](repeating: character, count: count)
        try unsafe tokenizer.encode(row.span.bytes, atStart: true, into: &ids, cache: &cache)
      }
    }
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    let all = ids.ids
    for index in all.indices { sum = (sum ^ UInt64(all[index])) &* 0x0000_0100_0000_01B3 }
    #expect(sum == 0x1545_4682_7DEE_E476)
  }

  @Test("is read back from its JSON lines as it was made")
  func lines() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("third.jsonl", ThirdCorpus.jsonLines())
    let options = ReadingOptions { _ in 0 }
    var source = try DocumentSource(InputList([path]), options: options)
    var reader = RecordReader(options)
    var documents: [[UInt8]] = []
    while let item = try source.next() {
      _ = try reader.forEachDocument(in: item) { document in
        unsafe document.text.withUnsafeBytes { documents.append(unsafe Array($0)) }
      } onFault: { fault in
        Issue.record("\(fault.reason)")
      }
    }
    #expect(documents == ThirdCorpus.documents())
  }
}
