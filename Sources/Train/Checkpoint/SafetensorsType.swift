/// The type of the numbers in a tensor of a safetensors file, by its name there.
package enum SafetensorsType: String, Sendable, CaseIterable {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case float8e5m2 = "F8_E5M2"
  case float8e4m3 = "F8_E4M3"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case unsigned64 = "U64"
  case unsigned32 = "U32"
  case unsigned16 = "U16"
  case unsigned8 = "U8"
  case boolean = "BOOL"

  /// Bytes of one number.
  package var byteCount: Int {
    switch self {
    case .float64, .int64, .unsigned64: 8
    case .float32, .int32, .unsigned32: 4
    case .float16, .bfloat16, .int16, .unsigned16: 2
    case .float8e5m2, .float8e4m3, .int8, .unsigned8, .boolean: 1
    }
  }

  /// Whether its numbers can be read as fp32.
  package var isReadableAsFloat: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16: true
    default: false
    }
  }
}

/// Where a tensor lies in a safetensors file.
package struct SafetensorsEntry: Sendable, Equatable {
  /// The tensor's name.
  package let name: String
  /// The type of its numbers.
  package let type: SafetensorsType
  /// The length of each axis; the last varies fastest.
  package let shape: [Int]
  /// Its bytes in the file.
  package let bytes: Range<Int>

  /// How many numbers there are.
  package var count: Int { bytes.count / type.byteCount }
}
