package import Tokenize

/// Loads a tokenizer whose files options of the command line name.
///
/// `vocabularyOption` is the one that names its vocabulary.
/// - Throws: ``PipelineError/tokenizer(_:)``, or ``PipelineError/namedFile(option:_:)`` where a file that an
///   option names cannot be read.
package func loadTokenizer(
  _ choice: TokenizerChoice, vocabularyOption: String
) throws(PipelineError) -> any Tokenizer {
  do throws(TokenizeError) {
    return try loadTokenizer(choice)
  } catch {
    guard case .unreadable(let path, _) = error else { throw .tokenizer(error) }
    if path == choice.vocabularyFile { throw .namedFile(option: vocabularyOption, error) }
    if path == choice.mergeFile { throw .namedFile(option: "--merge-file", error) }
    throw .tokenizer(error)
  }
}
