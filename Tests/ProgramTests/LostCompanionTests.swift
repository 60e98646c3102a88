import Foundation
import TestSupport
import Testing

/// Labels, rewards and sources that are gone, or that would be found beside what they do not belong to.
@Suite("neox-index, lost companions")
struct LostCompanionTests {
  let fixture: PreprocessFixture

  init() throws {
    fixture = try PreprocessFixture(rewardedChats: ["a", "cc", "ddd", "a", "e"])
  }

  private static let text = "@o_conversation_document"
  private static let writing = [
    ["merge", text, text, "-o", "@x_document"],
    ["split", text, "--parts", "2", "-o", "@x_document"],
    ["convert", text, "--format", "cached", "-o", "@x_document"],
    ["dedupe", "--exact", text, "-o", "@x_document"], ["dedupe", "--exact", text, "--dry-run"],
    ["pack", text, "-o", "@x.nxz"],
  ]

  private func index(_ words: [String]) throws -> ProgramRun { try fixture.index(words) }
  private func index(_ words: String...) throws -> ProgramRun { try fixture.index(words) }

  private func remove(_ names: String...) throws {
    for name in names {
      try FileManager.default.removeItem(atPath: fixture.folder.file(name))
    }
  }

  /// Copies the files of a dataset under another name.
  private func copy(_ name: String, to other: String, _ endings: [String] = [".bin", ".idx"]) throws
  {
    for end in endings { try fixture.folder.write(other + end, fixture.folder.read(name + end)) }
  }

  private func expectRefusal(_ words: [String], _ message: String) throws {
    let before = try fixture.names("")
    let run = try index(words)
    #expect(run.status == 1 && run.output == "", "\(run.all)")
    #expect(run.errors.contains(message), "\(run.all)")
    #expect(try fixture.names("") == before)
  }

  @Test(
    "labels and rewards that the manifest names must be there",
    arguments: [["_label", ".idx"], ["_reward", ".bin"], ["_label", ".bin", ".idx"]])
  func gone(words: [String]) throws {
    let name = "o_conversation\(words[0])_document"
    for end in words.dropFirst() { try remove(name + end) }
    let path = fixture.folder.file(name) + words[1]
    let manifest = fixture.folder.file("o_manifest.json")
    for flags in [[], ["--deep"]] {
      let found = try index(["verify", Self.text] + flags)
      #expect(found.status == 1, "\(found.all)")
      for end in words.dropFirst() {
        let problem = "\(fixture.folder.file(name + end)): file: expected one, as \(manifest) tells"
        #expect(found.output.contains(problem), "\(found.all)")
      }
      #expect(found.output.contains("values not there"), "\(found.all)")
    }
    let remedy =
      "\(path): is not there, and \(manifest) tells of it; put it back, or move \(manifest)"
    for command in Self.writing { try expectRefusal(command, remedy) }
    // A repair takes what is there, and says what is not.
    let repair = try index("repair", Self.text, "-o", "@r_document")
    #expect(repair.status == 0, "\(repair.all)")
    #expect(repair.errors.contains("note: \(path)") && repair.errors.contains(manifest))
    // Without a manifest the other file tells; without that nothing does.
    try remove("o_manifest.json")
    let half = words.count == 2
    let bare = try index("convert", Self.text, "--format", "cached", "-o", "@y_document")
    #expect(bare.status == (half ? 1 : 0), "\(bare.all)")
    #expect(bare.errors.contains(path) == half, "\(bare.all)")
    #expect(try index("verify", Self.text).status == (half ? 1 : 0))
  }

  @Test("labels with a manifest of their own must be there too")
  func ownManifest() throws {
    let made = try index("convert", Self.text, "--format", "mmap", "-o", "@c_document")
    #expect(made.status == 0, "\(made.all)")
    try remove("c_label_document.bin", "c_label_document.idx")
    let manifest = fixture.folder.file("c_label_document_manifest.json")
    try expectRefusal(
      ["convert", "@c_document", "--format", "cached", "-o", "@x_document"],
      "c_label_document.bin: is not there, and \(manifest) tells of it")
    #expect(try index("verify", "@c_document").status == 1)
  }

