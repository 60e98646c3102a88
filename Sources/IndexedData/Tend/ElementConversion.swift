internal import Machine

/// Turns elements of one type into another, and refuses what would change its value.
struct ElementConversion {
  /// The type of what is read.
  let source: ElementType
  /// The type of what is written.
  let target: ElementType

  /// An element that the target cannot hold.
  struct Misfit: Equatable {
    /// Which element, counted from the first.
    let place: Int
    /// What it is.
    let value: String
  }

  /// Appends the converted `elements` to `output`; returns the first that does not fit, if any.
  func append(_ elements: RawSpan, to output: inout ByteBuffer) -> Misfit? {
    switch (source.isFloatingPoint, target.isFloatingPoint) {
    case (false, false): integers(elements, to: &output)
    case (true, true): fractions(elements, to: &output)
    default: Misfit(place: 0, value: "elements of type \(source.rawValue)")
    }
  }

  private func integers(_ elements: RawSpan, to output: inout ByteBuffer) -> Misfit? {
    switch source {
    case .uint8: integers(elements, UInt8.self, to: &output)
    case .int8: integers(elements, Int8.self, to: &output)
    case .int16: integers(elements, Int16.self, to: &output)
    case .uint16: integers(elements, UInt16.self, to: &output)
    case .int32: integers(elements, Int32.self, to: &output)
    case .int64, .float32, .float64: integers(elements, Int64.self, to: &output)
    }
  }

  private func integers<Source: FixedWidthInteger & BitwiseCopyable>(
    _ elements: RawSpan, _: Source.Type, to output: inout ByteBuffer
  ) -> Misfit? {
    switch target {
    case .uint8: integers(elements, Source.self, UInt8.self, to: &output)
    case .int8: integers(elements, Source.self, Int8.self, to: &output)
    case .int16: integers(elements, Source.self, Int16.self, to: &output)
    case .uint16: integers(elements, Source.self, UInt16.self, to: &output)
    case .int32: integers(elements, Source.self, Int32.self, to: &output)
    case .int64, .float32, .float64: integers(elements, Source.self, Int64.self, to: &output)
    }
  }

  private func integers<
    Source: FixedWidthInteger & BitwiseCopyable, Target: FixedWidthInteger & BitwiseCopyable
  >(
    _ elements: RawSpan, _: Source.Type, _: Target.Type, to output: inout ByteBuffer
  ) -> Misfit? {
    for place in 0..<(elements.byteCount / MemoryLayout<Source>.size) {
      let value = elements.loadNumber(at: place * MemoryLayout<Source>.size, Source.self)
      guard let converted = Target(exactly: value) else {
        return Misfit(place: place, value: "\(value)")
      }
      output.append(number: converted)
    }
    return nil
  }

  private func fractions(_ elements: RawSpan, to output: inout ByteBuffer) -> Misfit? {
    let width = source.byteCount
    for place in 0..<(elements.byteCount / width) {
      if source == .float32 {
        let value = Float(bitPattern: elements.loadNumber(at: place * width, UInt32.self))
        output.append(number: Double(value).bitPattern)
        continue
      }
      let value = Double(bitPattern: elements.loadNumber(at: place * width, UInt64.self))
      guard value.isNaN || Double(Float(value)) == value else {
        return Misfit(place: place, value: "\(value)")
      }
      output.append(number: Float(value).bitPattern)
    }
    return nil
  }
}
