import Foundation
import IndexedData
import TestSupport
import Testing

/// `neox-index export`, and the tokenizers that text is made with.
struct ExportProgramTests {
  let fixture: PreprocessFixture
  static let program = BuiltProgram("neox-index")

  init() throws { fixture = try PreprocessFixture() }

  private func index(_ words: String...) throws -> ProgramRun {
    try Self.program.run(words.map { $0.replacing("@", with: fixture.folder.path + "/") })
  }

  private func prepare(_ more: [String] = ["--append-eod"]) throws {
    let input = try fixture.writeTexts("in.jsonl", ["the hat", "the end."])
    let run = try fixture.run(input, more)
    try #require(run.status == 0, "\(run.all)")
  }

  @Test(
    "no input is replaced, whatever name the output is given",
    arguments: [
      "o_text_document.bin", "o_text_document.idx", "o_manifest.json", "vocab.json", "merges.txt",
    ])
  func inputs(name: String) throws {
    try prepare()
    let before = try fixture.folder.read(name)
    let link = fixture.folder.file("link")
    try FileManager.default.linkItem(atPath: fixture.folder.file(name), toPath: link)
    for output in ["@./\(name)", "@link"] {
      let run = try index("export", "@o_text_document", "--ids", "--overwrite", "-o", output)
      #expect(run.status == 1 && run.errors.contains("is an input"), "\(output)\n\(run.all)")
    }
    #expect(try fixture.folder.read(name) == before)
  }

  @Test("an unfinished file that is an input under another name is not written to")
  func unfinished() throws {
    try prepare()
    let bin = fixture.folder.file("o_text_document.bin")
    let before = try fixture.folder.read("o_text_document.bin")
    try FileManager.default.linkItem(atPath: bin, toPath: fixture.folder.file("x.neox-new"))
    let run = try index("export", "@o_text_document", "--ids", "-o", "@x")
    #expect(run.status == 1 && run.errors.contains("x.neox-new"), "\(run.all)")
    #expect(try fixture.folder.read("o_text_document.bin") == before)
  }

  @Test("--json is accepted and changes nothing")
  func json() throws {
    try prepare()
    let plain = try index("export", "@o_text_document")
    let json = try index("export", "@o_text_document", "--json")
    #expect(json.status == 0 && json.output == plain.output && !plain.output.isEmpty, "\(json.all)")
  }

  @Test("a dataset made with --eod-token has its text, and can be verified with it")
  func endOfDocumentToken() throws {
    let vocabulary = String(decoding: try fixture.folder.read("vocab.json"), as: UTF8.self)
    try fixture.folder.write(
      "vocab.json", Array(vocabulary.replacing("<|endoftext|>", with: "<eos>").utf8))
    try prepare(["--append-eod", "--eod-token", "<eos>"])
    let shown = try index("show", "@o_text_document", "0")
    #expect(shown.status == 0 && shown.output.contains("the hat<eos>\n"), "\(shown.all)")
    let exported = try index("export", "@o_text_document")
    #expect(exported.output == "{\"text\":\"the hat\"}\n{\"text\":\"the end.\"}\n")
    let named = [
      "verify", "@o_text_document", "--deep", "--json", "--tokenizer-type", "GPT2BPETokenizer",
      "--vocab-file", "@vocab.json", "--merge-file", "@merges.txt", "--eod-token", "<eos>",
    ].map { $0.replacing("@", with: fixture.folder.path + "/") }
    let verified = try Self.program.run(named)
    #expect(verified.status == 0 && verified.output.contains("\"documents_ended\": 2"))
    let alone = try index("show", "@o_text_document", "0", "--eod-token", "<eos>")
    #expect(alone.status == 2 && alone.errors.contains("need --tokenizer-type"), "\(alone.all)")
  }
}
