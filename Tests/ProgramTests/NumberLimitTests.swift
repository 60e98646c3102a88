import Foundation
import IndexedData
import TestSupport
import Testing

/// The largest numbers that can be typed, and times centuries away.
struct NumberLimitTests {
  let fixture: PreprocessFixture
  static let index = BuiltProgram("neox-index")

  init() throws { fixture = try PreprocessFixture() }

  @Test(
    "too large a number is wrong usage",
    arguments: [
      (["--workers", "999999999999999999"], "--workers: must be from 1 to 4096"),
      (["--workers", "4097"], "--workers: must be from 1 to 4096"),
      (["--memory", "9223372036854775807"], "--memory"),
      (["--shard", "9223372036854775807/9223372036854775807"], "--shard"),
    ])
  func refused(words: [String], message: String) throws {
    let input = try fixture.writeTexts("i.jsonl", ["the hat"])
    let run = try fixture.run(input, words)
    #expect(run.status == 2 && run.errors.contains(message), "\(run.all)")
    #expect(try fixture.names() == [])
  }

  @Test("numbers that only set a bound may be as large as can be typed")
  func accepted() throws {
    let input = try fixture.writeTexts("i.jsonl", ["the hat", "the end."])
    let most = String(Int.max)
    let run = try fixture.run(
      input,
      [
        "--memory", "4194303TiB", "--checkpoint-seconds", most + "d", "--num-docs", most,
        "--log-interval", most,
      ])
    #expect(run.status == 0, "\(run.all)")
    let dry = try fixture.run(input, prefix: "d", ["--dry-run", most])
    #expect(dry.status == 0 && dry.output.contains("document 2, text"), "\(dry.all)")
    let prefix = fixture.folder.file("o_text_document")
    for words in [
      ["show", prefix, "0:0-\(most)", "1:\(most)-", "0:\(most)-\(most)"],
      ["sample", prefix, "-n", most, "--tokens", most], ["info", prefix, "--seq-length", most],
      [
        "verify", prefix, "--deep", "--limit", most, "--vocab-size", most, "--eod-id",
        "\(PreprocessFixture.endOfDocument)",
      ],
    ] {
      let run = try Self.index.run(words)
      #expect([0, 1].contains(run.status) && !run.output.isEmpty, "\(words)\n\(run.all)")
    }
  }

  @Test("train-tokenizer's threads are bounded")
  func training() throws {
    let run = try PreprocessFixture.program.run([
      "train-tokenizer", "--input", fixture.folder.path, "--output-dir", fixture.folder.file("v"),
      "--workers", "99999999999",
    ])
    #expect(run.status == 2 && run.errors.contains("--workers: must be from 1 to 4096"))
  }

  @Test("split and diff bear any number")
  func indexNumbers() throws {
    for (prefix, text) in [("o", "the hat"), ("q", "the end.")] {
      let input = try fixture.writeTexts(prefix + ".jsonl", [text])
      try #require(try fixture.run(input, prefix: prefix).status == 0)
    }
    let left = fixture.folder.file("o_text_document")
    let right = fixture.folder.file("q_text_document")
    let most = String(Int.max)
    let split = try Self.index.run(["split", left, "--parts", most])
    #expect(split.status == 2 && split.errors.contains("--parts: must be from 1 to 1000000"))
    let diff = try Self.index.run(["diff", left, right, "--context", most])
    #expect(diff.status == 1 && diff.output.hasSuffix("< the hat\n> the end.\n"), "\(diff.all)")
  }

  @Test(
    "an input may be dated centuries away", arguments: [99_999_999_999, 9_300_000_000, -86_400])
  func dates(seconds: Double) throws {
    let input = try fixture.writeTexts("i.jsonl", ["the hat"])
    try date(["i.jsonl", "vocab.json"], seconds)
    for ending in [" 1 document, ", "finished before"] {
      let run = try fixture.run(input)
      #expect(run.status == 0 && run.output.contains(ending), "\(run.all)")
    }
    try date(["o_text_document.bin", "o_text_document.idx"], seconds)
    #expect(try Self.index.run(["verify", fixture.folder.file("o_text_document")]).status == 0)
  }

  private func date(_ names: [String], _ seconds: Double) throws {
    for name in names {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: seconds)],
        ofItemAtPath: fixture.folder.file(name))
    }
  }
}
