import Foundation
import TestSupport
import Testing

@Suite("neox-preprocess, labels and rewards of broken-off runs")
struct PreprocessLabelResumeTests {
  let fixture: PreprocessFixture

  init() throws { fixture = try PreprocessFixture() }

  /// A way to label, with the keys of its datasets.
  struct Case: Sendable, CustomTestStringConvertible {
    let flags: [String]
    let keys: [String]
    let line: @Sendable (_ number: Int, _ words: String) -> String

    var testDescription: String { flags[0] }
  }

  static let cases = [
    Case(flags: ["--mask-before-token", "65,58"], keys: ["text", "label"]) { number, words in
      "{\"text\":\"A: \(number) \(words)\"}"
    },
    Case(
      flags: ["--chat", "--chat-template", "chatml", "--reward-key", "r"],
      keys: ["conversation", "conversation_label", "conversation_reward"]
    ) { number, words in
      """
      {"conversation":[{"role":"user","content":"\(number)"},\
      {"role":"assistant","content":"\(words)"}],"r":\(number)}
      """
    },
    Case(
      flags: ["--preference", "a,b", "--prompt-key", "p", "--append-eod"],
      keys: ["a", "a_label", "b", "b_label"]
    ) { number, words in
      "{\"p\":\"\(number)?\",\"a\":\" \(words)\",\"b\":\" no\"}"
    },
  ]

  @Test("killed at four places, all datasets end in the same bytes", arguments: cases)
  func killed(_ way: Case) throws {
    var generator = SeededGenerator(seed: 4)
    let lines = (0..<12_000).map { number in
      let length = Int.random(in: 1...12, using: &generator)
      return way.line(number, String(repeating: "x y ", count: length))
    }
    let flags = way.flags + ["--memory", "160MiB", "--checkpoint-seconds", "0", "--workers", "2"]
    let run = try fixture.runOnBytes(lines, flags, prefix: "w")
    #expect(run.status == 0, "\(run.all)")
    let words = fixture.byteArguments(fixture.folder.file("i.jsonl"), flags, prefix: "k")
    let last = way.keys[way.keys.count - 1]
    let goal = try fixture.outputBytes("w", key: last)[0].count
    let path = fixture.folder.file("k_\(last)_document.bin.partial")
    var killedCount = 0
    for _ in 0..<4 {
      let share = Double.random(in: 0...1, using: &generator)
      let run = try PreprocessFixture.program.start(words)
      while run.isRunning {
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        if Double(size ?? 0) >= Double(goal) * share { break }
      }
      run.send(SIGKILL)
      if try run.wait().status == -SIGKILL { killedCount += 1 }
    }
    #expect(killedCount > 0)
    let end = try PreprocessFixture.program.run(words)
    #expect(end.status == 0, "seed 4: \(end.all)")
    for key in way.keys {
      #expect(
        try fixture.outputBytes("k", key: key) == fixture.outputBytes("w", key: key), "\(key)")
    }
    let files = way.keys.flatMap { ["k_\($0)_document.bin", "k_\($0)_document.idx"] }
    #expect(try fixture.names("k") == (files + ["k_manifest.json"]).sorted())
  }
}
