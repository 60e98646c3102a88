import Foundation
import TestSupport
import Testing

/// What is made of a dataset that is no longer what its manifest says: nothing.
@Suite("neox-index, changed inputs")
struct ChangedInputTests {
  /// A command, whose output begins with `x`, and the files that it reads.
  enum Work: String, CaseIterable {
    case merge, mergeTwice, convert, retype, split, weights, dedupe, pack

    var words: [String] {
      let text = "@o_conversation_document"
      switch self {
      case .merge: return ["merge", text, "@p_document", "-o", "@x_document"]
      case .mergeTwice: return ["merge", text, text, "-o", "@x_document"]
      case .convert: return ["convert", text, "--format", "cached", "-o", "@x_document"]
      case .retype: return ["convert", text, "--element-type", "int64", "-o", "@x_document"]
      case .split: return ["split", text, "--parts", "3", "-o", "@x_document"]
      case .weights: return ["split", text, "--weights", "50,30,20", "-o", "@x_document"]
      case .dedupe: return ["dedupe", "--exact", text, "-o", "@x_document"]
      case .pack: return ["pack", text, "-o", "@x.nxz"]
      }
    }
  }

  let fixture: PreprocessFixture

  init() throws {
    fixture = try PreprocessFixture()
    let lines = ["a", "cc", "ddd", "a", "e", "cc", "f"].enumerated().map {
      #"{"conversation":[{"role":"user","content":""# + $1
        + #""},{"role":"assistant","content":"b"}],"r":"# + "\($0 % 3)}"
    }
    for prefix in ["o", "p"] {
      let flags = ["--chat", "--chat-template", "plain", "--reward-key", "r", "--source"]
      let made = try fixture.runOnBytes(lines, flags, prefix: prefix)
      try #require(made.status == 0, "\(made.all)")
    }
    let name = "p_document"
    let own = try index([
      "convert", "@p_conversation_document", "--format", "mmap", "-o", "@\(name)",
    ])
    try #require(own.status == 0, "\(own.all)")
  }

  private func index(_ words: [String]) throws -> ProgramRun {
    try IndexProgramTests.program.run(
      words.map { $0.replacing("@", with: fixture.folder.path + "/") })
  }

  /// The names and bytes of all files.
  private func everything() throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in try fixture.names("") { files[name] = try fixture.folder.read(name) }
    return files
  }

  private func expectRefusal(
    _ work: Work, of name: String, by manifest: String, _ words: [String] = [], says: String
  ) throws {
    let before = try everything()
    let run = try index(work.words + words)
    let stem = name.split(separator: ".")[0]
    #expect(run.status == 1 && run.output == "", "\(run.all)")
    #expect(
      run.errors.contains("\(fixture.folder.file(name)): \(says): expected "), "\(run.all)")
    #expect(run.errors.contains(" by \(fixture.folder.file(manifest)), found "), "\(run.all)")
    #expect(
      run.errors.contains("neox-index verify --deep \(fixture.folder.file(String(stem))) tells"),
      "\(run.all)")
    let after = try everything()
    #expect(after == before, "\(after.keys.sorted())")
  }

  /// Changes a byte, counted from the end where it is less than 0, and returns what the file was.
  private func flip(_ name: String, _ byte: Int) throws -> [UInt8] {
    let old = try fixture.folder.read(name)
    var bytes = old
    bytes[byte < 0 ? bytes.count + byte : byte] ^= 1
    try fixture.folder.write(name, bytes)
    return old
  }

  @Test("a changed byte of any file is found, and nothing is written", arguments: Work.allCases)
  func bytes(work: Work) throws {
    let text = "o_conversation_document"
    for (name, byte) in [
      (text + ".bin", 0), (text + ".bin", -1), ("o_conversation_label_document.bin", 1),
      ("o_conversation_reward_document.bin", -1), (text + ".src", 40),
    ] {
      let old = try flip(name, byte)
      try expectRefusal(work, of: name, by: "o_manifest.json", says: "content hash")
      try fixture.folder.write(name, old)
    }
    // The index of a dataset that could be: the first document has the first token of the second.
    let sizes = try fixture.folder.read(text + ".idx")
    var moved = sizes
    moved[34] += 1
    moved[38] -= 1
    moved[34 + 4 * 7 + 8] += 4
    try fixture.folder.write(text + ".idx", moved)
    try expectRefusal(work, of: text + ".idx", by: "o_manifest.json", says: "content hash")
    try fixture.folder.write(text + ".idx", sizes)
    // What was not changed passes, and no output was left that would be in its way.
    let sound = try index(work.words)
    #expect(sound.status == 0 && sound.errors == "", "\(sound.all)")
    for output in try fixture.names("x") where output.hasSuffix(".idx") {
      let prefix = "@" + output.dropLast(4)
      let deep = try index(["verify", "--deep", prefix])
      #expect(deep.status == 0 && deep.output.contains("values as they were made"), "\(deep.all)")
    }
    // Finished outputs stay as they are where their replacement is refused.
    _ = try flip("o_conversation_reward_document.bin", 2)
    try expectRefusal(
      work, of: "o_conversation_reward_document.bin", by: "o_manifest.json", ["--overwrite"],
      says: "content hash")
  }

  @Test("another length is told as such", arguments: Work.allCases)
  func lengths(work: Work) throws {
    let name = "o_conversation_document.src"
    try fixture.folder.write(name, fixture.folder.read(name) + [0])
    try expectRefusal(work, of: name, by: "o_manifest.json", says: "length")
  }

  @Test("the manifest of a part is the one that is asked, and without one there is nothing to ask")
  func parts() throws {
    let made = try index(Work.split.words)
    try #require(made.status == 0, "\(made.all)")
    let words = ["merge", "@x_document_0", "@x_document_1", "@x_document_2", "-o", "@y_document"]
    for name in ["x_document_1", "x_label_document_2"] {
      let old = try flip(name + ".bin", 0)
      let before = try everything()
      let run = try index(words)
      let manifest = fixture.folder.file(name + "_manifest.json")
      #expect(run.status == 1 && run.errors.contains("move \(manifest) away"), "\(run.all)")
      #expect(try everything() == before)
      try fixture.folder.write(name + ".bin", old)
    }
    _ = try flip("x_document_1.bin", 0)
    for name in try fixture.names("x_") where name.hasSuffix("_manifest.json") {
      try FileManager.default.removeItem(atPath: fixture.folder.file(name))
    }
    let bare = try index(words)
    #expect(bare.status == 0 && bare.errors == "", "\(bare.all)")
  }

  @Test("a repair takes what is damaged, and an archive has hashes of its own")
  func others() throws {
    let packed = try index(Work.pack.words)
    try #require(packed.status == 0, "\(packed.all)")
    _ = try flip("o_conversation_document.bin", 0)
    let repair = try index(["repair", "@o_conversation_document", "-o", "@r_document"])
    #expect(repair.status == 0 && repair.errors.contains("not those that were written"))
    let read = try index(["verify", "--deep", "@x.nxz"])
    #expect(read.status == 0, "\(read.all)")
  }
}
