import Foundation
import IndexedData
import TestSupport
import Testing

@Suite("neox-preprocess, faults")
struct PreprocessFaultTests {
  let fixture: PreprocessFixture
  let lines = [
    #"{"text":"good"}"#, #"{"text":"bad"#, #"{"other":1}"#, #"{"text":""}"#, "",
    #"{"text":"good too"}"#,
  ]

  init() throws {
    fixture = try PreprocessFixture()
  }

  private func writeLines() throws -> String {
    try fixture.folder.write("i.jsonl", Array(lines.joined(separator: "\n").utf8))
  }

  @Test("stop names file, line and byte, and keeps what came before for another policy")
  func stop() throws {
    let input = try writeLines()
    let run = try fixture.run(input)
    #expect(run.status == 1)
    #expect(run.errors.contains("i.jsonl:2:"), "\(run.all)")
    #expect(run.errors.contains("--on-error quarantine"))
    #expect(try !fixture.names().contains("o_text_document.bin"))
    #expect(try fixture.run(input, ["--on-error", "skip"]).status == 0)
  }

  @Test("skip counts")
  func skip() throws {
    let run = try fixture.run(try writeLines(), ["--on-error", "skip"])
    #expect(run.status == 0, "\(run.all)")
    #expect(run.output.contains("read 6 = written 2 + empty 1 + skipped 3 + quarantined 0"))
    #expect(try !fixture.names().contains("o_quarantine.jsonl"))
  }

  @Test("quarantine keeps the raw record, its place and the reason")
  func quarantine() throws {
    let run = try fixture.run(try writeLines(), ["--on-error", "quarantine"])
    #expect(run.status == 0, "\(run.all)")
    #expect(run.output.contains("read 6 = written 2 + empty 1 + skipped 0 + quarantined 3"))
    let kept = String(decoding: try fixture.folder.read("o_quarantine.jsonl"), as: UTF8.self)
      .split(separator: "\n")
    let objects = try kept.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(objects.map { $0["line"] as? Int } == [2, 3, 5])
    #expect(objects.map { $0["raw"] as? String } == [lines[1], lines[2], ""])
    #expect(objects.allSatisfy { ($0["reason"] as? String)?.isEmpty == false })
  }

  @Test("blank lines can be passed over")
  func blankLines() throws {
    let input = try fixture.folder.write(
      "i.jsonl", Array("{\"text\":\"a\"}\n\n{\"text\":\"b\"}\n".utf8))
    #expect(try fixture.run(input).status == 1)
    let run = try fixture.run(input, prefix: "p", ["--skip-blank-lines"])
    #expect(run.status == 0, "\(run.all)")
  }

  @Test(
    "the text of a special token inside a document",
    arguments: [
      ("encode", 3, 1, "written 2"), ("literal", 2, 0, "written 2"),
      ("quarantine", 1, 0, "written 1 + empty 0 + skipped 0 + quarantined 1"),
    ])
  func specialText(policy: String, ends: Int, fromText: Int, counts: String) throws {
    let input = try fixture.writeTexts("i.jsonl", ["a<|endoftext|>b", "c"])
    let run = try fixture.run(input, ["--append-eod", "--special-in-text", policy])
    #expect(run.status == 0, "\(run.all)")
    #expect(run.output.contains(counts))
    let dataset = try IndexedDataset(prefix: fixture.folder.file("o_text_document"))
    let ids = try (0..<dataset.sequenceCount).flatMap { try dataset.tokens(of: $0) }
    #expect(ids.count { $0 == Int64(PreprocessFixture.endOfDocument) } == ends)
    let manifest = String(decoding: try fixture.folder.read("o_manifest.json"), as: UTF8.self)
    #expect(manifest.contains("\"end_of_document_ids_from_text\": \(fromText)"))
  }

  @Test("special text that is refused is a fault like others")
  func specialTextRefused() throws {
    let input = try fixture.writeTexts("i.jsonl", ["c", "a<|endoftext|>b"])
    let stop = try fixture.run(input, ["--special-in-text", "error"])
    #expect(stop.status == 1 && stop.errors.contains("i.jsonl:2:"), "\(stop.all)")
    let skip = try fixture.run(
      input, prefix: "p", ["--special-in-text", "error", "--on-error", "skip"])
    #expect(skip.output.contains("skipped 1"), "\(skip.all)")
  }

  @Test("ids of bytes are not mistaken for the text of special tokens")
  func characterLevelEnds() throws {
    let input = try fixture.writeTexts("i.jsonl", ["a\0b"])
    let run = try PreprocessFixture.program.run([
      "--input", input, "--tokenizer-type", "CharLevelTokenizer", "--special-in-text", "encode",
      "--append-eod", "--output-prefix", fixture.folder.file("o"),
    ])
    #expect(run.status == 0 && run.output.contains("come from bytes 0"), "\(run.all)")
    #expect(!run.output.contains("--special-in-text"))
  }

