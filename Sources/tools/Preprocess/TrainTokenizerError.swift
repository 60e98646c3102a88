package import Machine
package import Tokenize

/// Why no vocabulary was learned.
package enum TrainTokenizerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is named as input cannot be read.
  case inputs(PreprocessError)
  /// The inputs cannot be read.
  case reading(PreprocessError)
  /// A record is no document.
  case badRecord(Place, reason: String)
  /// The words cannot be held or learned from.
  case tokenize(TokenizeError)
  /// A file cannot be written.
  case system(SystemError)
  /// A file that would be written is there.
  case exists(String)
  /// A file that would be written is an input.
  case outputIsInput(String)
  /// The folder of the output can be none; the text says what to do.
  case outputFolder(String)
  /// The inputs hold no text.
  case noText
  /// A special token without any text.
  case emptySpecialToken
  /// Not even single bytes and special tokens fit.
  case vocabularyTooSmall(size: Int, least: Int)
  /// The work was asked to stop.
  case interrupted

  package var description: String {
    switch self {
    case .inputs(let error): "--input: \(error.description)"
    case .reading(let error): error.description
    case .badRecord(let place, let reason):
      "\(place): \(reason); mend the input, or pass over such records with --on-error skip"
    case .tokenize(let error): error.description
    case .system(let error): error.description
    case .exists(let path):
      "\(path): exists already; give another --output-dir, or replace it with --overwrite"
    case .outputIsInput(let path):
      "\(path): is an input, and inputs are never changed; give another --output-dir"
    case .outputFolder(let sentence): "--output-dir: \(sentence)"
    case .noText: "--input holds no text to learn from"
    case .emptySpecialToken: "--special-tokens: a special token cannot be empty"
    case .vocabularyTooSmall(let size, let least):
      "--vocab-size \(size): single bytes and special tokens alone are \(least) tokens; "
        + "give a larger size"
    case .interrupted: "interrupted; nothing was written"
    }
  }
}
