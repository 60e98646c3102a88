import TestSupport
import Testing
import Tokenize

@testable import Preprocess

@Suite("What is trained on")
struct SupervisionTests {
  @Test(
    "the first occurrence of a run of tokens counts",
    arguments: [
      ([1, 1, 2, 1, 1, 2, 1, 1, 1, 2], [1, 1, 2], 3), ([1, 1, 1, 1], [1, 1], 2),
      ([3, 1, 1, 2], [1, 2], 4), ([1, 2], [1, 2, 3], 0), ([1, 2, 3], [4], 0), ([], [1], 0),
    ] as [([TokenID], [TokenID], Int)])
  func firstRun(ids: [TokenID], pattern: [TokenID], count: Int) {
    // What lies around the document is not looked at.
    let all = [1, 1, 2] + ids + [1, 1, 2, 3]
    let range = 3..<3 + ids.count
    #expect(LabelRule.maskedCount(of: all.span, range, pattern: pattern) == count)
  }

  @Test("token ids are read as GPT-NeoX reads them")
  func pattern() {
    #expect(Supervision.tokens("[65, 58, 32],") == [65, 58, 32])
    #expect(Supervision.tokens("-7") == [7])
    #expect(Supervision.tokens("a,,") == nil)
    #expect(Supervision.tokens("99999999999") == nil)
  }

  @Test("counts of labels, and what is cut to nothing")
  func counts() {
    var counts = SupervisionCounts()
    let none = UInt32(bitPattern: -100)
    let labels = [none, 5, 6, none, none, none, none, none, none, 9]
    counts.add(labels: labels.span, 0..<4, limit: 3)
    counts.add(labels: labels.span, 4..<8, limit: nil)
    counts.add(labels: labels.span, 4..<10, limit: 5)
    #expect(counts.supervised == 3 && counts.unsupervised == 1)
    #expect(counts.tooLong == 2 && counts.cutToNothing == 1)
    #expect(counts.spread.map { [$0.smallest, $0.median, $0.largest] } == [0, 16, 50])
    #expect(SupervisionCounts(numbers: counts.numbers) == counts)
    #expect(SupervisionCounts(numbers: [1, 2]) == nil)
    #expect(SupervisionCounts(numbers: [1, 2, 3, -4]) == nil)
  }

  @Test(
    "rewards are whole, or what they are",
    arguments: [
      ("1", [1], 1.0), ("-1", [-1], -1), ("true", [1], 1), ("false", [-1], 0), ("0", [-1], 0),
      ("-1.5", [-1], -1.5), ("0.75", [1], 0.75), ("[2, 3]", [1, 1], 2),
    ] as [(String, [Int32], Double)])
  func rewards(text: String, binary: [Int32], value: Double) throws {
    let record = try JSONDocument(Array("{\"r\": \(text)}".utf8), path: "t").root
    var choice = RewardChoice(key: "r")
    if value == value.rounded() {
      #expect(try choice.bits(in: record).first == UInt32(bitPattern: Int32(value)))
    } else {
      #expect(throws: RecordRefusal.self) { try choice.bits(in: record) }
    }
    choice.element = .float32
    #expect(try choice.bits(in: record).first == Float(value).bitPattern)
    choice.element = .int32
    choice.isBinary = true
    #expect(try choice.bits(in: record) == binary.map { UInt32(bitPattern: $0) })
  }

  @Test(
    "what is no reward", arguments: ["null", "\"1\"", "[]", "[[1]]", "{}", "1e300", "3000000000"])
  func noRewards(text: String) throws {
    let record = try JSONDocument(Array("{\"r\": \(text)}".utf8), path: "t").root
    #expect(throws: RecordRefusal.self) { try RewardChoice(key: "r").bits(in: record) }
    #expect(throws: RecordRefusal.self) { try RewardChoice(key: "x").bits(in: record) }
  }

  @Test("special tokens and the end of sequence are part of what decides the output")
  func specialTokens() throws {
    let folder = try TemporaryFolder()
    try folder.write("i.jsonl", Array("{}\n".utf8))
    let template = try folder.write("t.jinja", Array("{{ bos_token }}".utf8))
    let options = { (tokens: String) throws -> [Manifest.Option] in
      try folder.write("special_tokens_map.json", Array(tokens.utf8))
      var recipe = Recipe(
        inputs: [folder.file("i.jsonl")], tokenizer: TokenizerChoice(kind: .characterLevel),
        outputPrefix: folder.file("o"))
      recipe.keys = ["c"]
      recipe.supervision = .chat(ChatChoice(template: .file(template), folder: folder.path))
      let tokenizer = try loadTokenizer(recipe.tokenizer)
      _ = try recipe.makeChatEncoder(tokenizer)
      return recipe.supervisionOptions
    }
    let first = try options(#"{"bos_token":"a","eos_token":"b"}"#)
    #expect(try options(#"{"eos_token":"b","bos_token":"a"}"#) == first)
    #expect(try options(#"{"bos_token":"c","eos_token":"b"}"#) != first)
    #expect(try options(#"{"bos_token":"a","eos_token":"c"}"#) != first)
  }
}
