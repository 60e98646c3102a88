import IndexedData
import TestSupport
import Testing

@Suite("neox-preprocess, standard input")
struct StandardInputTests {
  let fixture: PreprocessFixture

  init() throws {
    fixture = try PreprocessFixture()
  }

  static let long = String(repeating: "long ", count: 300)

  @Test(
    "the first line tells whether it is JSON",
    arguments: [
      ("\"a\"\n\"b\"\n", 2, false), ("\u{FEFF}\n \"a \\\" b\" \n\"b\"", 2, false),
      ("\"\(long)\"\n\"b\"\n", 2, false), ("{ \"text\": \"a\"}\n{\"text\":\"b\"}\n", 2, false),
      ("[ \"a\", \"b\" ,\"c\"]", 3, false), ("[]", 0, false),
      ("\"Hello,\" she said.\n\"And?\"\n", 1, true), ("null\n\"b\"\n", 1, true),
      ("{ braces }\n", 1, true), ("plain\n\"b\"\n", 1, false),
      (String(repeating: "\n", count: 600) + "{\"text\":\"a\"}\n\"b\"\n", 2, false),
      (String(repeating: "\n", count: 5000) + "plain", 1, false),
    ])
  func recognised(input: String, documents: Int, isNoted: Bool) throws {
    let path = try fixture.folder.write("in", Array(input.utf8))
    let run = try PreprocessFixture.program.run(
      fixture.arguments("-", ["--on-error", "skip"]), input: path)
    guard documents > 0 else {
      // An empty array, not the text of two brackets.
      #expect(run.status == 1 && run.errors.contains("no document"), "\(run.all)")
      return
    }
    #expect(run.status == 0, "\(input)\n\(run.all)")
    #expect(run.errors.contains("--input-format") == isNoted, "\(input)\n\(run.all)")
    let dataset = try IndexedDataset(prefix: fixture.folder.file("o_text_document"))
    #expect(dataset.documentCount == documents, "\(input)")
  }
}
