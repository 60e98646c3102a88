/// Learns a byte-level vocabulary: again and again, the most frequent pair of neighbours becomes a
/// token.
///
/// The merges are those of Hugging Face's `BpeTrainer` for the same words: of pairs that are equally
/// frequent, the one of smaller ids comes first. One difference is meant: counts here have 64 bits,
/// theirs have 32 and wrap.
///
/// - Parameters:
///   - words: The words and how often they occur; the table is used up.
///   - settings: What the vocabulary is to be like.
///   - keepGoing: Called now and then with the number of tokens so far; `false` stops the work.
/// - Returns: The vocabulary, or `nil` when `keepGoing` stopped the work.
/// - Throws: ``TokenizeError/beyondLimit(what:limit:hint:)`` when the distinct words together are
///   longer than 4 GiB.
public func learnBytePairs(
  from words: consuming WordCounts, _ settings: LearnSettings,
  keepGoing: (Int) -> Bool = { _ in true }
) throws(TokenizeError) -> LearnedVocabulary? {
  var learner = BytePairLearner(settings)
  try learner.takeWords(words)
  learner.countPairs()
  var steps = 0
  while learner.mergeNext() {
    steps += 1
    if steps % 64 == 0 && !keepGoing(learner.tokens.count) { return nil }
  }
  return learner.vocabulary()
}

/// The words while their symbols are merged.
private struct BytePairLearner: ~Copyable {
  let settings: LearnSettings
  let maximumLength: Int

  /// Tokens so far, in visible characters.
  private(set) var tokens: [[UInt8]] = []
  /// How many bytes each token stands for.
  private var tokenLengths: [Int] = []
  private var idOfToken: [[UInt8]: TokenID] = [:]
  private var specialIDs: [TokenID] = []
  private var merges: [LearnedVocabulary.Merge] = []

  /// The symbols of all words; those of a word begin at its start and shrink in place.
  private var symbols: [TokenID] = []
  private var starts: [Int] = []
  private var lengths: [UInt32] = []
  private var counts: [Int64] = []

  private var pairs = PairCounts()
  private var queue = MergeQueue()
  private var lists = WordLists()
  /// Records whose pair gained words in the merge under way.
  private var changed: [Int] = []

  init(_ settings: LearnSettings) {
    self.settings = settings
    maximumLength = settings.maximumTokenLength ?? .max
    for special in settings.specialTokens {
      let id = addToken(Array(special.utf8), length: special.unicodeScalars.count)
      if !specialIDs.contains(id) { specialIDs.append(id) }
    }
  }

  /// The id of a token, new or known.
  private mutating func addToken(_ text: [UInt8], length: Int) -> TokenID {
    if let known = idOfToken[text] { return known }
    let id = TokenID(tokens.count)
    tokens.append(text)
    tokenLengths.append(length)
    idOfToken[text] = id
    return id
  }

  /// Turns words into symbols, one a byte.
  mutating func takeWords(_ words: consuming WordCounts) throws(TokenizeError) {
    var seen = [Bool](repeating: settings.alphabet == .all, count: 256)
    var total = 0
    words.forEachWord { word, _ in
      total += word.count
      for byte in word { seen[Int(byte)] = true }
    }
    guard total < UInt32.max else {
      throw .beyondLimit(
        what: "the bytes of all distinct words together, \(total),", limit: Int(UInt32.max),
        hint: "learn from less text")
    }

    // Ids follow the visible characters, not the bytes.
    var ids = [TokenID](repeating: 0, count: 256)
    let order = (0..<256).sorted { VisibleBytes.characters[$0] < VisibleBytes.characters[$1] }
    for byte in order where seen[byte] {
      ids[byte] = addToken(Array(String(VisibleBytes.characters[byte]).utf8), length: 1)
    }

    symbols.reserveCapacity(total)
    starts.reserveCapacity(words.distinct)
    lengths.reserveCapacity(words.distinct)
    counts.reserveCapacity(words.distinct)
    words.forEachWord { word, count in
      // A word of one symbol has no pairs.
      guard word.count > 1 else { return }
      starts.append(symbols.count)
      lengths.append(UInt32(word.count))
      counts.append(Int64(clamping: count))
      for byte in word { symbols.append(ids[Int(byte)]) }
    }
  }