  @Test("sources that the manifest names must be there")
  func sources() throws {
    let lines = ["a", "b", "a"].map { #"{"text":"\#($0)"}"# }
    let made = try fixture.runOnBytes(lines, ["--source"], prefix: "s")
    try #require(made.status == 0, "\(made.all)")
    try remove("s_text_document.src")
    let manifest = fixture.folder.file("s_manifest.json")
    let message =
      "s_text_document.src: is not there, and \(manifest) tells of it; put it back, or move"
    for words in Self.writing {
      try expectRefusal(words.map { $0.replacing(Self.text, with: "@s_text_document") }, message)
    }
    let repair = try index("repair", "@s_text_document", "-o", "@r_document")
    #expect(repair.status == 0, "\(repair.all)")
    #expect(repair.errors.contains("not there, and \(manifest) tells of it\n"), "\(repair.all)")
    try remove("s_manifest.json")
    let bare = try index("convert", "@s_text_document", "--format", "cached", "-o", "@x_document")
    #expect(bare.status == 0 && bare.errors == "", "\(bare.all)")
  }

  @Test(
    "no output gets labels or rewards of something else by its name",
    arguments: [[], ["--overwrite"]])
  func stale(flags: [String]) throws {
    let plain = try fixture.runOnBytes([#"{"text":"a"}"#, #"{"text":"b"}"#], [], prefix: "p")
    try #require(plain.status == 0, "\(plain.all)")
    let packed = try index("pack", "@p_text_document", "-o", "@p.nxz")
    try #require(packed.status == 0, "\(packed.all)")
    let text = "@p_text_document"
    let commands = [
      ["merge", text, text, "-o", "@z_document"],
      ["convert", text, "--format", "cached", "-o", "@z_document"],
      ["dedupe", "--exact", text, "-o", "@z_document"], ["repair", text, "-o", "@z_document"],
      ["unpack", "@p.nxz", "-o", "@z_document"],
      ["unpack", "@p.nxz", "--documents", "1", "-o", "@z_document"],
    ]
    for word in ["_label", "_reward"] {
      try copy("o_conversation\(word)_document", to: "z\(word)_document")
      for words in commands {
        try expectRefusal(
          words + flags,
          "\(fixture.folder.file("z\(word)_document.idx")): would pass for \(word.dropFirst())s")
      }
      try remove("z\(word)_document.bin", "z\(word)_document.idx")
      try copy("o_conversation\(word)_document", to: "z\(word)_document_1")
      try expectRefusal(
        ["split", text, "--parts", "2", "-o", "@z_document"] + flags,
        "z\(word)_document_1.idx: would")
      try remove("z\(word)_document_1.bin", "z\(word)_document_1.idx")
    }
    // Those that are written again are no strangers.
    let own = ["convert", Self.text, "--format", "cached", "-o", "@z_document", "--overwrite"]
    for _ in 0..<2 {
      let run = try index(own)
      #expect(run.status == 0, "\(run.all)")
    }
  }

  @Test("a trial of dedupe refuses what the work refuses")
  func trial() throws {
    let name = "o_conversation_document.bin"
    var bytes = try fixture.folder.read(name)
    bytes[bytes.count - 1] ^= 1
    try fixture.folder.write(name, bytes)
    for end in [["--dry-run"], ["-o", "@x_document"]] {
      try expectRefusal(
        ["dedupe", "--exact", Self.text] + end,
        "\(fixture.folder.file(name)): content hash: expected ")
    }
    try remove("o_manifest.json")
    let bare = try index("dedupe", "--exact", Self.text, "--dry-run", "--json")
    #expect(bare.status == 0 && bare.output.contains(#""documents": 5"#), "\(bare.all)")
  }

  @Test("repair names labels and rewards that stay behind, each with its own command")
  func repair() throws {
    let run = try index("repair", Self.text, "-o", "@r_document")
    #expect(run.status == 0, "\(run.all)")
    for word in ["_label", "_reward"] {
      let path = fixture.folder.file("o_conversation\(word)_document")
      let command =
        "neox-index repair \(path) -o \(fixture.folder.file("r\(word)_document"))"
      #expect(run.errors.contains("\(path) (\(command) writes it)"), "\(run.all)")
      let own = try index(Array(command.split(separator: " ").map(String.init).dropFirst()))
      #expect(own.status == 0 && own.errors == "", "\(own.all)")
    }
    let sound = try index("verify", "--deep", "@r_document")
    #expect(sound.status == 0 && sound.output.contains("r_reward_document: rewards"))
  }

  @Test("split says which parts are not found by their names")
  func splitNames() throws {
    let words = ["split", Self.text, "--parts", "2", "-o"]
    let lost = try index(words + ["@dflt"])
    #expect(lost.status == 0, "\(lost.all)")
    let (labels, rewards) = (fixture.folder.file("dflt_label"), fixture.folder.file("dflt_reward"))
    #expect(
      lost.errors.contains("are written as \(labels)_…, \(rewards)_…, and no command"),
      "\(lost.all)")
    #expect(lost.errors.contains("end --output-prefix"), "\(lost.all)")
    let found = try index(words + ["@dflt_document"])
    #expect(found.status == 0 && found.errors == "", "\(found.all)")
  }

  @Test("a manifest that tells of another name is noted once")
  func renamed() throws {
    for name in try fixture.names("o_") {
      try FileManager.default.moveItem(
        atPath: fixture.folder.file(name), toPath: fixture.folder.file("ren" + name.dropFirst()))
    }
    let manifest = fixture.folder.file("ren_manifest.json")
    let note = "\(manifest): tells of o_conversation_document, which has the sizes of "
    for words in [["verify"], ["convert", "--format", "cached", "-o", "@x_document"]] {
      let run = try index(words + ["@ren_conversation_document"])
      #expect(run.status == 0, "\(run.all)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.all)")
      #expect(
        run.errors.contains(note + fixture.folder.file("ren_conversation_document")), "\(run.all)")
    }
    // A dataset of other sizes has nothing to do with it.
    let other = try fixture.runOnBytes([#"{"text":"abc"}"#], [], prefix: "q")
    try #require(other.status == 0, "\(other.all)")
    try copy("q_text_document", to: "ren_text_document")
    #expect(try index("verify", "@ren_text_document").errors == "")
  }
}
