internal import CMachine

/// A run of numbers of one width that is looked for among others.
///
/// Its first and last number are looked for at once, many places at a time; what lies between is
/// compared where both were found.
package struct NumberPattern: Sendable {
  /// How many numbers it has, at least 1.
  package var count: Int { bytes.count / width }
  private let width: Int
  private let bytes: [UInt8]

  /// Takes numbers by their bytes, as they lie in memory; `width` is 1, 2, 4 or 8.
  ///
  /// - Precondition: there is at least one number, and no part of one.
  package init(_ bytes: [UInt8], width: Int) {
    precondition([1, 2, 4, 8].contains(width) && !bytes.isEmpty && bytes.count % width == 0)
    self.width = width
    self.bytes = bytes
  }

  /// The first place among `numbers`, counted in numbers, at or behind `start` where the pattern
  /// begins; `nil` where there is none.
  package func firstPlace(in numbers: RawSpan, from start: Int) -> Int? {
    let places = numbers.byteCount / width - count + 1
    guard start < places else { return nil }
    return unsafe numbers.withUnsafeBytes { unsafe firstPlace(in: $0, start..<places) }
  }

  private func firstPlace(in numbers: UnsafeRawBufferPointer, _ places: Range<Int>) -> Int? {
    var place = places.lowerBound
    while true {
      place = unsafe candidate(in: numbers, place..<places.upperBound)
      guard place < places.upperBound else { return nil }
      let start = place * width
      if bytes.indices.allSatisfy({ unsafe numbers[start + $0] == bytes[$0] }) { return place }
      place += 1
    }
  }

  /// The next place where first and last number are right, or the end.
  private func candidate(in numbers: UnsafeRawBufferPointer, _ places: Range<Int>) -> Int {
    guard !places.isEmpty, let base = numbers.baseAddress else { return places.upperBound }
    let start = unsafe base + places.lowerBound * width
    let gap = count - 1
    // Numbers at odd addresses are nobody's but those of files that were damaged or made by hand.
    let isAligned = UInt(bitPattern: start) % UInt(width) == 0
    guard isAligned else {
      return places.first { place in
        (0..<width).allSatisfy { unsafe numbers[place * width + $0] == bytes[$0] }
      } ?? places.upperBound
    }
    let count = places.count
    let found =
      switch width {
      case 1: unsafe cm_find_pair_u8(start, count, gap, number(0), number(gap))
      case 2: unsafe cm_find_pair_u16(start, count, gap, number(0), number(gap))
      case 4: unsafe cm_find_pair_u32(start, count, gap, number(0), number(gap))
      default: unsafe cm_find_pair_u64(start, count, gap, number(0), number(gap))
      }
    return places.lowerBound + found
  }

  private func number<Number: FixedWidthInteger & BitwiseCopyable>(_ place: Int) -> Number {
    unsafe bytes.withUnsafeBytes {
      unsafe $0.loadUnaligned(fromByteOffset: place * width, as: Number.self)
    }
  }
}
