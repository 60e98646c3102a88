import Foundation
import IndexedData
import TestSupport
import Testing

@Suite("neox-preprocess --source and neox-index where")
struct SourceProgramTests {
  let fixture: PreprocessFixture
  static let index = BuiltProgram("neox-index")

  init() throws { fixture = try PreprocessFixture() }

  private var folder: TemporaryFolder { fixture.folder }

  private func preprocess(
    _ inputs: [String], prefix: String = "o", _ flags: [String] = []
  ) throws -> ProgramRun {
    try PreprocessFixture.program.run(
      ["--input"] + inputs + [
        "--output-prefix", folder.file(prefix), "--tokenizer-type", "CharLevelTokenizer",
        "--progress", "off", "--source",
      ] + flags)
  }

  private func find(_ name: String, _ documents: Range<Int>, _ flags: [String] = []) throws
    -> [[String: Any]]
  {
    let run = try Self.index.run(
      ["where", folder.file(name), "--json", "--limit", "1MiB"] + flags + documents.map { "\($0)" })
    #expect(run.status == 0, "\(run.all)")
    return try run.output.split(separator: "\n").map { line in
      try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  private func texts(_ name: String) throws -> [String] {
    let dataset = try IndexedDataset(prefix: folder.file(name))
    return try (0..<dataset.documentCount).map { document in
      String(
        decoding: try dataset.sequences(ofDocument: document).flatMap {
          try dataset.tokens(of: $0).map { UInt8(truncatingIfNeeded: $0) }
        }, as: UTF8.self)
    }
  }

  /// Lines with good, empty and broken records and blank lines.
  private func lines(_ count: Int, seed: UInt64, end: String) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    var all = ""
    for number in 0..<count {
      switch Int.random(in: 0..<8, using: &random) {
      case 0: all += [" ", ""].randomElement(using: &random) ?? ""
      case 1: all += "{broken"
      case 2: all += #"{"text":"","id":"empty"}"#
      case 3: all += #"{"id":\#(number),"text":"a \"number\" \#(number)\n"}"#
      case 4: all += #"{"text":"no id \#(number)"}"#
      default: all += #"{"meta":{"id":"inner"},"text":"é \#(number)","id":"\#(seed)/\#(number)"}"#
      }
      all += end
    }
    return Array(all.utf8)
  }

  @Test("what is found at the place of each document is its record, in all kinds of input")
  func records() throws {
    try FileManager.default.createDirectory(
      atPath: folder.file("in"), withIntermediateDirectories: true)
    try folder.write("in/a.jsonl", lines(300, seed: 1, end: "\n"))
    try folder.write("in/b.jsonl", lines(150, seed: 2, end: "\r\n"))
    for (name, tool) in [("c.jsonl", "gzip"), ("d.jsonl", "zstd -q --rm")] {
      try folder.write("in/" + name, lines(200, seed: UInt64(name.count), end: "\n"))
      try shell("\(tool) '\(folder.file("in/" + name))'")
    }
    try folder.write("y.jsonl", lines(90, seed: 7, end: "\n"))
    for number in 0..<9 { try folder.write("m\(number).txt", Array("text \(number)\nof m".utf8)) }
    try shell("cd '\(folder.path)' && tar cf in/e.tar m?.txt y.jsonl m0.txt && gzip -k in/e.tar")
    try folder.write(
      "in/f.json", Array("[ {\"text\":\"one\"},\n{\"text\":\"two\",\"id\":\"2\"} ]".utf8))
    try folder.write("in/g.txt", Array("plain\ntext".utf8))
    let made = try preprocess(
      [folder.file("in")], ["--id-key", "id", "--on-error", "quarantine", "--skip-blank-lines"])
    #expect(made.status == 0, "\(made.all)")
    let texts = try texts("o_text_document")
    let found = try find("o_text_document", 0..<texts.count)
    #expect(found.count == texts.count && texts.count > 400)
    for (document, place) in found.enumerated() {
      let record = try #require(place["record"] as? String, "\(place)")
      let file = try #require(place["file"] as? String)
      guard record.hasPrefix("{") else {
        #expect(record == texts[document], "\(place)")
        continue
      }
      let value = try #require(
        JSONSerialization.jsonObject(with: Data(record.utf8)) as? [String: Any])
      #expect(value["text"] as? String == texts[document], "\(place)")
      #expect(place["id"] as? String == value["id"].map { "\($0)" }, "\(place)")
      guard file.hasSuffix(".jsonl") else { continue }
      // The place itself, by other means than the reader's.
      let bytes = try folder.read("in/" + (file.split(separator: "/").last ?? ""))
      let byte = try #require(place["byte"] as? Int)
      #expect(bytes[byte...].starts(with: record.utf8))
      #expect(place["line"] as? Int == bytes[..<byte].count { $0 == 0x0A } + 1)
    }
    #expect(Set(found.compactMap { $0["member"] as? String }).count == 10)
    let shards = try (0..<3).map { shard in
      let run = try preprocess(
        [folder.file("in")], prefix: "s",
        ["--id-key", "id", "--on-error", "skip", "--skip-blank-lines", "--shard", "\(shard)/3"])
      #expect(run.status == 0, "\(run.all)")
      return folder.file("s_0000\(shard)-of-00003_text_document")
    }
    let merged = try Self.index.run(["merge"] + shards + ["-o", folder.file("w_text_document")])
    #expect(merged.status == 0, "\(merged.all)")
    let again = try find("w_text_document", 0..<texts.count)
    #expect(again as NSArray == found as NSArray)
  }

