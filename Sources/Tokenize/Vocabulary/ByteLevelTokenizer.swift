/// Byte-level byte pair encoding with added tokens: GPT-2, GPT-NeoX-20B, Pythia, tiktoken and kin.
///
/// Text that is not UTF-8 is kept byte for byte: each such byte is a character of its own, which is
/// neither letter nor digit nor space, and stays as it is when text is normalised. So decoding gives
/// back every document, apart from what the vocabulary itself changes: normalisation, white space
/// that an added token takes along, bytes that have no token.
public struct ByteLevelTokenizer: Tokenizer {
  /// Entries in the vocabulary, added tokens included.
  public let vocabularySize: Int
  /// The id that ends a document.
  public let endOfDocument: TokenID?
  /// Ids that the template puts before each document.
  public let documentPrefix: [TokenID]
  /// Ids that the template puts after each document.
  public let documentSuffix: [TokenID]
  /// Bytes that the vocabulary has no token for; they are left out of what is encoded.
  public let missingBytes: [UInt8]
  /// What becomes of the text of a special token.
  public let specialText: SpecialText

  let encoder: ByteLevelEncoder
  let normalizer: Normalizer?
  let addsPrefixSpace: Bool
  /// Tokens found in the text as it is, and in normalised text.
  let rawMatcher: AddedTokenMatcher
  let normalizedMatcher: AddedTokenMatcher
  /// Both kinds of tokens, for text that is normalised already, where they can be found at once.
  private let jointMatcher: AddedTokenMatcher?
  /// The bytes of ids that are no byte-pair tokens.
  private let otherTokens: [TokenID: [UInt8]]

  /// What makes a tokenizer besides its byte pairs.
  struct Parts {
    var vocabularySize: Int
    var endOfDocument: TokenID?
    var documentPrefix: [TokenID] = []
    var documentSuffix: [TokenID] = []
    var missingBytes: [UInt8] = []
    var specialText = SpecialText.encode
    var normalization: NormalizationForm?
    var addsPrefixSpace = false
    var prefersWholeWords = false
    var addedTokens: [AddedToken] = []
    var otherTokens: [TokenID: [UInt8]] = [:]
  }

  init(_ model: BytePairModel, _ rule: SplitRule, _ parts: Parts) {
    vocabularySize = parts.vocabularySize
    endOfDocument = parts.endOfDocument
    documentPrefix = parts.documentPrefix
    documentSuffix = parts.documentSuffix
    missingBytes = parts.missingBytes
    specialText = parts.specialText
    encoder = ByteLevelEncoder(
      model: model, rule: rule, prefersWholeWords: parts.prefersWholeWords)
    let normalizer = parts.normalization.map { Normalizer($0) }
    self.normalizer = normalizer
    addsPrefixSpace = parts.addsPrefixSpace
    let sought = parts.addedTokens.filter { !$0.isSpecial || parts.specialText != .literal }
    rawMatcher = AddedTokenMatcher(sought.filter { !$0.isNormalized })
    // Of tokens that become the same text special ones count first, as in Hugging Face's library up
    // to 0.22; later ones take any.
    let normalized = sought.filter(\.isNormalized)
    normalizedMatcher = AddedTokenMatcher(
      (normalized.filter(\.isSpecial) + normalized.filter { !$0.isSpecial }).map { token in
        var token = token
        if let normalizer { token.content = normalizer.normalize(token.content) }
        return token
      })
    jointMatcher = rawMatcher.joined(with: normalizedMatcher)
    var others = parts.otherTokens
    for token in parts.addedTokens { others[token.id] = token.content }
    otherTokens = others
  }

  /// Makes a cache for one thread that never takes more than `byteBudget` bytes.
  public func makeCache(byteBudget: Int) -> WordCache { WordCache(byteBudget: byteBudget) }

  /// Appends the bytes of a token; nothing when the id is unknown.
  public func appendBytes(of id: TokenID, to bytes: inout [UInt8]) {
    if let token = otherTokens[id] {
      bytes += token
    } else {
      encoder.model.appendBytes(of: id, to: &bytes)
    }
  }

  /// Appends the ids of `text`: added tokens are found first, then what lies between is normalised,
  /// searched for the added tokens of normalised text, cut into words and merged.
  public func encode(
    _ text: RawSpan, atStart: Bool, into ids: inout TokenBuffer, cache: inout WordCache
  ) throws(TokenizeError) {
    if let jointMatcher, normalizer?.isNormalized(text.characters) ?? true {
      return try encodePieces(
        text, jointMatcher, place: 0, goesOn: !atStart, into: &ids, &cache)
    }
    if rawMatcher.tokens.isEmpty {
      return try encodeRaw(text, place: 0, goesOn: !atStart, into: &ids, &cache)
    }
    var pieces = TextPieces(text.characters, rawMatcher)
    while let piece = pieces.next() {
      if let token = piece.token {
        try append(token, place: piece.range.lowerBound, to: &ids)
      } else {
        try encodeRaw(
          text.extracting(piece.range), place: piece.range.lowerBound,
          goesOn: !atStart && piece.range.lowerBound == 0, into: &ids, &cache)
      }
    }
  }

  /// Appends the ids of text without added tokens of the first kind; `goesOn` where the text before
  /// it belongs to it.
  private func encodeRaw(
    _ text: RawSpan, place: Int, goesOn: Bool, into ids: inout TokenBuffer,
    _ cache: inout WordCache
  ) throws(TokenizeError) {
    guard let normalizer, !normalizer.isNormalized(text.characters) else {
      return try encodePieces(
        text, normalizedMatcher, place: place, goesOn: goesOn, into: &ids, &cache)
    }
    let normalized = normalizer.normalize(text.characters).bytes
    try unsafe encodePieces(
      normalized.span.bytes, normalizedMatcher, place: place, goesOn: goesOn, into: &ids, &cache)
  }

  /// Appends the ids of the tokens that a matcher finds, and of the words between them.
  private func encodePieces(
    _ text: RawSpan, _ matcher: AddedTokenMatcher, place: Int, goesOn: Bool,
    into ids: inout TokenBuffer, _ cache: inout WordCache
  ) throws(TokenizeError) {
    if matcher.tokens.isEmpty {
      return encodeWords(text, goesOn: goesOn, into: &ids, &cache)
    }
    var pieces = TextPieces(text.characters, matcher)
    while let piece = pieces.next() {
      if let token = piece.token {
        try append(token, place: place + piece.range.lowerBound, to: &ids)
      } else {
        encodeWords(
          text.extracting(piece.range), goesOn: goesOn && piece.range.lowerBound == 0,
          into: &ids, &cache)
      }
    }
  }

  private func encodeWords(
    _ text: RawSpan, goesOn: Bool, into ids: inout TokenBuffer, _ cache: inout WordCache
  ) {
    guard addsPrefixSpace, !goesOn, text.byteCount > 0, text.characters.byte(0) != 0x20 else {
      return encoder.encode(text, into: &ids, cache: &cache)
    }
    let spaced = [0x20] + text.array
    unsafe encoder.encode(spaced.span.bytes, into: &ids, cache: &cache)
  }

  private func append(
    _ token: AddedToken, place: Int, to ids: inout TokenBuffer
  ) throws(TokenizeError) {
    if token.isSpecial, specialText == .error {
      throw .specialText(String(decoding: token.content, as: UTF8.self), offset: place)
    }
    ids.append(token.id)
  }
}
