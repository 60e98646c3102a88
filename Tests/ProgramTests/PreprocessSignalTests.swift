import Foundation
import TestSupport
import Testing

@Suite("neox-preprocess, signals while nothing comes")
struct PreprocessSignalTests {
  let fixture: PreprocessFixture
  let pipe: String

  init() throws {
    fixture = try PreprocessFixture()
    pipe = fixture.folder.file("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
  }

  /// Waits until a run obeys signals: it does by the time it claims its output.
  private func waitForClaim(_ run: RunningProgram) {
    let claim = fixture.folder.file("o.journal.lock")
    while run.isRunning && !FileManager.default.fileExists(atPath: claim) {}
  }

  @Test(
    "a pipe with a line and then silence", arguments: [SIGTERM, SIGINT, SIGHUP], ["1", "2"])
  func silence(signal: Int32, workers: String) throws {
    // Open for both, it neither waits nor ends.
    let writer = open(pipe, O_RDWR)
    defer { close(writer) }
    let line = Array("{\"text\":\"a\"}\n".utf8)
    #expect(write(writer, line, line.count) == line.count)
    let run = try PreprocessFixture.program.start(
      fixture.arguments(pipe, ["--workers", workers]))
    waitForClaim(run)
    run.send(signal)
    let end = try run.wait()
    #expect(end.status == 75 && end.errors.contains("interrupted by a signal"), "\(end.all)")
    #expect(try fixture.names() == [])
  }

  @Test("standard input that gives nothing, and a pipe that nobody opens")
  func nothing() throws {
    let writer = open(pipe, O_RDWR)
    defer { close(writer) }
    let silent = try PreprocessFixture.program.start(
      fixture.arguments("-"), shellSetup: "exec < '\(pipe)'")
    waitForClaim(silent)
    silent.send(SIGTERM)
    #expect(try silent.wait().status == 75)

    let other = fixture.folder.file("unopened")
    try #require(mkfifo(other, 0o600) == 0)
    let unopened = try PreprocessFixture.program.start(fixture.arguments(other))
    waitForClaim(unopened)
    unopened.send(SIGTERM)
    let end = try unopened.wait()
    #expect(end.status == 75, "\(end.all)")
    #expect(try fixture.names() == [])
  }

  @Test("two hang-ups are one, and no signal is one where it is ignored")
  func hangUp() throws {
    let writer = open(pipe, O_RDWR)
    let ignoring = try PreprocessFixture.program.start(
      fixture.arguments(pipe), shellSetup: "trap '' HUP INT")
    waitForClaim(ignoring)
    ignoring.send(SIGHUP)
    ignoring.send(SIGINT)
    let line = Array("{\"text\":\"a\"}\n".utf8)
    // Only a reader that goes on takes more than a pipe holds.
    for _ in 0..<20_000 { #expect(write(writer, line, line.count) == line.count) }
    close(writer)
    let end = try ignoring.wait()
    #expect(end.status == 0 && end.output.contains("read 20000 "), "\(end.all)")

    let second = open(pipe, O_RDWR)
    defer { close(second) }
    try FileManager.default.removeItem(atPath: fixture.folder.file("o_manifest.json"))
    for end in ["bin", "idx"] {
      try FileManager.default.removeItem(atPath: fixture.folder.file("o_text_document.\(end)"))
    }
    let twice = try PreprocessFixture.program.start(fixture.arguments(pipe))
    waitForClaim(twice)
    twice.send(SIGHUP)
    twice.send(SIGHUP)
    // As `timeout` does, to the process and to its group.
    twice.send(SIGTERM)
    twice.send(SIGTERM)
    #expect(try twice.wait().status == 75)
  }

  @Test("learning a vocabulary from a pipe that gives nothing")
  func learning() throws {
    let writer = open(pipe, O_RDWR)
    defer { close(writer) }
    let folder = fixture.folder.file("learned")
    let run = try PreprocessFixture.program.start([
      "train-tokenizer", "--input", pipe, "--output-dir", folder, "--progress", "off",
    ])
    // The folder is made after the program has begun to listen.
    while run.isRunning && !FileManager.default.fileExists(atPath: folder) {}
    run.send(SIGTERM)
    let end = try run.wait()
    #expect(end.status == 1 && end.errors.contains("interrupted"), "\(end.all)")
  }
}
