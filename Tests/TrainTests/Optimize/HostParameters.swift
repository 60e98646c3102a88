import TestSupport

@testable import Train

/// Parameters and gradients in this process's memory.
final class HostParameters {
  let values: [CPUNumbers]
  let gradients: [CPUNumbers]
  let slices: [ParameterSlice]

  init(_ tensors: [(name: String, shape: [Int])]) {
    let values = tensors.map { CPUNumbers(count: $0.shape.reduce(1, *)) }
    let gradients = tensors.map { CPUNumbers(count: $0.shape.reduce(1, *)) }
    self.values = values
    self.gradients = gradients
    slices = tensors.indices.map { index in
      ParameterSlice(
        name: tensors[index].name,
        value: values[index].numbers.reshaped(tensors[index].shape),
        gradient: gradients[index].numbers.reshaped(tensors[index].shape),
        decays: !tensors[index].name.hasSuffix("bias"))
    }
  }

  /// Fractions that fp32 holds exactly, as `Tests/Golden/record_optimizers.py` makes them.
  static func fractions(_ count: Int, seed: Int, modulus: Int, divisor: Float) -> [Float] {
    (0..<count).map { Float(($0 * 7919 + seed * 104_729) % modulus - modulus / 2) / divisor }
  }

  func setValues(_ index: Int, _ numbers: [Float]) { values[index].set(numbers) }
  func setGradients(_ index: Int, _ numbers: [Float]) { gradients[index].set(numbers) }
  var allValues: [[Float]] { values.map(\.array) }
}

extension CPUNumbers {
  var array: [Float] {
    (0..<numbers.count).compactMap { floatPointer(numbers)?[$0] }
  }

  func set(_ array: [Float]) {
    precondition(array.count == numbers.count)
    for (index, number) in array.enumerated() { floatPointer(numbers)?[index] = number }
  }
}
