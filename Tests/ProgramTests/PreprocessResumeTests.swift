import Foundation
import TestSupport
import Testing

@testable import IndexedData

@Suite("neox-preprocess, broken off and continued")
struct PreprocessResumeTests {
  let fixture: PreprocessFixture
  let input: String
  let expected: [[UInt8]]
  /// Small blocks that are saved one by one.
  let flags = [
    "--append-eod", "--workers", "2", "--memory", "160MiB", "--checkpoint-seconds", "0",
    "--on-error", "quarantine",
  ]

  init() throws {
    fixture = try PreprocessFixture()
    var lines = String(
      decoding: try Data(
        contentsOf: URL(
          filePath: try fixture.writeTexts("t.jsonl", PreprocessFixture.texts(30_000, seed: 9)))),
      as: UTF8.self
    ).split(separator: "\n").map(String.init)
    for place in stride(from: 500, to: lines.count, by: 3000) { lines[place] = "{broken" }
    input = try fixture.folder.write("i.jsonl", Array(lines.joined(separator: "\n").utf8))
    let run = try fixture.run(input, prefix: "w", flags)
    #expect(run.status == 0, "\(run.all)")
    expected = try Self.files(fixture, "w")
  }

  private static func files(_ fixture: PreprocessFixture, _ prefix: String) throws -> [[UInt8]] {
    let quarantine = try fixture.folder.read("\(prefix)_quarantine.jsonl")
    return try fixture.outputBytes(prefix) + [quarantine]
  }

  /// Waits until a run has written `share` of its tokens, or is over.
  private func wait(_ run: RunningProgram, _ prefix: String, share: Double) {
    let goal = Int(Double(expected[0].count) * share)
    let path = fixture.folder.file("\(prefix)_text_document.bin.partial")
    while run.isRunning {
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      if (attributes?[.size] as? Int ?? 0) >= goal { return }
    }
  }

  @Test("killed at eight places, the same command ends in the same bytes")
  func killed() throws {
    var generator = SeededGenerator(seed: 21)
    for round in 0..<2 {
      let prefix = "k\(round)"
      let words = fixture.arguments(input, prefix: prefix, flags)
      for _ in 0..<4 {
        let run = try PreprocessFixture.program.start(words)
        wait(run, prefix, share: .random(in: 0...1, using: &generator))
        run.send(SIGKILL)
        _ = try run.wait()
      }
      let last = try PreprocessFixture.program.run(words)
      #expect(last.status == 0, "seed 21: \(last.all)")
      #expect(try Self.files(fixture, prefix) == expected, "seed 21, round \(round)")
      let left = try fixture.names(prefix)
      #expect(left.allSatisfy { !$0.hasSuffix(".partial") && !$0.hasSuffix(".journal") }, "\(left)")
    }
  }

  @Test("a signal saves the work and exits with 75", arguments: [SIGTERM, SIGINT])
  func interrupted(signal: Int32) throws {
    // The second half comes when the signal was sent, so that the run cannot be over before.
    let gate = fixture.folder.file("gate")
    try #require(mkfifo(gate, 0o600) == 0)
    let half = try fixture.folder.read("i.jsonl").count / 2
    let words = fixture.arguments("-", prefix: "t", flags)
    let run = try PreprocessFixture.program.start(
      words,
      shellSetup: feed("head -c \(half) '\(input)'; : < '\(gate)'; tail -c +\(half + 1) '\(input)'")
    )
    wait(run, "t", share: 0.2)
    run.send(signal)
    let opened = try #require(FileHandle(forUpdatingAtPath: gate))
    let end = try run.wait()
    try opened.close()
    #expect(end.status == 75, "\(end.all)")
    #expect(end.errors.contains("run the same command again to continue"))
    #expect(try !fixture.names("t_").contains("t_text_document.idx"))
    let again = try PreprocessFixture.program.run(words, shellSetup: feed("cat '\(input)'"))
    #expect(again.status == 0, "\(again.all)")
    #expect(try Self.files(fixture, "t")[0...1] == expected[0...1])
  }

