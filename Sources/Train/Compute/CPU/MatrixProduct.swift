/// A matrix in memory: rows of numbers, `stride` apart, of one type.
struct Matrix: Sendable {
  /// Where the first number lies.
  var address: UInt
  /// The type of the numbers.
  var type: ScalarType
  /// Numbers from a row to the next.
  var stride: Int
  /// Whether the matrix meant is the transpose of what lies there.
  var isTransposed = false

  /// A tensor with rows of its last axis.
  init(_ tensor: Tensor, transposed: Bool = false) {
    self.init(
      address: tensor.address, type: tensor.type, stride: tensor.width, isTransposed: transposed)
  }

  init(address: UInt, type: ScalarType, stride: Int, isTransposed: Bool = false) {
    self.address = address
    self.type = type
    self.stride = stride
    self.isTransposed = isTransposed
  }

  /// The same matrix from a row and a column of it on.
  func from(row: Int, column: Int) -> Matrix {
    var part = self
    let index = isTransposed ? column * stride + row : row * stride + column
    part.address += UInt(index * type.byteCount)
    return part
  }

  /// Where it begins.
  var start: UnsafeMutableRawPointer {
    guard let pointer = unsafe UnsafeMutableRawPointer(bitPattern: address) else {
      preconditionFailure("a matrix is never at zero")
    }
    return unsafe pointer
  }

  /// Where it begins, in float32.
  var floats: UnsafeMutablePointer<Float> {
    precondition(type == .float32, "a float32 matrix is expected, not \(type)")
    return unsafe start.assumingMemoryBound(to: Float.self)
  }
}

/// target [rows, columns] = left [rows, depth] · right [depth, columns], or added to the target.
struct MatrixProduct: Sendable {
  var rows: Int
  var columns: Int
  var depth: Int
  var left: Matrix
  var right: Matrix
  var target: Matrix
  var accumulates = false

  /// The part of the product that makes some rows of the target.
  func rows(_ range: Range<Int>) -> MatrixProduct {
    var part = self
    part.rows = range.count
    part.left = left.from(row: range.lowerBound, column: 0)
    part.target = target.from(row: range.lowerBound, column: 0)
    return part
  }

  /// The part of the product that makes some columns of the target.
  func columns(_ range: Range<Int>) -> MatrixProduct {
    var part = self
    part.columns = range.count
    part.right = right.from(row: 0, column: range.lowerBound)
    part.target = target.from(row: 0, column: range.lowerBound)
    return part
  }
}
