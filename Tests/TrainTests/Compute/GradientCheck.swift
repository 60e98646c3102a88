import TestSupport
import Testing

@testable import Train

/// An engine with a bench of tensors to try operations on.
final class OperationBench {
  let engine: CPUEngine
  private var memories: [EngineMemory] = []
  private var generator: SeededGenerator

  /// Without `ownProducts` products are the libraries'.
  init(seed: UInt64 = 1, threads: Int = 2, ownProducts: Bool = true) {
    engine = CPUEngine(threads: threads, ownProducts: ownProducts)
    generator = SeededGenerator(seed: seed)
    // Larger than what any test asks for; without it an operation stops the test.
    try? engine.reserve([
      .rows(width: 1 << 14, type: .float16), .normGradient(rows: 1 << 12, parameters: 1 << 10),
      .embedGradient(tokens: 1 << 10, vocabulary: 1 << 10),
      .attention(
        Attention(batch: 1, queryCount: 1 << 10, keyCount: 1 << 10, scale: 1), headWidth: 128,
        isTraining: true),
    ])
  }

  /// Random numbers between −1 and 1.
  func random(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
  }

  func tensor(_ numbers: [Float], _ shape: [Int], _ type: ScalarType = .float32) throws -> Tensor {
    let (tensor, memory) = try engine.place { $0.place(shape, type) }
    memories.append(memory)
    engine.write(numbers.span, to: tensor)
    return tensor
  }

  func zeros(_ shape: [Int], _ type: ScalarType = .float32) throws -> Tensor {
    try tensor([Float](repeating: 0, count: shape.reduce(1, *)), shape, type)
  }

  func integers(_ numbers: [Int32]) throws -> Tensor {
    let (tensor, memory) = try engine.place { $0.place([numbers.count], .int32) }
    memories.append(memory)
    engine.write(numbers.span, to: tensor)
    return tensor
  }
}

/// Compares an operation with a slow one in double precision, and its gradients with differences of
/// the slow one.
///
/// - Parameters:
///   - inputs: the numbers that gradients are wanted for.
///   - upstream: the gradient of each output.
///   - found: the operation's outputs and its gradients of the inputs.
func checkGradients(
  _ what: String, inputs: [[Float]], upstream: [Float],
  found: (outputs: [Float], gradients: [[Float]]),
  tolerance: Double = 2e-5, oracle: ([[Double]]) -> [Double],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  var numbers = inputs.map { $0.map(Double.init) }
  let outputs = oracle(numbers)
  #expect(outputs.count == found.outputs.count, sourceLocation: sourceLocation)
  let outputError = relativeDifference(found.outputs, outputs.map(Float.init))
  #expect(
    outputError < tolerance, "\(what): outputs differ by \(outputError)",
    sourceLocation: sourceLocation)
  func objective(_ numbers: [[Double]]) -> Double {
    zip(oracle(numbers), upstream).reduce(0) { $0 + $1.0 * Double($1.1) }
  }
  for (index, input) in inputs.enumerated() {
    var slopes: [Float] = []
    for place in input.indices {
      let step = 1e-5
      let value = numbers[index][place]
      numbers[index][place] = value + step
      let above = objective(numbers)
      numbers[index][place] = value - step
      let below = objective(numbers)
      numbers[index][place] = value
      slopes.append(Float((above - below) / (2 * step)))
    }
    let error = relativeDifference(found.gradients[index], slopes)
    #expect(
      error < tolerance, "\(what): gradient \(index) differs by \(error)",
      sourceLocation: sourceLocation)
  }
}
