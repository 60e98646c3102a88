/// Who wrote an index: the two projects number the floating-point types differently.
public enum IndexVariant: String, Sendable, CaseIterable {
  /// GPT-NeoX.
  case neox
  /// Megatron-LM's core.
  case megatronCore = "megatron-core"
}

/// The layout of an index file, by the names of GPT-NeoX's `data_impl`.
public enum IndexFormat: String, Sendable, CaseIterable {
  /// `MMIDIDX`.
  case mmap
  /// `TNTIDX`, the older one.
  case cached
}

/// What one element of a `.bin` file is.
public enum ElementType: String, Sendable, CaseIterable {
  case uint8
  case int8
  case int16
  case int32
  case int64
  case float32
  case float64
  case uint16

  /// The type behind a code of an index file; `nil` when there is none.
  public init?(code: UInt64, variant: IndexVariant) {
    guard let type = Self.allCases.first(where: { $0.code(variant) == code }) else { return nil }
    self = type
  }

  /// The code in an index file; only those of the floating-point types depend on the variant.
  public func code(_ variant: IndexVariant) -> UInt64 {
    switch self {
    case .uint8: 1
    case .int8: 2
    case .int16: 3
    case .int32: 4
    case .int64: 5
    case .float32: variant == .neox ? 6 : 7
    case .float64: variant == .neox ? 7 : 6
    case .uint16: 8
    }
  }

  /// Bytes an element takes.
  public var byteCount: Int {
    switch self {
    case .uint8, .int8: 1
    case .int16, .uint16: 2
    case .int32, .float32: 4
    case .int64, .float64: 8
    }
  }

  /// Whether elements are fractions rather than token ids.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }

  /// The numbers an element can hold; empty for fractions.
  public var range: ClosedRange<Int64>? {
    switch self {
    case .uint8: 0...255
    case .int8: -128...127
    case .int16: -32_768...32_767
    case .int32: Int64(Int32.min)...Int64(Int32.max)
    case .int64: .min ... .max
    case .uint16: 0...65_535
    case .float32, .float64: nil
    }
  }

  /// The type GPT-NeoX chooses for a vocabulary: 16 bits below 65,500 ids, else 32.
  public static func forVocabulary(size: Int?) -> Self {
    if let size, size < 65_500 { .uint16 } else { .int32 }
  }
}
