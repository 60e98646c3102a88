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

  /// Few bytes for each worker, so that records of more than 544 KiB are read in pieces.
  static let smallBlocks = ["--memory", "200MiB", "--workers", "4", "--checkpoint-seconds", "0"]

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

  @Test("a long document is encoded, and refused, in pieces as if it were whole")
  func longDocument() throws {
    // Above the limit of records that are read whole under the small budget, not under the usual.
    let long = PreprocessFixture.texts(12_000, seed: 12).joined(separator: " ")
    #expect(long.utf8.count > 1_500_000)
    let input = try fixture.writeTexts("i.jsonl", ["before", long, "after"])
    let small = ["--memory", "160MiB", "--workers", "2", "--checkpoint-seconds", "0"]
    let policies = [
      [], ["--append-eod"], ["--special-in-text", "literal"],
      ["--special-in-text", "error", "--on-error", "skip", "--append-eod"],
      ["--special-in-text", "quarantine"],
    ]
    for (number, policy) in policies.enumerated() {
      let whole = try fixture.run(input, prefix: "w\(number)", policy)
      let pieces = try fixture.run(input, prefix: "p\(number)", policy + small)
      #expect(whole.status == 0 && pieces.status == 0, "\(policy)\n\(whole.all)\n\(pieces.all)")
      #expect(
        try fixture.outputBytes("w\(number)") == fixture.outputBytes("p\(number)"), "\(policy)")
      let counts = { (run: ProgramRun) in
        run.output.split(separator: "\n").first { $0.hasPrefix("records:") }
      }
      #expect(counts(whole) == counts(pieces))
    }
    #expect(try IndexedDataset(prefix: fixture.folder.file("p3_text_document")).documentCount == 2)
    #expect(try fixture.folder.read("p4_quarantine.jsonl").count > long.utf8.count)
    #expect(
      try fixture.folder.read("p4_quarantine.jsonl") == fixture.folder.read("w4_quarantine.jsonl"))
  }

  @Test("a dry run shows a long document as one")
  func dryRunOfLongDocument() throws {
    let long = PreprocessFixture.texts(12_000, seed: 12).joined(separator: " ")
    let refused = String(repeating: "the end ", count: 200_000) + "<|endoftext|>"
    let input = try fixture.writeTexts("i.jsonl", ["a<|endoftext|>", refused, "the", long, "and"])
    let flags = ["--special-in-text", "error", "--dry-run", "2"]
    let literal = ["--special-in-text", "literal", "--dry-run", "4"]
    let small = ["--memory", "160MiB", "--workers", "2"]
    for flags in [flags, literal] {
      let whole = try fixture.run(input, flags).output.split(separator: "\n")
      let pieces = try fixture.run(input, flags + small).output.split(separator: "\n")
      let isHead = { (line: Substring) in line.hasPrefix("document ") }
      // What is refused at its end only has been shown by then.
      if flags == literal {
        #expect(pieces.filter { !isHead($0) } == whole.filter { !isHead($0) })
      }
      let heads = pieces.filter(isHead).filter { !$0.contains("a long one") }
      #expect(
        heads.map { String($0).replacing(" in all", with: "") }
          == whole.filter(isHead).map(String.init))
    }
  }

  @Test("a long record of several members is encoded, and refused, in pieces as if it were whole")
  func longRecordsOfSeveralMembers() throws {
    let long = PreprocessFixture.texts(6_000, seed: 14).joined(separator: " ")
    let records = [
      ["t": "short", "b": long], ["t": "a", "b": "b"], ["t": long, "b": "short"],
      ["t": "", "b": long], ["t": long, "b": ""], ["t": "short<|endoftext|>", "b": long],
      ["t": "c", "b": ""],
    ]
    let lines = try records.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
    let input = try fixture.folder.write("i.jsonl", Array(lines.joined(separator: "\n").utf8))
    for (number, policy) in [["--append-eod"], ["--special-in-text", "quarantine"]].enumerated() {
      let words = ["--jsonl-keys", "t", "b"] + policy
      let whole = try fixture.run(input, prefix: "w\(number)", words)
      let pieces = try fixture.run(input, prefix: "p\(number)", words + Self.smallBlocks)
      #expect(whole.status == 0 && pieces.status == 0, "\(policy)\n\(whole.all)\n\(pieces.all)")
      for key in ["t", "b"] {
        #expect(
          try fixture.outputBytes("w\(number)", key: key)
            == fixture.outputBytes("p\(number)", key: key), "\(policy), \(key)")
      }
    }
    #expect(
      try fixture.folder.read("p1_quarantine.jsonl") == fixture.folder.read("w1_quarantine.jsonl"))
    #expect(try IndexedDataset(prefix: fixture.folder.file("p0_t_document")).documentCount == 7)
    #expect(try IndexedDataset(prefix: fixture.folder.file("p1_t_document")).documentCount == 2)
  }

  @Test("what is quarantined does not depend on memory and workers")
  func quarantineOfLongDocuments() throws {
    let texts = [3_500, 7_000].map { count in
      PreprocessFixture.texts(count, seed: 13).joined(separator: " ")
        .replacing("<|endoftext|>", with: "end")
    }
    // The usual budget holds one in memory, the small one reads both in pieces; both are text.
    #expect((600_000..<1_000_000).contains(texts[0].utf8.count))
    #expect(texts[1].utf8.count > 1_200_000)
    let input = try fixture.writeTexts(
      "i.jsonl", ["a"] + texts.map { $0 + "<|endoftext|>" } + ["z"])
    let policy = ["--special-in-text", "quarantine"]
    let whole = try fixture.run(input, prefix: "w", policy)
    let pieces = try fixture.run(input, prefix: "p", policy + Self.smallBlocks)
    #expect(whole.status == 0 && pieces.status == 0, "\(whole.all)\n\(pieces.all)")
    #expect(try fixture.outputBytes("w") == fixture.outputBytes("p"))
    let kept = try fixture.folder.read("w_quarantine.jsonl")
    #expect(try fixture.folder.read("p_quarantine.jsonl") == kept)
    let lines = String(decoding: kept, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 2)
    let stored = try fixture.folder.read("i.jsonl").split(separator: 0x0A)
    for (index, line) in lines.enumerated() {
      #expect(line.contains("byte \(texts[index].utf8.count) of the document"))
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect((object?["raw"] as? String).map { Array($0.utf8) } == Array(stored[index + 1]))
    }
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

  @Test("the environment of a job that makes no sense is wrong usage, where it is asked")
  func environment() throws {
    let input = try fixture.writeTexts("i.jsonl", ["a"])
    let cases = [
      (["RANK": "5", "WORLD_SIZE": "2"], "RANK/WORLD_SIZE say 5/2"),
      (["RANK": "1"], "RANK is set, but WORLD_SIZE is not"),
      (["WORLD_SIZE": "2"], "WORLD_SIZE is set, but RANK is not"),
    ]
    for (environment, part) in cases {
      let run = try fixture.run(input, ["--shard", "auto"], environment: environment)
      #expect(run.status == 2 && run.errors.contains(part), "\(run.all)")
    }
    #expect(try fixture.run(input, environment: cases[0].0).status == 0)
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

  @Test("what cannot work is said before work")
  func refused() throws {
    let input = try fixture.writeTexts("i.jsonl", ["a"])
    let prefix = fixture.folder.file("o")
    let (vocabulary, merges) = (
      fixture.folder.file("vocab.json"), fixture.folder.file("merges.txt")
    )
    let character = [
      "--input", input, "--tokenizer-type", "CharLevelTokenizer", "--output-prefix", prefix,
    ]
    let train = ["train-tokenizer", "--input", input, "--output-dir", prefix]
    let cases: [([String], Int32, String)] = [
      (fixture.arguments(input, ["--ftfy"]), 2, "ftfy"),
      (
        ["--input", input, "--tokenizer-type", "SPMTokenizer", "--output-prefix", prefix], 2,
        "SentencePiece"
      ),
      (Array(fixture.arguments(input).dropLast(2)), 2, "--merge-file: GPT2BPETokenizer needs"),
      (
        [
          "--input", input, "--tokenizer-type", "HFTokenizer", "--vocab-file", vocabulary,
          "--merge-file", merges, "--output-prefix", prefix,
        ], 2, "--merge-file: HFTokenizer reads no such file"
      ),
      (
        [
          "--input", input, "--tokenizer-type", "HFTokenizer", "--vocab-file", vocabulary,
          "--output-prefix", prefix,
        ], 1, "this is a vocab.json (tokens and their ids), not a tokenizer.json"
      ),
      (
        [
          "--input", input, "--tokenizer-type", "GPT2BPETokenizer", "--vocab-file", merges,
          "--merge-file", vocabulary, "--output-prefix", prefix,
        ], 1, "swapped"
      ),
      (fixture.arguments(input, prefix: "o/"), 2, "ends without a name"),
      (
        fixture.arguments(input, ["--jsonl-keys", "text,other"]), 1,
        "with spaces between, not commas"
      ),
      (fixture.arguments(input, ["--jsonl-keys", "meta.a"]), 1, "not of objects inside it"),
      (["--input", input], 2, "--output-prefix"),
      (["--input", input, "--output-prefix", prefix], 2, "required: --tokenizer-type"),
      (fixture.arguments(input, ["--frobnicate"]), 2, "--frobnicate"),
      (fixture.arguments(fixture.folder.file("absent")), 1, "no such file"),
      (fixture.arguments(input, prefix: "no/such/folder"), 2, "--output-prefix"),
      (fixture.arguments(input, ["--jsonl-keys", "a", "a"]), 2, "named twice"),
      (fixture.arguments(input, ["--jsonl-keys", "a/b"]), 2, "file's name"),
      (fixture.arguments(input, ["--memory", "1MiB"]), 2, "--memory"),
      (fixture.arguments(input, ["--shard", "2/2"]), 2, "--shard"),
      (fixture.arguments(input, ["--append-eod", "--eod-token", "<eos>"]), 1, "<eos>"),
      (character + ["--special-in-text", "literal"], 2, "CharLevelTokenizer knows no text"),
      (character + ["--special-in-text", "quarantine"], 2, "CharLevelTokenizer knows no text"),
      (
        ["--input", input, "--tokenizer-type", "GPT2BPETokenizer", "--output-prefix", prefix], 2,
        "--vocab-file"
      ),
      (train + ["--vocab-size", "10"], 2, "--vocab-size 10"),
      (train + ["--special-tokens", ""], 2, "cannot be empty"),
    ]
    for (words, status, part) in cases {
      let run = try PreprocessFixture.program.run(words)
      #expect(run.status == status && run.errors.contains(part), "\(words)\n\(run.all)")
    }
    #expect(try fixture.names() == [])
  }

  @Test(
    "an input under an output's name is never changed",
    arguments: ["o_quarantine.jsonl", "o_manifest.json", "o_text_document.idx", "o.journal"])
  func inputIsOutput(name: String) throws {
    let input = try fixture.folder.write(name, Array("{\"text\":\"a\"}\n".utf8))
    let before = try fixture.folder.read(name)
    for flags in [["--overwrite"], ["--restart"], []] {
      let run = try fixture.run(input, ["--input-format", "jsonl"] + flags)
      #expect(run.status == 1 && run.errors.contains("inputs are never changed"), "\(run.all)")
      #expect(try fixture.names() == [name] && fixture.folder.read(name) == before)
    }
    try FileManager.default.linkItem(
      atPath: input, toPath: fixture.folder.file("p_text_document.bin"))
    let linked = try fixture.run(
      input, prefix: "p", ["--input-format", "jsonl", "--overwrite"])
    #expect(linked.errors.contains("inputs are never changed"), "\(linked.all)")
  }

  @Test("a text that cannot be cut within the memory is a fault that names what would do")
  func uncuttable() throws {
    let run = [UInt8](repeating: 0x61, count: 8 << 20)
    let lines = [#"{"text":"before"}"#, #"{"text":"b \#(String(decoding: run, as: UTF8.self))"}"#]
    let input = try fixture.folder.write(
      "i.jsonl", Array((lines + [#"{"text":"after"}"#]).joined(separator: "\n").utf8))
    let small = ["--memory", "160MiB", "--workers", "2"]
    let stop = try fixture.run(input, small)
    #expect(stop.status == 1 && stop.errors.contains("i.jsonl:2:18: "), "\(stop.all)")
    let words = stop.errors.split(separator: " ")
    let memory = try #require(words.firstIndex(of: "--memory").map { String(words[$0 + 1]) })
    let skip = try fixture.run(input, prefix: "p", small + ["--on-error", "quarantine"])
    #expect(
      skip.output.contains("read 3 = written 2 + empty 0 + skipped 0 + quarantined 1"),
      "\(skip.all)")
    let kept =
      try JSONSerialization.jsonObject(
        with: Data(fixture.folder.read("p_quarantine.jsonl"))) as? [String: Any]
    #expect(kept?["raw"] as? String == lines[1])
    let skipped = try IndexedDataset(prefix: fixture.folder.file("p_text_document"))
    #expect(skipped.sequenceCount == 2 && skipped.documentCount == 2)
    // The same work goes on with the memory that was named.
    let enough = try fixture.run(input, ["--memory", memory, "--workers", "2"])
    #expect(enough.status == 0 && enough.output.contains("read 3 = written 3 "), "\(enough.all)")
  }

  @Test("somebody else's manifest is not replaced, and the message says what to do")
  func otherManifest() throws {
    let input = try fixture.writeTexts("i.jsonl", ["a"])
    try fixture.folder.write("o_manifest.json", Array("{\"a\":1}".utf8))
    let run = try fixture.run(input)
    #expect(run.status == 1 && run.errors.contains("no manifest of neox-preprocess"), "\(run.all)")
    #expect(run.errors.contains("--overwrite") && run.errors.contains("--output-prefix"))
    #expect(try fixture.names() == ["o_manifest.json"])
    #expect(try fixture.run(input, ["--overwrite"]).status == 0)
  }

  @Test("an output folder that cannot be written to is named")
  func readOnlyFolder() throws {
    let input = try fixture.writeTexts("i.jsonl", ["a"])
    let folder = fixture.folder.file("locked")
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o555])
    defer { chmod(folder, 0o755) }
    // Root may write anywhere, unless it is taken from it.
    let asOwner = "exec setpriv --bounding-set=-dac_override --inh-caps=-dac_override \"$0\" \"$@\""
    let run = try fixture.run(
      input, prefix: "locked/o", shellSetup: getuid() == 0 ? asOwner : nil)
    #expect(
      run.status == 2 && run.errors.contains("files cannot be made in the folder"), "\(run.all)")
    #expect(!run.errors.contains("journal"))
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
}
