internal import CTrain
internal import Machine

/// Numbers a member takes at a time in loops over all numbers of a tensor.
private let grain = 4096

extension CPUEngine {
  package func write(_ numbers: Span<Float>, to target: Tensor) {
    precondition(numbers.count == target.count, "as many numbers as the tensor has")
    unsafe numbers.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
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
      unsafe ctr_fill(
        target.type.kernelType, target.place(range.lowerBound), value, range.count)
    }
  }

  package func fillNormal(_ target: Tensor, deviation: Float, key: UInt64) {
    split(target.count, multiple: grain) { range, _ in
      unsafe ctr_normal(
        target.floats(range.lowerBound), range.count, UInt64(range.lowerBound), key, deviation)
    }
  }

  package func fillUniform(_ target: Tensor, bound: Float, key: UInt64) {
    split(target.count, multiple: grain) { range, _ in
      unsafe ctr_uniform(
        target.floats(range.lowerBound), range.count, UInt64(range.lowerBound), key, bound)
    }
  }

  package func convert(_ source: Tensor, into target: Tensor) {
    precondition(source.count == target.count, "as many numbers on both sides")
    split(target.count, multiple: grain) { range, _ in
      unsafe ctr_convert(
        source.type.kernelType, source.place(range.lowerBound), range.count,
        target.type.kernelType, target.place(range.lowerBound), range.count, 1, range.count)
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
