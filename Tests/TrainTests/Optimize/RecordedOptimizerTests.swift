import Foundation
import TestSupport
import Testing

@testable import Train

/// Four steps of each optimizer against those of GPT-NeoX and PyTorch.
@Suite("Recorded optimizers")
struct RecordedOptimizerTests {
  typealias Values = [String: OptimizerSettings.Value]

  static let rates = [0.01, 0.02, 0.005, 0.001]
  static let betas = OptimizerSettings.Value.numbers([0.9, 0.95])

  static let recorded: [String: [[Double]]]? = {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return (try? Data(contentsOf: tests.appending(path: "Golden/optimizers.json"))).flatMap {
      try? JSONSerialization.jsonObject(with: $0) as? [String: [[Double]]]
    }
  }()

  /// Runs four steps; gradients are scaled up first, as a loss scale does, and down in the step.
  static func run(_ settings: OptimizerSettings) throws -> [[Float]] {
    let parameters = HostParameters([("a.weight", [6, 5]), ("a.bias", [7])])
    for (index, count) in [30, 7].enumerated() {
      parameters.setValues(
        index, HostParameters.fractions(count, seed: index, modulus: 1001, divisor: 512))
    }
    let optimizer = try Optimizer(
      settings, parameters: parameters.slices, engine: CPUEngine(threads: 1))
    for (step, rate) in rates.enumerated() {
      for (index, count) in [30, 7].enumerated() {
        parameters.setGradients(
          index,
          HostParameters.fractions(count, seed: 10 * step + index, modulus: 2001, divisor: 2048))
      }
      optimizer.step(learningRate: rate, gradientFactor: 0.25)
    }
    return parameters.allValues
  }

  @Test(
    "four steps of each",
    arguments: [
      ("adam", "Adam", ["betas": betas]),
      ("adam", "cpu_adam", ["betas": betas]),
      ("cpu_torch_adam", "cpu_torch_adam", ["betas": betas]),
      ("cpu_torch_adam", "Adam", ["betas": betas, "adam_w_mode": .boolean(false)]),
      ("cpu_torch_adam", "CPU_Adam", ["betas": betas, "adamw_mode": .boolean(false)]),
      ("sm3", "sm3", [:]),
      ("sm3 beta momentum", "sm3", ["beta": .number(0.5), "momentum": .number(0.9)]),
      ("madgrad_wd", "madgrad_wd", [:]),
      ("madgrad_wd no momentum", "madgrad_wd", ["momentum": .number(0)]),
      ("lion", "Lion", [:]),
      ("sgd", "sgd", [:]),
      ("sgd momentum", "sgd", ["momentum": .number(0.9), "dampening": .number(0.1)]),
      ("sgd nesterov", "sgd", ["momentum": .number(0.9), "nesterov": .boolean(true)]),
    ] as [(String, String, Values)])
  func matches(name: String, type: String, values: Values) throws {
    let wanted = try #require(Self.recorded?[name])
    let found = try Self.run(
      OptimizerSettings(type: type, parameters: values, weightDecay: 0.1))
    #expect(found.map(\.count) == wanted.map(\.count))
    for (found, wanted) in zip(found.joined(), wanted.joined()) {
      #expect(abs(Double(found) - wanted) <= 4e-7 * max(1, abs(wanted)), "\(name) \(type)")
    }
  }

  @Test("cpu_torch_adam is DeepSpeed's with the reference's quirks")
  func cpuTorchAdamQuirk() throws {
    let quirky = try OptimizerSettings(
      type: "cpu_torch_adam", parameters: ["betas": Self.betas], weightDecay: 0.1,
      neoxQuirks: true)
    let plain = try OptimizerSettings(
      type: "cpu_adam", parameters: ["betas": Self.betas], weightDecay: 0.1)
    #expect(try Self.run(quirky) == Self.run(plain))
  }
}
