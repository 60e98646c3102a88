internal import CTrain
internal import Machine

/// Numbers a member takes at a time in loops over all numbers of a tensor.
private let grain = 4096

extension CPUEngine {
  package func write(_ numbers: Span<Float>, to target: Tensor) {
    precondition(numbers.count == target.count, "as many numbers as the tensor has")
    unsafe numbers.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
      if target.type == .splitFloat32 {
        return unsafe SplitNumbers(target).write(start, count: source.count)
      }
      unsafe ctr_convert(
        CTR_FLOAT32, start, source.count, target.type.kernelType, target.start, source.count, 1,
        source.count)
    }
  }

  package func write(_ numbers: Span<Int32>, to target: Tensor) {
    precondition(numbers.count == target.count, "as many numbers as the tensor has")
    for index in numbers.indices { unsafe target.integers(index).pointee = numbers[index] }
  }

  package func read(_ source: Tensor, into numbers: inout MutableSpan<Float>) {
    precondition(numbers.count == source.count, "as many numbers as the tensor has")
    unsafe numbers.withUnsafeMutableBufferPointer { target in
      guard let start = target.baseAddress else { return }
      if source.type == .splitFloat32 {
        return unsafe SplitNumbers(source).read(into: start, count: target.count)
      }
      unsafe ctr_convert(
        source.type.kernelType, source.start, target.count, CTR_FLOAT32, start, target.count, 1,
        target.count)
    }
  }

  package func read(_ source: Tensor, into numbers: inout MutableSpan<Int32>) {
    precondition(numbers.count == source.count, "as many numbers as the tensor has")
    for index in numbers.indices { numbers[index] = unsafe source.integers(index).pointee }
  }

  package func fill(_ target: Tensor, with value: Float) {
    split(target.count, multiple: grain) { range, _ in
      if target.type == .splitFloat32 {
        return SplitNumbers(target, from: range.lowerBound)
          .fill(with: value, count: range.count)
      }
      unsafe ctr_fill(
        target.type.kernelType, target.place(range.lowerBound), value, range.count)
    }
  }

  package func fillNormal(_ target: Tensor, deviation: Float, key: UInt64) {
    unsafe make(target) { numbers, start, count in
      unsafe ctr_normal(numbers, count, UInt64(start), key, deviation)
    }
  }

  package func fillUniform(_ target: Tensor, bound: Float, key: UInt64) {
    unsafe make(target) { numbers, start, count in
      unsafe ctr_uniform(numbers, count, UInt64(start), key, bound)
    }
  }

  /// Has numbers of a tensor made that each depend on their place alone.
  private func make(
    _ target: Tensor,
    _ kernel: @Sendable (_ numbers: UnsafeMutablePointer<Float>, _ start: Int, _ count: Int) -> Void
  ) {
    split(target.count, multiple: grain) { range, _ in
      let first = range.lowerBound
      guard target.type == .splitFloat32 else {
        return unsafe kernel(target.floats(first), first, range.count)
      }
      unsafe SplitNumbers(target, from: first).make(count: range.count) {
        unsafe kernel($0, first + $1, $2)
      }
    }
  }

  package func convert(_ source: Tensor, into target: Tensor) {
    precondition(source.count == target.count, "as many numbers on both sides")
    split(target.count, multiple: grain) { range, _ in
      let (first, count) = (range.lowerBound, range.count)
      switch (source.type, target.type) {
      case (.splitFloat32, .splitFloat32):
        SplitNumbers(target, from: first)
          .copy(SplitNumbers(source, from: first), count: count)
      case (.splitFloat32, _):
        unsafe SplitNumbers(source, from: first).read(into: target.floats(first), count: count)
      case (_, .splitFloat32):
        unsafe SplitNumbers(target, from: first).write(source.floats(first), count: count)
      default:
        unsafe ctr_convert(
          source.type.kernelType, source.place(first), count, target.type.kernelType,
          target.place(first), count, 1, count)
      }
    }
  }

  package func forEachPiece<Failure: Error>(
    of tensor: Tensor, _ body: (Span<Float>) throws(Failure) -> Void
  ) throws(Failure) {
    guard tensor.type == .splitFloat32 else {
      return try body(
        unsafe Span(_unsafeStart: UnsafePointer(tensor.floats()), count: tensor.count))
    }
    var numbers = [Float](repeating: 0, count: min(1 << 18, max(1, tensor.count)))
    for start in stride(from: 0, to: tensor.count, by: numbers.count) {
      let count = min(numbers.count, tensor.count - start)
      unsafe numbers.withUnsafeMutableBufferPointer { buffer in
        guard let target = buffer.baseAddress else { return }
        unsafe SplitNumbers(tensor, from: start).read(into: target, count: count)
      }
      try body(numbers.span.extracting(..<count))
    }
  }

  package func copyHeads(from source: HeadView, to target: HeadView, rows: Int) {
    precondition(source.headCount == target.headCount && source.width == target.width)
    split(rows) { range, _ in
      for head in 0..<source.headCount {
        let from = source.offset + range.lowerBound * source.rowStride + head * source.headStride
        let to = target.offset + range.lowerBound * target.rowStride + head * target.headStride
        unsafe ctr_convert(
          source.tensor.type.kernelType, source.tensor.place(from), source.rowStride,
          target.tensor.type.kernelType, target.tensor.place(to), target.rowStride, range.count,
          source.width)
      }
    }
  }

  package func add(_ x: Tensor, _ y: Tensor, into sum: Tensor) {
    split(sum.count, multiple: grain) { range, _ in
      let first = range.lowerBound
      unsafe ctr_add(
        sum.type.kernelType, x.place(first), y.place(first), sum.place(first), range.count)
    }
  }

  package func scale(_ x: Tensor, by factor: Float, into product: Tensor) {
    split(product.count, multiple: grain) { range, _ in
      let first = range.lowerBound
      unsafe ctr_scale(
        product.type.kernelType, x.place(first), factor, product.place(first), range.count)
    }
  }

  package func dropout(_ input: Tensor, _ dropout: Dropout, into output: Tensor) {
    split(output.count, multiple: grain) { range, _ in
      unsafe ctr_dropout(
        output.type.kernelType, input.place(range.lowerBound), output.place(range.lowerBound), 1,
        range.count, range.count, UInt64(range.lowerBound), 0, dropout.key, dropout.rate)
    }
  }

  package func addResidual(
    _ residual: Tensor, _ input: Tensor, dropout: Dropout?, into output: Tensor
  ) {
    split(output.count, multiple: grain) { range, _ in
      let first = range.lowerBound
      unsafe ctr_add_dropout(
        output.type.kernelType, residual.place(first), input.place(first), output.place(first),
        range.count, UInt64(first), dropout?.key ?? 0, dropout?.rate ?? 0)
    }
  }
}
