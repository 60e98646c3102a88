import Foundation
import TestSupport
import Testing

@testable import IndexedData

/// `neox-index` on what `neox-preprocess` wrote.
struct IndexProgramTests {
  static let program = BuiltProgram("neox-index")
  let fixture: PreprocessFixture
  let prefix: String
  let texts = ["the hat and the 12345", "naïve 😀 there", "", "x\ny", "the end."]

  init() throws {
    fixture = try PreprocessFixture()
    let input = try fixture.writeTexts("in.jsonl", texts)
    let run = try fixture.run(input, ["--append-eod"])
    try #require(run.status == 0, "\(run.all)")
    prefix = fixture.folder.file("o_text_document")
  }

  private func index(_ words: String...) throws -> ProgramRun {
    try Self.program.run(words.map { $0.replacing("@", with: fixture.folder.path + "/") })
  }

  private func json(_ run: ProgramRun) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any],
      "\(run.all)")
  }

  private var documentCount: Int { get throws { try IndexedDataset(prefix: prefix).documentCount } }

  @Test func infoTellsNumbersOfAnyOfTheThreeNames() throws {
    let byPrefix = try index("info", prefix, "--json")
    #expect(byPrefix.status == 0)
    #expect(try index("info", prefix + ".idx", "--json").output == byPrefix.output)
    #expect(try index("info", prefix + ".bin", "--json").output == byPrefix.output)
    let dataset = try IndexedDataset(prefix: prefix)
    let value = try json(byPrefix)
    #expect(value["tokens"] as? Int == dataset.tokenCount)
    #expect(value["documents"] as? Int == dataset.documentCount)
    #expect(value["element_type"] as? String == "uint16")
    let text = try index("info", prefix, prefix).output
    #expect(text.contains("  element type  uint16\n") && text.contains("#"))
    #expect(
      try json(index("info", prefix, "--json", "--seq-length", "4"))["samples"] as? Int
        == (dataset.tokenCount - 1) / 4)
  }

  @Test func showUsesTheManifestsTokenizer() throws {
    let run = try index("show", prefix, "0", "1")
    #expect(run.status == 0 && run.errors == "", "\(run.all)")
    #expect(run.output.contains("the hat and the 12345<|endoftext|>\n"))
    #expect(run.output.contains("naïve 😀 there<|endoftext|>\n"))
    let ids = try IndexedDataset(prefix: prefix).tokens(of: 0).map(String.init)
    let shown = try index("show", prefix, "0", "--ids").output
    #expect(
      shown == "--- document 0: \(ids.count) of \(ids.count) tokens\n"
        + ids.joined(separator: " ") + "\n")
  }

  @Test func fragmentsAreShownAsBytes() throws {
    // Each byte of the emoji is a token of this small vocabulary.
    let dataset = try IndexedDataset(prefix: prefix)
    let ids = try dataset.tokens(of: 1)
    let whole = try json(index("show", prefix, "1", "--json"))
    #expect(whole["exact"] as? Bool == true && whole["tokens"] as? [Int] == ids.map { Int($0) })
    let cut = try json(index("show", prefix, "1:0-9", "--json"))
    #expect(cut["text"] as? String == "naïve \\xF0\\x9F" && cut["exact"] as? Bool == false)
    #expect(try !index("show", prefix, "1:0-9").output.contains("\u{FFFD}"))
  }

  @Test func aChangedVocabularyIsNotUsed() throws {
    let merges = try fixture.folder.read("merges.txt")
    try fixture.folder.write("merges.txt", merges + Array("\n".utf8))
    let run = try index("show", prefix, "0")
    #expect(run.status == 0 && run.errors.contains("merges.txt: has changed since"))
    #expect(!run.output.contains("the hat"))
    let named = try index(
      "show", prefix, "0", "--tokenizer-type", "GPT2BPETokenizer", "--vocab", "@vocab.json",
      "--merge-file", "@merges.txt")
    #expect(named.output.contains("the hat and the 12345"), "\(named.all)")
  }

  @Test func documentsThatAreNotThereAreAnError() throws {
    let run = try index("show", prefix, "99")
    #expect(run.status == 1)
    #expect(run.errors.contains("neox-index: error: \(prefix): document 99 is out of range"))
  }

  @Test func samplesAreDrawnBySeed() throws {
    let first = try index("sample", prefix, "-n", "2", "--seed", "5").output
    #expect(try index("sample", prefix, "-n", "2", "--seed", "5").output == first)
    #expect(first.components(separatedBy: "--- document").count == 3)
    #expect(
      try index("sample", prefix, "-n", "99").output.components(separatedBy: "--- ").count
        == documentCount + 1)
  }

  @Test func verifyComparesWithTheManifest() throws {
    #expect(try index("verify", prefix, "--deep").status == 0)
    let value = try json(index("verify", prefix, "--deep", "--json"))
    #expect(value["sound"] as? Bool == true && value["ends_inside"] as? Int == 0)
    #expect(try value["documents_ended"] as? Int == documentCount)
    var bin = try fixture.folder.read("o_text_document.bin")
    bin[0] ^= 1
    try fixture.folder.write("o_text_document.bin", bin)
    let run = try index("verify", prefix, "--deep")
    #expect(run.status == 1 && run.output.contains("content hash"))
    #expect(try index("verify", prefix).status == 0)
    try fixture.folder.write("o_text_document.bin", Array(bin.dropLast()))
    let cut = try index("verify", prefix)
    #expect(
      cut.status == 1
        && cut.output.contains("o_text_document.bin: byte \(bin.count - 1): file length"))
  }

  @Test func repairMakesALostIndexAnew() throws {
    let sound = try fixture.outputBytes()
    try FileManager.default.removeItem(atPath: prefix + ".idx")
    // The manifest beside the dataset knows the type and the end-of-document id.
    let run = try index("repair", prefix, "-o", "@r")
    #expect(run.status == 0 && run.errors.contains("note: made the index anew"), "\(run.all)")
    #expect(try fixture.folder.read("r.idx") == sound[1])
    let told = try index(
      "repair", prefix, "-o", "@r", "--eod-id", "\(PreprocessFixture.endOfDocument)",
      "--element-type", "uint16", "--overwrite")
    #expect(told.status == 0 && told.errors.contains("note: made the index anew"), "\(told.all)")
    #expect(
      try fixture.folder.read("r.idx") == sound[1] && fixture.folder.read("r.bin") == sound[0])
  }

  @Test func repairTellsOfTokensThatAreNotAsWritten() throws {
    #expect(try !index("repair", prefix, "-o", "@s").errors.contains("warning"))
    var bin = try fixture.folder.read("o_text_document.bin")
    bin[4] ^= 1
    try fixture.folder.write("o_text_document.bin", bin)
    let changed = try index("repair", prefix, "-o", "@r", "--json")
    let warning = "o_text_document.bin: the tokens are not those that were written"
    #expect(changed.status == 0 && changed.errors.contains("warning: "), "\(changed.all)")
    #expect(changed.errors.contains(warning), "\(changed.all)")
    let outputs = try #require(try json(changed)["outputs"] as? [[String: Any]])
    #expect((outputs[0]["warnings"] as? [String])?.count == 1, "\(changed.all)")
    try fixture.folder.write("o_text_document.bin", Array(bin.dropLast(2)))
    let cut = try index("repair", prefix, "-o", "@c")
    #expect(cut.status == 0 && cut.errors.contains("cannot be known"), "\(cut.all)")
    bin[4] ^= 1
    try fixture.folder.write("o_text_document.bin", bin + [1, 0])
    let longer = try index("repair", prefix, "-o", "@l")
    #expect(longer.status == 0 && !longer.errors.contains("warning"), "\(longer.all)")
  }

  @Test func splitAndMergeGiveTheSameBytes() throws {
    let sound = try fixture.outputBytes()
    let split = try index("split", prefix, "--parts", "3", "-o", "@parts_")
    #expect(split.status == 0, "\(split.all)")
    try FileManager.default.createDirectory(
      atPath: fixture.folder.file("p"), withIntermediateDirectories: false)
    for name in try fixture.names("parts_") {
      try FileManager.default.moveItem(
        atPath: fixture.folder.file(name), toPath: fixture.folder.file("p/" + name))
    }
    try fixture.folder.write("p/README", [1])
    let merge = try index("merge", "--input", "@p", "--output-prefix", "@m", "--json")
    #expect(merge.status == 0 && merge.errors.contains("README: not part of a dataset"))
    #expect(
      try fixture.folder.read("m.idx") == sound[1] && fixture.folder.read("m.bin") == sound[0])
    let outputs = try #require(try json(merge)["outputs"] as? [[String: Any]])
    #expect(try outputs[0]["documents"] as? Int == documentCount)
    let again = try index("merge", "@p", "-o", "@m")
    #expect(again.status == 1 && again.errors.contains("exists already"))
    #expect(try index("merge", "@m", "-o", "@m", "--overwrite").errors.contains("is an input"))
    #expect(try index("diff", prefix, "@m").status == 0)
  }

  @Test func convertChecksEveryId() throws {
    #expect(try index("convert", prefix, "-o", "@wide", "--element-type", "int32").status == 0)
    #expect(try index("diff", prefix, "@wide").output.contains("element type: uint16 and int32"))
    let narrow = try index("convert", "@wide", "-o", "@n", "--element-type", "uint8")
    #expect(narrow.status == 1 && narrow.errors.contains("does not fit into uint8"))
    #expect(try index("convert", "@wide", "-o", "@old", "--format", "cached").status == 0)
    #expect(try index("verify", "@old", "--deep").status == 0)
    #expect(try index("convert", prefix, "-o", "@x").status == 2)
  }

  @Test func exportGivesTheTextBack() throws {
    let run = try index("export", prefix, "-o", "@out.jsonl")
    #expect(run.status == 0, "\(run.all)")
    let lines = String(decoding: try fixture.folder.read("out.jsonl"), as: UTF8.self)
      .split(separator: "\n")
    let found = try lines.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String])[
        "text"]
    }
    #expect(found == texts.filter { !$0.isEmpty })
    let ids = try index("export", prefix, "--ids").output.split(separator: "\n")
    #expect(try ids.count == documentCount && ids[0].hasPrefix("{\"tokens\":["))
  }

  @Test func diffShowsBothSides() throws {
    let input = try fixture.writeTexts("other.jsonl", ["the hat and a 12345", "naïve 😀 there"])
    _ = try fixture.run(input, prefix: "q", ["--append-eod"])
    let run = try index("diff", prefix, "@q_text_document")
    #expect(run.status == 1)
    #expect(run.output.contains("first difference: sequence 0, token "), "\(run.all)")
    #expect(run.output.contains("\n< ") && run.output.contains("\n> "))
    let value = try json(index("diff", prefix, "@q_text_document", "--json"))
    #expect(value["equal"] as? Bool == false && value["differing_sequences"] as? Int == 1)
  }

  @Test(arguments: [
    (
      ["split", "x"], "neox-index split: error: one of the arguments --weights --parts is required"
    ),
    (
      ["split", "x", "--weights", "1", "--parts", "2"],
      "error: argument --parts: not allowed with argument --weights"
    ), (["split", "x", "--weights", "1,2,3,4"], "GPT-NeoX knows three shares"),
    (["split", "x", "--weights", "0,0,0"], "must add up to more than 0"),
    (["split", "x", "--weights", "a,b,c"], "'a' is not a number"),
    (["verify", "x", "--vocab-size", "10"], "argument --vocab-size: tokens are looked at with"),
    (["verify", "x", "--eod-id", "1"], "argument --eod-id: tokens are looked at with --deep only"),
    (["merge", "-o", "x"], "neox-index merge: error: the following arguments are required: INPUT"),
    (["show", "x"], "error: the following arguments are required: DOC"),
    (["show", "x", "1:5-2"], "argument DOC: invalid document value: '1:5-2'"),
    (["show", "x", "1", "--vocab-file", "v"], "there is no such file"),
    (["verfy"], "did you mean 'verify'?"), (["info", "--jsn", "x"], "(did you mean --json?)"),
  ])
  func wrongUsageIsExplained(words: [String], message: String) throws {
    let run = try Self.program.run(words)
    #expect(run.errors.contains(message), "\(run.all)")
    #expect(run.status == (message == "there is no such file" ? 1 : 2) && run.output == "")
  }

  @Test func aPipeIsNoDataset() throws {
    let path = fixture.folder.file("pipe")
    for ending in [".idx", ".bin"] { try #require(mkfifo(path + ending, 0o600) == 0) }
    for words in [["info", "@pipe"], ["verify", "@pipe"], ["repair", "@pipe", "-o", "@r"]] {
      let run = try Self.program.run(
        words.map { $0.replacing("@", with: fixture.folder.path + "/") })
      #expect(run.status == 1 && run.all.contains("pipe."), "\(words): \(run.all)")
    }
  }

  @Test func aClosedPipeEndsTheProgramQuietly() throws {
    let run = try Self.program.run(
      [],
      shellSetup: """
        i=0; while [ $i -lt 1 ]; do i=1; "$0" info \(prefix) | true; done; exit 0
        """)
    #expect(run.errors == "" && run.status == 0)
  }

  /// Help pages as they are expected; `NEOX_RECORD_HELP=1` writes them anew.
  @Test(arguments: [
    "", "info", "show", "sample", "build-maps", "batch", "seen", "verify", "repair", "split",
    "merge",
    "convert", "export", "diff", "where", "grep", "dedupe", "stats", "report", "pack", "unpack",
  ])
  func helpReadsAsRecorded(command: String) throws {
    let run = try Self.program.run(command.isEmpty ? ["--help"] : [command, "--help"])
    #expect(run.status == 0)
    let name = command.isEmpty ? "neox-index.txt" : "neox-index-\(command).txt"
    let file = PreprocessHelpTests.folder.appending(path: name)
    if ProcessInfo.processInfo.environment["NEOX_RECORD_HELP"] != nil {
      try run.output.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try run.output == String(contentsOf: file, encoding: .utf8))
    for line in run.output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
  }

  @Test func damagedIndexesAreNoticed() throws {
    let run = try BuiltProgram("neox-bench").run([
      "mutate-index", "--cases", "5000", "--seed", "3", "--folder", fixture.folder.path,
    ])
    #expect(run.status == 0, "\(run.all)")
  }
}
