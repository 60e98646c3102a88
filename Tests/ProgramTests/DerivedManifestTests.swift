import Foundation
import TestSupport
import Testing

/// The manifests of what `neox-index` makes of datasets.
struct DerivedManifestTests {
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

  private func manifest(_ name: String) throws -> [String: Any] {
    let bytes = try fixture.folder.read(name + "_manifest.json")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }

  /// Writes the dataset `p_text_document` with another vocabulary.
  private func writeStranger() throws {
    var merges = try fixture.folder.read("merges.txt")
    merges += Array("\nh a".utf8)
    var vocabulary = String(decoding: try fixture.folder.read("vocab.json"), as: UTF8.self)
    vocabulary = vocabulary.dropLast() + ",\"ha\":265}"
    try fixture.folder.write("merges2.txt", merges)
    try fixture.folder.write("vocab2.json", Array(vocabulary.utf8))
    let run = try PreprocessFixture.program.run([
      "--input", fixture.folder.file("in.jsonl"), "--output-prefix", fixture.folder.file("p"),
      "--progress", "off", "--tokenizer-type", "GPT2BPETokenizer", "--vocab-file",
      fixture.folder.file("vocab2.json"), "--merge-file", fixture.folder.file("merges2.txt"),
      "--append-eod",
    ])
    try #require(run.status == 0, "\(run.all)")
  }

  @Test(arguments: [
    ["split", "@o_text_document", "--parts", "1", "-o", "@x"],
    ["merge", "@o_text_document", "@o_text_document", "-o", "@x_0"],
    ["convert", "@o_text_document", "--element-type", "int32", "-o", "@x_0"],
    ["repair", "@o_text_document", "-o", "@x_0"],
  ])
  func theTokenizerIsNotForgotten(words: [String]) throws {
    let run = try IndexProgramTests.program.run(
      words.map { $0.replacing("@", with: fixture.folder.path + "/") })
    #expect(run.status == 0 && run.errors == "", "\(run.all)")
    #expect(try index("show", "@x_0", "0").output.contains("the hat<|endoftext|>"))
    let deep = try index("verify", "--deep", "@x_0")
    #expect(deep.status == 0 && deep.output.contains("values as they were made"), "\(deep.all)")
    let made = try manifest("x_0")
    let source = try manifest("o")
    #expect((made["program"] as? String)?.hasSuffix(" " + words[0]) == true)
    #expect(made["tokenizer"] as? NSDictionary == source["tokenizer"] as? NSDictionary)
    let output = try #require((made["outputs"] as? [[String: Any]])?.first)
    #expect(output["key"] as? String == "text")
    let bin = try #require(output["bin"] as? [String: Any])
    #expect(bin["path"] as? String == "x_0.bin")
    #expect((bin["hash"] as? String)?.hasPrefix("xxh64:") == true)
    #expect(try bin["bytes"] as? Int == fixture.folder.read("x_0.bin").count)
    let inputs = try #require(made["inputs"] as? [[String: Any]])
    #expect(inputs.first?["path"] as? String == prefix + ".bin")
    // Other tokens are found by the hash; without a manifest nothing tells, and that is said.
    let elements = try fixture.folder.read("x_0.bin")
    try fixture.folder.write("x_0.bin", [elements[0] ^ 1] + elements.dropFirst())
    let other = try index("verify", "--deep", "@x_0")
    #expect(other.status == 1 && other.output.contains("x_0.bin: content hash"), "\(other.all)")
    let unmanifested = fixture.folder.file("x_0_manifest.json")
    let saved = try fixture.folder.read("x_0_manifest.json")
    try FileManager.default.removeItem(atPath: unmanifested)
    let bare = try index("verify", "--deep", "@x_0")
    #expect(bare.output.contains("every token looked at, values not compared"), "\(bare.all)")
    try fixture.folder.write("x_0_manifest.json", saved)
    // A changed index is found by the hash.
    var idx = try fixture.folder.read("x_0.idx")
    idx[17] = words[0] == "convert" ? 5 : 3
    try fixture.folder.write("x_0.idx", idx)
    #expect(try index("verify", "@x_0").output.contains("content hash"))
  }

