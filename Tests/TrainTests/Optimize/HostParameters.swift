import Machine
import TestSupport

@testable import Train

/// Parameters and gradients in this process's memory.
final class HostParameters {
  let values: [HostNumbers]
  let gradients: [HostNumbers]
  let slices: [ParameterSlice]

  init(_ tensors: [(name: String, shape: [Int])]) {
    let values = tensors.map { HostNumbers(count: $0.shape.reduce(1, *)) }
    let gradients = tensors.map { HostNumbers(count: $0.shape.reduce(1, *)) }
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

/// Numbers in this process's memory.
final class HostNumbers {
  let numbers: Tensor

  init(count: Int) {
    guard let address = AlignedMemory.allocate(4 * count) else {
      preconditionFailure("no memory for \(count) numbers")
    }
    numbers = Tensor(address: address, shape: [count], type: .float32)
  }

  deinit { AlignedMemory.free(numbers.address) }

  var array: [Float] { (0..<numbers.count).map { numbers.floats($0).pointee } }

  func set(_ array: [Float]) {
    precondition(array.count == numbers.count)
    for (index, number) in array.enumerated() { numbers.floats(index).pointee = number }
  }
}
