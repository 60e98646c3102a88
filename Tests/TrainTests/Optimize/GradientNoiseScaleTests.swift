import TestSupport
import Testing

@testable import Train

@Suite("Gradient noise scale")
struct GradientNoiseScaleTests {
  @Test("the definition, step by step")
  func definition() throws {
    let parameters = HostParameters([("a.weight", [2, 1]), ("a.bias", [1])])
    let noise = try GradientNoiseScale(
      parameters: parameters.slices, operations: CPUOptimizerOperations(workers: 1), batchSize: 4,
      batchCount: 2)
    let steps: [[Double]] = [[1, 2, 3], [3, 0, 1], [.nan, 0, 0], [2, 2, 0], [1, 1, 5]]
    var sum = [0.0, 0, 0]
    var scaleAverage = 0.0
    var noiseAverage = 0.0
    var count = 0
    for step in steps {
      parameters.setGradients(0, [Float(step[0] * 8), Float(step[1] * 8)])
      parameters.setGradients(1, [Float(step[2] * 8)])
      noise.update(lossScale: 8)
      guard step.allSatisfy(\.isFinite) else { continue }
      sum = zip(sum, step).map(+)
      count += 1
      guard count % 2 == 0 else { continue }
      let big = sum.reduce(0) { $0 + $1 * $1 / 4 }
      let small = step.reduce(0) { $0 + $1 * $1 }
      noiseAverage = 0.99 * noiseAverage + 0.01 * (8 * big - 4 * small) / 4
      scaleAverage = 0.99 * scaleAverage + 0.01 * (small - big) / (0.25 - 0.125)
      #expect(abs((noise.value ?? .nan) - scaleAverage / noiseAverage) < 1e-9)
      sum = [0, 0, 0]
    }
    #expect(count == 4)
    #expect(throws: TrainError.self) {
      try GradientNoiseScale(
        parameters: [], operations: CPUOptimizerOperations(workers: 1), batchSize: 1,
        batchCount: 1)
    }
  }
}
