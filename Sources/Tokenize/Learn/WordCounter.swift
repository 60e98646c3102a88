/// Cuts text into words as GPT-2 does and counts them; a thread has one of its own.
public struct WordCounter: ~Copyable {
  private var counts: WordCounts
  private let normalizer: Normalizer?
  private let addsPrefixSpace: Bool
  private var scan = WordScan()
  private var spaced: [UInt8] = []

  /// Makes a counter that has seen nothing.
  ///
  /// - Parameters:
  ///   - limit: The distinct words to let in.
  ///   - form: How text is normalised first.
  ///   - addsPrefixSpace: Whether a space is put before a document that does not begin with one.
  public init(limit: Int, form: TextForm = .none, addsPrefixSpace: Bool = false) {
    counts = WordCounts(limit: limit)
    normalizer = form.normalizer
    self.addsPrefixSpace = addsPrefixSpace
  }

  /// Counts the words of a document, or of a piece of one that ends at ``safeCut(_:)``.
  ///
  /// - Throws: ``TokenizeError/beyondLimit(what:limit:hint:)`` when there are too many words.
  public mutating func count(_ text: RawSpan, atStart: Bool) throws(TokenizeError) {
    guard text.byteCount > 0 else { return }
    guard let normalizer, !normalizer.isNormalized(text.characters) else {
      return try countNormalized(text, atStart: atStart)
    }
    let normalized = normalizer.normalize(text.characters)
    try unsafe countNormalized(normalized.bytes.span.bytes, atStart: atStart)
  }

  /// The last place where the beginning of a long document can be cut so that the words of both
  /// sides are the words of the whole; 0 where there is none.
  public static func safeCut(_ text: RawSpan, form: TextForm = .none) -> Int {
    let cut = SplitRule.gpt2.safeCut(text)
    guard let normalizer = form.normalizer else { return cut }
    let characters = text.characters
    if normalizer.isNormalized(characters), normalizer.isBoundary(characters, cut) { return cut }
    // No normalisation changes a space between two ASCII letters, or joins anything to them there.
    var place = characters.count - 2
    while place > 0 {
      if characters.byte(place) == 0x20, characters.isASCIILetter(place - 1),
        characters.isASCIILetter(place + 1)
      {
        return place
      }
      place -= 1
    }
    return 0
  }

  /// What was counted; the counter begins anew.
  public mutating func take() -> WordCounts {
    var taken = WordCounts(limit: counts.limit)
    swap(&taken, &counts)
    return taken
  }

  private mutating func countNormalized(
    _ text: RawSpan, atStart: Bool
  ) throws(TokenizeError) {
    guard addsPrefixSpace, atStart, unsafe text.unsafeLoad(as: UInt8.self) != 0x20 else {
      return try countWords(text)
    }
    spaced.removeAll(keepingCapacity: true)
    spaced.append(0x20)
    unsafe text.withUnsafeBytes { bytes in unsafe spaced.append(contentsOf: bytes) }
    let prepared = spaced
    try unsafe countWords(prepared.span.bytes)
  }

  private mutating func countWords(_ text: RawSpan) throws(TokenizeError) {
    var start = 0
    while start < text.byteCount {
      let end = findWords(text, from: start)
      for word in 0..<scan.wordCount {
        let first = unsafe start + Int(scan.bounds[word])
        let last = unsafe start + Int(scan.bounds[word + 1])
        try counts.add(first..<last, of: text)
      }
      if scan.wordCount == 0 { try counts.add(start..<end, of: text) }
      start = end
    }
  }

  /// Finds some words from `start` on, or none when the next one is long; returns where they end.
  private mutating func findWords(_ text: RawSpan, from start: Int) -> Int {
    unsafe text.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return start }
      let characters = unsafe Characters(
        base.assumingMemoryBound(to: UInt8.self), count: bytes.count)
      scan.scan(characters, from: start)
      guard scan.wordCount > 0 else { return SplitRule.gpt2.wordEnd(characters, from: start) }
      return unsafe start + Int(scan.bounds[scan.wordCount])
    }
  }
}

extension TextForm {
  private static let canonical = Normalizer(.nfc)
  private static let compatible = Normalizer(.nfkc)

  /// What brings text into the form; `nil` where nothing is to be done.
  var normalizer: Normalizer? {
    switch self {
    case .none: nil
    case .nfc: Self.canonical
    case .nfkc: Self.compatible
    }
  }
}

extension Characters {
  fileprivate func isASCIILetter(_ offset: Int) -> Bool {
    let lower = byte(offset) | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
  }
}
