import Foundation
import Testing

@Suite("neox-preprocess, help")
struct PreprocessHelpTests {
  /// Help pages as they are expected; `NEOX_RECORD_HELP=1` writes them anew.
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Snapshots")

  @Test(
    "help reads as recorded",
    arguments: ["", "enwik8", "corpora", "gpt2-vocabulary", "train-tokenizer"])
  func snapshot(command: String) throws {
    try compare("neox-preprocess", command)
  }

  @Test(
    "help of neox-bench reads as recorded",
    arguments: ["", "encode", "multiply", "mutate-index", "open", "read"])
  func benchSnapshot(command: String) throws {
    try compare("neox-bench", command)
  }

  private func compare(_ program: String, _ command: String) throws {
    let words = command.isEmpty ? ["--help"] : [command, "--help"]
    let run = try BuiltProgram(program).run(words)
    #expect(run.status == 0)
    let name = command.isEmpty ? "\(program).txt" : "\(program)-\(command).txt"
    let file = Self.folder.appending(path: name)
    if ProcessInfo.processInfo.environment["NEOX_RECORD_HELP"] != nil {
      try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
      try run.output.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try run.output == String(contentsOf: file, encoding: .utf8))
    #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test("the version is shown")
  func version() throws {
    let run = try PreprocessFixture.program.run(["--version"])
    #expect(run.status == 0 && run.output.hasPrefix("neox-preprocess "))
  }
}
