/// Splits text into words and encodes each by its byte pairs.
package struct ByteLevelEncoder: Sendable {
  /// The vocabulary.
  package let model: BytePairModel
  /// How text is cut into words.
  package let rule: SplitRule

  package init(model: BytePairModel, rule: SplitRule) {
    self.model = model
    self.rule = rule
  }

  /// Appends the ids of `text`.
  package func encode(
    _ text: RawSpan, into ids: inout TokenBuffer, cache: inout WordCache
  ) {
    unsafe text.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      let start = unsafe base.assumingMemoryBound(to: UInt8.self)
      let characters = unsafe Characters(start, count: bytes.count)
      var word = 0
      while word < bytes.count {
        let end = rule.wordEnd(characters, from: word)
        unsafe model.encodeLong(start + word, count: end - word, into: &ids, cache.scratch)
        word = end
      }
    }
  }

  /// The last place where the beginning of a long text can be cut without changing ids; 0 where
  /// there is none.
  package func safeCut(_ text: RawSpan) -> Int {
    unsafe text.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      let start = unsafe base.assumingMemoryBound(to: UInt8.self)
      let characters = unsafe Characters(start, count: bytes.count)
      var word = 0
      var cut = 0
      while word + 8 <= bytes.count {
        cut = word
        word = rule.wordEnd(characters, from: word)
      }
      return cut
    }
  }
}
