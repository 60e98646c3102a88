internal import CTrain

/// Numbers of 16 bits outside of an engine, as files hold them.
enum NarrowNumbers {
  /// The bits of numbers, rounded to the nearest, ties to even.
  ///
  /// What is too large for fp16 becomes infinite.
  static func bits(_ numbers: ArraySlice<Float>, as type: ScalarType) -> [UInt16] {
    precondition(type == .float16 || type == .bfloat16)
    let count = numbers.count
    return unsafe [UInt16](unsafeUninitializedCapacity: count) { target, filled in
      unsafe numbers.withUnsafeBufferPointer { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        unsafe ctr_convert(CTR_FLOAT32, from, count, type.kernelType, to, count, 1, count)
      }
      filled = count
    }
  }

  /// Widens numbers of bytes, which may lie anywhere, into memory for half as many as there are bytes.
  static func widen(
    _ bytes: RawSpan, of type: ScalarType, into target: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(type == .float16 || type == .bfloat16)
    precondition(bytes.byteCount == 2 * target.count)
    unsafe bytes.withUnsafeBytes { source in
      guard let from = source.baseAddress, let to = target.baseAddress else { return }
      unsafe ctr_convert(
        type.kernelType, from, target.count, CTR_FLOAT32, to, target.count, 1, target.count)
    }
  }
}
