import Foundation
import IndexedData
import TestSupport

/// A folder with a small vocabulary and inputs, and `neox-preprocess` to run on them.
struct PreprocessFixture {
  let folder: TemporaryFolder
  static let program = BuiltProgram("neox-preprocess")

  init() throws {
    folder = try TemporaryFolder()
    try Self.writeVocabulary(in: folder)
  }

  /// Makes the dataset `o_conversation_document` of a chat for each text, with labels and the rewards
  /// 0, 1, 2, 0 and so on.
  init(rewardedChats texts: [String]) throws {
    try self.init()
    let lines = texts.enumerated().map {
      #"{"conversation":[{"role":"user","content":""# + $1
        + #""},{"role":"assistant","content":"b"}],"r":"# + "\($0 % 3)}"
    }
    let made = try runOnBytes(
      lines, ["--chat", "--chat-template", "plain", "--reward-key", "r"])
    guard made.status == 0 else { throw StepFixtureError(text: made.all) }
  }

  /// Runs `neox-index`; `@` in a word is the folder.
  func index(_ words: [String]) throws -> ProgramRun {
    try IndexProgramTests.program.run(words.map { $0.replacing("@", with: folder.path + "/") })
  }

  /// Flags that choose the small vocabulary.
  var vocabulary: [String] {
    [
      "--tokenizer-type", "GPT2BPETokenizer", "--vocab-file", folder.file("vocab.json"),
      "--merge-file", folder.file("merges.txt"),
    ]
  }

  /// Runs the main form with the small vocabulary.
  func run(
    _ input: String, prefix: String = "o", _ more: [String] = [],
    environment: [String: String] = [:], shellSetup: String? = nil
  ) throws -> ProgramRun {
    try Self.program.run(
      arguments(input, prefix: prefix, more), environment: environment, shellSetup: shellSetup)
  }

  /// Runs on lines of JSON with a token a byte, whose id is the byte and whose end is 0.
  func runOnBytes(_ lines: [String], _ flags: [String], prefix: String = "o") throws -> ProgramRun {
    try Self.program.run(byteArguments(try writeLines(lines), flags, prefix: prefix))
  }

  /// The words of a command with a token a byte.
  func byteArguments(_ input: String, _ flags: [String], prefix: String = "o") -> [String] {
    [
      "--input", input, "--output-prefix", folder.file(prefix), "--tokenizer-type",
      "CharLevelTokenizer",
    ] + Self.progress(flags) + flags
  }

  /// Writes lines as they are.
  func writeLines(_ lines: [String], _ name: String = "i.jsonl") throws -> String {
    try folder.write(name, Array(lines.map { $0 + "\n" }.joined().utf8))
  }

  /// The words of a command of the main form.
  func arguments(_ input: String, prefix: String = "o", _ more: [String] = []) -> [String] {
    ["--input", input, "--output-prefix", folder.file(prefix)] + Self.progress(more) + vocabulary
      + more
  }

  /// No progress, unless the flags choose it.
  private static func progress(_ flags: [String]) -> [String] {
    flags.contains("--progress") ? [] : ["--progress", "off"]
  }

  /// Writes lines of JSON, each an object with a `text`.
  func writeTexts(_ name: String, _ texts: [String]) throws -> String {
    let lines = try texts.map { text in
      String(decoding: try JSONEncoder().encode(["text": text]), as: UTF8.self)
    }
    return try folder.write(name, Array((lines.joined(separator: "\n") + "\n").utf8))
  }

  /// The `.bin` and `.idx` of an output.
  func outputBytes(_ prefix: String = "o", key: String = "text") throws -> [[UInt8]] {
    try [".bin", ".idx"].map { try folder.read("\(prefix)_\(key)_document\($0)") }
  }

  /// Names in the folder that begin with a prefix, in order.
  func names(_ prefix: String = "o") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasPrefix(prefix) }.sorted()
  }

  /// Seeded prose with some of everything: long words, numbers, other scripts.
  static func texts(_ count: Int, seed: UInt64) -> [String] {
    var generator = SeededGenerator(seed: seed)
    let words = [
      "the", "and", "there", "hat", "12345", "naïve", "日本語", "😀", "x_y", "don't", "\n\n", "  ",
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "<|endoftext|>", "end.",
    ]
    return (0..<count).map { _ in
      let length = Int.random(in: 0..<60, using: &generator)
      return (0..<length).map { _ in words.randomElement(using: &generator) ?? "" }
        .joined(separator: " ")
    }
  }

  /// A byte-level vocabulary of all bytes, a few merges and `<|endoftext|>`.
  private static func writeVocabulary(in folder: TemporaryFolder) throws {
    var spellings: [Character] = []
    var next: UInt32 = 256
    for byte in UInt32(0)..<256 {
      let shown = (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174
      let scalar = shown ? byte : next
      if !shown { next += 1 }
      if let value = Unicode.Scalar(scalar) { spellings.append(Character(value)) }
    }
    let merges = ["t h", "th e", "a n", "Ġ the", "Ġ an", "Ġan d", "e r", "the r"]
    var vocabulary: [String: Int] = [:]
    for spelling in spellings { vocabulary[String(spelling)] = vocabulary.count }
    for merge in merges { vocabulary[merge.replacing(" ", with: "")] = vocabulary.count }
    vocabulary["<|endoftext|>"] = vocabulary.count
    let encoder = JSONEncoder()
    try folder.write("vocab.json", Array(try encoder.encode(vocabulary)))
    try folder.write("merges.txt", Array(("#version: 0.2\n" + merges.joined(separator: "\n")).utf8))
  }

  /// The id that ends documents in the small vocabulary.
  static let endOfDocument = 264
}
