import Foundation

/// A slow and plain reader of safetensors files, for tests: every tensor as single-precision numbers.
public enum SafeTensorsOracle {
  public struct Malformed: Error {}

  public static func read(_ path: String) throws -> [String: [Float]] {
    let data = try Data(contentsOf: URL(filePath: path))
    let headerLength = Int(data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    let header = try JSONSerialization.jsonObject(with: data[8..<8 + headerLength])
    guard let entries = header as? [String: [String: Any]] else { throw Malformed() }
    let body = data[(8 + headerLength)...]
    var tensors: [String: [Float]] = [:]
    for (name, entry) in entries where name != "__metadata__" {
      guard let offsets = entry["data_offsets"] as? [Int], let type = entry["dtype"] as? String
      else { throw Malformed() }
      let bytes = [UInt8](
        body[body.startIndex + offsets[0]..<body.startIndex + offsets[1]])
      tensors[name] = try numbers(bytes, type: type)
    }
    return tensors
  }

  private static func numbers(_ bytes: [UInt8], type: String) throws -> [Float] {
    func word(_ start: Int, _ size: Int) -> UInt32 {
      (0..<size).reversed().reduce(0) { $0 << 8 | UInt32(bytes[start + $1]) }
    }
    switch type {
    case "F32":
      return stride(from: 0, to: bytes.count, by: 4).map { Float(bitPattern: word($0, 4)) }
    case "BF16":
      return stride(from: 0, to: bytes.count, by: 2).map { Float(bitPattern: word($0, 2) << 16) }
    case "F16":
      return stride(from: 0, to: bytes.count, by: 2).map { half(word($0, 2)) }
    default: throw Malformed()
    }
  }

  /// The value of a half-precision number.
  private static func half(_ bits: UInt32) -> Float {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1f)
    let fraction = Float(bits & 0x3ff)
    switch exponent {
    case 0: return sign * fraction * Float(sign: .plus, exponent: -24, significand: 1)
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default:
      return sign * (1 + fraction / 1024)
        * Float(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }
}

/// A slow and plain reader of .npy files, for tests: every number in double precision.
public enum NumPyOracle {
  public static func read(_ path: String) throws -> [Double] {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let isFirstVersion = bytes[6] == 1
    let lengthBytes = isFirstVersion ? bytes[8..<10] : bytes[8..<12]
    let headerLength = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    let start = 8 + lengthBytes.count + headerLength
    let header = String(decoding: bytes[8 + lengthBytes.count..<start], as: UTF8.self)
    func numbers(_ size: Int, _ value: (UInt64) -> Double) -> [Double] {
      stride(from: start, to: bytes.count, by: size).map { place in
        value((0..<size).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[place + $1]) })
      }
    }
    for (type, size) in [
      ("i4", 4), ("u4", 4), ("i8", 8), ("f4", 4), ("f8", 8), ("i2", 2), ("u2", 2),
    ]
    where header.contains("'<\(type)'") {
      switch type {
      case "i8": return numbers(size) { Double(Int64(bitPattern: $0)) }
      case "i4": return numbers(size) { Double(Int32(truncatingIfNeeded: $0)) }
      case "i2": return numbers(size) { Double(Int16(truncatingIfNeeded: $0)) }
      case "f4": return numbers(size) { Double(Float(bitPattern: UInt32($0))) }
      case "f8": return numbers(size) { Double(bitPattern: $0) }
      default: return numbers(size) { Double($0) }
      }
    }
    throw SafeTensorsOracle.Malformed()
  }
}
