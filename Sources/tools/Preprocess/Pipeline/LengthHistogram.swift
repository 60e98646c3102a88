/// How many documents have how many tokens, in classes that double: 0, 1, 2–3, 4–7 and so on.
package struct LengthHistogram: Equatable, Sendable {
  /// Documents a class.
  ///
  /// Class 0 holds empty documents, class k lengths from 2^(k−1) to 2^k − 1.
  package private(set) var counts: [Int]

  /// Classes, enough for every length that an index can hold.
  package static let classCount = 33

  /// Makes an empty histogram.
  package init() {
    counts = Array(repeating: 0, count: Self.classCount)
  }

  /// Makes a histogram of known counts; missing classes are empty.
  ///
  /// `nil` when there are too many, or one is negative.
  package init?(counts: [Int]) {
    guard counts.count <= Self.classCount, counts.allSatisfy({ $0 >= 0 }) else { return nil }
    self.counts = counts + Array(repeating: 0, count: Self.classCount - counts.count)
  }

  /// Counts a document.
  package mutating func add(length: Int) {
    counts[min(Int.bitWidth - length.leadingZeroBitCount, Self.classCount - 1)] += 1
  }

  /// Counts the documents of another histogram.
  package mutating func add(_ other: LengthHistogram) {
    for index in counts.indices { counts[index] += other.counts[index] }
  }

  /// The classes up to the last that is not empty.
  package var trimmedCounts: ArraySlice<Int> {
    counts[...(counts.lastIndex { $0 > 0 } ?? 0)]
  }
}
