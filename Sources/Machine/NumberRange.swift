internal import CMachine

/// The smallest and largest of many numbers, and how often one of them occurs.
package struct NumberRange: Equatable, Sendable {
  /// The smallest.
  package let least: Int64
  /// The largest.
  package let most: Int64
  /// How many are equal to the one that was asked for.
  package let matches: Int

  private init(_ range: cm_range) {
    least = range.least
    most = range.most
    matches = Int(range.matches)
  }

  /// Looks at 16-bit numbers without sign; `nil` when there is none.
  package init?(uint16 bytes: RawSpan, match: UInt16) {
    let range = unsafe bytes.withUnsafeBytes { source -> cm_range? in
      guard let start = source.baseAddress, source.count >= 2 else { return nil }
      return unsafe cm_range_of_u16(start, source.count / 2, match)
    }
    guard let range else { return nil }
    self.init(range)
  }

  /// Looks at 32-bit numbers with sign; `nil` when there is none.
  package init?(int32 bytes: RawSpan, match: Int32) {
    let range = unsafe bytes.withUnsafeBytes { source -> cm_range? in
      guard let start = source.baseAddress, source.count >= 4 else { return nil }
      return unsafe cm_range_of_i32(start, source.count / 4, match)
    }
    guard let range else { return nil }
    self.init(range)
  }
}
