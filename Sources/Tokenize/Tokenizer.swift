/// Turns text into token ids and back.
///
/// A tokenizer is immutable and shared by threads; each thread brings a ``WordCache`` of its own.
/// Text is bytes. It need not be valid UTF-8: every tokenizer documents what it makes of other bytes.
public protocol Tokenizer: Sendable {
  /// Entries in the vocabulary, before padding, as GPT-NeoX's tokenizer of the same name counts them.
  var vocabularySize: Int { get }

  /// The id that ends a document (`<|endoftext|>`), or `nil` where the vocabulary has none.
  var endOfDocument: TokenID? { get }

  /// Ids that the tokenizer's template puts before each document.
  var documentPrefix: [TokenID] { get }

  /// Ids that the tokenizer's template puts after each document.
  var documentSuffix: [TokenID] { get }

  /// Makes a cache for one thread that never takes more than `byteBudget` bytes.
  func makeCache(byteBudget: Int) -> WordCache

  /// Appends the ids of `text`, without ``documentPrefix`` and ``documentSuffix``.
  ///
  /// `text` is a document, or a piece of one that starts at a ``safeCut(_:)`` of what came before;
  /// `atStart` says whether the document starts here.
  ///
  /// - Throws: ``TokenizeError/specialText(_:offset:)`` when special tokens in text are refused.
  func encode(
    _ text: RawSpan, atStart: Bool, into ids: inout TokenBuffer, cache: inout WordCache
  ) throws(TokenizeError)

  /// The last place where the beginning of a long document can be cut so that the ids of both sides
  /// are the ids of the whole, whatever follows; 0 where there is none.
  func safeCut(_ text: RawSpan) -> Int

  /// Appends the bytes that `id` stands for; nothing when the id is unknown.
  ///
  /// Decoding is lossless: the bytes of a document's ids, joined, are the document's bytes.
  func appendBytes(of id: TokenID, to bytes: inout [UInt8])
}

extension Tokenizer {
  /// No template.
  public var documentPrefix: [TokenID] { [] }
  /// No template.
  public var documentSuffix: [TokenID] { [] }

  /// The bytes that `ids` stand for.
  public func decode(_ ids: Span<TokenID>) -> [UInt8] {
    var bytes: [UInt8] = []
    for index in ids.indices { appendBytes(of: ids[index], to: &bytes) }
    return bytes
  }

  /// The ids of a whole document, template included.
  ///
  /// Convenient, not fast: it makes a cache each time.
  ///
  /// - Throws: ``TokenizeError/specialText(_:offset:)`` when special tokens in text are refused.
  public func encode(_ text: String) throws(TokenizeError) -> [TokenID] {
    var cache = makeCache(byteBudget: 1 << 16)
    var ids = TokenBuffer()
    let bytes = Array(text.utf8)
    try unsafe encode(bytes.span.bytes, atStart: true, into: &ids, cache: &cache)
    var result = documentPrefix
    let body = ids.ids
    for index in body.indices { result.append(body[index]) }
    return result + documentSuffix
  }
}

/// What becomes of the text of a special token, such as `<|endoftext|>`, inside a document.
public enum SpecialText: String, CaseIterable, Sendable {
  /// It becomes the special token, as in GPT-NeoX.
  case encode
  /// It is ordinary text.
  case literal
  /// It is an error.
  case error
}

/// The smallest vocabulary size that is a multiple of `divisor` times `modelParallelSize` and holds
/// `vocabularySize` entries, as GPT-NeoX pads its embedding.
///
/// - Precondition: `divisor` and `modelParallelSize` are positive.
public func paddedVocabularySize(
  _ vocabularySize: Int, divisibleBy divisor: Int = 128, modelParallelSize: Int = 1
) -> Int {
  precondition(divisor > 0 && modelParallelSize > 0)
  let multiple = divisor * modelParallelSize
  return (vocabularySize + multiple - 1) / multiple * multiple
}