  @Test("records of GPT-NeoX's .dat files are found again")
  func sizedRecords() throws {
    let texts = ["one", "", "two\n2", "drei é", String(repeating: "long ", count: 4_000), "end"]
    var bytes: [UInt8] = []
    for text in texts {
      let digits = String(text.utf8.count)
      bytes += Array((String(repeating: "0", count: 16 - digits.count) + digits + text).utf8)
    }
    try folder.write("r.dat", bytes)
    try shell("cd '\(folder.path)' && zstd -q r.dat && tar cf t.tar r.dat.zst")
    for input in ["r.dat.zst", "t.tar"] {
      let prefix = String(input.prefix(1))
      let made = try preprocess([folder.file(input)], prefix: prefix, ["--skip-blank-lines"])
      #expect(made.status == 0, "\(made.all)")
      let kept = try self.texts("\(prefix)_text_document")
      let found = try find("\(prefix)_text_document", 0..<kept.count)
      #expect(kept == texts.filter { !$0.isEmpty })
      #expect(found.compactMap { $0["record"] as? String } == kept, "\(input)")
      for (place, text) in zip(found, kept) {
        let byte = try #require(place["byte"] as? Int)
        #expect(bytes[byte...].starts(with: text.utf8), "\(place)")
      }
    }
    let cut = try Self.index.run(
      ["where", folder.file("r_text_document"), "3", "--limit", "10", "--json"])
    #expect(
      cut.output.contains(#""record":"long long ""#) && cut.output.contains(#""cut":true"#),
      "\(cut.all)")
  }

  @Test("names of files that a terminal would obey are told in letters")
  func strangeNames() throws {
    let name = "a\u{1B}]0;title\u{07}\n.jsonl"
    try folder.write(name, Array("{\"text\":\"one\"}\n".utf8))
    let made = try preprocess([folder.file(name)])
    #expect(made.status == 0, "\(made.all)")
    let run = try Self.index.run(["where", folder.file("o_text_document"), "0", "--no-text"])
    #expect(run.status == 0 && run.output.contains(#"a\x1B]0;title\x07\x0A.jsonl"#), "\(run.all)")
    #expect(!run.output.utf8.contains(0x1B) && run.output.split(separator: "\n").count == 1)
  }

  private func shell(_ command: String) throws {
    let process = try Process.run(URL(filePath: "/bin/sh"), arguments: ["-c", command])
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(command)")
  }