  @Test("a full disk suspends the work")
  func diskFull() throws {
    // The shell's unit is 512 bytes; without the signal a write beyond the limit fails.
    let blocks = expected[0].count / 512 / 2
    let full = try fixture.run(
      input, prefix: "d", flags, shellSetup: "trap '' XFSZ; ulimit -f \(blocks)")
    #expect(full.status == 75, "\(full.all)")
    #expect(full.errors.contains("make room"))
    let run = try fixture.run(input, prefix: "d", flags)
    #expect(run.status == 0 && run.errors.contains("resuming at \(input), byte "), "\(run.all)")
    #expect(try Self.files(fixture, "d") == expected)
  }

  @Test("a disk that is full before anything was saved is told as such")
  func diskFullAtOnce() throws {
    let full = try fixture.run(
      input, prefix: "d", ["--checkpoint-seconds", "900", "--on-error", "skip"],
      shellSetup: "trap '' XFSZ; ulimit -f 8")
    #expect(full.status == 75 && full.errors.contains("make room"), "\(full.all)")
    #expect(full.errors.contains("starts again from the beginning"), "\(full.all)")
    #expect(!full.errors.contains("is kept"))
    #expect(try fixture.names("d") == [])
  }

  @Test("other work of the same name is neither continued nor thrown away unasked")
  func otherWork() throws {
    let blocks = expected[0].count / 512 / 3
    let begun = try fixture.run(
      input, prefix: "x", flags, shellSetup: "trap '' XFSZ; ulimit -f \(blocks)")
    try #require(begun.status == 75 && begun.errors.contains("is kept"), "\(begun.all)")
    let other = flags.filter { $0 != "--append-eod" }
    let refused = try fixture.run(input, prefix: "x", other)
    #expect(refused.status == 1 && refused.errors.contains("--restart"), "\(refused.all)")
    #expect(refused.errors.contains("begun otherwise: --append-eod was given then;"))
    var times = [timespec(tv_sec: 5, tv_nsec: 0), timespec(tv_sec: 5, tv_nsec: 0)]
    #expect(utimensat(AT_FDCWD, input, &times, 0) == 0)
    let changed = try fixture.run(input, prefix: "x", flags)
    #expect(
      changed.errors.contains("begun otherwise: input \(input) had another size or time then;"),
      "\(changed.all)")
    let restarted = try fixture.run(input, prefix: "x", other + ["--restart"])
    #expect(restarted.status == 0, "\(restarted.all)")
    #expect(try fixture.outputBytes("x")[0].count < expected[0].count)
  }

  @Test("finished output is left alone, and replaced only when asked")
  func finished() throws {
    let again = try fixture.run(input, prefix: "w", flags)
    #expect(again.status == 0 && again.output.contains("finished before"), "\(again.all)")
    let other = try fixture.run(input, prefix: "w", ["--on-error", "skip"])
    #expect(other.status == 1 && other.errors.contains("--append-eod"), "\(other.all)")
    #expect(try Self.files(fixture, "w") == expected)
    let replaced = try fixture.run(input, prefix: "w", ["--on-error", "skip", "--overwrite"])
    #expect(replaced.status == 0, "\(replaced.all)")
    #expect(try fixture.outputBytes("w")[0].count < expected[0].count)
  }

  @Test("other data on standard input is never taken for what was finished")
  func otherStandardInput() throws {
    let words = fixture.arguments("-", prefix: "s")
    let first = try fixture.writeTexts("a.jsonl", ["the hat"])
    let second = try fixture.writeTexts("b.jsonl", ["another", "two"])
    #expect(try PreprocessFixture.program.run(words, input: first).status == 0)
    let bytes = try fixture.outputBytes("s")
    let refused = try PreprocessFixture.program.run(words, input: second)
    #expect(refused.status == 1 && refused.errors.contains("--overwrite"), "\(refused.all)")
    #expect(try fixture.outputBytes("s") == bytes)
    let replaced = try PreprocessFixture.program.run(words + ["--overwrite"], input: second)
    #expect(replaced.status == 0 && replaced.output.contains("read 2 "), "\(replaced.all)")
  }

  /// Breaks off a run on standard input, a pipe, when a third is done: the disk seems full.
  private func breakOff(_ prefix: String, feeding command: String) throws {
    let blocks = expected[0].count / 512 / 3
    let run = try PreprocessFixture.program.run(
      fixture.arguments("-", prefix: prefix, flags),
      shellSetup: "trap '' XFSZ; ulimit -f \(blocks); " + feed(command))
    try #require(run.status == 75 && run.errors.contains("is kept"), "\(run.all)")
  }

  /// A shell's words that make standard input a pipe with what a command writes.
  private func feed(_ command: String) -> String {
    let pipe = fixture.folder.file("\(UUID().uuidString).fifo")
    return "mkfifo '\(pipe)'; { \(command); } > '\(pipe)' & exec < '\(pipe)'"
  }

  @Test("a pipe goes on with the same data only", arguments: ["cat", "gzip -n -c"])
  func otherPipe(reader: String) throws {
    let size = try fixture.folder.read("i.jsonl").count
    let same = "\(reader) '\(input)'"
    try breakOff("p", feeding: same)
    let words = fixture.arguments("-", prefix: "p", flags)
    for (other, finding) in [
      ("sed '3s/t/x/' '\(input)' | \(reader)", "are not those"),
      ("head -c 1000 '\(input)' | \(reader)", "ends after"),
      ("head -c \(size / 5) '\(input)' | \(reader)", "ends after"),
      ("true", "ends after 0 bytes"),
    ] {
      let refused = try PreprocessFixture.program.run(words, shellSetup: feed(other))
      #expect(refused.status == 1, "\(other): \(refused.all)")
      #expect(
        refused.errors.contains("standard input: ") && refused.errors.contains(finding),
        "\(other): \(refused.all)")
      #expect(refused.errors.contains("feed the same data") && refused.errors.contains("--restart"))
    }
    // What was refused has harmed nothing.
    let run = try PreprocessFixture.program.run(words, shellSetup: feed(same))
    #expect(run.status == 0 && run.errors.contains("compared first"), "\(run.all)")
    #expect(try Self.files(fixture, "p")[0...1] == expected[0...1])
  }

  @Test("a pipe with other data begins anew when asked")
  func restartedPipe() throws {
    try breakOff("r", feeding: "cat '\(input)'")
    let run = try PreprocessFixture.program.run(
      fixture.arguments("-", prefix: "r", flags + ["--restart"]),
      shellSetup: feed("sed 's/the/an/' '\(input)'"))
    #expect(run.status == 0 && !run.errors.contains("compared"), "\(run.all)")
    #expect(try fixture.outputBytes("r")[0] != expected[0])
  }

  @Test("work of another version is not continued")
  func otherVersion() throws {
    try breakOff("v", feeding: "cat '\(input)'")
    var journal = try #require(TransactionJournal(bytes: fixture.folder.read("v.journal")))
    journal.position[0] &-= 1
    _ = try fixture.folder.write("v.journal", journal.bytes)
    let words = fixture.arguments("-", prefix: "v", flags)
    let refused = try PreprocessFixture.program.run(words, input: input)
    #expect(refused.status == 1 && refused.errors.contains("another version"), "\(refused.all)")
    let restarted = try PreprocessFixture.program.run(words + ["--restart"], input: input)
    #expect(restarted.status == 0, "\(restarted.all)")
    #expect(try fixture.outputBytes("v") == Array(expected[0...1]))
  }

  @Test("work that cannot be continued begins anew and says why")
  func tornJournal() throws {
    try breakOff("j", feeding: "cat '\(input)'")
    let journal = try fixture.folder.read("j.journal")
    _ = try fixture.folder.write("j.journal", Array(journal.dropLast()))
    let run = try fixture.run(input, prefix: "j", flags)
    #expect(run.status == 0 && run.errors.contains("begins anew"), "\(run.all)")
    #expect(try Self.files(fixture, "j") == expected)
  }
}
