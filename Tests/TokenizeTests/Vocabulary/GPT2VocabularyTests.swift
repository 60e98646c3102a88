import Foundation
import TestSupport
import Testing

@testable import Tokenize

@Suite("GPT-2 vocabularies")
struct GPT2VocabularyTests {
  private let tiny: TinyVocabulary

  init() throws {
    tiny = try TinyVocabulary()
  }

  @Test("A vocabulary encodes and decodes")
  func encodes() throws {
    let tokenizer = try loadTokenizer(tiny.choice)
    let ids = try tokenizer.encode("hello world é")
    let id = TinyVocabulary.id
    #expect(
      ids == [
        id("hello"), id("Ġwor"), id("ld"), id("Ġ"), id("Ã©"),
      ])
    #expect(tokenizer.bytes(ids) == Array("hello world é".utf8))
    #expect(tokenizer.vocabularySize == 267)
    #expect(tokenizer.endOfDocument == 266)
  }

  @Test("The text of the end of a document is what the policy says")
  func specialText() throws {
    var choice = tiny.choice
    let text = "a <|endoftext|> b"
    let end = TinyVocabulary.id("<|endoftext|>")
    let encoded = try loadTokenizer(choice).encode(text)
    #expect(
      encoded == [
        TinyVocabulary.id("a"), TinyVocabulary.id("Ġ"), end, TinyVocabulary.id("Ġ"),
        TinyVocabulary.id("b"),
      ])
    choice.specialText = .literal
    let literal = try loadTokenizer(choice)
    #expect(try literal.encode(text) == text.utf8.map { TinyVocabulary.id(spelling($0)) })
    #expect(literal.bytes(try literal.encode(text)) == Array(text.utf8))
    choice.specialText = .error
    let refusing = try loadTokenizer(choice)
    #expect(throws: TokenizeError.specialText("<|endoftext|>", offset: 2)) {
      try refusing.encode(text)
    }
    #expect(try refusing.encode("a <|endoftext| b").count == 16)
  }

  private func spelling(_ byte: UInt8) -> String {
    String(Character(VisibleBytes.characters[Int(byte)]))
  }

  @Test("Random bytes come back whole", arguments: 0..<5 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    let tokenizer = try loadTokenizer(tiny.choice)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<50 {
      let count = Int.random(in: 0...300, using: &generator)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(tokenizer.bytes(try tokenizer.ids(bytes)) == bytes, "seed \(seed)")
      let text = awkwardText(20, using: &generator)
      #expect(tokenizer.bytes(try tokenizer.ids(text)) == text, "seed \(seed)")
    }
  }

  @Test("Line ends, the version line and empty last lines do not matter")
  func mergeLines() throws {
    let expected = try loadTokenizer(tiny.choice).encode("hello world")
    for text in [
      TinyVocabulary.merges.joined(separator: "\n"),
      TinyVocabulary.merges.joined(separator: "\r\n") + "\r\n",
      "#version: 0.2\r\n" + TinyVocabulary.merges.joined(separator: "\n") + "\n\n\n",
    ] {
      try tiny.folder.write("merges.txt", Array(text.utf8))
      #expect(try loadTokenizer(tiny.choice).encode("hello world") == expected)
    }
  }

  @Test(
    "A line of merges that is wrong is named",
    arguments: [
      ("h e\nhe\nl l", 2, "\"he\""), ("h e l", 1, "\"h e l\""), ("h e\n\nl l", 2, "\"\""),
      ("#version: 0.2\nh e\nh qq", 3, "\"qq\""), ("h e\nl  l", 2, "\"l  l\""),
      ("h e\ne h", 2, "\"eh\""), (" h e", 1, "\" h e\""), ("h\te", 1, "h\te"),
    ])
  func badMerges(text: String, line: Int, found: String) throws {
    try tiny.folder.write("merges.txt", Array(text.utf8))
    let error = #expect(throws: TokenizeError.self) { try loadTokenizer(tiny.choice) }
    let message = error?.description ?? ""
    #expect(message.contains("merges.txt: line \(line): "), "\(message)")
    #expect(message.contains(found), "\(message)")
  }

  @Test("A file of merges that breaks off is told as such", arguments: ["h e\nhe l", "h e\nl"])
  func cutMerges(text: String) throws {
    try tiny.folder.write("merges.txt", Array(text.utf8))
    var found = message(tiny.choice)
    #expect(found.contains("line 2: ") && found.contains("to be cut short"), "\(found)")
    // A line that is whole, or comes before, lacks nothing behind it.
    for text in [text + "\n", text + "\nh e"] {
      try tiny.folder.write("merges.txt", Array(text.utf8))
      found = message(tiny.choice)
      #expect(found.contains("line 2: ") && !found.contains("cut short"), "\(found)")
    }
  }

  @Test(
    "A vocabulary that is wrong is refused with the reason",
    arguments: [
      ("", "the file is empty"), ("{}", "no tokens"), ("[1]", "not array"), ("{\"a\":", "not JSON"),
      ("{\"a\": \"b\"}", "json: byte 1: token \"a\": its id is not a whole number"),
      ("{\"a\": 1.5}", "not a whole number"), ("{\"a\": -1}", "its id -1"),
      ("{\"a\": 2147483648}", "its id 2147483648"), ("{\"a\": 9223372036854775808}", "not a whole"),
      (
        "{\"a\": 1, \"b\": 1}",
        "byte 9: token \"b\": its id 1 belongs to another token as well, \"a\" at byte 1"
      ),
      (
        "{\"a\": 1,\n \"a\" : 2}",
        "byte 10: token \"a\": it is listed twice, with the ids 1 and 2; first at byte 1"
      ),
      ("{\"a\\\"{\": 0 , \"b\": -5}", "byte 13: token \"b\": its id -5 is not"),
      ("{\"a\": 1, \"<|endoftext|>\": 2}", "merges.txt: line 2"),
    ])
  func badVocabulary(text: String, reason: String) throws {
    try tiny.folder.write("vocab.json", Array(text.utf8))
    let error = #expect(throws: TokenizeError.self) { try loadTokenizer(tiny.choice) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test(
    "In a tokenizer.json, too, tokens with one id are told with their places",
    .timeLimit(.minutes(1)))
  func placesInside() throws {
    // Of repeated keys the last counts.
    let text =
      #"{"model":{"vocab":{"x":0,"y":1},"vocab":{"z":0}},"#
      + #""version":"1.0","added_tokens":[{"id":1}],"pre_tokenizer":{"type":"ByteLevel","#
      + #""add_prefix_space":false,"trim_offsets":true,"use_regex":true},"#
      + #""model":{"type":"BPE","vocab":{"a":0,"é\"":1,"c":1},"merges":[]}}"#
    let path = try tiny.folder.write("tokenizer.json", Array(text.utf8))
    let choice = TokenizerChoice(kind: .huggingFace, vocabularyFile: path)
    let found = message(choice)
    let bytes = Array(text.utf8)
    func place(_ key: String) -> Int? { bytes.firstRange(of: Array(key.utf8))?.lowerBound }
    let (here, there) = (try #require(place(#""c":"#)), try #require(place(#""é"#)))
    #expect(
      found.contains(
        "byte \(here): token \"c\": its id 1 belongs to another token as well, \"é\"\" at byte \(there)"
      ),
      "\(found)")
    // A pipe gives its text once.
    try FileManager.default.removeItem(atPath: path)
    try #require(mkfifo(path, 0o600) == 0)
    Thread.detachNewThread {
      let pipe = FileHandle(forWritingAtPath: path)
      try? pipe?.write(contentsOf: Data(bytes))
      try? pipe?.close()
    }
    #expect(message(choice) == found)
  }

  @Test("Missing files, a folder in their place, and missing arguments are errors")
  func missing() throws {
    var choice = tiny.choice
    choice.vocabularyFile = tiny.folder.file("absent.json")
    #expect(throws: TokenizeError.self) { try loadTokenizer(choice) }
    choice.vocabularyFile = tiny.folder.path
    #expect(throws: TokenizeError.self) { try loadTokenizer(choice) }
    choice.vocabularyFile = nil
    #expect(throws: TokenizeError.self) { try loadTokenizer(choice) }
    choice = tiny.choice
    choice.mergeFile = nil
    #expect(throws: TokenizeError.self) { try loadTokenizer(choice) }
    try tiny.folder.write("merges.txt", [])
    #expect(throws: TokenizeError.self) { try loadTokenizer(tiny.choice) }
  }

  private func message(_ choice: TokenizerChoice) -> String {
    do throws(TokenizeError) { _ = try loadTokenizer(choice) } catch { return error.description }
    return ""
  }

  @Test("A file of another kind, and a folder, are told by what they are, with what to name")
  func otherKinds() throws {
    // GPT-2's vocabulary has the keys of a tokenizer.json among its tokens.
    let rows = (TinyVocabulary.tokens + ["model", "version"]).enumerated().map {
      "\(TinyVocabulary.quoted($1)): \($0)"
    }
    try tiny.folder.write("vocab.json", Array("{\(rows.joined(separator: ","))}".utf8))
    var choice = tiny.choice
    choice.kind = .huggingFace
    var text = message(choice)
    #expect(text.contains("this is a vocab.json") && text.contains("GPT2BPETokenizer"), "\(text)")
    choice.vocabularyFile = tiny.choice.mergeFile
    text = message(choice)
    #expect(text.contains("this is a merges.txt") && text.contains("GPT2BPETokenizer"), "\(text)")
    choice.vocabularyFile = tiny.folder.path
    text = message(choice)
    #expect(
      text.contains("it is a folder, where HFTokenizer reads a file; name its vocab.json and"),
      "\(text)")
    choice = tiny.choice
    choice.vocabularyFile = tiny.folder.path
    text = message(choice)
    #expect(text.contains("name \(tiny.folder.path)/vocab.json"), "\(text)")
    choice = tiny.choice
    choice.mergeFile = tiny.choice.vocabularyFile
    text = message(choice)
    #expect(text.contains("vocab.json: document: this is JSON, not a merges.txt"), "\(text)")
    choice = tiny.choice
    choice.vocabularyFile = try tiny.folder.write(
      "tokenizer.json", Array(#"{"version":"1.0","model":{"vocab":{"a":0},"merges":[]}}"#.utf8))
    text = message(choice)
    #expect(
      text.contains("this is a tokenizer.json") && text.contains("type HFTokenizer"), "\(text)")
    choice.vocabularyFile = tiny.folder.path
    choice.kind = .huggingFace
    text = message(choice)
    #expect(text.hasSuffix("name \(tiny.folder.path)/tokenizer.json"), "\(text)")
    choice.vocabularyFile = tiny.choice.vocabularyFile
    choice.kind = .huggingFaceGPT2
    text = message(choice)
    #expect(text.contains("it is a file, where HFGPT2Tokenizer reads a folder"), "\(text)")
  }

  @Test("A byte without a token and an absent end of document are named")
  func incomplete() throws {
    try tiny.folder.write("merges.txt", Array("#version: 0.2\n".utf8))
    try tiny.folder.write(
      "vocab.json", TinyVocabulary.json(TinyVocabulary.tokens.filter { $0 != "A" }))
    var error = #expect(throws: TokenizeError.self) { try loadTokenizer(tiny.choice) }
    #expect(error?.description.contains("byte 65, spelled A") == true)
    try tiny.folder.write("vocab.json", TinyVocabulary.json(TinyVocabulary.tokens.dropLast()))
    error = #expect(throws: TokenizeError.self) { try loadTokenizer(tiny.choice) }
    #expect(error?.description.contains("has no token <|endoftext|>") == true)
    var choice = tiny.choice
    choice.endOfDocumentToken = "hello"
    #expect(try loadTokenizer(choice).endOfDocument == TinyVocabulary.id("hello"))
  }

  @Test("Merges that leave much of the vocabulary out of reach are refused")
  func cutShort() throws {
    let extra = (0..<300).map { "xx\($0)" }
    try tiny.folder.write("vocab.json", TinyVocabulary.json(TinyVocabulary.tokens + extra))
    let error = #expect(throws: TokenizeError.self) { try loadTokenizer(tiny.choice) }
    #expect(error?.description.contains("cut short") == true)
  }

  @Test("Merges that are cut anywhere are refused, with the line and the first lost token")
  func cutAnywhere() throws {
    let whole = try tiny.folder.read("merges.txt")
    let first = "#version: 0.2\nh e\n".utf8.count
    for count in first..<(whole.count - 1) {
      try tiny.folder.write("merges.txt", Array(whole.prefix(count)))
      let found = message(tiny.choice)
      #expect(found.contains("merges.txt: line "), "\(count) bytes: \(found)")
    }
    try tiny.folder.write("merges.txt", Array(whole.prefix(first)))
    let found = message(tiny.choice)
    #expect(
      found.contains(
        "merges.txt: line 2: the file ends here, without the merges that make \"ll\", \"hell\", "
          + "\"hello\" and others of"), "\(found)")
    // Only the last line end is lost.
    try tiny.folder.write("merges.txt", whole.dropLast())
    #expect(message(tiny.choice) == "")
  }

  @Test("Special tokens first, last, joined of letters or in another order are no lost merges")
  func specialTokens() throws {
    let bytes = Array(TinyVocabulary.tokens.prefix(256))
    let made = TinyVocabulary.tokens.dropFirst(256).dropLast()
    for tokens in [
      ["<|endoftext|>", "<pad>", "hel"] + bytes + made,
      bytes + made + ["<|endoftext|>", "<pad>", "zz9"],
      bytes + made.reversed() + ["hel", "<|endoftext|>"],
    ] {
      try tiny.folder.write("vocab.json", TinyVocabulary.json(tokens))
      #expect(message(tiny.choice) == "")
    }
  }

  @Test(
    "GPT-2's own merges, cut anywhere near their end, are refused",
    .enabled(if: SharedMaterial.isPresent, Comment(rawValue: SharedMaterial.absent)))
  func gpt2Cut() throws {
    let whole = try readWholeFile(SharedMaterial.path("data/gpt2-merges.txt"))
    var choice = tiny.choice
    choice.vocabularyFile = SharedMaterial.path("data/gpt2-vocab.json")
    var generator = SeededGenerator(seed: 5)
    let some = (0..<30).map { _ in Int.random(in: 0..<4000, using: &generator) }
    for lost in Array(2..<24) + some {
      try tiny.folder.write("merges.txt", whole.dropLast(lost))
      let found = message(choice)
      #expect(found.contains("merges.txt: line "), "\(lost) bytes lost: \(found)")
      #expect(!found.contains("endoftext"), "\(found)")
    }
    try tiny.folder.write("merges.txt", whole.dropLast())
    #expect(message(choice) == "")
  }

  @Test("A first merge that begins as JSON does is told from JSON")
  func braces() throws {
    try tiny.folder.write("merges.txt", Array("{ h\nh e\n".utf8))
    let found = message(tiny.choice)
    #expect(found.contains("merges.txt: line 1: the token \"{h\" is not in"), "\(found)")
  }

  @Test("The first wrong merge is named, wherever it and its tokens lie")
  func wrongMerge() throws {
    let good = String(decoding: try tiny.folder.read("merges.txt"), as: UTF8.self)
    let lines = good.split(separator: "\n")
    let last = try #require(lines.last)
    // Merges are looked up some at a time: many good ones come first, and a broken line comes later.
    let many = Array(repeating: String(last), count: 200)
    for (before, bad, behind, place) in [
      (many, "h qq", ["he"], "line \(lines.count + 201)"),
      ([], "h qq", ["he"], "line \(lines.count + 1)"),
      (many, "he", ["h qq"], "line \(lines.count + 201)"),
      (many, "h qq", many, "line \(lines.count + 201)"),
    ] {
      let text = (lines.map(String.init) + before + [bad] + behind).joined(separator: "\n")
      try tiny.folder.write("merges.txt", Array(text.utf8))
      let error = #expect(throws: TokenizeError.self) { try loadTokenizer(tiny.choice) }
      #expect(error?.description.contains(place + ":") == true, "\(error?.description ?? "")")
    }
  }

  @Test("Of a merge that is listed twice the later place counts, as in a Python dict of ranks")
  func mergeTwice() throws {
    try tiny.folder.write("vocab.json", TinyVocabulary.json(TinyVocabulary.tokens + ["el"]))
    func spellings(_ merges: String) throws -> [String] {
      try tiny.folder.write("merges.txt", Array((merges + "\n").utf8))
      let tokenizer = try loadTokenizer(tiny.choice)
      return try tokenizer.encode("hel").map {
        String(decoding: tokenizer.bytes([$0]), as: UTF8.self)
      }
    }
    #expect(try spellings("h e\ne l") == ["he", "l"])
    #expect(try spellings("h e\ne l\nh e") == ["h", "el"])
    #expect(try spellings("e l\nh e\ne l") == ["he", "l"])
  }

  @Test("A token that comes again far behind is named")
  func farTwice() throws {
    let extra = (0..<300).map { "xx\($0)" }
    let rows = (TinyVocabulary.tokens + extra + ["xx150"]).enumerated().map {
      "\(TinyVocabulary.quoted($1)): \($0)"
    }
    try tiny.folder.write("vocab.json", Array("{\(rows.joined(separator: ","))}".utf8))
    let error = #expect(throws: TokenizeError.self) { try loadTokenizer(tiny.choice) }
    #expect(error?.description.contains("token \"xx150\": it is listed twice") == true)
  }

  @Test("Ids may have holes")
  func holes() throws {
    let rows = TinyVocabulary.tokens.enumerated().map {
      "\(TinyVocabulary.quoted($1)): \($0 * 3)"
    }
    try tiny.folder.write("vocab.json", Array("{\(rows.joined(separator: ","))}".utf8))
    let tokenizer = try loadTokenizer(tiny.choice)
    #expect(try tokenizer.encode("hello") == [TinyVocabulary.id("hello") * 3])
    #expect(tokenizer.bytes([1, 2, 70_000]) == [])
    #expect(tokenizer.vocabularySize == 267)
  }
}
