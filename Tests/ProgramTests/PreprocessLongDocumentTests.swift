import Foundation
import IndexedData
import TestSupport
import Testing

@Suite("neox-preprocess, documents that are read in pieces")
struct PreprocessLongDocumentTests {
  let fixture: PreprocessFixture

  /// Few bytes for each worker, so that records of more than 544 KiB are read in pieces.
  static let smallBlocks = ["--memory", "200MiB", "--workers", "4", "--checkpoint-seconds", "0"]

  init() throws { fixture = try PreprocessFixture() }

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
}
