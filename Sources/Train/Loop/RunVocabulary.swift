package import Tokenize

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
    self.init(try tokenizer.load(), divisibleBy: tokenizer.vocabularyMultiple)
  }

  /// Takes what is needed from a tokenizer; `multiple` is what the padded size is one of.
  package init(_ tokenizer: any Tokenizer, divisibleBy multiple: Int) {
    size = tokenizer.vocabularySize
    endOfDocument = tokenizer.endOfDocument.map { Int32($0) }
    paddedSize = paddedVocabularySize(size, divisibleBy: multiple)
  }
}
