extension IndexLayout {
  /// The layout of an index that is to be written, without modes.
  init(
    format: IndexFormat, code: UInt64, elementByteCount: Int, sequenceCount n: Int,
    documentEntryCount d: Int
  ) {
    switch format {
    case .mmap:
      self.init(
        format: .mmap, code: code, statedElementByteCount: nil, sequenceCount: n,
        documentEntryCount: d, dimensionsOffset: nil, sizesOffset: 34,
        pointersOffset: 34 + 4 * n, documentIndexOffset: 34 + 12 * n, modesOffset: nil)
    case .cached:
      let starts = 56 + 8 * (n + 1)
      let sizes = starts + 8 * (n + 1)
      self.init(
        format: .cached, code: code, statedElementByteCount: elementByteCount, sequenceCount: n,
        documentEntryCount: d, dimensionsOffset: 56, sizesOffset: sizes, pointersOffset: starts,
        documentIndexOffset: sizes + 8 * n, modesOffset: nil)
    }
  }
}
