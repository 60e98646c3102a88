import Foundation
import IndexedData
import TestSupport
import Testing

/// Labels and rewards go along where their text is cut, joined or written in another form.
struct CarriedCompanionTests {
  let fixture: PreprocessFixture

  init() throws {
    fixture = try PreprocessFixture(rewardedChats: ["a", "cc", "ddd", "a", "e"])
  }

  private func index(_ words: String...) throws -> ProgramRun { try fixture.index(words) }

  private func bytes(_ stem: String, _ part: String = "") throws -> [[UInt8]] {
    try ["", "_label", "_reward"].flatMap { word in
      try [".bin", ".idx"].map { try fixture.folder.read("\(stem)\(word)_document\(part)\($0)") }
    }
  }

  @Test("parts have their labels and rewards, and joined they are what was cut")
  func splitAndMerge() throws {
    let cut = try index("split", "@o_conversation_document", "--parts", "2", "-o", "@s_document")
    #expect(cut.status == 0 && cut.errors == "", "\(cut.all)")
    for part in ["_0", "_1"] {
      let sound = try index("verify", "--deep", "@s_document" + part)
      #expect(sound.status == 0, "\(sound.all)")
      #expect(
        sound.output.contains("s_label_document\(part): labels, one for each token, values as"))
      #expect(sound.output.contains("s_reward_document\(part): rewards"), "\(sound.all)")
    }
    let joined = try index("merge", "@s_document_0", "@s_document_1", "-o", "@j_document")
    #expect(joined.status == 0 && joined.errors == "", "\(joined.all)")
    #expect(try bytes("j") == bytes("o_conversation"))
  }

  @Test("names of parts beside the dataset, of another output and of the other side of pairs")
  func splitNames() throws {
    let own = try index("split", "@o_conversation_document", "--weights", "60,40,0")
    #expect(own.status == 0, "\(own.all)")
    let named = ["o_conversation_label_document_train", "o_conversation_reward_document_valid"]
    for name in named { #expect(try fixture.names(name).contains(name + ".idx")) }
    for (from, to) in [("", ""), ("_label", "_label"), ("_reward", "_reward")] {
      for end in [".bin", ".idx"] {
        try fixture.folder.write(
          "r\(to)_document\(end)",
          fixture.folder.read("o_conversation\(from)_document\(end)"))
      }
    }
    let pairs = try index(
      "split", "@o_conversation_document", "--parts", "2", "-o", "@x", "--with", "@r_document=@y")
    #expect(pairs.status == 0, "\(pairs.all)")
    for name in ["x_0", "x_label_1", "x_reward_0", "y_1", "y_label_0", "y_reward_1"] {
      #expect(try fixture.names(name).contains(name + ".idx"), "\(name)")
    }
    let twice = try index(
      "split", "@o_conversation_document", "--parts", "2", "-o", "@z", "--with", "@r_document=@z")
    #expect(twice.status == 2 && twice.errors.contains("named twice"), "\(twice.all)")
    // Another number of documents is no companion; nothing is written.
    let other = try index(
      "split", "@o_conversation_document", "--parts", "2", "-o", "@z", "--with", "@x_0=@w")
    #expect(other.status == 1 && other.errors.contains("documents, and"), "\(other.all)")
    #expect(try fixture.names("z").isEmpty && fixture.names("w").isEmpty)
  }

  @Test("merge and convert take them along, or name what stays behind")
  func mergeAndConvert() throws {
    let text = "@o_conversation_document"
    // Labels below 0 keep the type that can hold them.
    let small = try index("convert", text, "--element-type", "uint16", "-o", "@c_document")
    #expect(small.status == 0 && small.errors == "", "\(small.all)")
    #expect(try bytes("c")[2...] == bytes("o_conversation")[2...])
    #expect(
      try index("verify", "--deep", "@c_document").output.contains("c_label_document: labels"))
    let behind = try index("merge", text, text, "-o", "@x")
    #expect(behind.status == 0, "\(behind.all)")
    let note = "note: labels or rewards stay behind: "
    #expect(behind.errors.contains(note + fixture.folder.file("o_conversation_label_document")))
    #expect(behind.errors.split(separator: "\n").count == 1, "\(behind.all)")
    #expect(behind.errors.contains("neox-index merge "))
    #expect(try fixture.names("x_").allSatisfy { $0 == "x_manifest.json" })
    for end in [".bin", ".idx"] {
      try fixture.folder.write("p_document\(end)", fixture.folder.read("x\(end)"))
    }
    let some = try index("merge", text, "@p_document", "-o", "@y_document")
    #expect(some.status == 0 && some.errors.contains("p_document has none"), "\(some.all)")
    let convert = try index("convert", text, "--format", "cached", "-o", "@z")
    #expect(convert.status == 0 && convert.errors.contains(note), "\(convert.all)")
  }

  @Test("a text is not joined with labels")
  func kinds() throws {
    let words = ["@o_conversation_document", "@o_conversation_label_document", "-o", "@x"]
    let refused = try index("merge", words[0], words[1], words[2], words[3])
    #expect(refused.status == 1, "\(refused.all)")
    #expect(refused.errors.contains("o_conversation_label_document: holds labels"))
    #expect(try fixture.names("x").isEmpty)
    let mixed = try index(
      "merge", words[0], words[1], words[2], words[3], "--mixed", "--element-type", "int32")
    #expect(mixed.status == 0, "\(mixed.all)")
  }

  @Test("labels of what --with names go along in dedupe, and JSON has numbers and the map")
  func dedupe() throws {
    for (from, to) in [("", "q"), ("_label", "q_label")] {
      for end in [".bin", ".idx"] {
        try fixture.folder.write(
          "\(to)_document\(end)", fixture.folder.read("o_conversation\(from)_document\(end)"))
      }
    }
    let run = try index(
      "dedupe", "--exact", "--json", "@q_document", "-o", "@u_document", "--with",
      "@o_conversation_document=@v_document")
    #expect(run.status == 0, "\(run.all)")
    let labels = try fixture.names("v_label_document")
    #expect(labels.contains("v_label_document.idx"), "\(labels)")
    let value = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
    // Documents 0 and 3 have one text and one reward.
    #expect(value?["repeated_documents"] as? Int == 1, "\(run.all)")
    #expect((value?["repeated_tokens"] as? Int ?? 0) > 0)
    #expect(value?["map"] as? String == fixture.folder.file("u_document_dedupe_map.npy"))
    #expect((value?["outputs"] as? [Any])?.count == 5)
    let unnamed = try index(
      "dedupe", "--exact", "@q_document", "-o", "@w_document", "--with",
      "@o_conversation_document=@w2")
    #expect(unnamed.status == 2 && unnamed.errors.contains("argument --with: "), "\(unnamed.all)")
  }

  @Test("sources in a folder are no strays, and slashes are not doubled")
  func folderOfSources() throws {
    try FileManager.default.createDirectory(
      atPath: fixture.folder.file("ms"), withIntermediateDirectories: false)
    let made = try fixture.runOnBytes([#"{"text":"a"}"#], ["--source"], prefix: "ms/b")
    #expect(made.status == 0, "\(made.all)")
    try fixture.folder.write("ms/x.txt", [1])
    let joined = try index("merge", "@ms/", "-o", "@m")
    #expect(joined.status == 0, "\(joined.all)")
    let stray = fixture.folder.file("ms/x.txt") + ": not part of a dataset"
    #expect(!joined.errors.contains(".src") && joined.errors.contains(stray), "\(joined.all)")
  }

  @Test("messages fit what was asked for")
  func messages() throws {
    try fixture.folder.write("a.nxz", [1])
    let pack = try index("pack", "@o_conversation_document", "-o", "@a.nxz")
    #expect(pack.status == 1 && pack.errors.contains("give another output, or"), "\(pack.all)")
    for end in [".bin", ".idx"] {
      try fixture.folder.write(
        "n_document\(end)", fixture.folder.read("o_conversation_document\(end)"))
    }
    let export = try index("export", "@n_document")
    #expect(export.status == 1 && export.errors.contains("--tokenizer-type"), "\(export.all)")
  }
}