  /// Counts the pairs of all words and lets them wait.
  mutating func countPairs() {
    for word in starts.indices {
      let start = starts[word]
      for place in start..<start + Int(lengths[word]) - 1 {
        change(symbols[place], symbols[place + 1], by: counts[word], in: word)
      }
    }
    enqueueChanged()
  }

  /// Merges the pair that comes next; `false` when there is none or the vocabulary is full.
  mutating func mergeNext() -> Bool {
    guard tokens.count < settings.vocabularySize else { return false }
    while var top = queue.pop() {
      let count = UInt64(clamping: pairs.counts[Int(top.record)])
      guard top.count == count else {
        top.count = count
        queue.push(top)
        continue
      }
      guard count >= max(1, settings.minimumFrequency) else { return false }
      merge(top)
      return true
    }
    return false
  }

  /// Makes a token of a pair and replaces the pair in the words of its list.
  private mutating func merge(_ waiting: WaitingPair) {
    let left = TokenID(truncatingIfNeeded: waiting.pair >> 32)
    let right = TokenID(truncatingIfNeeded: waiting.pair)
    let length = tokenLengths[Int(left)] + tokenLengths[Int(right)]
    let token = addToken(tokens[Int(left)] + tokens[Int(right)], length: length)
    merges.append(.init(left: left, right: right))
    var list = waiting.words
    while let word = lists.takeFirst(of: &list) {
      replace(left, right, by: token, in: Int(word))
    }
    enqueueChanged()
  }

  /// Replaces a pair by its token in one word, from left to right.
  private mutating func replace(
    _ left: TokenID, _ right: TokenID, by token: TokenID, in word: Int
  ) {
    let start = starts[word]
    let end = start + Int(lengths[word])
    let count = counts[word]
    let length = tokenLengths[Int(token)]
    var write = start
    var read = start
    while read < end {
      let symbol = symbols[read]
      guard symbol == left, read + 1 < end, symbols[read + 1] == right else {
        symbols[write] = symbol
        write += 1
        read += 1
        continue
      }
      if write > start {
        let before = symbols[write - 1]
        change(before, left, by: -count, in: word)
        if tokenLengths[Int(before)] + length < maximumLength {
          change(before, token, by: count, in: word)
        }
      }
      symbols[write] = token
      write += 1
      read += 2
      if read < end {
        let after = symbols[read]
        change(right, after, by: -count, in: word)
        if length + tokenLengths[Int(after)] < maximumLength {
          change(token, after, by: count, in: word)
        }
      }
    }
    lengths[word] = UInt32(write - start)
  }

  /// Changes how often a pair occurs.
  private mutating func change(_ left: TokenID, _ right: TokenID, by count: Int64, in word: Int) {
    let record = pairs.record(of: PairCounts.pair(left, right))
    pairs.counts[record] += count
    guard count > 0 else { return }
    if pairs.gained[record] == WordLists.empty { changed.append(record) }
    lists.prepend(UInt32(word), to: &pairs.gained[record])
  }

  /// Lets the pairs that gained words wait for their turn.
  ///
  /// A pair gains words only in the merge that makes the younger of its tokens, for a token comes
  /// about in one way only. So no pair waits twice.
  private mutating func enqueueChanged() {
    for record in changed {
      var words = pairs.gained[record]
      pairs.gained[record] = WordLists.empty
      let count = pairs.counts[record]
      guard count > 0 else {
        while lists.takeFirst(of: &words) != nil {}
        continue
      }
      queue.push(
        WaitingPair(
          count: UInt64(count), pair: pairs.pairs[record], record: UInt32(record), words: words))
    }
    changed.removeAll(keepingCapacity: true)
  }

  /// What was learned.
  consuming func vocabulary() -> LearnedVocabulary {
    LearnedVocabulary(tokens: tokens, merges: merges, specialIDs: specialIDs)
  }
}
