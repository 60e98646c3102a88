import Foundation
import TestSupport
import Testing

@testable import Train

@Suite("Telemetry")
struct TelemetryTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static let flops = FlopsCount(
    layerCount: 12, hiddenSize: 768, outputSize: 50304, sequenceLength: 2048, batchSize: 4,
    recomputes: true)

  @Test("the operations of a step")
  func operations() {
    #expect(Self.flops.hardware == 9.939091193856e12)
    #expect(abs(Self.flops.model / Self.flops.hardware - 0.75) < 1e-12)
  }

  @Test("numbers are written as Python writes them")
  func numbers() {
    #expect(FormattedNumber.scientific(0.0006, digits: 3) == "6.000E-04")
    #expect(FormattedNumber.scientific(6.44162654876709, digits: 6) == "6.441627E+00")
    #expect(FormattedNumber.scientific(-.nan, digits: 6) == "NAN")
    #expect(FormattedNumber.scientific(-.infinity, digits: 6) == "-INF")
    #expect(FormattedNumber.fixed(0.125, digits: 2) == "0.12")
    #expect(FormattedNumber.fixed(1e300, digits: 1).count == 303)
    #expect(FormattedNumber.fixed(.infinity, digits: 1) == "inf")
    #expect(FormattedNumber.padded(7, width: 3) == "  7")
    #expect(FormattedNumber.padded(12345, width: 3) == "12345")
    #expect(FormattedNumber.operations(9.939091193856e12) == "9.9TFLOPS")
    #expect(FormattedNumber.operations(999.94) == "999.9")
    #expect(FormattedNumber.operations(1e27) == "1000.0Yi")
  }

  @Test("the line of GPT-NeoX")
  func line() {
    var line = TrainingLine()
    line.add([("lm_loss", 6), ("accuracy", 0.5)], isSkipped: false)
    line.add([("lm_loss", 100), ("accuracy", 1)], isSkipped: true)
    line.add([("lm_loss", 4), ("accuracy", 0.25)], isSkipped: false)
    var facts = TrainingLine.Facts(
      iteration: 10, lastIteration: 100, elapsed: 6, learningRate: 6e-4, flops: Self.flops,
      lossScale: 65536, peakTeraflops: 10)
    let (text, scalars) = line.finish(facts)
    #expect(
      text == " samples/sec: 2.000 | iteration       10/     100 |"
        + " elapsed time per iteration (ms): 2000.0 | learning rate: 6.000E-04 |"
        + " approx flops per GPU: 5.0TFLOPS | MFU: 37.27% | HFU: 49.70% |"
        + " lm_loss: 5.000000E+00 | accuracy: 3.750000E-01 | loss scale: 65536.0 |"
        + " number of skipped iterations:   1 | number of nan iterations:   0 |")
    #expect(scalars.map(\.name).first == "runtime/samples_per_sec" && scalars.count == 7)
    #expect(scalars.first { $0.name == "runtime/tokens_per_sec" }?.value == 4096)
    // The next line begins anew, and losses that are no numbers are counted.
    line.add([("lm_loss", .nan)], isSkipped: false)
    facts.lossScale = nil
    facts.peakTeraflops = nil
    #expect(
      line.finish(facts).text.hasSuffix(
        " lm_loss: NAN | number of skipped iterations:   0 | number of nan iterations:   1 |"))
  }

  @Test("the lines of an evaluation")
  func evaluation() {
    let lines = EvaluationLines.text(
      "validation results at iteration 10", [("lm_loss", 6), ("lm_loss_ppl", 403.4288)])
    #expect(
      lines[1] == " validation results at iteration 10 | lm_loss value: 6.000000E+00 |"
        + " lm_loss_ppl value: 4.034288E+02 | ")
    #expect(lines[0] == String(repeating: "-", count: lines[1].count + 1) && lines[2] == lines[0])
  }

  @Test("a line of metrics a step, also after a run that was killed")
  func metrics() throws {
    let path = folder.file("metrics.jsonl")
    var file: MetricsFile? = try MetricsFile(path: path)
    try file?.write(
      MetricsFile.Step(
        iteration: 1, metrics: [("lm_loss", 6.25)], learningRate: 6e-4, gradientNorm: .nan,
        lossScale: 65536, isSkipped: true, tokensPerSecond: 1234.56))
    try file?.write(
      iteration: 1, split: "validation", isFinal: false,
      [("lm_loss", 6), ("lm_loss_ppl", .infinity)])
    file = nil
    let first = try folder.read("metrics.jsonl")
    #expect(
      String(decoding: first, as: UTF8.self) == """
        {"iteration":1,"lm_loss":6.25,"learning_rate":0.0006,"grad_norm":null,"loss_scale":65536.0,\
        "skipped":true,"tokens_per_second":1234.6}
        {"iteration":1,"split":"validation","final":false,"lm_loss":6.0,"lm_loss_ppl":null}

        """)
    try folder.write("metrics.jsonl", first + Array("{\"iter".utf8))
    file = try MetricsFile(path: path)
    try file?.write(iteration: 2, split: "test", isFinal: true, [])
    file = nil
    #expect(
      try folder.read("metrics.jsonl")
        == first + Array("{\"iter\n{\"iteration\":2,\"split\":\"test\",\"final\":true}\n".utf8))
  }

  @Test("timers add up")
  func timers() {
    var timers = Timers()
    timers.add(0.5, to: "forward")
    timers.add(1, to: "backward")
    timers.add(0.25, to: "forward")
    #expect(timers.line(steps: 2) == "time (ms) | forward: 375.00 | backward: 500.00")
    #expect(timers.measure("optimizer") { 7 } == 7)
    #expect(timers.names == ["forward", "backward", "optimizer"])
    timers.reset()
    #expect(timers.seconds("forward") == 0)
    timers.start("forward")
    timers.stop("forward")
    #expect(timers.seconds("forward") >= 0 && timers.seconds("absent") == 0)
  }

  @Test("the line of progress")
  func progress() {
    let line = RunProgress(
      iteration: 120, lastIteration: 1000, loss: 3.2141, tokensPerSecond: 1_234_567,
      peakShare: 0.4149, secondsLeft: 725)
    #expect(
      line.text == "120/1000  loss 3.214  1,234,567 tokens/s  41 % of peak  12 min 5 s left")
    // 5·10^10 operations in 0.25 s are 2·10^11 a second, two fifths of 5·10^11.
    let reckoned = RunProgress(
      iteration: 8, lastIteration: 20, loss: 1, meanSeconds: 0.25, tokensPerStep: 512,
      operationsPerStep: 5e10, peak: 5e11)
    #expect(reckoned.peakShare == 0.4 && reckoned.tokensPerSecond == 2048)
    #expect(reckoned.secondsLeft == 3)
    #expect(RunProgress.mean(nil, 2) == 2 && abs(RunProgress.mean(2, 3) - 2.1) < 1e-12)
    #expect(RunProgress.duration(59) == "59 s" && RunProgress.duration(7260) == "2 h 1 min")
    #expect(RunProgress.duration(200_000) == "2 d 7 h" && RunProgress.duration(.nan) == "–")
    #expect(RunProgress.grouped(0) == "0" && RunProgress.grouped(.infinity) == "–")
  }
}
