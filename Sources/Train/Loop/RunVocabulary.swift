internal import Tokenize

/// What a run needs to know of its tokenizer.
package struct RunVocabulary: Sendable, Equatable {
  /// Entries, before padding.
  package let size: Int
  /// Rows of the embedding.
  package let paddedSize: Int
  /// The id that ends documents.
  package let endOfDocument: Int32?

  /// Loads a configuration's tokenizer.
  ///
  /// - Throws: what loading a tokenizer throws.
  package init(_ tokenizer: TrainingConfiguration.Tokenizer) throws(TrainError) {
    let loaded = try tokenizer.load()
    size = loaded.vocabularySize
    endOfDocument = loaded.endOfDocument.map { Int32($0) }
    paddedSize = paddedVocabularySize(size, divisibleBy: tokenizer.vocabularyMultiple)
  }
}