  @Test("every text of a run gets one, whatever it is made of")
  func kinds() throws {
    let pairs = try folder.write(
      "p.jsonl", Array(#"{"a":"yes","b":"no","id":"1"}"#.utf8) + Array("\n{}\n".utf8))
    let made = try preprocess(
      [pairs], ["--preference", "a,b", "--on-error", "skip", "--id-key", "id"])
    #expect(made.status == 0, "\(made.all)")
    for key in ["a", "b"] {
      #expect(try find("o_\(key)_document", 0..<1)[0]["id"] as? String == "1")
    }
    #expect(try folder.read("o_a_document.src") == folder.read("o_b_document.src"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("o_a_label_document.src")))
    let labels = try Self.index.run(["where", folder.file("o_a_label_document"), "0"])
    #expect(labels.status == 1 && labels.errors.contains("--source"), "\(labels.all)")
    let keys = try preprocess(
      [pairs], prefix: "k", ["--jsonl-keys", "a", "b", "--on-error", "skip"])
    #expect(keys.status == 0, "\(keys.all)")
    #expect(try folder.read("k_a_document.src") == folder.read("k_b_document.src"))
  }

  @Test("killed, the same command ends in the same bytes, whatever the number of workers")
  func killed() throws {
    let input = try folder.write("i.jsonl", lines(40_000, seed: 3, end: "\n"))
    let flags = [
      "--id-key", "id", "--on-error", "skip", "--skip-blank-lines", "--memory", "160MiB",
      "--checkpoint-seconds", "0",
    ]
    let whole = try preprocess([input], prefix: "w", flags + ["--workers", "1"])
    #expect(whole.status == 0, "\(whole.all)")
    let expected = try folder.read("w_text_document.src")
    let size = try folder.read("w_text_document.bin").count
    for share in [4, 2] {
      // A limit on the size of files ends the run in the middle.
      let stopped = try PreprocessFixture.program.run(
        [
          "--input", input, "--output-prefix", folder.file("k"), "--tokenizer-type",
          "CharLevelTokenizer", "--progress", "off", "--source", "--workers", "2",
        ] + flags, shellSetup: "ulimit -f \(size / 512 / share)")
      #expect(stopped.status != 0, "\(stopped.all)")
    }
    let end = try preprocess([input], prefix: "k", flags + ["--workers", "2"])
    #expect(end.status == 0 && end.errors.contains("resuming at"), "\(end.all)")
    #expect(try folder.read("k_text_document.src") == expected)
    #expect(try fixture.names("k").allSatisfy { !$0.hasSuffix(".partial") })
  }

  @Test("files that are gone or have changed are told")
  func changed() throws {
    let input = try folder.write("i.jsonl", Array("{\"text\":\"one\"}\n".utf8))
    #expect(try preprocess([input]).status == 0)
    func why() throws -> String { try find("o_text_document", 0..<1)[0]["why"] as? String ?? "" }
    #expect(try why() == "")
    // Another time with the same content is no change.
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 5)], ofItemAtPath: input)
    #expect(try why() == "")
    try folder.write("i.jsonl", Array("{\"text\":\"two\"}\n".utf8))
    #expect(try why().contains("its hash was"))
    try folder.write("i.jsonl", [])
    #expect(try why().contains("it had 15 bytes"))
    try FileManager.default.removeItem(atPath: input)
    #expect(try why().contains("is gone"))
    #expect(try find("o_text_document", 0..<1, ["--no-text"])[0]["line"] as? Int == 1)
  }

  @Test("without --source nothing is written, and neither run takes the other's output for its own")
  func absent() throws {
    let input = try folder.write("i.jsonl", Array("{\"text\":\"one\"}\n".utf8))
    #expect(try preprocess([input]).status == 0)
    let words = [
      "--input", input, "--output-prefix", folder.file("o"), "--tokenizer-type",
      "CharLevelTokenizer", "--progress", "off",
    ]
    let other = try PreprocessFixture.program.run(words)
    #expect(other.status == 1 && other.errors.contains("--source was given then"), "\(other.all)")
    let replaced = try PreprocessFixture.program.run(words + ["--overwrite"])
    #expect(replaced.status == 0, "\(replaced.all)")
    #expect(try fixture.names("o_text") == ["o_text_document.bin", "o_text_document.idx"])
    #expect(!String(decoding: try folder.read("o_manifest.json"), as: UTF8.self).contains("source"))
    let again = try preprocess([input])
    #expect(again.errors.contains("--source was not given then"), "\(again.all)")
    let id = try PreprocessFixture.program.run(words + ["--id-key", "id"])
    #expect(id.status == 2, "\(id.all)")
  }

  @Test("records without the member of --id-key are counted")
  func lackingIDs() throws {
    let input = try fixture.writeLines([
      #"{"text":"a","id":1}"#, #"{"text":"","name":1}"#, #"{"text":"b"}"#,
      #"{"text":"c","id":null}"#,
    ])
    let none = try preprocess([input], ["--id-key", "name"])
    #expect(none.status == 0)
    #expect(
      none.errors.contains(
        "--id-key: none of 3 documents comes from a record with a member \"name\""),
      "\(none.all)")
    let some = try preprocess([input], prefix: "p", ["--id-key", "id"])
    #expect(
      some.errors.contains(
        "--id-key: 2 of 3 documents come from records without the member \"id\""),
      "\(some.all)")
    let empty = try preprocess([input], prefix: "e", ["--id-key", ""])
    #expect(empty.status == 2, "\(empty.all)")
    let all = try preprocess(
      [fixture.writeLines([#"{"text":"a","id":1}"#], "j.jsonl")],
      prefix: "q", ["--id-key", "id"])
    #expect(all.status == 0 && !all.errors.contains("--id-key"), "\(all.all)")
  }

  @Test("dedupe keeps what belongs to the documents that stay")
  func dedupe() throws {
    let records = [
      ("same", 1), ("other", 1), ("same", 1), ("same", 0), ("last", 0), ("other", 1),
    ]
    let lines = records.enumerated().map { number, record in
      #"{"conversation":[{"role":"user","content":"\#(record.0)"},{"role":"assistant","content":"yes"}],"#
        + #""id":"r\#(number)","good":\#(record.1)}"#
    }
    let input = try fixture.writeLines(lines)
    let run = try preprocess(
      [input], ["--id-key", "id", "--chat", "--chat-template", "plain", "--reward-key", "good"])
    try #require(run.status == 0, "\(run.all)")
    let prefix = folder.file("o_conversation_document")
    let unnamed = try Self.index.run(["dedupe", "--exact", prefix, "-o", folder.file("u")])
    #expect(
      unnamed.status == 2
        && unnamed.errors.contains("--with \(folder.file("o_conversation_label_document"))="))
    let output = folder.file("u_text_document")
    let trial = try Self.index.run(["dedupe", "--exact", prefix, "--dry-run", "--json"])
    #expect(trial.output.contains(#""repeated_documents": 2"#), "\(trial.all)")
    let made = try Self.index.run(["dedupe", "--exact", prefix, "-o", output, "--progress", "off"])
    try #require(made.status == 0, "\(made.all)")
    let kept = try texts("u_text_document")
    #expect(kept.count == 4 && kept[0] == kept[2] && kept[3].contains("last"))
    #expect(
      try find("u_text_document", 0..<4).map { $0["id"] as? String } == ["r0", "r1", "r3", "r4"])
    let rewards = try IndexedDataset(prefix: folder.file("u_text_reward_document"))
    #expect(
      try (0..<4).map { try rewards.withBytes(of: $0) { $0.byteCount } }.allSatisfy { $0 == 4 })
    let verified = try Self.index.run(["verify", "--deep", output])
    #expect(verified.status == 0 && verified.output.contains("rewards"), "\(verified.all)")
    // Named twice, and a dataset of other documents.
    let twice = try Self.index.run(
      [
        "dedupe", "--exact", prefix, "-o", folder.file("v_document"), "--with",
        "\(prefix)=\(folder.file("w"))",
      ])
    #expect(twice.status == 2)
    let other = try Self.index.run(
      [
        "dedupe", "--exact", prefix, "-o", folder.file("v_document"), "--with",
        "\(output)=\(folder.file("w_document"))",
      ])
    #expect(other.status == 1 && other.errors.contains("has 4 documents"), "\(other.all)")
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(!left.contains { $0.hasPrefix("v_") || $0.hasPrefix("w") })
  }

  @Test("batch tells where each document came from")
  func batch() throws {
    let input = try fixture.writeLines([
      #"{"text":"0123456789","id":"a"}"#, #"{"text":""}"#, #"{"text":"abcdefghijklmnopqrst"}"#,
    ])
    let run = try preprocess([input], ["--id-key", "id"])
    try #require(run.status == 0, "\(run.all)")
    let steps = try StepFixture()
    let prefix = folder.file("o_text_document")
    let lists = StepFixture.lists("*_data_paths", [prefix])
    let file = try steps.configuration(
      lists.merging(["eval_iters": 0, "train_iters": 1, "gradient_accumulation_steps": 1]) { $1 })
    let json = try steps.json(["batch", "--config", file, "--step", "1"])
    let samples = try #require(json.first?["samples"] as? [[String: Any]])
    let documents = samples.flatMap { $0["documents"] as? [[String: Any]] ?? [] }
    #expect(documents.count > 2)
    for document in documents {
      let source = try #require(document["source"] as? [String: Any])
      let isFirst = document["document"] as? Int == 0
      #expect(source["file"] as? String == input)
      #expect(source["line"] as? Int == (isFirst ? 1 : 3))
      #expect(source["id"] as? String == (isFirst ? "a" : nil))
    }
    let text = try steps.run(["batch", "--config", file, "--step", "1", "--source"])
    #expect(text.output.contains(", from \(input), line 1, byte 0, id a\n"), "\(text.all)")
    #expect(text.output.contains(", from \(input), line 3, byte "))
  }
}
