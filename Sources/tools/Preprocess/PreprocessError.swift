package import Machine

/// What can go wrong between the inputs and the finished dataset.
package enum PreprocessError: Error, Equatable, Sendable {
  /// A call to the operating system failed.
  case system(SystemError)
  /// The list of inputs names nothing.
  case noInput
  /// No file is at a path that was named, or a pattern matches none.
  case missingInput(String)
  /// A folder or a pattern holds no file that can be read; the names are those that were passed over.
  case noReadableFile(String, ignored: [String])
  /// An input is named twice.
  case namedTwice(String)
  /// Two inputs are the same file under two names.
  case sameFile(String, as: String)
  /// Neither name nor content tells how a file holds its documents.
  case unknownKind(String)
  /// Compressed data or an archive is damaged, truncated or encrypted, at a byte of the stored file.
  case damaged(name: String, byte: Int, reason: String)
  /// Compressed data or an archive cannot be read as it is, from a byte of the stored file on; the reason
  /// tells what to do.
  case unreadable(name: String, byte: Int, reason: String)
  /// The library that reads a compressed file or an archive cannot be loaded.
  case noLibrary(name: String, reason: String)
  /// The documents of a stream cannot be told apart after a byte, so that none can be skipped.
  case brokenStructure(name: String, byte: Int, reason: String)
  /// A file is not what it was when it was opened.
  case inputChanged(String)
  /// Standard input or a pipe cannot be divided among machines.
  case pipeInShards(String)
  /// A saved position lies outside the inputs.
  case cannotResume(String)
  /// A record is not where it was.
  case noRecord(String)
  /// Standard input or a pipe does not hold what unfinished work has read of it.
  case otherData(name: String, finding: String)
  /// The work was asked to stop while a pipe gave nothing.
  case interrupted
}

extension PreprocessError: CustomStringConvertible {
  /// The place, what was found there, and what to do.
  package var description: String {
    switch self {
    case .system(let error):
      return error.description
    case .noInput:
      return "names no file"
    case .missingInput(let path):
      return "\(path): no such file"
    case .noReadableFile(let path, let ignored):
      guard !ignored.isEmpty else { return "\(path): the folder is empty; name one with documents" }
      let seen = ignored.prefix(5).joined(separator: ", ")
      let more = ignored.count > 5 ? " and \(ignored.count - 5) more" : ""
      return "\(path): holds no file of a known kind (passed over: \(seen)\(more))"
        + "; give --input-format, or name files that end in .jsonl, .json, .txt, .zip, .tar, .gz, "
        + ".zst, .lz4, .xz or .bz2"
    case .namedTwice(let path):
      return "\(path): is named twice, so that its documents would be in the output twice; "
        + "name it once"
    case .sameFile(let path, let other):
      return
        "\(path): is the same file as \(other), under another name, so that its documents would be "
        + "in the output twice; name it once"
    case .unknownKind(let path):
      return "\(path): neither name nor content tells what it holds; "
        + "say it with --input-format jsonl|json|text|lines"
    case .noLibrary(let name, let reason):
      return "\(name): libarchive, which reads it, cannot be loaded: \(reason); install it, or "
        + "a newer one (libarchive13 on Debian)"
    case .damaged(let name, let byte, let reason):
      return
        "\(name): near byte \(byte) of the stored file: \(reason); replace the file by a whole one and "
        + "begin anew with --restart"
    case .unreadable(let name, let byte, let reason):
      return "\(name): near byte \(byte) of the stored file: \(reason)"
    case .brokenStructure(let name, let byte, let reason):
      return "\(name): byte \(byte): \(reason); what follows cannot be read"
    case .inputChanged(let path):
      return "\(path): changed while it was read; leave inputs alone during a run, and begin anew"
    case .pipeInShards(let path):
      return "\(path): cannot be divided, because it is no file; leave --shard out, or store it"
    case .noRecord(let reason): return reason
    case .cannotResume(let reason):
      return "the work that was begun cannot be continued: \(reason); "
        + "throw it away with --restart"
    case .otherData(let name, let finding):
      return "\(name): \(finding); feed the same data again to continue, or throw the work away "
        + "with --restart"
    case .interrupted:
      return "interrupted by a signal"
    }
  }
}
