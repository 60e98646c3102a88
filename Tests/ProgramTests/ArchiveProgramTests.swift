import Foundation
import IndexedData
import TestSupport
import Testing

@Suite("neox-index pack and unpack")
struct ArchiveProgramTests {
  let fixture: PreprocessFixture
  static let index = BuiltProgram("neox-index")

  private var folder: TemporaryFolder { fixture.folder }
  private var archive: String { folder.file("a.neoxpack") }

  /// Conversations with labels, rewards, sources and a manifest, packed.
  init() throws {
    fixture = try PreprocessFixture()
    let lines = (0..<60).map { number in
      #"{"conversation":[{"role":"user","content":"question \#(number)"},"#
        + #"{"role":"assistant","content":"answer \#(number * number)"}],"r":\#(number % 5)}"#
    }
    let run = try fixture.runOnBytes(
      lines, ["--chat", "--chat-template", "plain", "--reward-key", "r", "--source"])
    try #require(run.status == 0, "\(run.all)")
  }

  private func index(_ words: String...) throws -> ProgramRun { try Self.index.run(words) }

  private func packed(_ flags: String...) throws -> ProgramRun {
    let run = try Self.index.run(
      ["pack", folder.file("o_conversation_document"), "-o", archive, "--progress", "off"] + flags)
    #expect(run.status == 0, "\(run.all)")
    return run
  }

  private func same(_ name: String, in other: TemporaryFolder) throws -> Bool {
    try other.read(name) == folder.read(name)
  }

  private static let names = [
    "o_conversation_document.bin", "o_conversation_document.idx", "o_conversation_document.src",
    "o_conversation_label_document.bin", "o_conversation_label_document.idx",
    "o_conversation_reward_document.bin", "o_conversation_reward_document.idx",
    "o_manifest.json",
  ]

  @Test("all that belongs to a dataset comes back", arguments: ["zstd", "lz4"])
  func roundTrip(codec: String) throws {
    let run = try packed("--codec", codec, "--block-size", "4KiB")
    #expect(run.output.contains("60 documents") && run.output.contains("8 files"), "\(run.all)")
    let listing = try index("unpack", archive, "--list", "--json")
    let value = try JSONSerialization.jsonObject(with: Data(listing.output.utf8)) as? [String: Any]
    let files = try #require(value?["files"] as? [[String: Any]])
    #expect(files.compactMap { $0["name"] as? String }.sorted() == Self.names)
    #expect(value?["documents"] as? Int == 60 && value?["block_bytes"] as? Int == 4096)
    let target = try TemporaryFolder()
    let unpacked = try index("unpack", archive, "-o", target.path)
    #expect(unpacked.status == 0, "\(unpacked.all)")
    #expect(unpacked.output.split(separator: "\n").count == 8)
    for name in Self.names { #expect(try same(name, in: target), "\(name)") }
    let whole = try index("verify", "--deep", target.file("o_conversation_document"))
    #expect(whole.status == 0, "\(whole.all)")
    let again = try index("unpack", archive, "-o", target.path)
    #expect(again.status == 1 && again.errors.contains("exists already"), "\(again.all)")
  }

  @Test("documents are read without unpacking")
  func documents() throws {
    _ = try packed()
    let prefix = folder.file("o_conversation_document")
    for words in [["show"], ["show", "--ids"], ["where", "--json"], ["where"]] {
      let command = words[0]
      let flags = Array(words.dropFirst())
      let mine = try Self.index.run([command, archive, "7", "59"] + flags)
      let files = try Self.index.run([command, prefix, "7", "59"] + flags)
      #expect(mine.status == 0 && mine.output == files.output, "\(mine.all)\(files.all)")
    }
    let labelled = try index("show", archive, "7", "--labels")
    #expect(labelled.status == 0 && labelled.output.contains("reward 2"), "\(labelled.all)")
    #expect(try index("show", prefix, "7", "--labels").output == labelled.output)
    let drawn = try index("sample", archive, "--seed", "5")
    #expect(try index("sample", prefix, "--seed", "5").output == drawn.output)
    let found = try index("grep", archive, "question 7")
    #expect(found.status == 0 && found.output.hasPrefix("7:"), "\(found.all)")
    #expect(try index("show", archive, "60").status == 1)

    let target = try TemporaryFolder()
    let some = target.file("s_conversation_document")
    let run = try index("unpack", archive, "--documents", "7-9", "-o", some)
    #expect(run.status == 0, "\(run.all)")
    #expect(try IndexedDataset(prefix: some).documentCount == 2)
    #expect(
      try index("show", some, "1", "--ids").output.split(separator: "\n").last
        == index("show", prefix, "8", "--ids").output.split(separator: "\n").last)
    let labels = target.file("s_conversation_label_document")
    #expect(try IndexedDataset(prefix: labels).documentCount == 2)
    #expect(try index("unpack", archive, "--documents", "60", "-o", some).status == 2)
    #expect(try index("unpack", archive, "--documents", "9-7", "-o", some).status == 2)
  }

