import Foundation
import IndexedData
import TestSupport
import Testing

/// `neox-index grep` and `dedupe` on what `neox-preprocess` wrote.
struct ExamineProgramTests {
  static let program = BuiltProgram("neox-index")
  let fixture: PreprocessFixture
  let prefix: String

  init() throws {
    fixture = try PreprocessFixture()
    let texts = ["the hat and the end", "a hat", "the hat and the end", "then the\nhat"]
    let run = try fixture.run(try fixture.writeTexts("in.jsonl", texts), ["--append-eod"])
    try #require(run.status == 0, "\(run.all)")
    prefix = fixture.folder.file("o_text_document")
  }

  private func index(_ words: String...) throws -> ProgramRun { try Self.program.run(words) }

  @Test func grepFindsATextWhereverItStands() throws {
    let run = try index("grep", prefix, "the")
    #expect(run.status == 0, "\(run.all)")
    let lines = run.output.split(separator: "\n")
    // One of them begins "then": whole tokens are found, not whole words.
    #expect(lines.count == 6 && lines.first == "0:0: the hat and the end<|endoftext|>")
    #expect(lines.allSatisfy { $0.contains("the") })
    #expect(try index("grep", prefix, "the", "-c").output == "6\n")
    #expect(try index("grep", prefix, "the", "-c", "-m", "2").output == "2\n")
    let wide = try index("grep", prefix, "the", "--context", "\(Int.max)")
    #expect(wide.status == 0 && wide.output.split(separator: "\n").count == 6, "\(wide.all)")
    let none = try index("grep", prefix, "hat end")
    #expect(none.status == 1 && none.output.isEmpty)
  }

  @Test func grepFindsIDsAndPrintsJSON() throws {
    let ids = try IndexedDataset(prefix: prefix).tokens(of: 1)
    let list = ids.map(String.init).joined(separator: ",")
    let run = try index("grep", prefix, "--ids", list, "--json", "--context", "0")
    let value = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
    #expect(value?["document"] as? Int == 1 && value?["position"] as? Int == 0, "\(run.all)")
    #expect(value?["match"] as? String == "a hat<|endoftext|>")
    #expect(value?["tokens"] as? [Int64] == ids)
    #expect(try index("grep", prefix, "--ids", "70000").status == 1)
    #expect(try index("grep", prefix, "--ids", "hat").status == 2)
    #expect(try index("grep", prefix, "").status == 2)
  }

  @Test func dedupeCountsAndWrites() throws {
    let output = fixture.folder.file("u_text_document")
    let trial = try index("dedupe", "--exact", prefix, "--dry-run")
    #expect(trial.status == 0 && trial.output.hasPrefix("1 of 4 documents (25.0%)"), "\(trial.all)")
    #expect(!FileManager.default.fileExists(atPath: output + ".bin"))
    let run = try index("dedupe", "--exact", prefix, "-o", output, "--progress", "off")
    #expect(run.status == 0, "\(run.all)")
    #expect(try IndexedDataset(prefix: output).documentCount == 3)
    #expect(try index("verify", "--deep", output).status == 0)
    #expect(try index("show", output, "2").output.contains("then the\nhat<|endoftext|>"))
    #expect(try index("dedupe", "--exact", prefix, "-o", output).status == 1)
    #expect(try index("dedupe", prefix, "-o", output).status == 2)
    let again = try index("dedupe", "--exact", prefix, "-o", output, "--overwrite", "--json")
    let count = try index("dedupe", "--exact", prefix, "--dry-run", "--json")
    for line in count.output.split(separator: "\n") where line.contains("_") {
      #expect(again.output.contains(line.trimmingCharacters(in: [","])), "\(again.all)")
    }
    #expect(again.output.contains("_dedupe_map.npy") && count.output.contains("kept_documents"))
    #expect(try index("dedupe", "--exact", prefix).status == 2)
  }
}
