internal import CMachine

extension Span<UInt8> {
  /// How many bytes are `byte`; many are looked at together.
  package func count(of byte: UInt8) -> Int {
    unsafe withUnsafeBufferPointer { unsafe Int(cm_count_u8($0.baseAddress, $0.count, byte)) }
  }
}
