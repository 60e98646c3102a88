import Testing

@testable import Train

/// Products of small whole numbers, whose sums are exact in float32 however they are made.
@Suite("Products of matrices")
struct MatrixProductTests {
  /// Sizes of a product, and how its factors lie.
  struct Shape: CustomTestStringConvertible {
    var rows: Int
    var columns: Int
    var depth: Int
    var leftIsTransposed: Bool
    var rightIsTransposed: Bool

    var testDescription: String {
      "\(rows) × \(depth) × \(columns)" + (leftIsTransposed ? ", left transposed" : "")
        + (rightIsTransposed ? ", right transposed" : "")
    }
  }

  private static func shapes(_ sizes: [(Int, Int, Int)]) -> [Shape] {
    sizes.flatMap { rows, columns, depth in
      [(false, false), (true, false), (false, true), (true, true)].map {
        Shape(
          rows: rows, columns: columns, depth: depth, leftIsTransposed: $0.0,
          rightIsTransposed: $0.1)
      }
    }
  }

  // Whole tiles, and what is left over in each direction.
  static let small = shapes([
    (24, 64, 32), (16, 1, 2), (17, 130, 33), (23, 79, 1), (131, 17, 64), (5, 40, 7), (1, 200, 96),
  ])

  @Test("against sums of products one after the other", arguments: small)
  func oneByOne(_ shape: Shape) throws {
    let factors = Factors(shape)
    var sums: [Float] = []
    for row in 0..<shape.rows {
      for column in 0..<shape.columns {
        sums.append(
          (0..<shape.depth).reduce(0) { $0 + factors.left(row, $1) * factors.right($1, column) })
      }
    }
    try check(factors, [.float32, .float16, .bfloat16], sums: sums)
  }

  // A depth, rows and columns that are cut, alone and together.
  static let large = shapes([
    (20, 70, 6200), (1030, 40, 3100), (300, 67, 3074), (800, 20, 2048), (600, 700, 3080),
  ])

  @Test("against products of float32 numbers", arguments: large)
  func againstFloats(_ shape: Shape) throws {
    let factors = Factors(shape)
    let bench = OperationBench(ownProducts: false)
    let target = try bench.zeros([shape.rows, shape.columns])
    let (left, right) = try factors.matrices(.float32, in: bench)
    bench.engine.multiply(
      MatrixProduct(
        rows: shape.rows, columns: shape.columns, depth: shape.depth, left: left, right: right,
        target: Matrix(target)))
    try check(factors, [.float32, .bfloat16], sums: bench.engine.numbers(of: target))
  }

