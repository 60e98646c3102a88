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
  /// - Throws: ``TrainError/unsupported(what:reason:)`` naming the key, or
  ///   ``TrainError/vocabulary(reason:)``.
  package init(_ tokenizer: TrainingConfiguration.Tokenizer) throws(TrainError) {
    guard let kind = TokenizerKind(name: tokenizer.kind) else {
      throw .unsupported(
        what: "tokenizer_type \(tokenizer.kind)",
        reason: "it is none of \(TokenizerKind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    do throws(TokenizeError) {
      let loaded = try loadTokenizer(
        TokenizerChoice(
          kind: kind, vocabularyFile: tokenizer.vocabularyFile, mergeFile: tokenizer.mergesFile))
      size = loaded.vocabularySize
      endOfDocument = loaded.endOfDocument.map { Int32($0) }
    } catch {
      throw .vocabulary(
        reason: "\(error) (the keys are tokenizer_type, vocab_file and merge_file)")
    }
    paddedSize = paddedVocabularySize(size, divisibleBy: tokenizer.vocabularyMultiple)
  }
}
