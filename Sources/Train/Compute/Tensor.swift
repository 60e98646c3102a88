/// The type of the numbers in a tensor.
package enum ScalarType: String, Sendable, CaseIterable {
  case float32, bfloat16, float16, int32
  /// float32 in two halves, as masters of bfloat16 weights are kept: all numbers rounded to bfloat16, and
  /// behind them what rounding took from the bits of each.
  ///
  /// A number halfway between two of bfloat16 whose rounding makes it smaller is kept one unit in the
  /// last place nearer to zero: what is left has 16 bits.
  case splitFloat32

  /// Bytes of one number.
  package var byteCount: Int {
    switch self {
    case .float32, .int32, .splitFloat32: 4
    case .bfloat16, .float16: 2
    }
  }
}

extension Float {
  /// The number as ``ScalarType/splitFloat32`` keeps it.
  var keptInHalves: Float {
    bitPattern & 0x1FFFF == 0x8000 ? Float(bitPattern: bitPattern - 1) : self
  }
}

/// Numbers in an engine's memory, row by row without gaps: an address, a shape and a type.
///
/// A view: it owns nothing, is copied freely, and ends with the ``EngineMemory`` it lies in. The
/// address means something to its engine only; on a GPU it is a device address.
package struct Tensor: Sendable, Equatable {
  /// Most axes of a tensor.
  package static let mostAxes = 4

  /// Where the first number lies, for the engine.
  package let address: UInt
  /// The type of each number.
  package let type: ScalarType
  /// How many numbers there are; the largest number where they are more, which no memory holds.
  package let count: Int
  // Beside an array, which would take memory for each view; lengths that are not used are 0.
  private let lengths: SIMD4<Int>
  private let axisCount: Int

  /// Names numbers that lie at an address of an engine's memory; there are four axes at most.
  package init(address: UInt, shape: [Int], type: ScalarType) {
    precondition(shape.count <= Self.mostAxes, "a tensor has no shape \(shape)")
    var lengths = SIMD4(repeating: 0)
    for (axis, length) in shape.enumerated() { lengths[axis] = length }
    self.init(address: address, lengths: lengths, axisCount: shape.count, type: type)
  }

  /// Names the numbers of a matrix.
  package init(address: UInt, rows: Int, width: Int, type: ScalarType) {
    self.init(address: address, lengths: SIMD4(rows, width, 0, 0), axisCount: 2, type: type)
  }

  private init(address: UInt, lengths: SIMD4<Int>, axisCount: Int, type: ScalarType) {
    self.address = address
    self.lengths = lengths
    self.axisCount = axisCount
    self.type = type
    count = (0..<axisCount).reduce(1) { Self.product($0, lengths[$1]) }
  }

  /// The length of each axis; the last varies fastest.
  package var shape: [Int] { (0..<axisCount).map { lengths[$0] } }

  /// Numbers of a row: the length of the last axis.
  package var width: Int { axisCount == 0 ? 1 : lengths[axisCount - 1] }

  /// How many rows there are.
  package var rowCount: Int { width == 0 ? 0 : count / width }

  /// How many bytes they take, or the largest number.
  package var byteCount: Int { Self.product(count, type.byteCount) }

  private static func product(_ a: Int, _ b: Int) -> Int {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? .max : product
  }

  /// Whether another tensor has the same shape.
  package func isShaped(as other: Tensor) -> Bool {
    lengths == other.lengths && axisCount == other.axisCount
  }

  /// The same numbers under another shape of equal count.
  package func reshaped(_ shape: [Int]) -> Tensor {
    let other = Tensor(address: address, shape: shape, type: type)
    precondition(other.count == count, "a tensor of \(self.shape) has no shape \(shape)")
    return other
  }

  /// The same numbers as a matrix.
  package func reshaped(rows: Int, width: Int) -> Tensor {
    let other = Tensor(address: address, rows: rows, width: width, type: type)
    precondition(other.count == count, "a tensor of \(shape) has no shape [\(rows), \(width)]")
    return other
  }

  /// The numbers of a tensor in halves, rounded to bfloat16.
  package var rounded: Tensor {
    precondition(type == .splitFloat32, "a tensor in halves is expected, not \(type)")
    return Tensor(address: address, lengths: lengths, axisCount: axisCount, type: .bfloat16)
  }

  /// Some consecutive entries of the first axis.
  package func rows(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= lengths[0], "rows out of range")
    precondition(type != .splitFloat32, "the halves of some rows lie apart")
    let rowBytes = (1..<max(axisCount, 1)).reduce(type.byteCount) { $0 * lengths[$1] }
    var some = lengths
    some[0] = range.count
    return Tensor(
      address: address + UInt(range.lowerBound * rowBytes), lengths: some, axisCount: axisCount,
      type: type)
  }
}