  /// Makes the product of factors of each type with some threads, alone and added to what is there.
  private func check(_ factors: Factors, _ types: [ScalarType], sums: [Float]) throws {
    let shape = factors.shape
    let width = shape.columns + Factors.gap
    let before = Factors.lines(shape.rows, shape.columns, seed: 3)
    for type in types {
      for target in [ScalarType.float32, type] {
        for (accumulates, threads, isOurs) in [
          (false, 1, true), (true, 1, true), (true, 3, true), (false, 2, false), (true, 2, false),
        ] {
          let bench = OperationBench(threads: threads, ownProducts: isOurs)
          let result = try bench.tensor(before, [shape.rows, width], target)
          let (left, right) = try factors.matrices(type, in: bench)
          bench.engine.multiply(
            MatrixProduct(
              rows: shape.rows, columns: shape.columns, depth: shape.depth, left: left,
              right: right, target: Matrix(result), accumulates: accumulates))
          let found = bench.engine.numbers(of: result)
          let wrong = found.indices.count { index in
            let (row, column) = index.quotientAndRemainder(dividingBy: width)
            guard column < shape.columns else { return !found[index].isNaN }
            let sum = sums[row * shape.columns + column] + (accumulates ? before[index] : 0)
            return found[index] != rounded(sum, target)
          }
          #expect(
            wrong == 0, "\(type) into \(target), \(accumulates), \(threads) threads, \(isOurs)")
        }
      }
    }
  }

  private func rounded(_ number: Float, _ type: ScalarType) -> Float {
    guard type == .bfloat16 else { return number }
    let bits = number.bitPattern
    return Float(bitPattern: (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
  }

  @Test(
    "products of bfloat16 numbers have the same bits for every number of threads",
    arguments: [1, 7, 15, 16, 330, 2000], [true, false])
  func threads(rows: Int, isOurs: Bool) throws {
    try checkThreads(rows: rows, .bfloat16, isOurs: isOurs)
  }

  @Test(
    "our own of other numbers do as well", .enabled(if: CPUEngine(threads: 1).multipliesFloats),
    arguments: [16, 330, 2000], [ScalarType.float32, .float16])
  func threads(rows: Int, type: ScalarType) throws {
    try checkThreads(rows: rows, type, isOurs: true)
  }

  @Test(
    "what is not a number, infinite or too large stays so when sums are rounded",
    arguments: [ScalarType.bfloat16, .float16], [true, false])
  func specials(type: ScalarType, isOurs: Bool) throws {
    let bench = OperationBench(ownProducts: isOurs)
    // float32 factors, so that sums are NaNs of any bits, and too large only once they are rounded.
    var numbers = [Float](repeating: 1, count: 18 * 32)
    numbers[4 * 32 + 2] = Float(bitPattern: 0x7FFF_FFFF)
    numbers[5 * 32 + 3] = Float(bitPattern: 0xFFFF_FFFF)
    numbers[6 * 32 + 4] = .infinity
    for place in 0..<32 { numbers[7 * 32 + place] = 0 }
    numbers[7 * 32 + 31] = -.greatestFiniteMagnitude
    let left = try bench.tensor(numbers, [18, 32], .float32)
    let right = try bench.tensor([Float](repeating: 1, count: 32 * 16), [32, 16], type)
    let target = try bench.tensor([Float](repeating: 0, count: 18 * 16), [18, 16], type)
    bench.engine.multiply(
      MatrixProduct(
        rows: 18, columns: 16, depth: 32, left: Matrix(left), right: Matrix(right),
        target: Matrix(target)))
    let found = bench.engine.numbers(of: target)
    for row in 0..<18 {
      let sums = found[row * 16..<(row + 1) * 16]
      switch row {
      case 4, 5: #expect(sums.allSatisfy { $0.isNaN }, "\(row)")
      case 6: #expect(sums.allSatisfy { $0 == .infinity })
      case 7: #expect(sums.allSatisfy { $0 == -.infinity })
      default: #expect(sums.allSatisfy { $0 == 32 })
      }
    }
  }

  private func checkThreads(rows: Int, _ type: ScalarType, isOurs: Bool) throws {
    for isTransposed in [false, true] {
      var results: [[Float]] = []
      for threads in [1, 2, 3, 5] {
        let bench = OperationBench(seed: 9, threads: threads, ownProducts: isOurs)
        let shape = isTransposed ? [700, rows] : [rows, 700]
        let left = try bench.tensor(bench.random(rows * 700), shape, type)
        let right = try bench.tensor(bench.random(700 * 410), [700, 410], type)
        let target = try bench.zeros([rows, 410])
        bench.engine.multiply(
          MatrixProduct(
            rows: rows, columns: 410, depth: 700, left: Matrix(left, transposed: isTransposed),
            right: Matrix(right), target: Matrix(target)))
        results.append(bench.engine.numbers(of: target))
      }
      #expect(results.allSatisfy { $0 == results[0] })
    }
  }
}

/// Two matrices of whole numbers from −2 to 2; between their rows lie numbers that are no part of them.
private struct Factors {
  static let gap = 3
  var shape: MatrixProductTests.Shape
  private var leftLines: [Float]
  private var rightLines: [Float]

  init(_ shape: MatrixProductTests.Shape) {
    self.shape = shape
    let (rows, columns, depth) = (shape.rows, shape.columns, shape.depth)
    leftLines =
      shape.leftIsTransposed
      ? Self.lines(depth, rows, seed: 1) : Self.lines(rows, depth, seed: 1)
    rightLines =
      shape.rightIsTransposed
      ? Self.lines(columns, depth, seed: 2) : Self.lines(depth, columns, seed: 2)
  }

  static func lines(_ rows: Int, _ columns: Int, seed: Int) -> [Float] {
    (0..<rows * (columns + gap)).map { place in
      place % (columns + gap) < columns ? Float((place * 7 + place / 11 + seed) % 5 - 2) : .nan
    }
  }

  private var leftStride: Int { (shape.leftIsTransposed ? shape.rows : shape.depth) + Self.gap }
  private var rightStride: Int {
    (shape.rightIsTransposed ? shape.depth : shape.columns) + Self.gap
  }

  func left(_ row: Int, _ k: Int) -> Float {
    leftLines[shape.leftIsTransposed ? k * leftStride + row : row * leftStride + k]
  }

  func right(_ k: Int, _ column: Int) -> Float {
    rightLines[shape.rightIsTransposed ? column * rightStride + k : k * rightStride + column]
  }

  func matrices(_ type: ScalarType, in bench: OperationBench) throws -> (Matrix, Matrix) {
    let left = try bench.tensor(leftLines, [leftLines.count / leftStride, leftStride], type)
    let right = try bench.tensor(rightLines, [rightLines.count / rightStride, rightStride], type)
    return (
      Matrix(left, transposed: shape.leftIsTransposed),
      Matrix(right, transposed: shape.rightIsTransposed)
    )
  }
}
