internal import CBLAS
internal import CDNNL
internal import CTrain
internal import Machine

extension CPUEngine {
  /// A matrix product by all members: each makes some rows of the target, or some columns.
  func multiply(_ product: MatrixProduct) {
    let inPairs = isInPairs(product)
    // Pairs are packed from the right factor for each part by rows, and from a transposed left one
    // for each part by columns.
    let byRows =
      inPairs
      ? product.left.isTransposed || product.columns < 128 * team.threadCount
      : product.rows >= product.columns
    let extent = byRows ? product.rows : product.columns
    // A function, not a closure in a constant, which would take memory at each product.
    @Sendable func body(_ range: Range<Int>, _ member: Int) {
      let part = byRows ? product.rows(range) : product.columns(range)
      multiplyAlone(part, inPairs: inPairs, member: member)
    }
    // A library's sums of bfloat16 numbers depend on sizes: parts do not depend on the number of threads.
    if !inPairs && product.left.type == .bfloat16 {
      let part = product.rows < 16 ? 128 : min(max(extent / 16 / 16 * 16, 256), 3072)
      forEach((extent + part - 1) / part) { index, member in
        body(index * part..<min((index + 1) * part, extent), member)
      }
      return
    }
    // Parts are large enough to cost nothing, and stay in the caches where the product is long.
    let part = min(max(extent / (4 * team.threadCount), inPairs && !byRows ? 128 : 256), 3072)
    let unit = inPairs && !byRows ? 64 : 16
    let units = (extent + unit - 1) / unit
    // As many for each member.
    let rounds = max(extent / (part * team.threadCount), 1)
    let count = min(rounds * team.threadCount, units)
    forEach(count) { index, member in
      body(
        units * index / count * unit..<min(units * (index + 1) / count * unit, extent), member)
    }
  }

  /// A matrix product by one member.
  func multiplyAlone(_ product: MatrixProduct, member: Int) {
    multiplyAlone(product, inPairs: isInPairs(product), member: member)
  }

  /// Whether a product is made by dot products of pairs; as all its parts are then, results do not
  /// depend on how it is cut.
  private func isInPairs(_ product: MatrixProduct) -> Bool {
    // A few rows are not worth packing for.
    multipliesPairs && product.rows >= 16 && product.columns > 0 && product.depth > 0
      && product.left.type == .bfloat16 && product.right.type == .bfloat16
      && (product.target.type == .bfloat16 || product.target.type == .float32)
  }

  private func multiplyAlone(_ product: MatrixProduct, inPairs: Bool, member: Int) {
    switch (product.left.type, product.right.type, product.target.type) {
    case (.float32, .float32, .float32):
      Self.multiplyFloats(product)
    case _ where inPairs:
      multiplyPairs(product, member: member)
    case (.bfloat16, .bfloat16, .float32), (.bfloat16, .bfloat16, .bfloat16):
      if !bfloat16Products[member].multiply(product) {
        multiplyInBlocks(product, member: member)
      }
    default:
      multiplyInBlocks(product, member: member)
    }
  }

  /// A matrix product of bfloat16 numbers in pairs.
  private func multiplyPairs(_ product: MatrixProduct, member: Int) {
    var parts = unsafe ctr_product(
      rows: product.rows, columns: product.columns, depth: product.depth,
      left: product.left.factor, right: product.right.factor, target: product.target.start,
      target_stride: product.target.stride, target_type: product.target.type.kernelType,
      accumulates: product.accumulates)
    unsafe ctr_multiply_pairs(&parts, conversions(of: member, count: Self.roomOfPairs))
  }

  /// Numbers of scratch that products in pairs take.
  static let roomOfPairs = Int(CTR_PRODUCT_ROOM) / MemoryLayout<Float>.size

  /// A matrix product of float32 numbers, on the calling thread.
  static func multiplyFloats(_ product: MatrixProduct) {
    guard product.rows > 0, product.columns > 0 else { return }
    let sum: Float = product.accumulates ? 1 : 0
    #if arch(x86_64)
    if hasAVX512 && multiplyByOneDNN(product, sum: sum) { return }
    #endif
    unsafe cblas_sgemm(
      CblasRowMajor, product.left.isTransposed ? CblasTrans : CblasNoTrans,
      product.right.isTransposed ? CblasTrans : CblasNoTrans,
      blasint(product.rows), blasint(product.columns), blasint(product.depth),
      1, product.left.floats, blasint(product.left.stride),
      product.right.floats, blasint(product.right.stride),
      sum, product.target.floats, blasint(product.target.stride))
  }

  /// Rows, columns and depth of the blocks that are converted at a time, and all their numbers.
  static let convertedBlocks = (
    sizes: (256, 512, 1024), count: 256 * 1024 + 512 * 1024 + 256 * 512
  )

