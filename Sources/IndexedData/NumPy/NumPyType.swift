/// What one number of a NumPy array is; the raw value is NumPy's own description of it.
package enum NumPyType: String, Sendable, CaseIterable {
  case uint8 = "|u1"
  case int8 = "|i1"
  case uint16 = "<u2"
  case int16 = "<i2"
  case uint32 = "<u4"
  case int32 = "<i4"
  case uint64 = "<u8"
  case int64 = "<i8"
  case float32 = "<f4"
  case float64 = "<f8"

  /// The type behind a description; of one-byte numbers the byte order does not matter.
  package init?(description: String) {
    let isByte = description.hasSuffix("u1") || description.hasSuffix("i1")
    self.init(rawValue: isByte ? "|" + description.suffix(2) : description)
  }

  /// Bytes of a number.
  package var byteCount: Int {
    switch self {
    case .uint8, .int8: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }

  /// Whether the numbers are fractions.
  package var isFloatingPoint: Bool { self == .float32 || self == .float64 }
}

/// A Swift number that has a type of the same bits in NumPy.
package protocol NumPyNumber: BitwiseCopyable, Sendable {
  /// The type in NumPy.
  static var numPyType: NumPyType { get }
}

extension UInt8: NumPyNumber { package static var numPyType: NumPyType { .uint8 } }
extension Int32: NumPyNumber { package static var numPyType: NumPyType { .int32 } }
extension UInt32: NumPyNumber { package static var numPyType: NumPyType { .uint32 } }
extension Int64: NumPyNumber { package static var numPyType: NumPyType { .int64 } }
extension Float: NumPyNumber { package static var numPyType: NumPyType { .float32 } }
extension Double: NumPyNumber { package static var numPyType: NumPyType { .float64 } }