  @Test func partsAreNotJoinedWithAnotherVocabulary() throws {
    try writeStranger()
    #expect(try index("split", prefix, "--parts", "2", "-o", "@q").status == 0)
    let mixed = try index("merge", "@q_0", "@p_text_document", "-o", "@x")
    #expect(mixed.status == 1 && mixed.errors.contains("another vocabulary"), "\(mixed.all)")
    let wanted = try index("merge", "--mixed", "@q_0", "@p_text_document", "-o", "@x")
    #expect(wanted.status == 0 && wanted.errors.contains("the output gets none"), "\(wanted.all)")
    #expect(try fixture.names("x") == ["x.bin", "x.idx"])
  }

  @Test func aMissingManifestIsTold() throws {
    #expect(try index("split", prefix, "--parts", "2", "-o", "@q").status == 0)
    try FileManager.default.removeItem(atPath: fixture.folder.file("q_1_manifest.json"))
    let run = try index("merge", "@q_0", "@q_1", "-o", "@x")
    let note = "note: no manifest for \(fixture.folder.file("q_1")): vocabularies not compared"
    #expect(run.status == 0 && run.errors.contains(note), "\(run.all)")
    #expect(try fixture.names("x") == ["x.bin", "x.idx"])
    let none = try index("repair", "@x", "-o", "@y")
    #expect(none.status == 0 && none.errors == "", "\(none.all)")
    #expect(try fixture.names("y") == ["y.bin", "y.idx"])
  }

  @Test func anInputsManifestIsNeverReplaced() throws {
    let before = try fixture.folder.read("o_manifest.json")
    let run = try index("merge", prefix, "-o", "@o", "--overwrite")
    #expect(run.status == 1 && run.errors.contains("o_manifest.json: is an input"), "\(run.all)")
    try FileManager.default.linkItem(
      atPath: fixture.folder.file("o_manifest.json"),
      toPath: fixture.folder.file("l_manifest.json"))
    let link = try index("repair", prefix, "-o", "@l", "--overwrite")
    #expect(link.status == 1 && link.errors.contains("l_manifest.json: is an input"))
    #expect(try fixture.folder.read("o_manifest.json") == before)
    #expect(try fixture.names("l") == ["l_manifest.json"])
  }

  @Test func anOldManifestGoesWithItsDatasetOnly() throws {
    try writeStranger()
    #expect(try index("convert", prefix, "--element-type", "int32", "-o", "@x").status == 0)
    let old = try fixture.folder.read("x_manifest.json")
    #expect(try index("merge", prefix, "-o", "@x").status == 1)
    #expect(try fixture.folder.read("x_manifest.json") == old)
    let new = try index("merge", prefix, "-o", "@x", "--overwrite")
    #expect(new.status == 0, "\(new.all)")
    #expect(try manifest("x")["program"] as? String == "neox-index 0.1.0 merge")
    // Where none can be written, the one of what was replaced does not stay.
    #expect(
      try index("merge", "--mixed", prefix, "@p_text_document", "-o", "@x", "--overwrite").status
        == 0)
    #expect(try fixture.names("x") == ["x.bin", "x.idx"])
    // The manifest of the whole run goes as well when it was about this dataset alone.
    #expect(try index("merge", prefix, "-o", "@p_text_document", "--overwrite").status == 0)
    #expect(
      try fixture.names("p") == [
        "p_text_document.bin", "p_text_document.idx", "p_text_document_manifest.json",
      ])
  }

  @Test func aManifestOfOtherDatasetsIsInTheWay() throws {
    let lines = "{\"title\":\"the\",\"body\":\"hat and\"}\n"
    let input = try fixture.folder.write("k.jsonl", Array(lines.utf8))
    let both = try fixture.run(input, prefix: "k", ["--jsonl-keys", "title", "body"])
    #expect(both.status == 0, "\(both.all)")
    let before = try fixture.folder.read("k_manifest.json")
    for output in ["@k", "@k_title_document"] {
      let run = try index("merge", prefix, "-o", output, "--overwrite")
      #expect(run.status == 1 && run.errors.contains("k_manifest.json: is the manifest of"))
    }
    try fixture.folder.write("n_manifest.json", [0x7B])
    let broken = try index("merge", prefix, "-o", "@n", "--overwrite")
    #expect(broken.status == 1 && broken.errors.contains("is no manifest"), "\(broken.all)")
    #expect(try fixture.folder.read("k_manifest.json") == before)
    #expect(try fixture.names("n") == ["n_manifest.json"])
  }
}
