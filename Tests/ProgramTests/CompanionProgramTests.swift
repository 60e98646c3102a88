import Foundation
import IndexedData
import TestSupport
import Testing

@Suite("Companions, and what belongs to them")
struct CompanionProgramTests {
  let fixture: PreprocessFixture
  static let index = BuiltProgram("neox-index")

  init() throws { fixture = try PreprocessFixture() }

  private func run(_ lines: [String], _ flags: [String], prefix: String = "o") throws -> ProgramRun
  {
    let text = lines.map { $0 + "\n" }.joined()
    let input = try fixture.folder.write("i.jsonl", Array(text.utf8))
    return try PreprocessFixture.program.run(
      [
        "--input", input, "--output-prefix", fixture.folder.file(prefix), "--tokenizer-type",
        "CharLevelTokenizer", "--progress", "off",
      ] + flags)
  }

  private func verify(_ names: [String], _ flags: [String] = []) throws -> ProgramRun {
    try Self.index.run(
      ["verify"] + flags + names.map { fixture.folder.file($0 + "_document") })
  }

  private func ids(_ name: String, _ sequence: Int = 0) throws -> [Int64] {
    try IndexedDataset(prefix: fixture.folder.file(name + "_document")).tokens(of: sequence)
  }

  private let classes = [#"{"text":"good film","label":"pos","text_reward":"no"}"#]

  @Test("texts that are called label or reward are no companions", arguments: [true, false])
  func classification(hasManifest: Bool) throws {
    let made = try run(classes, ["--jsonl-keys", "text", "label", "text_reward"])
    #expect(made.status == 0, "\(made.all)")
    if !hasManifest {
      try FileManager.default.removeItem(atPath: fixture.folder.file("o_manifest.json"))
    }
    let sound = try verify(["o_text", "o_label"] + (hasManifest ? ["o_text_reward"] : []))
    #expect(sound.status == 0, "\(sound.all)")
    // A text that is called label has no ids below 0.
    let output = DatasetOutput(
      prefix: fixture.folder.file("o_label_document"), elementType: .int32)
    let builder = try DatasetBuilder(output, overwrite: true)
    try builder.append([-100, 5, 6])
    try builder.finish()
    let found = try verify(["o_label"], ["--deep", "--vocab-size", "256"])
    #expect(found.output.contains("found -100"), "\(found.all)")
  }

  @Test("labels of a mask are known without a manifest by their sizes")
  func mask() throws {
    let made = try run(classes, ["--mask-before-token", "103"])
    #expect(made.status == 0, "\(made.all)")
    let deep = ["--deep", "--vocab-size", "256"]
    #expect(try verify(["o_text", "o_label"], deep).status == 0)
    try FileManager.default.removeItem(atPath: fixture.folder.file("o_manifest.json"))
    let bare = try verify(["o_text", "o_label"], deep)
    #expect(bare.status == 0, "\(bare.all)")
  }

  private let pairs = [#"{"p":"Q?","a":"yes","b":"no"}"#]

  @Test("pairs of strings go through a template that was named")
  func templatePairs() throws {
    let template = try fixture.folder.write(
      "t.jinja",
      Array(
        ("{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}|{% endfor %}"
          + "{% if add_generation_prompt %}<assistant>{% endif %}").utf8))
    let flags = ["--preference", "a,b", "--chat-template", template]
    let made = try run(pairs, flags + ["--prompt-key", "p"])
    #expect(made.status == 0, "\(made.all)")
    #expect(try ids("o_a").dropLast() == "<user>Q?|<assistant>yes|".utf8.map { Int64($0) }[...])
    let labels = try ids("o_b_label")
    #expect(labels.filter { $0 != -100 }.dropLast() == "no|".utf8.map { Int64($0) }[...])
    let refused = try run(pairs, flags, prefix: "n")
    #expect(refused.status == 1 && refused.errors.contains("i.jsonl:1:"), "\(refused.all)")
    #expect(refused.errors.contains("--prompt-key"))
    let ended = try run(pairs, flags + ["--prompt-key", "p", "--append-eod"], prefix: "e")
    #expect(ended.status == 2 && ended.errors.contains("leave it out"), "\(ended.all)")
  }

  @Test("pairs of strings need no template of the tokenizer's folder")
  func folderWithoutTemplate() throws {
    try fixture.folder.write("tokenizer_config.json", Array(#"{"eos_token":"x"}"#.utf8))
    let flags = [
      "--preference", "a,b", "--prompt-key", "p", "--append-eod", "--tokenizer-path",
      fixture.folder.path,
    ]
    let made = try run(pairs, flags)
    #expect(made.status == 0, "\(made.all)")
    #expect(try ids("o_a") == "Q?yes".utf8.map { Int64($0) } + [0])
    let role = try run(pairs, flags + ["--generation-role", "bot"], prefix: "r")
    #expect(role.status == 2 && role.errors.contains("--generation-role: it needs"), "\(role.all)")
  }

  @Test(
    "options without effect are refused",
    arguments: [
      (["show", "X", "0", "--best", "3"], "--best: it needs --top-logits"),
      (["verify", "F.logits", "--companion", "X"], "--companion: it is about datasets"),
      (["verify", "F.logits", "--deep", "--vocab-size", "9"], "--vocab-size: it is about"),
      (["verify", "F.logits", "--deep", "--eod-id", "0"], "--eod-id: it is about"),
    ])
  func refused(words: [String], reason: String) throws {
    let made = try run(classes, [])
    #expect(made.status == 0, "\(made.all)")
    let run = try Self.index.run(
      words.map { $0 == "X" ? fixture.folder.file("o_text_document") : $0 })
    #expect(run.status == 2 && run.errors.contains(reason), "\(run.all)")
  }
}
