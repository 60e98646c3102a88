// Tokenizers that look for a whole word among their tokens before they merge its bytes, as
// tiktoken's and those of Llama 3, differ only for tokens that merging does not make of their bytes.

/// Tokens that stand for a word that would be merged otherwise.
struct WholeWords: Sendable {
  private let ids: [[UInt8]: TokenID]

  /// Whether merging makes every word that is a token.
  var isEmpty: Bool { ids.isEmpty }

  /// None.
  init() {
    ids = [:]
  }

  /// Finds the tokens whose bytes do not merge to them.
  init(_ model: BytePairModel) {
    var ids: [[UInt8]: TokenID] = [:]
    let scratch = MergeScratch()
    var long = LongScratch()
    var merged = TokenBuffer()
    for id in 0..<TokenID(model.tokenCount) {
      var bytes: [UInt8] = []
      model.appendBytes(of: id, to: &bytes)
      if bytes.count < 2 { continue }
      merged.truncate(to: 0)
      unsafe bytes.withUnsafeBufferPointer { bytes in
        guard let start = bytes.baseAddress else { return }
        unsafe model.encodeLong(start, count: bytes.count, into: &merged, scratch, &long)
      }
      if merged.count != 1 || merged.ids[0] != id { ids[bytes] = id }
    }
    self.ids = ids
  }

  /// The token that a word is, if merging would not make it.
  @unsafe @inline(__always)
  func id(of word: UnsafePointer<UInt8>, count: Int) -> TokenID? {
    if ids.isEmpty { return nil }
    return unsafe ids[Array(UnsafeBufferPointer(start: word, count: count))]
  }
}
