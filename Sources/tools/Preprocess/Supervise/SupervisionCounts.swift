/// How much of a dataset's text is trained on.
package struct SupervisionCounts: Equatable, Sendable {
  /// Tokens that are trained on.
  package var supervised = 0
  /// Documents of which none is.
  package var unsupervised = 0
  /// Documents with more tokens than a sample takes (`--seq-length` and one).
  package var tooLong = 0
  /// Those of them of which no token is left to train on when they are cut to that.
  package var cutToNothing = 0
  /// Documents by the share of their tokens that is trained on, in whole percent; empty ones have
  /// none.
  package var percents = [Int](repeating: 0, count: Self.classCount)

  /// Shares that are told apart.
  static let classCount = 101
  /// Numbers that ``numbers`` has.
  static let numberCount = 4 + classCount

  /// Makes counts of zero.
  package init() {}

  /// Counts the document whose labels are at `range`.
  ///
  /// `limit` is how many tokens a sample takes, where that is known.
  mutating func add(labels: Span<UInt32>, _ range: Range<Int>, limit: Int?) {
    var count = 0
    var first: Int?
    for index in range where Int32(bitPattern: labels[index]) >= 0 {
      count += 1
      if first == nil { first = index - range.lowerBound }
    }
    supervised += count
    guard !range.isEmpty else { return }
    percents[count * 100 / range.count] += 1
    if count == 0 { unsupervised += 1 }
    guard let limit, range.count > limit else { return }
    tooLong += 1
    // The first token is never predicted.
    if let first, max(first, 1) >= limit { cutToNothing += 1 }
  }

  /// Adds other counts.
  mutating func add(_ other: SupervisionCounts) {
    supervised += other.supervised
    unsupervised += other.unsupervised
    tooLong += other.tooLong
    cutToNothing += other.cutToNothing
    for index in percents.indices { percents[index] += other.percents[index] }
  }

  /// The smallest, the middle and the largest share, in percent; `nil` where no document has a token.
  package var spread: (smallest: Int, median: Int, largest: Int)? {
    let total = percents.reduce(0, +)
    guard let smallest = percents.firstIndex(where: { $0 > 0 }),
      let largest = percents.lastIndex(where: { $0 > 0 })
    else { return nil }
    var seen = 0
    let median = percents.firstIndex { count in
      seen += count
      return seen * 2 >= total
    }
    return (smallest, median ?? largest, largest)
  }

  /// All numbers in a fixed order, as journals and manifests keep them.
  package var numbers: [Int] { [supervised, unsupervised, tooLong, cutToNothing] + percents }

  /// Takes ``numbers`` back; `nil` where they cannot be that.
  package init?(numbers: [Int]) {
    guard (4...Self.numberCount).contains(numbers.count), numbers.allSatisfy({ $0 >= 0 }) else {
      return nil
    }
    (supervised, unsupervised, tooLong, cutToNothing) =
      (numbers[0], numbers[1], numbers[2], numbers[3])
    for (index, count) in numbers[4...].enumerated() { percents[index] = count }
  }
}

/// What was seen of pairs of answers, refused ones included.
package struct PairCounts: Equatable, Sendable {
  /// Pairs whose answers are the same.
  package var identical = 0
  /// Better and worse answers without text.
  package var emptyChosen = 0
  package var emptyRejected = 0
  /// Pairs whose answers do not follow the same prompt.
  package var differingPrompts = 0

  /// Numbers that ``numbers`` has.
  static let numberCount = 4

  /// Makes counts of zero.
  package init() {}

  /// Adds other counts.
  mutating func add(_ other: PairCounts) {
    identical += other.identical
    emptyChosen += other.emptyChosen
    emptyRejected += other.emptyRejected
    differingPrompts += other.differingPrompts
  }

  /// All numbers in a fixed order.
  package var numbers: [Int] { [identical, emptyChosen, emptyRejected, differingPrompts] }

  /// Takes ``numbers`` back; `nil` where they cannot be that.
  package init?(numbers: [Int]) {
    guard numbers.count == Self.numberCount, numbers.allSatisfy({ $0 >= 0 }) else { return nil }
    (identical, emptyChosen) = (numbers[0], numbers[1])
    (emptyRejected, differingPrompts) = (numbers[2], numbers[3])
  }
}
