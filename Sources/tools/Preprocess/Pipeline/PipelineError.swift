package import IndexedData
package import Machine
package import Tokenize

/// Why a run ends without the datasets it was asked for.
package enum PipelineError: Error, Sendable {
  /// An option cannot be obeyed; the text says which and what to do.
  case option(String)
  /// The folder of the output is missing, or takes no files; the text says what to do.
  case outputFolder(String)
  /// The variables that tell a run its part of the input make no sense.
  case badShardEnvironment(variable: String, value: String)
  /// A record cannot become a document, and the user wants to stop there.
  case fault(place: String, reason: String)
  /// The first record has none of the members that the user named.
  case missingMember(place: String, reason: String)
  /// An id does not fit in the output's tokens.
  case idTooLarge(TokenID, width: Int, vocabularySize: Int)
  /// The input holds no document; the file holds what there is instead.
  case noDocument(counts: String, quarantine: String?)
  /// An output is there already.
  case outputExists(String, hint: String)
  /// An output would replace an input.
  case outputIsInput(String)
  /// What was begun was begun with other inputs or options.
  case otherWork(String, difference: String)
  /// What was begun was begun by another version of the program.
  case otherVersion(String)
  /// A signal came, or the disk is full; the same command continues, from the start where nothing is saved.
  case suspended(reason: String, isSaved: Bool)
  /// The counts do not add up, which is our own mistake.
  case miscounted(String)
  /// What is named as input cannot be read.
  case inputs(PreprocessError)
  /// The inputs are at fault.
  case source(PreprocessError)
  /// The vocabulary is at fault.
  case tokenizer(TokenizeError)
  /// A file of the vocabulary, which an option names, cannot be read.
  case namedFile(option: String, TokenizeError)
  /// A dataset is at fault.
  case dataset(IndexedDataError)
  /// A file cannot be fetched.
  case download(DownloadError)
  /// The operating system refused something.
  case system(SystemError)
}

extension PipelineError: CustomStringConvertible {
  /// What happened and what to do.
  package var description: String {
    switch self {
    case .option(let sentence): sentence
    case .outputFolder(let sentence): "--output-prefix: \(sentence)"
    case .badShardEnvironment(let variable, let value):
      "--shard auto: \(variable) say \(value), which is no part i/n with 0 ≤ i < n"
    case .fault(let place, let reason):
      "\(place): \(reason); go on without such records with --on-error skip or --on-error quarantine, "
        + "or mend the input and begin anew with --restart"
    case .missingMember(let place, let reason):
      "\(place): \(reason); name the members that hold the texts with --jsonl-keys"
    case .idTooLarge(let id, let width, let size):
      "token id \(id) does not fit in the \(width * 8)-bit tokens that a vocabulary of \(size) entries "
        + "gets; its ids have gaps: number them from 0 without gaps"
    case .noDocument(let counts, nil):
      "the input holds no document (\(counts)); nothing was written"
    case .noDocument(let counts, let quarantine?):
      "the input holds no document (\(counts)); nothing was written but \(quarantine), which tells why"
    case .outputExists(let path, let hint): "\(path) exists; \(hint)"
    case .outputIsInput(let path):
      "\(path): is an input, and inputs are never changed; give another --output-prefix"
    case .otherWork(let journal, let difference):
      "\(journal): unfinished work that was begun otherwise: \(difference); finish it with "
        + "the command, and the inputs, that it was begun with, or throw it away with --restart"
    case .otherVersion(let journal):
      "\(journal): unfinished work of another version of neox-preprocess; finish it with that one, or "
        + "throw it away with --restart"
    case .suspended(let reason, isSaved: true):
      "\(reason); the work done is kept: run the same command again to continue"
    case .suspended(let reason, isSaved: false):
      "\(reason); nothing was saved yet: the same command starts again from the beginning"
    case .miscounted(let counts):
      "the counts do not add up (\(counts)): this is a mistake in the program, please report it"
    case .inputs(let error): "--input: \(error.description)"
    case .source(let error): error.description
    case .tokenizer(let error): error.description
    case .namedFile(let option, let error): "\(option): \(error.description)"
    case .dataset(let error): "\(error)"
    case .download(let error): error.description
    case .system(let error): error.description
    }
  }

  /// Whether the same command continues where this one stopped.
  package var isResumable: Bool {
    switch self {
    case .suspended: true
    case .download(let error): error.isResumable
    default: false
    }
  }
}
