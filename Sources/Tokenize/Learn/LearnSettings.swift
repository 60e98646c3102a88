/// What a vocabulary is to be like.
///
/// The defaults are those of Hugging Face's byte-level trainer.
public struct LearnSettings: Sendable {
  /// Which bytes get a token of their own.
  public enum Alphabet: String, CaseIterable, Sendable {
    /// All 256, so that every text can be written in tokens.
    case all
    /// Those that occur, as in GPT-NeoX's `train_tokenizer.py`; other bytes have no token.
    case seen
  }

  /// Tokens to end with, special tokens and bytes included.
  public var vocabularySize: Int
  /// How often a pair must occur to become a token.
  public var minimumFrequency: UInt64 = 2
  /// Tokens that come first and take no part in learning.
  public var specialTokens: [String] = []
  /// Which bytes get a token of their own.
  public var alphabet: Alphabet = .all
  /// What a token's length in bytes must stay below, as in Hugging Face's `max_token_length`.
  ///
  /// Pairs of single bytes are never refused.
  public var maximumTokenLength: Int?

  /// Makes the default settings for a size.
  public init(vocabularySize: Int) {
    self.vocabularySize = vocabularySize
  }
}
