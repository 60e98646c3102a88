import TestSupport
import Testing

@testable import Train

@Suite("Metrics of a run that goes on")
struct MetricsTailTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func step(_ number: Int) -> String { "{\"iteration\":\(number),\"lm_loss\":2.5}\n" }

  private func evaluation(_ number: Int, isFinal: Bool) -> String {
    "{\"iteration\":\(number),\"split\":\"test\",\"final\":\(isFinal),\"lm_loss\":2.5}\n"
  }

  /// What is left of a file when a run goes on after a step.
  private func rest(_ text: String, after iteration: Int, isOver: Bool = false) throws -> String {
    let path = try folder.write("metrics.jsonl", Array(text.utf8))
    var file = try MetricsFile(path: path)
    try file.goOn(after: iteration, isOver: isOver)
    return String(decoding: try folder.read("metrics.jsonl"), as: UTF8.self)
  }

  @Test("lines of later steps go, however they end")
  func later() throws {
    let kept = step(9) + step(10) + evaluation(10, isFinal: false)
    let later = step(11) + step(12) + evaluation(12, isFinal: false)
    #expect(try rest(kept + later, after: 10) == kept)
    for half in ["{", "{\"iteration\":", "{\"iteration\":13", "{\"iteration\":13,\"lm_lo"] {
      #expect(try rest(kept + later + half, after: 10) == kept)
    }
    #expect(try rest(kept, after: 10) == kept)
    #expect(try rest(later, after: 10).isEmpty)
    #expect(try rest("", after: 10).isEmpty)
    // A run with a million steps behind its checkpoint is searched in larger and larger pieces.
    let many = (11..<20_000).map(step).joined()
    #expect(try rest(kept + many, after: 10) == kept)
    #expect(try rest(many, after: 10).isEmpty)
  }

  @Test("the evaluations at the end go only where they are made again")
  func ends() throws {
    let kept = step(10) + evaluation(10, isFinal: false)
    let end = evaluation(10, isFinal: true)
    #expect(try rest(kept + end, after: 10, isOver: true) == kept)
    #expect(try rest(kept + end, after: 10) == kept + end)
  }

  @Test("an evaluation after the step is told")
  func evaluated() throws {
    func isEvaluated(_ text: String, isOver: Bool = false) throws -> Bool {
      let path = try folder.write("metrics.jsonl", Array(text.utf8))
      var file = try MetricsFile(path: path)
      return try file.goOn(after: 10, isOver: isOver)
    }
    #expect(try !isEvaluated(step(9) + step(10)))
    #expect(try !isEvaluated(step(10) + step(11) + evaluation(11, isFinal: false)))
    #expect(try !isEvaluated(step(10) + evaluation(10, isFinal: true), isOver: true))
    #expect(try isEvaluated(step(10) + evaluation(10, isFinal: false) + step(11)))
    #expect(try !isEvaluated(step(9) + evaluation(9, isFinal: false)))
    #expect(try !isEvaluated(step(99) + evaluation(100, isFinal: false)))
    #expect(try !isEvaluated(""))
  }

  @Test("what no run has written stays, and all before it")
  func foreign() throws {
    for line in [
      "{\"step\":12}\n", "notes\n", "\n", "{\"iteration\":\"x\",\"a\":1}\n", "{\"iterat\n",
    ] {
      #expect(try rest(step(12) + line + step(13), after: 10) == step(12) + line)
    }
    // Lines of an earlier run in the same file.
    #expect(try rest(step(90) + step(3) + step(11), after: 10) == step(90) + step(3))
  }
}
