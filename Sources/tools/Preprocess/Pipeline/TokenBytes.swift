import Machine
import Tokenize

/// Token ids as the bytes of a `.bin` file.
enum TokenBytes {
  /// What was seen while ids were written.
  struct Seen: Equatable, Sendable {
    /// The largest id; 0 for none.
    var largest: TokenID = 0
    /// How often the sought id occurred.
    var soughtCount = 0
  }

  /// The largest id that fits in `width` bytes; 4 bytes are signed.
  static func largestID(width: Int) -> TokenID {
    width == 2 ? TokenID(UInt16.max) : TokenID(Int32.max)
  }

  /// Appends `ids`, little-endian and `width` (2 or 4) bytes each, and counts `sought`.
  ///
  /// Ids that do not fit are cut off: the caller compares ``Seen/largest``.
  static func append(
    _ ids: Span<TokenID>, width: Int, counting sought: TokenID?, to bytes: inout ByteBuffer
  ) -> Seen {
    // No vocabulary has an id of all ones, so it stands for "none".
    let wanted = sought ?? TokenID.max
    var seen = Seen()
    unsafe bytes.append(room: ids.count * width) { target in
      if width == 2 {
        seen = unsafe write(ids, wanted, UInt16.self, target)
      } else {
        seen = unsafe write(ids, wanted, UInt32.self, target)
      }
      return ids.count * width
    }
    return seen
  }

  @inline(__always)
  private static func write<Value: FixedWidthInteger & BitwiseCopyable>(
    _ ids: Span<TokenID>, _ wanted: TokenID, _: Value.Type, _ target: UnsafeMutableRawBufferPointer
  ) -> Seen {
    var largest: TokenID = 0
    var hits: UInt32 = 0
    let values = unsafe target.assumingMemoryBound(to: Value.self)
    for index in ids.indices {
      // Both bounds are those of `ids`.
      let id = unsafe ids[unchecked: index]
      largest = max(largest, id)
      hits &+= id == wanted ? 1 : 0
      unsafe values[index] = Value(truncatingIfNeeded: id).littleEndian
    }
    return Seen(largest: largest, soughtCount: Int(hits))
  }
}
