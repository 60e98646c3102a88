public import Machine

/// What can be wrong with a dataset, a request for its contents, or the writing of one.
public enum IndexedDataError: Error, Equatable, Sendable {
  /// The system refused something.
  case system(SystemError)
  /// A file does not begin as an index does.
  case notAnIndex(path: String, found: [UInt8])
  /// A file says something at a byte that cannot be.
  case malformed(path: String, byte: Int, what: String, expected: String, found: String)
  /// A request lies outside the dataset.
  case outOfRange(path: String, what: String, asked: Int, limit: Int)
  /// A sequence was asked for as ids but holds something else.
  case notAnID(path: String, sequence: Int, found: String)
  /// A finished file is in the way.
  case alreadyExists(path: String)
  /// A file of somebody else has the name of a journal.
  case notAJournal(path: String)
  /// A file has the name of unfinished work, and nothing tells that it is some of ours.
  case unknownPartial(path: String)
  /// Another process is writing the same output.
  case busy(journal: String)
  /// The journal is of other work: other options, inputs or outputs.
  case otherWork(journal: String)
  /// A file of unfinished work is shorter than its journal says, or gone.
  case lostWork(path: String, journal: String)
  /// A document does not fit into the format.
  case tooLarge(path: String, document: Int, what: String, found: Int, limit: Int)
  /// An element does not fit into the type of the output.
  case unfitElement(path: String, document: Int, element: Int, type: ElementType, found: String)
  /// Outputs that must agree in shape do not.
  case unequalShapes(first: String, second: String, what: String, expected: Int, found: Int)
  /// An output would replace an input.
  case outputIsInput(path: String)
  /// A value cannot be held by the wanted type.
  case doesNotFit(path: String, byte: Int, value: String, type: ElementType)
  /// A tool cannot do what is asked with this dataset.
  case unsuitable(path: String, reason: String)
  /// A file of a dataset is not what was written down of it when it was made.
  case notAsRecorded(
    path: String, what: String, expected: String, found: String, record: String, prefix: String)
  /// A signal ended the work; unfinished files are gone.
  case interrupted
}

extension IndexedDataError: CustomStringConvertible {
  /// One line: the file, the byte, what was expected and found, and what can be done.
  public var description: String {
    switch self {
    case .system(let error):
      return error.description
    case .notAnIndex(let path, let found):
      let text = found.map { (0x20..<0x7F).contains($0) ? String(UnicodeScalar($0)) : "." }
      return "\(path): byte 0: not an index file: expected MMIDIDX or TNTIDX,"
        + " found \(found.isEmpty ? "nothing" : "'\(text.joined())'")\(Self.remedy(path))"
    case .malformed(let path, let byte, let what, let expected, let found):
      return "\(path): byte \(byte): \(what): expected \(expected), found \(found)"
        + Self.remedy(path)
    case .outOfRange(let path, let what, let asked, let limit):
      return "\(path): \(what) \(asked) is out of range: there are \(limit)"
    case .notAnID(let path, let sequence, let found):
      return "\(path): sequence \(sequence): expected token ids, found \(found)"
    case .alreadyExists(let path):
      return "\(path): exists already; give another output, or --overwrite to replace it"
    case .notAJournal(let path):
      return "\(path): the journal of unfinished work would have this name, but it is another file;"
        + " move it away, or give another output prefix"
    case .unknownPartial(let path):
      return "\(path): unfinished work would have this name, and no journal tells whose it is;"
        + " move it away, or give another output prefix"
    case .busy(let journal):
      return "\(journal): another process is writing this output; wait for it or end it"
    case .otherWork(let journal):
      return "\(journal): unfinished work of a run with other options or inputs;"
        + " run the same command again to resume it, or give --overwrite to start anew"
    case .lostWork(let path, let journal):
      return "\(path): unfinished work that \(journal) tells of is missing or was cut"
    case .tooLarge(let path, let document, let what, let found, let limit):
      return "\(path): document \(document): \(what) is \(found), the format's limit is \(limit)"
    case .unfitElement(let path, let document, let element, let type, let found):
      return "\(path): document \(document), element \(element):"
        + " expected what fits into \(type.rawValue), found \(found)"
    case .unequalShapes(let first, let second, let what, let expected, let found):
      return "\(second): \(what): expected \(expected) as in \(first), found \(found)"
    case .outputIsInput(let path):
      return "\(path): is an input, and inputs are never changed; give another output"
    case .doesNotFit(let path, let byte, let value, let type):
      return "\(path): byte \(byte): \(value) does not fit into \(type.rawValue)"
    case .unsuitable(let path, let reason):
      return "\(path): \(reason)"
    case .notAsRecorded(let path, let what, let expected, let found, let record, let prefix):
      return
        "\(path): \(what): expected \(expected) by \(record), found \(found): it has changed since"
        + " it was made, and nothing was written; neox-index verify --deep \(prefix) tells more;"
        + " where the change was meant, move \(record) away"
    case .interrupted:
      return "interrupted; unfinished files were removed"
    }
  }
  /// What to do about a damaged file of a dataset.
  private static func remedy(_ path: String) -> String {
    guard path.hasSuffix(".idx") || path.hasSuffix(".bin") else { return "" }
    return "; neox-index verify \(path.dropLast(4)) lists what is wrong, and neox-index repair may"
      + " write a sound dataset from it"
  }
}
