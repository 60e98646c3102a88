extension ByteLevelTokenizer {
  /// The last place where the beginning of a long document can be cut, 0 where there is none.
  ///
  /// A cut lies between words of a stretch that no added token can reach, or where an added token
  /// ends or begins; and where the text is normalised, before a character that nothing joins.
  public func safeCut(_ text: RawSpan) -> Int {
    let raw = stretch(text.characters, rawMatcher)
    guard let raw else { return 0 }
    let cut = normalizedCut(text.extracting(raw.range))
    return cut > 0 ? raw.range.lowerBound + cut : raw.boundary
  }

  /// Where text of one raw stretch can be cut.
  private func normalizedCut(_ text: RawSpan) -> Int {
    guard let normalizer else { return wordCut(text) }
    let characters = text.characters
    if normalizer.isNormalized(characters) {
      return boundaryCut(text, normalizer) { $0 }
    }
    let normalized = normalizer.normalize(characters)
    return unsafe boundaryCut(normalized.bytes.span.bytes, normalizer) {
      normalized.original(of: $0)
    }
  }

  /// Where normalised text can be cut at a place that has one in the original as well.
  private func boundaryCut(
    _ text: RawSpan, _ normalizer: Normalizer, original: (Int) -> Int?
  ) -> Int {
    let characters = text.characters
    // The last characters may yet be joined by what follows.
    var end = characters.count
    for _ in 0..<16 {
      end = normalizer.boundary(characters, before: end, notBefore: 0)
      let cut = wordCut(text.extracting(0..<end))
      guard cut > 0 else { return 0 }
      if normalizer.isBoundary(characters, cut), let place = original(cut) { return place }
      end = cut
    }
    return 0
  }

  /// Where text without normalisation can be cut.
  private func wordCut(_ text: RawSpan) -> Int {
    guard let last = stretch(text.characters, normalizedMatcher) else { return 0 }
    let cut = encoder.safeCut(text.extracting(last.range))
    // A space put before the text can change where its first words end.
    if addsPrefixSpace, cut < 16 { return 0 }
    return cut > 0 ? last.range.lowerBound + cut : last.boundary
  }

  /// The last stretch between added tokens, as far as it is sure to stay one, and the last place
  /// where two pieces meet; `nil` where nothing is sure.
  private func stretch(
    _ text: Characters, _ matcher: AddedTokenMatcher
  ) -> (range: Range<Int>, boundary: Int)? {
    guard !matcher.tokens.isEmpty else { return (0..<text.count, 0) }
    guard !matcher.hasSingleWords else { return nil }
    // Whether a token begins is known this far.
    let known = text.count - matcher.longest + 1
    var pieces = TextPieces(text, matcher)
    var last = 0..<0
    var boundary = 0
    while let piece = pieces.next(), piece.range.lowerBound < known {
      // A token that takes white space along, and one that begins a new word, are left alone.
      if !matcher.looksAround, !addsPrefixSpace { boundary = piece.range.lowerBound }
      guard piece.token == nil else { continue }
      var end = min(piece.range.upperBound, known)
      if matcher.looksAround {
        end = text.whiteSpaceStart(before: end, notBefore: piece.range.lowerBound)
      }
      last = piece.range.lowerBound..<end
    }
    if boundary >= last.upperBound { last = boundary..<boundary }
    return (last, boundary)
  }
}
