internal import Machine

extension SafetensorsFile {
  /// The numbers of a tensor as fp32; wider ones are rounded.
  ///
  /// - Throws: ``TrainError/malformed(path:place:reason:)`` where they are not floating-point.
  package func floats(_ entry: SafetensorsEntry) throws(TrainError) -> [Float] {
    guard entry.type.isReadableAsFloat else {
      throw .malformed(
        path: path, place: "tensor \(entry.name)",
        reason: "its numbers are \(entry.type.rawValue), and F32, F16, BF16 or F64 were expected")
    }
    return withBytes(of: entry) { bytes in
      unsafe [Float](unsafeUninitializedCapacity: entry.count) { target, filled in
        switch entry.type {
        case .float32:
          unsafe bytes.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
          }
        case .bfloat16, .float16:
          unsafe NarrowNumbers.widen(
            bytes, of: entry.type == .float16 ? .float16 : .bfloat16,
            into: UnsafeMutableBufferPointer(rebasing: target[..<entry.count]))
        default:
          for index in 0..<entry.count {
            let bits = bytes.loadNumber(at: 8 * index, UInt64.self)
            unsafe target.initializeElement(at: index, to: Float(Double(bitPattern: bits)))
          }
        }
        filled = entry.count
      }
    }
  }
}