  @Test("an input without documents is an error and leaves nothing")
  func nothing() throws {
    let input = try fixture.folder.write("i.jsonl", Array("{\"text\":\"\"}\n".utf8))
    let run = try fixture.run(input)
    #expect(run.status == 1 && run.errors.contains("no document"), "\(run.all)")
    #expect(try fixture.names() == [])
    let empty = try fixture.folder.write("e.jsonl", [])
    #expect(try fixture.run(empty).status == 1)
    #expect(try fixture.names() == [])
  }

  @Test("folders inside folders are told as such")
  func ignoredFolders() throws {
    let sub = fixture.folder.file("data/sub")
    try FileManager.default.createDirectory(atPath: sub, withIntermediateDirectories: true)
    _ = try fixture.writeTexts("data/a.JSONL", ["a"])
    let run = try fixture.run(fixture.folder.file("data"))
    #expect(run.status == 0 && run.errors.contains("\(sub)/: passed over, a folder"), "\(run.all)")
    #expect(run.output.contains("read 1 = written 1 "))
  }

  @Test("null, false, 0 and nothing are empty texts, as in GPT-NeoX; other values are faults")
  func falsyTexts() throws {
    let values = ["null", "false", "0", "-0.0", "\"\"", "[]", "[\"\"]", "{}"]
    let faulty = ["1", "true", "[null]", "{\"a\":1}"]
    let lines = (values + faulty + ["\"text\""]).map { "{\"text\":\($0)}" }
    let input = try fixture.folder.write("i.jsonl", Array(lines.joined(separator: "\n").utf8))
    let run = try fixture.run(input, ["--on-error", "skip"])
    #expect(run.output.contains("read 13 = written 1 + empty 8 + skipped 4 "), "\(run.all)")
  }

  @Test("a quarantine file of an earlier run stays where no other replaces it")
  func oldQuarantine() throws {
    #expect(try fixture.run(try writeLines(), ["--on-error", "quarantine"]).status == 0)
    let before = try fixture.folder.read("o_quarantine.jsonl")
    let good = try fixture.writeTexts("g.jsonl", ["good"])
    let run = try fixture.run(good, ["--on-error", "quarantine", "--overwrite"])
    #expect(run.status == 0 && run.errors.contains("of an earlier run"), "\(run.all)")
    #expect(try fixture.folder.read("o_quarantine.jsonl") == before)
  }

  @Test("a long text that is no UTF-8 leaves nothing, though its pieces were encoded before")
  func longText() throws {
    let words = Array(String(repeating: "some words\n", count: 150_000).utf8)
    let input = try fixture.folder.write("i.txt", words + [0xFF] + words)
    let run = try fixture.run(input)
    #expect(run.status == 1, "\(run.all)")
    #expect(run.errors.contains("i.txt:150001:1650000: bytes that are not UTF-8"), "\(run.all)")
    #expect(try fixture.names() == [])
    let other = try fixture.folder.write("j.txt", words)
    let passed = try PreprocessFixture.program.run(
      ["--input", input, other, "--output-prefix", fixture.folder.file("o"), "--progress", "off"]
        + fixture.vocabulary + ["--on-error", "skip", "--checkpoint-seconds", "0"])
    #expect(passed.status == 0 && passed.output.contains("skipped 1"), "\(passed.all)")
    let alone = try fixture.run(other, prefix: "p")
    #expect(alone.status == 0)
    #expect(try fixture.outputBytes() == fixture.outputBytes("p"))
  }

  @Test("of two faults of a long text the first counts, however the work is shared out")
  func twoFaults() throws {
    let words = Array(String(repeating: "some words\n", count: 10_000).utf8)
    let text = words + Array("<|endoftext|>".utf8) + words + words + words + [0xFF] + words + words
    let input = try fixture.folder.write("i.txt", text)
    let good = try fixture.folder.write("j.txt", Array("good".utf8))
    for flags in [["--workers", "1"], ["--workers", "2"], ["--workers", "36"]] {
      let words = fixture.vocabulary + ["--special-in-text", "quarantine", "--overwrite"] + flags
      let run = try PreprocessFixture.program.run(
        ["--input", input, good, "--output-prefix", fixture.folder.file("o"), "--progress", "off"]
          + words)
      #expect(run.status == 0 && run.output.contains("quarantined 1"), "\(run.all)")
      let kept = try String(decoding: fixture.folder.read("o_quarantine.jsonl"), as: UTF8.self)
      #expect(kept.contains("<|endoftext|>") && kept.contains("110000"), "\(flags)")
    }
  }
}
