internal import CBLAS
internal import CDNNL
internal import CTrain
internal import Machine

extension CPUEngine {
  /// How a product is made; as all its parts are made so, results do not depend on how it is cut.
  enum ProductWay {
    /// By dot products of pairs of bfloat16 numbers, in loops of our own.
    case pairs
    /// In single precision, by loops of our own that convert what they pack.
    case floats
    /// By a library.
    case library
  }

  /// The way to make a product.
  func way(of product: MatrixProduct) -> ProductWay {
    // A few rows are not worth packing for.
    guard product.rows >= 16, product.columns > 0, product.depth > 0 else { return .library }
    if multipliesFloats { return .floats }
    let isNarrow = product.left.type == .bfloat16 && product.right.type == .bfloat16
    return multipliesPairs && isNarrow && product.target.type != .float16 ? .pairs : .library
  }

  /// A matrix product by all members: each makes some rows of the target, or some columns.
  func multiply(_ product: MatrixProduct) {
    let way = way(of: product)
    // Pairs are packed from the right factor for each part by rows, and from a transposed left one
    // for each part by columns.
    let byRows =
      way == .pairs
      ? product.left.isTransposed || product.columns < 128 * team.threadCount
      : product.rows >= product.columns
    let extent = byRows ? product.rows : product.columns
    // A function, not a closure in a constant, which would take memory at each product.
    @Sendable func body(_ range: Range<Int>, _ member: Int) {
      let part = byRows ? product.rows(range) : product.columns(range)
      multiplyAlone(part, way, member: member)
    }
    // A library's sums of bfloat16 numbers depend on sizes: parts do not depend on the number of threads.
    if way == .library && product.left.type == .bfloat16 {
      let part = product.rows < 16 ? 128 : min(max(extent / 16 / 16 * 16, 256), 3072)
      forEach((extent + part - 1) / part) { index, member in
        body(index * part..<min((index + 1) * part, extent), member)
      }
      return
    }
    // Parts are as large as threads allow, as each packs the whole other factor, and stay in the caches
    // where the product is long; units are whole tiles.
    let (share, least, unit) =
      switch way {
      case .pairs: (4, byRows ? 256 : 128, byRows ? 16 : 64)
      case .floats: (2, 384, 48)
      case .library: (4, 256, 16)
      }
    let part = min(max(extent / (share * team.threadCount), least), 3072)
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
    multiplyAlone(product, way(of: product), member: member)
  }

  private func multiplyAlone(_ product: MatrixProduct, _ way: ProductWay, member: Int) {
    switch (way, product.left.type, product.right.type, product.target.type) {
    case (.pairs, _, _, _):
      multiplyPairs(product, member: member)
    case (.floats, _, _, _):
      multiplyAsFloats(product, member: member)
    case (.library, .float32, .float32, .float32):
      Self.multiplyByLibrary(product)
    case (.library, .bfloat16, .bfloat16, .float32), (.library, .bfloat16, .bfloat16, .bfloat16):
      if !bfloat16Products[member].multiply(product) {
        multiplyInBlocks(product, member: member)
      }
    case (.library, _, _, _):
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

  /// A matrix product of numbers of any types in single precision.
  private func multiplyAsFloats(_ product: MatrixProduct, member: Int) {
    var parts = unsafe ctr_float_product(
      rows: product.rows, columns: product.columns, depth: product.depth,
      left: product.left.factor, right: product.right.factor,
      left_type: product.left.type.kernelType, right_type: product.right.type.kernelType,
      target: product.target.start, target_stride: product.target.stride,
      target_type: product.target.type.kernelType, accumulates: product.accumulates)
    unsafe ctr_multiply_floats(&parts, conversions(of: member, count: Self.roomOfFloats))
  }

  /// Numbers of scratch that products in pairs take.
  private static let roomOfPairs = Int(CTR_PRODUCT_ROOM) / MemoryLayout<Float>.size

  /// Numbers of scratch that our products in single precision take.
  private static let roomOfFloats = Int(CTR_FLOAT_PRODUCT_ROOM) / MemoryLayout<Float>.size

  /// Numbers of scratch that products of a type take: our own pack their factors, a library's of other
  /// types than float32 convert them.
  func roomOfProducts(_ type: ScalarType) -> Int {
    let own = multipliesFloats ? Self.roomOfFloats : 0
    guard type != .float32 else { return own }
    return max(own, Self.convertedBlocks.count, multipliesPairs ? Self.roomOfPairs : 0)
  }

  /// A matrix product of float32 numbers by a library, on the calling thread.
  static func multiplyByLibrary(_ product: MatrixProduct) {
    guard product.rows > 0, product.columns > 0 else { return }
    let sum: Float = product.accumulates ? 1 : 0
    #if arch(x86_64)
    // oneDNN writes its kernels for the processor at hand, which a pinned or older OpenBLAS
    // may not know: 190–250 against 90–125 GFLOP/s a core on a Zen 5.
    let status = unsafe dnnl_sgemm(
      product.left.isTransposed ? letterT : letterN,
      product.right.isTransposed ? letterT : letterN,
      dnnl_dim_t(product.rows), dnnl_dim_t(product.columns), dnnl_dim_t(product.depth),
      1, product.left.floats, dnnl_dim_t(product.left.stride),
      product.right.floats, dnnl_dim_t(product.right.stride),
      sum, product.target.floats, dnnl_dim_t(product.target.stride))
    if status == dnnl_success { return }
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
  private static let convertedBlocks = (
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
          Self.multiplyByLibrary(
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
  /// The matrix as a factor of our own products.
  fileprivate var factor: ctr_factor {
    unsafe ctr_factor(start: start, stride: stride, transposed: isTransposed)
  }
}

#if arch(x86_64)
private let letterN = CChar(UInt8(ascii: "N"))
private let letterT = CChar(UInt8(ascii: "T"))
#endif