  /// A matrix product of any types: blocks are converted to float32, and sums, with what they are added to,
  /// rounded at the end.
  private func multiplyInBlocks(_ product: MatrixProduct, member: Int) {
    let (rowBlock, columnBlock, depthBlock) = Self.convertedBlocks.sizes
    let start = unsafe conversions(of: member, count: Self.convertedBlocks.count)
    let left = UInt(bitPattern: start)
    let right = UInt(bitPattern: unsafe start + rowBlock * depthBlock)
    let sums = unsafe start + (rowBlock + columnBlock) * depthBlock
    for row in stride(from: 0, to: product.rows, by: rowBlock) {
      let rows = min(rowBlock, product.rows - row)
      for column in stride(from: 0, to: product.columns, by: columnBlock) {
        let columns = min(columnBlock, product.columns - column)
        let block = product.target.from(row: row, column: column)
        let kernelType = block.type.kernelType
        if product.accumulates {
          unsafe ctr_convert(
            kernelType, block.start, block.stride, CTR_FLOAT32, sums, columns, rows, columns)
        }
        for depth in stride(from: 0, to: product.depth, by: depthBlock) {
          let depths = min(depthBlock, product.depth - depth)
          Self.multiplyFloats(
            MatrixProduct(
              rows: rows, columns: columns, depth: depths,
              left: Self.converted(
                product.left.from(row: row, column: depth), rows: rows, columns: depths, at: left),
              right: Self.converted(
                product.right.from(row: depth, column: column), rows: depths, columns: columns,
                at: right),
              target: Matrix(
                address: UInt(bitPattern: sums), type: .float32, stride: columns),
              accumulates: depth > 0 || product.accumulates))
        }
        unsafe ctr_convert(
          CTR_FLOAT32, sums, columns, kernelType, block.start, block.stride, rows, columns)
      }
    }
  }

  /// A block of a matrix in float32: where it is, or converted to `address`.
  private static func converted(
    _ matrix: Matrix, rows: Int, columns: Int, at address: UInt
  ) -> Matrix {
    guard matrix.type != .float32 else { return matrix }
    let lines = matrix.isTransposed ? columns : rows
    let width = matrix.isTransposed ? rows : columns
    let block = Matrix(
      address: address, type: .float32, stride: width, isTransposed: matrix.isTransposed)
    unsafe ctr_convert(
      matrix.type.kernelType, matrix.start, matrix.stride, CTR_FLOAT32, block.start, width, lines,
      width)
    return block
  }

  package func linear(_ input: Tensor, weight: Tensor, bias: Tensor?, into output: Tensor) {
    multiply(
      MatrixProduct(
        rows: input.rowCount, columns: weight.rowCount, depth: input.width, left: Matrix(input),
        right: Matrix(weight, transposed: true), target: Matrix(output)))
    guard let bias else { return }
    split(output.rowCount) { range, _ in
      unsafe ctr_add_row(
        output.type.kernelType, bias.start, output.place(range.lowerBound * output.width),
        range.count, output.width)
    }
  }

  package func linearInputGradient(
    _ outputGradient: Tensor, weight: Tensor, into inputGradient: Tensor, accumulate: Bool
  ) {
    multiply(
      MatrixProduct(
        rows: outputGradient.rowCount, columns: inputGradient.width, depth: outputGradient.width,
        left: Matrix(outputGradient), right: Matrix(weight), target: Matrix(inputGradient),
        accumulates: accumulate))
  }

  package func linearParameterGradients(
    input: Tensor, outputGradient: Tensor, weight: Tensor, bias: Tensor?, accumulate: Bool
  ) {
    multiply(
      MatrixProduct(
        rows: outputGradient.width, columns: input.width, depth: input.rowCount,
        left: Matrix(outputGradient, transposed: true), right: Matrix(input),
        target: Matrix(weight), accumulates: accumulate))
    if let bias { addColumnSums(of: outputGradient, to: bias) }
  }

  /// Adds the sum of each column of a matrix to `sums`; each member has some columns.
  func addColumnSums(of matrix: Tensor, to sums: Tensor) {
    split(matrix.width, multiple: 16) { range, member in
      let columns = unsafe self.scratch(of: member, count: range.count)
      unsafe columns.update(repeating: 0, count: range.count)
      unsafe ctr_column_sums(
        matrix.type.kernelType, matrix.place(range.lowerBound), matrix.rowCount, matrix.width,
        range.count, columns)
      unsafe ctr_accumulate(
        columns, sums.type.kernelType, sums.place(range.lowerBound), range.count)
    }
  }
}

extension Matrix {
  /// The matrix as a factor of bfloat16 numbers.
  fileprivate var factor: ctr_factor {
    unsafe ctr_factor(start: start, stride: stride, transposed: isTransposed)
  }
}

#if arch(x86_64)
/// Which library's products of float32 numbers are faster: oneDNN writes its kernels for the
/// processor at hand, and makes 190–250 GFLOP/s a core of a Zen 5 where OpenBLAS, which may be older
/// than the processor, makes 90–125; without AVX-512 its products of a few hundred rows fall behind,
/// 35–60 against 55–80 on a Zen 3.
private let hasAVX512 = ctr_has_avx512()

/// A matrix product of float32 numbers by oneDNN, `sum` times the target added.
private func multiplyByOneDNN(_ product: MatrixProduct, sum: Float) -> Bool {
  let status = unsafe dnnl_sgemm(
    letter(product.left), letter(product.right),
    dnnl_dim_t(product.rows), dnnl_dim_t(product.columns), dnnl_dim_t(product.depth),
    1, product.left.floats, dnnl_dim_t(product.left.stride),
    product.right.floats, dnnl_dim_t(product.right.stride),
    sum, product.target.floats, dnnl_dim_t(product.target.stride))
  return status == dnnl_success
}

/// Says whether a factor is transposed.
private func letter(_ factor: Matrix) -> CChar {
  CChar(factor.isTransposed ? UInt8(ascii: "T") : UInt8(ascii: "N"))
}
#endif
