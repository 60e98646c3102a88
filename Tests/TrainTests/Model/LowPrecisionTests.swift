import Foundation
import TestSupport
import Testing

@testable import Train

@Suite("Recorded runs in half precision", .enabled(if: SharedMaterial.isPresent))
struct LowPrecisionTests {
  @Test("losses and overflows of float16 are the reference's for every loss scale")
  func float16() throws {
    let golden = try GoldenCase("extra_fp16")
    let run = try RecordedStep(golden, golden.settings, engine: CPUEngine(threads: 2))
    // The weights stay as they are while steps are skipped, so seven steps begin with them.
    for step in 1...7 {
      let scale = Float(sign: .plus, exponent: 25 - step, significand: 1)
      let losses = try run.perform(step: step, lossScale: scale)
      for (loss, expected) in zip(losses, golden.microLosses(step: step)) {
        #expect(abs(loss - expected) < 3e-5 * expected, "step \(step): \(loss), \(expected)")
      }
      let norm = run.gradientNorm
      #expect(norm.isFinite == !golden.isSkipped(step: step), "step \(step) at scale \(scale)")
      if let expected = golden.gradientNorm(step: step), expected.isFinite {
        #expect(abs(norm - expected) < 1e-3 * expected)
      }
    }
  }

  @Test("losses and gradients of bfloat16 are the reference's but for rounding")
  func bfloat16() throws {
    let golden = try GoldenCase("extra_bf16")
    let run = try RecordedStep(golden, golden.settings, engine: CPUEngine(threads: 2))
    let losses = try run.perform(step: 1)
    // Two runs of the reference differ by as much with other numbers of threads.
    for (loss, expected) in zip(losses, golden.microLosses(step: 1)) {
      #expect(abs(loss - expected) < 1e-4 * expected, "\(loss), recorded \(expected)")
    }
  }
}
