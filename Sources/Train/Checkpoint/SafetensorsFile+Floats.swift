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
        case .bfloat16:
          for index in 0..<entry.count {
            let bits = UInt32(bytes.loadNumber(at: 2 * index, UInt16.self)) << 16
            unsafe target.initializeElement(at: index, to: Float(bitPattern: bits))
          }
        case .float16:
          for index in 0..<entry.count {
            let bits = bytes.loadNumber(at: 2 * index, UInt16.self)
            unsafe target.initializeElement(at: index, to: halfPrecision(bits))
          }
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

/// The fp16 number of a pattern of bits, as fp32.
func halfPrecision(_ bits: UInt16) -> Float {
  let sign: Float = bits & 0x8000 == 0 ? 1 : -1
  let exponent = UInt32(bits >> 10 & 0x1F)
  let fraction = UInt32(bits & 0x3FF)
  switch exponent {
  // 2⁻²⁴ is the smallest step of fp16.
  case 0: return sign * Float(fraction) * Float(bitPattern: 103 << 23)
  case 31:
    return Float(bitPattern: UInt32(bits & 0x8000) << 16 | 0x7F80_0000 | fraction << 13)
  default:
    return Float(bitPattern: UInt32(bits & 0x8000) << 16 | (exponent + 112) << 23 | fraction << 13)
  }
}

/// A number as bf16, rounded to the nearest, ties to even.
func brainFloatBits(_ number: Float) -> UInt16 {
  let bits = number.bitPattern
  guard !number.isNaN else { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
  return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
}

/// A number as fp16, rounded to the nearest, ties to even; what is too large becomes infinite.
func halfPrecisionBits(_ number: Float) -> UInt16 {
  let sign = UInt16(truncatingIfNeeded: number.bitPattern >> 16 & 0x8000)
  let magnitude = number.magnitude
  if number.isNaN { return sign | 0x7E00 }
  // The first number that rounds to 2¹⁶.
  if magnitude >= 65520 { return sign | 0x7C00 }
  if magnitude < 0x1p-14 {
    return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
  }
  let bits = magnitude.bitPattern
  let rounded = bits &+ 0xFFF &+ (bits >> 13 & 1)
  return sign | UInt16(truncatingIfNeeded: rounded >> 13 &- 112 << 10)
}
