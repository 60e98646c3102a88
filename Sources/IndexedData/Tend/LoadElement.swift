internal import Machine

extension RawSpan {
  /// An element of any whole-number type; the bits of a fraction.
  ///
  /// - Precondition: the element lies inside the span.
  func loadElement(at offset: Int, _ type: ElementType) -> Int64 {
    switch type {
    case .uint8: Int64(loadNumber(at: offset, UInt8.self))
    case .int8: Int64(loadNumber(at: offset, Int8.self))
    case .int16: Int64(loadNumber(at: offset, Int16.self))
    case .uint16: Int64(loadNumber(at: offset, UInt16.self))
    case .int32, .float32: Int64(loadNumber(at: offset, Int32.self))
    case .int64, .float64: loadNumber(at: offset, Int64.self)
    }
  }
}
