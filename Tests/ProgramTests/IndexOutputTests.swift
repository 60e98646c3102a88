import Foundation
import TestSupport
import Testing

/// What `neox-index` refuses to write, and what it says of ids and files it cannot make sense of.
struct IndexOutputTests {
  let fixture: PreprocessFixture
  let prefix: String

  init() throws {
    fixture = try PreprocessFixture()
    let input = try fixture.writeTexts("in.jsonl", ["the hat", "and there", "12345", "x y", "end"])
    let run = try fixture.run(input, ["--append-eod"])
    try #require(run.status == 0, "\(run.all)")
    prefix = fixture.folder.file("o_text_document")
  }

  private func index(_ words: String...) throws -> ProgramRun {
    try IndexProgramTests.program.run(
      words.map { $0.replacing("@", with: fixture.folder.path + "/") })
  }

  @Test(arguments: [
    ["merge", "@o_text_document", "-o", "@x"], ["repair", "@o_text_document", "-o", "@x"],
    ["convert", "@o_text_document", "--element-type", "int32", "-o", "@x"],
    ["split", "@o_text_document", "--parts", "2", "-o", "@x"],
    ["export", "@o_text_document", "-o", "@x"],
  ])
  func anOutputThatAnotherProcessWritesIsLeftAlone(words: [String]) throws {
    let words = words.map { $0.replacing("@", with: fixture.folder.path + "/") }
    let lock = open(fixture.folder.file("x.neox-lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    try #require(lock >= 0 && flock(lock, LOCK_EX) == 0)
    defer { close(lock) }
    let busy = try IndexProgramTests.program.run(words)
    #expect(busy.status == 1, "\(busy.all)")
    #expect(busy.errors.contains("/x: another process is writing this output"), "\(busy.all)")
    #expect(try fixture.names("x") == ["x.neox-lock"])
  }

  @Test func textIsNotPreparedForAnOutputThatIsBeingWritten() throws {
    let lock = open(
      fixture.folder.file("x_text_document.neox-lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    try #require(lock >= 0 && flock(lock, LOCK_EX) == 0)
    defer { close(lock) }
    let run = try fixture.run(fixture.folder.file("in.jsonl"), prefix: "x")
    #expect(run.status == 1, "\(run.all)")
    #expect(run.errors.contains("x_text_document: another process is writing"), "\(run.all)")
    #expect(try fixture.names("x") == ["x_text_document.neox-lock"])
  }

  @Test func aClaimLeftBehindHindersNobody() throws {
    try fixture.folder.write("x.neox-lock", [])
    #expect(try index("merge", prefix, "-o", "@x").status == 0)
    #expect(try fixture.names("x") == ["x.bin", "x.idx", "x_manifest.json"])
  }

  @Test func shardsMustAllBeThereOnceAndInOrder() throws {
    let input = try fixture.writeTexts("s.jsonl", PreprocessFixture.texts(60, seed: 4))
    for index in 0..<3 {
      let run = try fixture.run(input, prefix: "p", ["--shard", "\(index)/3"])
      #expect(run.status == 0, "\(run.all)")
    }
    func part(_ index: Int) -> String { "@p_0000\(index)-of-00003_text_document" }
    let missing = try index("merge", part(0), part(2), "-o", "@x")
    #expect(missing.status == 1 && missing.errors.contains("missing: 1/3;"), "\(missing.all)")
    let twice = try index("merge", part(0), part(1), part(1), part(2), "-o", "@x")
    #expect(twice.status == 1 && twice.errors.contains("named twice: 1/3;"), "\(twice.all)")
    let turned = try index("merge", part(1), part(0), part(2), "-o", "@x")
    #expect(turned.status == 1 && turned.errors.contains("out of order: 1, 0, 2;"))
    #expect(try fixture.names("x") == [])
    let partial = try index("merge", "--partial", part(0), part(2), "-o", "@x")
    #expect(partial.status == 0 && partial.errors.contains("warning: "), "\(partial.all)")
    let whole = try index("merge", part(0), part(1), part(2), "-o", "@y")
    #expect(whole.status == 0 && whole.errors == "", "\(whole.all)")
  }

  @Test func shardsMustBeOfOneRun() throws {
    func shard(_ index: Int, _ texts: Int, _ options: [String] = []) throws {
      let input = try fixture.writeTexts("s.jsonl", PreprocessFixture.texts(texts, seed: 4))
      let run = try fixture.run(
        input, prefix: "p", ["--shard", "\(index)/2", "--overwrite"] + options)
      #expect(run.status == 0, "\(run.all)")
    }
    let parts = ["@p_00000-of-00002_text_document", "@p_00001-of-00002_text_document"]
    try shard(0, 40)
    // Longer now: the second half begins elsewhere, and documents between would be lost.
    try shard(1, 60)
    let changed = try index("merge", parts[0], parts[1], "-o", "@x")
    #expect(changed.status == 1 && changed.errors.contains("the input "), "\(changed.all)")
    try shard(0, 60, ["--append-eod"])
    let mixed = try index("merge", parts[0], parts[1], "-o", "@x")
    #expect(mixed.status == 1 && mixed.errors.contains("--append-eod differs"), "\(mixed.all)")
    try shard(1, 60, ["--append-eod"])
    #expect(try index("merge", parts[0], parts[1], "-o", "@x").status == 0)
  }

  @Test func aFolderOfSeveralKeysIsRefused() throws {
    let lines = "{\"title\":\"the\",\"body\":\"hat and\"}\n"
    let input = try fixture.folder.write("k.jsonl", Array(lines.utf8))
    let folder = fixture.folder.file("f")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let run = try fixture.run(input, prefix: "f/a", ["--jsonl-keys", "title", "body"])
    #expect(run.status == 0, "\(run.all)")
    let mixed = try index("merge", "@f", "-o", "@x")
    #expect(mixed.status == 1 && mixed.errors.contains("name the prefixes"), "\(mixed.all)")
    try FileManager.default.removeItem(atPath: folder + "/a_manifest.json")
    #expect(try index("merge", "@f", "-o", "@x").status == 1)
    #expect(
      try index("merge", "@f/a_title_document", "@f/a_body_document", "-o", "@x").status == 0)
    let again = try fixture.run(input, prefix: "f/a", ["--jsonl-keys", "title", "--overwrite"])
    #expect(again.status == 0, "\(again.all)")
  }

  @Test func datasetsOfKeysNoLongerMadeAreNamed() throws {
    let lines = "{\"title\":\"the\",\"body\":\"hat and\"}\n"
    let input = try fixture.folder.write("k.jsonl", Array(lines.utf8))
    let both = try fixture.run(input, prefix: "a", ["--jsonl-keys", "title", "body"])
    #expect(both.status == 0 && !both.errors.contains("note: "), "\(both.all)")
    let one = try fixture.run(input, prefix: "a", ["--jsonl-keys", "title", "--overwrite"])
    #expect(one.status == 0, "\(one.all)")
    #expect(one.errors.contains("a_body_document: of an earlier run with the key 'body'"))
  }

  @Test func partsOfAnEarlierSplitAreNotLeftBesideNewOnes() throws {
    #expect(try index("split", prefix, "--parts", "5", "-o", "@s").status == 0)
    let fewer = try index("split", prefix, "--parts", "3", "-o", "@s", "--overwrite")
    #expect(fewer.status == 1, "\(fewer.all)")
    #expect(fewer.errors.contains("/s_3: a part of an earlier split"), "\(fewer.all)")
    #expect(fewer.errors.contains("like s_4"))
    #expect(try index("split", prefix, "--parts", "5", "-o", "@s", "--overwrite").status == 0)
    #expect(try index("split", prefix, "--weights", "60,20,20", "-o", "@w").status == 0)
    let two = try index("split", prefix, "--weights", "60,40,0", "-o", "@w", "--overwrite")
    #expect(two.status == 1 && two.errors.contains("/w_test: a part of"), "\(two.all)")
    // A number alone makes no part of a split.
    #expect(try index("merge", prefix, "-o", "@n_2020").status == 0)
    #expect(try index("split", prefix, "--parts", "2", "-o", "@n").status == 0)
  }

  @Test(arguments: [
    ["merge", "@o_text_document", "-o", "@no/x"], ["repair", "@o_text_document", "-o", "@no/x"],
    ["convert", "@o_text_document", "--element-type", "int32", "-o", "@no/x"],
    ["split", "@o_text_document", "--parts", "2", "-o", "@no/x"],
    ["export", "@o_text_document", "-o", "@no/x"],
  ])
  func aFolderThatIsNotThereIsToBeMade(words: [String]) throws {
    let words = words.map { $0.replacing("@", with: fixture.folder.path + "/") }
    let run = try IndexProgramTests.program.run(words)
    #expect(run.status == 1 && run.output == "", "\(run.all)")
    #expect(
      run.errors.contains("there is no folder \(fixture.folder.file("no")); make it first"),
      "\(run.all)")
  }

  @Test func unknownIdsAreShownAndNotExported() throws {
    #expect(try index("convert", prefix, "--element-type", "int32", "-o", "@c").status == 0)
    var bin = try fixture.folder.read("c.bin")
    bin.replaceSubrange(0..<4, with: [0xA0, 0x86, 0x01, 0])
    try fixture.folder.write("c.bin", bin)
    let named = [
      "--tokenizer-type", "GPT2BPETokenizer", "--vocab", fixture.folder.file("vocab.json"),
      "--merge-file", fixture.folder.file("merges.txt"),
    ]
    let program = IndexProgramTests.program
    let path = fixture.folder.file("c")
    let shown = try program.run(["show", path, "0"] + named)
    #expect(shown.status == 0 && shown.output.contains("\n<id 100000?>"), "\(shown.all)")
    let json = try program.run(["show", path, "0", "--json"] + named)
    #expect(json.output.contains("\"exact\":false"), "\(json.all)")
    #expect(try program.run(["sample", path] + named).output.contains("<id 100000?>"))
    let export = try program.run(["export", path] + named)
    #expect(export.status == 1, "\(export.all)")
    #expect(
      export.errors.contains("document 0: the tokenizer does not know the id 100000"),
      "\(export.all)")
    #expect(try program.run(["export", path, "--ids"]).output.contains("[100000,"))
  }

  @Test func onlyTokensThatWereReadCountAsRead() throws {
    try fixture.folder.write("d.bin", [1, 0])
    try fixture.folder.write("d.idx", [UInt8](repeating: 7, count: 142))
    let text = try index("verify", "--deep", "@d")
    #expect(text.status == 1 && text.output.contains("tokens not looked at"), "\(text.all)")
    #expect(!text.output.contains("every token"))
    let json = try index("verify", "--deep", "--json", "@d").output
    #expect(json.contains("\"deep\": false") && !json.contains("\"bytes_read\": 142"), "\(json)")
    #expect(try index("verify", "--deep", prefix).output.contains("every token looked at"))
  }

  @Test func exportReplacesFilesOnly() throws {
    let link = fixture.folder.file("link")
    try fixture.folder.write("target", [1])
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: fixture.folder.file("target"))
    try #require(mkfifo(fixture.folder.file("pipe"), 0o600) == 0)
    for (name, kind) in [("link", "symbolic link"), ("pipe", "named pipe"), (".", "folder")] {
      let run = try index("export", prefix, "-o", "@" + name, "--overwrite")
      #expect(run.status == 1 && run.errors.contains("is a \(kind), and only files"), "\(run.all)")
    }
    #expect(try fixture.folder.read("target") == [1])
    let device = try index("export", prefix, "-o", "/dev/null", "--overwrite")
    #expect(device.status == 1 && device.errors.contains("is a device"), "\(device.all)")
    let plain = try index("export", prefix).output
    #expect(try index("export", prefix, "-o", "-").output == plain && !plain.isEmpty)
    #expect(try index("export", prefix, "-o", "").status == 2)
    try fixture.folder.write("file", [1])
    #expect(try index("export", prefix, "-o", "@file", "--overwrite").status == 0)
    #expect(try fixture.folder.read("file") == Array(plain.utf8))
  }
}
