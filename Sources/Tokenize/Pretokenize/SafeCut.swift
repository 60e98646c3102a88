extension SplitRule {
  /// The last place where the beginning of a long text can be cut so that both sides have the words
  /// of the whole, whatever follows; 0 where there is none.
  func safeCut(_ text: RawSpan) -> Int {
    unsafe text.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      let characters = unsafe Characters(
        base.assumingMemoryBound(to: UInt8.self), count: bytes.count)
      // The last words say it, wherever one of them is sure to begin; all of a long text takes long.
      if let word = surelyWord(characters, from: bytes.count - 4096) {
        let cut = lastCut(characters, from: word)
        if cut > 0 { return cut }
      }
      return lastCut(characters, from: 0)
    }
  }

  /// The first place from `start` on that begins a word whatever is before it: a plain space behind a
  /// character that is not white space, or by GPT-2's rule a line feed there.
  private func surelyWord(_ text: Characters, from start: Int) -> Int? {
    guard start > 0 else { return nil }
    return (start..<text.count).first {
      (text.byte($0) == 0x20 || text.byte($0) == 0x0A && self == .gpt2)
        && !Self.isSpace(text, before: $0)
    }
  }

  /// The last cut behind words, the first of which begins at `start`; 0 where there is none.
  private func lastCut(_ characters: Characters, from start: Int) -> Int {
    var word = start
    var cut = 0
    // What begins a word is settled within eight bytes: a white space character and the next one.
    while word + 8 <= characters.count {
      // White space at the end of a text is one word, but two where something follows. Where case
      // matters, only white space settles how the letters before it are cut.
      if word > 0, !Self.isSpace(characters, before: word),
        self != .o200k || characters.character(word).class == .space
      {
        cut = word
      }
      word = wordEnd(characters, from: word)
    }
    return cut
  }

  /// Whether the character that ends at `end` is white space.
  private static func isSpace(_ text: Characters, before end: Int) -> Bool {
    var start = end - 1
    while start > 0, end - start < 4, text.byte(start) & 0xC0 == 0x80 { start -= 1 }
    return text.character(start).class == .space
  }
}
