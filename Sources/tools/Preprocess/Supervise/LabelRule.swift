import Tokenize

/// Labels by the place of a run of tokens (`preprocess_data_with_mask.py`).
enum LabelRule {
  /// How many tokens of the document at `range` come before what is trained on: all up to and with
  /// the first occurrence of `pattern`, or none where it does not occur.
  static func maskedCount(of ids: Span<TokenID>, _ range: Range<Int>, pattern: [TokenID]) -> Int {
    guard let first = pattern.first, range.count >= pattern.count else { return 0 }
    for start in range.lowerBound...(range.upperBound - pattern.count) where ids[start] == first {
      if pattern.indices.allSatisfy({ ids[start + $0] == pattern[$0] }) {
        return start + pattern.count - range.lowerBound
      }
    }
    return 0
  }

  /// Appends the labels of the document at `range`.
  static func append(
    labelsOf ids: Span<TokenID>, _ range: Range<Int>, pattern: [TokenID],
    to labels: inout TokenBuffer
  ) {
    let border = range.lowerBound + maskedCount(of: ids, range, pattern: pattern)
    let masked = UInt32(bitPattern: ChatEncoder.masked)
    for index in range { labels.append(index < border ? masked : ids[index]) }
  }
}
