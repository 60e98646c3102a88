import Foundation
import TestSupport
import Testing

@testable import IndexedData

@Suite("neox-preprocess, how runs end")
struct PreprocessEndingTests {
  let fixture: PreprocessFixture

  init() throws {
    fixture = try PreprocessFixture()
  }

  private func write(_ lines: [String], _ name: String = "i.jsonl") throws -> String {
    try fixture.folder.write(name, Array((lines.joined(separator: "\n") + "\n").utf8))
  }

  // MARK: - Other policies

  @Test("finished output is that of another policy only where no record was faulty")
  func otherPolicy() throws {
    let input = try write([#"{"text":"a"}"#, "{broken"])
    let skip = ["--on-error", "skip"]
    #expect(try fixture.run(input, skip).status == 0)
    #expect(try fixture.run(input, skip).output.contains("finished before"))
    for other in [["--on-error", "quarantine"], ["--on-error", "stop"], []] {
      let run = try fixture.run(input, other)
      #expect(run.status == 1 && run.errors.contains("--on-error was skip then"), "\(run.all)")
    }
    let replaced = try fixture.run(input, ["--on-error", "quarantine", "--overwrite"])
    #expect(replaced.output.contains("quarantined 1"), "\(replaced.all)")
    #expect(try fixture.run(input, skip).errors.contains("--on-error was quarantine then"))
    let good = try write([#"{"text":"a"}"#], "g.jsonl")
    #expect(try fixture.run(good, prefix: "g", skip).status == 0)
    let same = try fixture.run(good, prefix: "g", ["--on-error", "quarantine"])
    #expect(same.status == 0 && same.output.contains("finished before"), "\(same.all)")
  }

  @Test("work that lacks but its names is completed under its own policy only")
  func otherPolicyAtTheEnd() throws {
    let texts = PreprocessFixture.texts(30_000, seed: 5).map { $0.replacing("\n", with: " ") }
    let input = try fixture.writeTexts("i.jsonl", texts)
    try fixture.folder.write("i.jsonl", Array("{broken\n".utf8) + fixture.folder.read("i.jsonl"))
    let flags = ["--memory", "160MiB", "--workers", "2", "--checkpoint-seconds", "0"]
    let full = try fixture.run(
      input, flags + ["--on-error", "quarantine"], shellSetup: "trap '' XFSZ; ulimit -f 4000")
    try #require(full.status == 75 && full.errors.contains("is kept"), "\(full.all)")
    let journal = try #require(TransactionJournal(bytes: fixture.folder.read("o.journal")))
    let killed = IndexedDataError.notAnIndex(path: "killed", found: [])
    #expect(throws: killed) {
      let transaction = try DatasetTransaction(
        journal: fixture.folder.file("o.journal"),
        outputs: [
          DatasetOutput(prefix: fixture.folder.file("o_text_document"), elementType: .uint16)
        ], auxiliaries: [fixture.folder.file("o_quarantine.jsonl")], identity: journal.identity,
        step: { name throws(IndexedDataError) in if name.hasPrefix("rename") { throw killed } })
      try transaction.finish(position: journal.position)
    }
    let before = try fixture.names()
    #expect(before.contains("o.journal") && !before.contains("o_text_document.bin"))
    let refused = try fixture.run(input, flags + ["--on-error", "skip"])
    #expect(
      refused.status == 1 && refused.errors.contains("--on-error was quarantine then"),
      "\(refused.all)")
    #expect(try fixture.names() == before)
    let anew = try fixture.run(input, flags + ["--on-error", "skip", "--restart"])
    #expect(anew.status == 0 && anew.output.contains("skipped 1 "), "\(anew.all)")
    #expect(anew.output.contains("read 30001 "), "\(anew.all)")
  }

  // MARK: - Other files

  @Test("somebody else's file under the journal's name stays", arguments: [[], ["--restart"]])
  func foreignJournal(flags: [String]) throws {
    let input = try write([#"{"text":"a"}"#])
    let mine = Array("my own notes\n".utf8)
    try fixture.folder.write("o.journal", mine)
    let run = try fixture.run(input, flags)
    #expect(run.status == 1 && run.errors.contains("o.journal: "), "\(run.all)")
    #expect(try fixture.names() == ["o.journal"] && fixture.folder.read("o.journal") == mine)
    // Nor does finished output mind it.
    #expect(try fixture.run(input, prefix: "p").status == 0)
    try fixture.folder.write("p.journal", mine)
    let again = try fixture.run(input, prefix: "p")
    #expect(again.status == 0 && again.output.contains("finished before"), "\(again.all)")
    #expect(try fixture.folder.read("p.journal") == mine)
  }

  @Test("somebody else's file under the name of unfinished work stays unless asked")
  func foreignPartial() throws {
    let input = try write([#"{"text":"a"}"#])
    let mine = Array("my own notes\n".utf8)
    try fixture.folder.write("o_text_document.bin.partial", mine)
    let run = try fixture.run(input)
    #expect(run.status == 1 && run.errors.contains(".bin.partial exists; no journal"), "\(run.all)")
    #expect(try fixture.names() == ["o_text_document.bin.partial"])
    #expect(try fixture.folder.read("o_text_document.bin.partial") == mine)
    #expect(try fixture.run(input, ["--restart"]).status == 0)
    #expect(
      try fixture.names() == ["o_manifest.json", "o_text_document.bin", "o_text_document.idx"])
  }

  @Test("work thrown away for fewer keys leaves none of its files")
  func fewerKeys() throws {
    let texts = PreprocessFixture.texts(20_000, seed: 6)
    let lines = try texts.map {
      String(decoding: try JSONEncoder().encode(["a": $0, "b": $0]), as: UTF8.self)
    }
    let input = try write(lines)
    let flags = ["--memory", "160MiB", "--workers", "2", "--checkpoint-seconds", "0"]
    let full = try fixture.run(
      input, flags + ["--jsonl-keys", "a", "b"], shellSetup: "trap '' XFSZ; ulimit -f 4000")
    try #require(full.status == 75 && full.errors.contains("is kept"), "\(full.all)")
    #expect(try fixture.names().contains("o_b_document.bin.partial"))
    let refused = try fixture.run(input, flags + ["--jsonl-keys", "a"])
    #expect(refused.errors.contains("--jsonl-keys was a b then"), "\(refused.all)")
    let run = try fixture.run(input, flags + ["--jsonl-keys", "a", "--restart"])
    #expect(run.status == 0, "\(run.all)")
    #expect(try fixture.names() == ["o_a_document.bin", "o_a_document.idx", "o_manifest.json"])
  }

  @Test("closed standard descriptors are no way into the output", arguments: ["<&- 2>&-", "2>&-"])
  func closedDescriptors(which: String) throws {
    let good = (0..<40_000).map { "{\"text\":\"line \($0)\"}" }
    let input = try fixture.folder.write(
      "i.jsonl", Array((good + ["{broken", "", "{\"text\":\"end\"}"]).joined(separator: "\n").utf8))
    let flags = [
      "--workers", "1", "--on-error", "quarantine", "--memory", "128MiB", "--checkpoint-seconds",
      "0", "--progress", "plain", "--log-interval", "1000",
    ]
    #expect(try fixture.run(input, prefix: "w", flags).status == 0)
    let run = try fixture.run(input, prefix: "c", flags, shellSetup: "exec \(which)")
    #expect(run.status == 0, "\(run.all)")
    #expect(try fixture.outputBytes("c") == fixture.outputBytes("w"))
    #expect(
      try fixture.folder.read("c_quarantine.jsonl") == fixture.folder.read("w_quarantine.jsonl"))
    let silent = try fixture.run(input, prefix: "s", flags, shellSetup: "exec >&-")
    #expect(silent.status == 1 && silent.errors.contains("standard output"), "\(silent.all)")
    #expect(try fixture.outputBytes("s") == fixture.outputBytes("w"))
    let unread = try fixture.run("-", prefix: "u", flags, shellSetup: "exec <&-")
    #expect(unread.status == 1 && unread.errors.contains("standard input"), "\(unread.all)")
  }

  // MARK: - Inputs that change

  /// Runs on a file and then a pipe, while something happens to the file after it was read.
  private func run(_ happening: String, _ flags: [String] = []) throws -> ProgramRun {
    let first = try write([#"{"text":"a"}"#], "a.jsonl")
    let second = try write([#"{"text":"b"}"#], "b.jsonl")
    let pipe = fixture.folder.file("\(UUID().uuidString).fifo")
    // The pipe opens for its writer when the program has come to it.
    return try fixture.run(
      first + "," + pipe, flags,
      shellSetup: "mkfifo '\(pipe)'; { exec 3> '\(pipe)'; \(happening) '\(first)'; "
        + "cat '\(second)' >&3; } & true")
  }

  @Test(
    "an input that changes during the run is an error",
    arguments: ["echo '\"c\"' >>", "touch -d 2001-01-01", ": >"], [[], ["--no-input-hash"]])
  func changed(happening: String, flags: [String]) throws {
    let run = try run(happening, flags)
    #expect(run.status == 1 && run.errors.contains("a.jsonl: changed while"), "\(run.all)")
    #expect(try fixture.names() == [])
  }

  @Test("an input that is gone after it was read does not spoil the work")
  func gone() throws {
    // Several workers hash beside the work, and may be done with the file before it is gone.
    let run = try run("rm", ["--workers", "1"])
    #expect(run.status == 0 && run.errors.contains("a.jsonl is gone"), "\(run.all)")
    #expect(run.output.contains("read 2 "))
  }

  // MARK: - Reasons

  @Test("when every record is refused, the quarantine file tells why")
  func allQuarantined() throws {
    let input = try write(["{broken", #"{"other":1}"#])
    let run = try fixture.run(input, ["--on-error", "quarantine"])
    #expect(run.status == 1 && run.errors.contains("o_quarantine.jsonl"), "\(run.all)")
    #expect(try fixture.names() == ["o_quarantine.jsonl"])
    let kept = String(decoding: try fixture.folder.read("o_quarantine.jsonl"), as: UTF8.self)
    #expect(kept.split(separator: "\n").count == 2 && kept.contains("{broken"))
  }

  @Test("the first records that are passed over are named at the end", arguments: [true, false])
  func skipped(hasGood: Bool) throws {
    let input = try write((hasGood ? [#"{"text":"a"}"#] : []) + ["{1", "{2", "{3", "{4", "{5"])
    let run = try fixture.run(input, ["--on-error", "skip"])
    #expect(run.status == (hasGood ? 0 : 1), "\(run.all)")
    let first = hasGood ? 2 : 1
    for line in first..<(first + 3) {
      #expect(run.errors.contains("passed over \(input):\(line):"), "\(run.all)")
    }
    #expect(!run.errors.contains("\(input):\(first + 3):"))
    #expect(run.errors.contains("passed over 2 more"))
  }
}
