import Foundation
import IndexedData
import TestSupport
import Testing

@Suite("Companions, and what belongs to them")
struct CompanionProgramTests {
  let fixture: PreprocessFixture
  static let index = BuiltProgram("neox-index")

  init() throws { fixture = try PreprocessFixture() }

  private func run(
    _ lines: [String], _ flags: [String], prefix: String = "o"
  ) throws -> ProgramRun { try fixture.runOnBytes(lines, flags, prefix: prefix) }

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

  private let graded = [
    #"{"conversation":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],"r":1}"#,
    #"{"conversation":[{"role":"user","content":"c"},{"role":"assistant","content":"d"}],"r":2}"#,
  ]

  private func makeGraded() throws {
    let made = try run(graded, ["--chat", "--chat-template", "plain", "--reward-key", "r"])
    #expect(made.status == 0, "\(made.all)")
  }

  /// Changes one bit of a file's last byte but `place`.
  private func flip(_ name: String, _ place: Int = 3) throws {
    var bytes = try fixture.folder.read(name)
    bytes[bytes.count - 1 - place] ^= 1
    try fixture.folder.write(name, bytes)
  }

  @Test(
    "a changed label or reward is found where the text is verified", arguments: ["label", "reward"])
  func changedCompanion(word: String) throws {
    try makeGraded()
    let sound = try verify(["o_conversation"], ["--deep"])
    #expect(sound.status == 0, "\(sound.all)")
    for line in [
      "o_conversation_label_document: labels, one for each token, values as they were made",
      "o_conversation_reward_document: rewards, some for each document, values as they were made",
    ] { #expect(sound.output.contains(line), "\(sound.all)") }
    try flip("o_conversation_\(word)_document.bin")
    let shallow = try verify(["o_conversation"])
    #expect(
      shallow.status == 0 && shallow.output.contains("values not compared (--deep does)"),
      "\(shallow.all)")
    let deep = try verify(["o_conversation"], ["--deep"])
    #expect(deep.status == 1, "\(deep.all)")
    #expect(deep.output.contains("o_conversation_\(word)_document.bin: content hash: expected"))
    #expect(deep.output.contains("\(word)s, 1 problem, values are not as they were made"))
    let json = try verify(["o_conversation"], ["--deep", "--json"])
    #expect(json.output.contains("\"content\": \"different\""), "\(json.all)")
    try FileManager.default.removeItem(atPath: fixture.folder.file("o_manifest.json"))
    let bare = try verify(["o_conversation"], ["--deep"])
    #expect(
      bare.status == 0 && bare.output.contains("values not compared, no hash of them is known"),
      "\(bare.all)")
  }

  /// Writes reference log-probabilities, three a document, with the key that precompute writes.
  private func writeReferences(values: (String) -> String) throws {
    let output = DatasetOutput(
      prefix: fixture.folder.file("o_conversation_document_base"), elementType: .float32)
    let builder = try DatasetBuilder(output, overwrite: true)
    for _ in 0..<2 { try builder.append(values: [-1, -2, -3]) }
    let digits = String(try builder.finish().elementsHash, radix: 16)
    let hash = String(repeating: "0", count: 16 - digits.count) + digits
    let manifest = String(decoding: try fixture.folder.read("o_manifest.json"), as: UTF8.self)
    // The text comes first: the hashes of its .bin and .idx.
    let hashes = manifest.split(separator: "xxh64:").dropFirst().map { $0.prefix(16) }
    let outputs = hashes.suffix(6)
    let text = outputs.prefix(2).joined()
    let key = "{\"text\":\"\(text)\",\"seq_length\":3\(values(hash))}\n"
    try fixture.folder.write("o_conversation_document_base_key.json", Array(key.utf8))
  }

  @Test("changed or stale log-probabilities of a reference model are found")
  func references() throws {
    try makeGraded()
    try writeReferences { ",\"values\":\"\($0)\"" }
    let sound = try verify(["o_conversation"], ["--deep"])
    #expect(sound.status == 0, "\(sound.all)")
    #expect(
      sound.output.contains(
        "o_conversation_document_base: reference log-probabilities, a row of 3 for each document, "
          + "values as they were made"), "\(sound.all)")
    // Another dataset of the folder has no part in it.
    #expect(try !verify(["o_conversation_label"]).output.contains("_base"))
    try flip("o_conversation_document_base.bin")
    let changed = try verify(["o_conversation"], ["--deep"])
    #expect(changed.status == 1, "\(changed.all)")
    #expect(changed.output.contains("o_conversation_document_base.bin: content hash"))
    try writeReferences { _ in "" }
    let older = try verify(["o_conversation"], ["--deep"])
    #expect(
      older.status == 0 && older.output.contains("values not compared, no hash"), "\(older.all)")
    // The text is not what they were computed from.
    try flip("o_conversation_document.bin")
    let stale = try verify(["o_conversation"], ["--deep"])
    #expect(stale.status == 1, "\(stale.all)")
    #expect(stale.output.contains("hash of the text that it was computed from"), "\(stale.all)")
  }

  @Test("labels and rewards are shown as numbers, texts as text")
  func shownNumbers() throws {
    try makeGraded()
    func show(_ name: String, _ flags: [String] = []) throws -> String {
      let run = try Self.index.run(
        ["show", fixture.folder.file("\(name)_document"), "1"] + flags)
      #expect(run.status == 0, "\(run.all)")
      return run.output
    }
    #expect(try show("o_conversation").contains("User: c"))
    #expect(try show("o_conversation_reward").hasSuffix("tokens\n2\n"))
    #expect(try show("o_conversation_label").contains("-100 -100"))
    #expect(try !show("o_conversation_label", ["--json"]).contains("\"text\""))
    // A tokenizer that is named is asked.
    #expect(
      try show("o_conversation_label", ["--tokenizer-type", "CharLevelTokenizer"])
        .contains("<id -100?>"))
    let made = try run(
      graded,
      [
        "--chat", "--chat-template", "plain", "--reward-key", "r", "--reward-type", "float32",
      ], prefix: "f")
    #expect(made.status == 0, "\(made.all)")
    #expect(try show("f_conversation_reward").hasSuffix("1 of 1 numbers\n2.0\n"))
    #expect(try show("f_conversation_reward", ["--json"]).contains("\"values\":[2"))
  }
}