  @Test("some documents bring along their sources, labels and rewards")
  func parts() throws {
    _ = try packed("--block-size", "4KiB")
    let prefix = folder.file("o_conversation_document")
    let target = try TemporaryFolder()
    let some = target.file("s_conversation_document")
    let run = try index("unpack", archive, "--documents", "11-43", "-o", some)
    #expect(run.status == 0, "\(run.all)")
    let sound = try index("verify", "--deep", some)
    #expect(sound.status == 0, "\(sound.all)")
    for (document, original) in zip(0..<32, 11..<43) {
      for words in [["where", "--json"], ["show", "--labels"]] {
        let mine = try Self.index.run([words[0], some, "\(document)", words[1]])
        let whole = try Self.index.run([words[0], prefix, "\(original)", words[1]])
        #expect(mine.status == 0 && whole.status == 0, "\(mine.all)")
        #expect(
          mine.output.replacing("ocument \(document)", with: "ocument \(original)")
            .replacing("\"document\":\(document),", with: "\"document\":\(original),")
            == whole.output)
      }
    }
  }

  @Test("documents do not replace the archive that they come from")
  func outputIsArchive() throws {
    _ = try packed()
    let bytes = try folder.read("a.neoxpack")
    try folder.write("z_conversation_document.bin", bytes)
    let other = folder.file("z_conversation_document")
    let run = try index("unpack", other + ".bin", "--documents", "1", "-o", other, "--overwrite")
    #expect(run.status == 1 && run.errors.contains("z_conversation_document.bin"), "\(run.all)")
    #expect(try folder.read("z_conversation_document.bin") == bytes)
  }

  @Test("an archive is looked at as its files are")
  func inspection() throws {
    _ = try packed("--block-size", "4KiB")
    let prefix = folder.file("o_conversation_document")
    for words in [["info"], ["info", "--json"], ["stats"], ["stats", "--json"], ["export"]] {
      let mine = try Self.index.run([words[0], archive] + words.dropFirst())
      let files = try Self.index.run([words[0], prefix] + words.dropFirst())
      #expect(mine.status == 0, "\(mine.all)")
      let same = files.output.replacing(
        folder.path, with: archive + "!")
      #expect(
        mine.output.replacing("!/", with: "!") == same.replacing("!/", with: "!"), "\(words)")
    }
    let sources = try index("export", "--source", archive)
    #expect(try sources.output == index("export", "--source", prefix).output)
    let equal = try index("diff", archive, prefix)
    #expect(equal.status == 0 && equal.output.hasPrefix("equal"), "\(equal.all)")
  }

  @Test("what wants files says so of an archive")
  func refusals() throws {
    _ = try packed()
    let other = folder.file("x_document")
    for words in [
      ["split", archive, "-o", other, "--parts", "2"], ["merge", archive, "-o", other],
      ["convert", archive, "-o", other, "--format", "cached"], ["repair", archive, "-o", other],
      ["dedupe", "--exact", archive, "-o", other], ["pack", archive, "-o", folder.file("b")],
      ["report", archive, "-o", folder.file("r.html")],
    ] {
      let run = try Self.index.run(words)
      #expect(run.status == 1 && run.errors.contains("is an archive"), "\(words) \(run.all)")
    }
  }

  @Test("another name for the dataset, and one that its labels could not follow")
  func renamed() throws {
    _ = try packed()
    let target = try TemporaryFolder()
    let refused = try index("unpack", archive, "-o", target.file("plain"))
    #expect(refused.status == 1 && refused.errors.contains("has to end in"), "\(refused.all)")
    let run = try index("unpack", archive, "-o", target.file("n_conversation_document"))
    #expect(run.status == 0, "\(run.all)")
    #expect(
      try target.read("n_conversation_label_document.bin")
        == folder.read("o_conversation_label_document.bin"))
    let names = ["", "_label", "_reward"].map { "conversation\($0)_document." }
    var manifest = String(decoding: try folder.read("o_manifest.json"), as: UTF8.self)
    for name in names { manifest = manifest.replacing("o_\(name)", with: "n_\(name)") }
    #expect(String(decoding: try target.read("n_manifest.json"), as: UTF8.self) == manifest)
    let sound = try index("verify", "--deep", target.file("n_conversation_document"))
    #expect(sound.status == 0 && sound.output.contains("rewards"), "\(sound.all)")
    let shown = try index("show", target.file("n_conversation_document"), "7")
    #expect(shown.output.contains("question 7") && shown.errors.isEmpty, "\(shown.all)")
  }

  @Test("two datasets of one run get another name, and share its manifest")
  func renamedTwice() throws {
    let made = try fixture.runOnBytes(
      [#"{"a":"one","b":"uno"}"#], ["--jsonl-keys", "a", "b"], prefix: "k")
    try #require(made.status == 0, "\(made.all)")
    let target = try TemporaryFolder()
    for key in ["a", "b"] {
      let file = folder.file(key + ".neoxpack")
      let packed = try index("pack", folder.file("k_\(key)_document"), "-o", file)
      try #require(packed.status == 0, "\(packed.all)")
      let run = try index("unpack", file, "-o", target.file("n_\(key)_document"))
      #expect(run.status == 0, "\(run.all)")
      let sound = try index("verify", "--deep", target.file("n_\(key)_document"))
      #expect(sound.status == 0, "\(sound.all)")
      let shown = try index("show", target.file("n_\(key)_document"), "0")
      #expect(shown.output.contains(key == "a" ? "one" : "uno"), "\(shown.all)")
    }
  }

  @Test("damage is told with its place")
  func damage() throws {
    _ = try packed()
    #expect(try index("verify", archive).status == 0)
    let sound = try index("verify", "--deep", archive)
    #expect(sound.status == 0 && sound.output.contains("every byte compared"), "\(sound.all)")
    var bytes = try folder.read("a.neoxpack")
    bytes[100] ^= 0x10
    try folder.write("a.neoxpack", bytes)
    let bad = try index("verify", "--deep", archive)
    #expect(
      bad.status == 1 && bad.output.contains("block 0, bytes 0 to")
        && bad.output.contains("o_conversation_document.bin"), "\(bad.all)")
    let target = try TemporaryFolder()
    let run = try index("unpack", archive, "-o", target.path)
    #expect(run.status == 1 && run.errors.contains("block 0"), "\(run.all)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: target.path) == [])
    try folder.write("a.neoxpack", Array(bytes.dropLast(9)))
    let cut = try index("verify", archive)
    #expect(cut.status == 1 && cut.output.contains("was the file cut?"), "\(cut.all)")
    try folder.write("a.neoxpack", [])
    #expect(try index("show", archive, "0").status == 1)
    #expect(try index("unpack", folder.file("none"), "--list").status == 1)
    #expect(try index("unpack", folder.file("o_manifest.json"), "--list").status == 1)
  }

  @Test("options that make no sense")
  func usage() throws {
    let prefix = folder.file("o_conversation_document")
    #expect(try index("pack", prefix).status == 2)
    #expect(try index("pack", prefix, "-o", archive, "--codec", "lz4", "--level", "3").status == 2)
    #expect(try index("pack", prefix, "-o", archive, "--block-size", "1KiB").status == 2)
    #expect(try index("pack", prefix, "-o", folder.file("no/a")).status == 1)
    _ = try packed()
    #expect(try index("unpack", archive).status == 2)
    #expect(try index("unpack", archive, "--list", "-o", folder.file("y")).status == 2)
    #expect(try index("unpack", archive, "--list", "--documents", "1").status == 2)
    #expect(try index("verify", archive, "--vocab-size", "5", "--deep").status == 2)
  }

  /// A Python, by `PATH`.
  private static let interpreter = (ProcessInfo.processInfo.environment["PATH"] ?? "")
    .split(separator: ":").map { $0 + "/python3" }.map(String.init)
    .first(where: FileManager.default.isExecutableFile)

  @Test("the reader in Python gets the same files", .enabled(if: interpreter != nil))
  func otherReader() throws {
    for codec in ["zstd", "lz4"] {
      _ = try packed("--codec", codec, "--block-size", "4KiB", "--overwrite")
      let target = try TemporaryFolder()
      let process = Process()
      process.executableURL = URL(filePath: try #require(Self.interpreter))
      let script = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Interop/read_archive.py").path()
      process.arguments = [script, archive, target.path]
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      for name in Self.names { #expect(try same(name, in: target), "\(name)") }
    }
  }
}
