/// The type of the numbers in a tensor.
package enum ScalarType: String, Sendable, CaseIterable {
  case float32, bfloat16, float16, int32

  /// Bytes of one number.
  package var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .bfloat16, .float16: 2
    }
  }
}

/// Numbers in an engine's memory, row by row without gaps: an address, a shape and a type.
///
/// A view: it owns nothing, is copied freely, and ends with the ``EngineMemory`` it lies in. The
/// address means something to its engine only; on a GPU it is a device address.
package struct Tensor: Sendable, Equatable {
  /// Where the first number lies, for the engine.
  package let address: UInt
  /// The length of each axis; the last varies fastest.
  package let shape: [Int]
  /// The type of each number.
  package let type: ScalarType
  /// How many numbers there are; the largest number where they are more, which no memory holds.
  package let count: Int

  /// Names numbers that lie at an address of an engine's memory.
  package init(address: UInt, shape: [Int], type: ScalarType) {
    self.address = address
    self.shape = shape
    self.type = type
    count = shape.reduce(1, Self.product)
  }

  /// How many bytes they take, or the largest number.
  package var byteCount: Int { Self.product(count, type.byteCount) }

  private static func product(_ a: Int, _ b: Int) -> Int {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? .max : product
  }

  /// The same numbers under another shape of equal count.
  package func reshaped(_ shape: [Int]) -> Tensor {
    let other = Tensor(address: address, shape: shape, type: type)
    precondition(other.count == count, "a tensor of \(self.shape) has no shape \(shape)")
    return other
  }

  /// Some consecutive entries of the first axis.
  package func rows(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= shape[0], "rows out of range")
    let rowBytes = shape.dropFirst().reduce(1, *) * type.byteCount
    return Tensor(
      address: address + UInt(range.lowerBound * rowBytes),
      shape: [range.count] + shape.dropFirst(), type: type)
  }
}
