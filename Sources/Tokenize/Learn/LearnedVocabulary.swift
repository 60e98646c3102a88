/// A byte-level vocabulary and the merges that make its tokens.
public struct LearnedVocabulary: Equatable, Sendable {
  /// Two tokens that become one.
  public struct Merge: Hashable, Sendable {
    /// The token on the left.
    public let left: TokenID
    /// The token on the right.
    public let right: TokenID
  }

  /// Each token by its id, as UTF-8 text in which a character stands for a byte.
  public let tokens: [[UInt8]]
  /// The merges, the most important first.
  public let merges: [Merge]
  /// The ids of the special tokens.
  public let specialIDs: [TokenID]
}

/// GPT-2's alphabet, in which a visible character stands for each byte.
enum VisibleBytes {
  /// The character for each byte: itself where it is visible in Latin-1, else one from U+0100 on.
  static let characters: [Unicode.Scalar] = {
    var next: UInt16 = 0x100
    return (0...255).map { (byte: UInt8) in
      if (0x21...0x7E).contains(byte) || byte >= 0xA1 && byte != 0xAD {
        return Unicode.Scalar(byte)
      }
      defer { next += 1 }
      return Unicode.Scalar(next) ?? " "
    }
  }()
}
