import IndexedData
import Tokenize

/// What has been committed so far, as the journal keeps it beside the datasets' own state.
struct RunState: Equatable, Sendable {
  /// Where reading continues; `nil` at the start.
  var position: SourcePosition?
  var counts = PipelineCounts()
  /// What was to become of faulty records; it may change as long as there were none.
  var policy = ErrorPolicy.stop
  /// Whether the rest of a long record is passed over.
  var isAbandoning = false
  /// What was seen of pairs.
  var pairs = PairCounts()
  /// What was seen of conversations.
  var conversations = ConversationCounts()
  /// What is not in a file yet of where documents came from, where that is wanted.
  var sources: SourceBlocks?
  /// One for each dataset.
  var outputs: [Totals]

  /// What one dataset holds.
  struct Totals: Equatable, Sendable {
    var documents = 0
    var tokens = 0
    var largest: TokenID = 0
    var endsFromText = 0
    var lengths = LengthHistogram()
    /// Of labels, how much is trained on.
    var supervision = SupervisionCounts()
    /// The same of the long document that is not finished yet, and may still be taken back.
    var open = Open()
  }

  /// What a document holds that is not finished yet.
  struct Open: Equatable, Sendable {
    var tokens = 0
    var largest: TokenID = 0
    var endsFromText = 0
  }

  /// The state before anything is done.
  init(outputCount: Int) {
    outputs = Array(repeating: Totals(), count: outputCount)
  }

  // MARK: - Stored form

  // Little-endian 64-bit numbers: a version, the counts (5), the policy, the flag, the number of
  // outputs, the counts of pairs (4), for each output 7 numbers, the histogram's classes and the
  // counts of what is trained on, the bytes of what was seen of conversations, the bytes of the state
  // of sources or 0, these two, and the position if there is one.
  private static let version: UInt64 = 6
  private static let headWords = 9 + PairCounts.numberCount
  private static let labelStart = 7 + LengthHistogram.classCount
  private static let outputWords = labelStart + SupervisionCounts.numberCount

  /// The state as bytes.
  var storedBytes: [UInt8] {
    var words: [UInt64] = [Self.version]
    let numbers =
      [counts.read, counts.written, counts.empty, counts.skipped, counts.quarantined]
      + [ErrorPolicy.allCases.firstIndex(of: policy) ?? 0, isAbandoning ? 1 : 0, outputs.count]
    words += (numbers + pairs.numbers).map(UInt64.init)
    for output in outputs {
      let numbers = [
        output.documents, output.tokens, Int(output.largest), output.endsFromText,
        output.open.tokens, Int(output.open.largest), output.open.endsFromText,
      ]
      words += (numbers + output.lengths.counts + output.supervision.numbers).map(UInt64.init)
    }
    let seen = conversations.storedBytes
    let stored = sources?.storedBytes ?? []
    words += [UInt64(seen.count), UInt64(stored.count)]
    return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
      + seen + stored + (position?.storedBytes ?? [])
  }

  /// Reads a state back; `nil` unless the bytes are one of `outputCount` outputs, of this version.
  init?(storedBytes bytes: [UInt8], outputCount: Int) {
    let seenStart = 8 * (Self.headWords + outputCount * Self.outputWords + 2)
    guard bytes.count >= seenStart else { return nil }
    var numbers: [Int] = []
    for start in stride(from: 0, to: seenStart, by: 8) {
      guard let number = Int(exactly: Self.word(bytes[start..<(start + 8)])) else { return nil }
      numbers.append(number)
    }
    guard numbers[0] == Int(Self.version), numbers[8] == outputCount else { return nil }
    self.init(outputCount: outputCount)
    let (seenCount, storedCount) = (numbers[numbers.count - 2], numbers[numbers.count - 1])
    var rest = bytes[seenStart...]
    guard seenCount <= rest.count, storedCount <= rest.count - seenCount,
      let seen = ConversationCounts(storedBytes: rest.prefix(seenCount))
    else { return nil }
    conversations = seen
    rest = rest.dropFirst(seenCount)
    if storedCount > 0 {
      guard let sources = SourceBlocks(storedBytes: Array(rest.prefix(storedCount))) else {
        return nil
      }
      self.sources = sources
      rest = rest.dropFirst(storedCount)
    }
    if !rest.isEmpty {
      guard let position = SourcePosition(storedBytes: Array(rest)) else { return nil }
      self.position = position
    }
    (counts.read, counts.written, counts.empty) = (numbers[1], numbers[2], numbers[3])
    (counts.skipped, counts.quarantined) = (numbers[4], numbers[5])
    guard ErrorPolicy.allCases.indices.contains(numbers[6]) else { return nil }
    policy = ErrorPolicy.allCases[numbers[6]]
    guard let pairs = PairCounts(numbers: Array(numbers[9..<Self.headWords])) else { return nil }
    self.pairs = pairs
    isAbandoning = numbers[7] != 0
    for index in 0..<outputCount {
      let start = Self.headWords + index * Self.outputWords
      let row = Array(numbers[start..<(start + Self.outputWords)])
      guard let largest = TokenID(exactly: row[2]), let openLargest = TokenID(exactly: row[5]),
        let lengths = LengthHistogram(counts: Array(row[7..<Self.labelStart])),
        let supervision = SupervisionCounts(numbers: Array(row[Self.labelStart...]))
      else { return nil }
      outputs[index] = Totals(
        documents: row[0], tokens: row[1], largest: largest, endsFromText: row[3],
        lengths: lengths, supervision: supervision,
        open: Open(tokens: row[4], largest: openLargest, endsFromText: row[6]))
    }
  }

  private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension RunState.Totals {
  /// Counts whole documents.
  mutating func add(_ output: ItemResult.Output, tokenWidth: Int) {
    documents += output.lengths.count
    tokens += output.bytes.count / tokenWidth
    largest = max(largest, output.seen.largest)
    endsFromText += output.seen.soughtCount - output.appendedEnds
    if let counts = output.supervision { supervision.add(counts) }
    for length in output.lengths { lengths.add(length: Int(length)) }
  }

  /// Counts a piece of a document.
  mutating func addPiece(_ output: ItemResult.Output, tokenWidth: Int) {
    open.tokens += output.bytes.count / tokenWidth
    open.largest = max(open.largest, output.seen.largest)
    open.endsFromText += output.seen.soughtCount - output.appendedEnds
  }

  /// Counts the document whose pieces were counted.
  mutating func closeDocument() {
    documents += 1
    lengths.add(length: open.tokens)
    tokens += open.tokens
    largest = max(largest, open.largest)
    endsFromText += open.endsFromText
    open = .init()
  }
}
