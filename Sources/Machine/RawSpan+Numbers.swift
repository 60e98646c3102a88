extension RawSpan {
  /// A little-endian number at any place.
  ///
  /// - Precondition: the number lies inside the span.
  @inlinable package func loadNumber<Value: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, _: Value.Type
  ) -> Value {
    precondition(offset >= 0 && offset <= byteCount - MemoryLayout<Value>.size)
    return Value(
      littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Value.self))
  }

  /// Whether the first bytes are these.
  @inlinable package func starts(with bytes: [UInt8]) -> Bool {
    byteCount >= bytes.count
      && bytes.indices.allSatisfy { loadNumber(at: $0, UInt8.self) == bytes[$0] }
  }
}
