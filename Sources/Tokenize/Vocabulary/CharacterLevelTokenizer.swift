/// The bytes of the text as ids, GPT-NeoX's `CharLevelTokenizer`.
///
/// Ids 0 and 1 also end and pad documents. Decoding gives the bytes back, where GPT-NeoX replaces
/// those below 32.
public struct CharacterLevelTokenizer: Tokenizer {
  /// 512, as in GPT-NeoX, though 256 and up never occur.
  public let vocabularySize = 512

  /// The id 0.
  public let endOfDocument: TokenID?

  init(_ choice: TokenizerChoice) throws(TokenizeError) {
    if let token = choice.endOfDocumentToken {
      throw .missing(
        what: "token \(token)",
        hint: "\(choice.kind.rawValue) has no tokens of its own; 0 ends a document")
    }
    endOfDocument = 0
  }

  /// Makes an empty cache; this tokenizer keeps nothing in it.
  public func makeCache(byteBudget: Int) -> WordCache { WordCache(byteBudget: 0) }

  /// Appends the bytes.
  public func encode(
    _ text: RawSpan, atStart: Bool, into ids: inout TokenBuffer, cache: inout WordCache
  ) throws(TokenizeError) {
    ids.reserve(text.byteCount)
    let characters = text.characters
    for offset in 0..<characters.count { ids.append(TokenID(characters.byte(offset))) }
  }

  /// The end of the text.
  public func safeCut(_ text: RawSpan) -> Int { text.byteCount }

  /// Appends the byte; nothing from 256 on.
  public func appendBytes(of id: TokenID, to bytes: inout [UInt8]) {
    if let byte = UInt8(exactly: id) { bytes.append(byte) }
  }
}
