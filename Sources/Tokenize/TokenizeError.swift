/// What can be wrong with a vocabulary, or with a text for it.
public enum TokenizeError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A file cannot be read.
  case unreadable(path: String, reason: String)
  /// A vocabulary file is not what it should be; `place` is a line, a byte or a key.
  case malformed(path: String, place: String, reason: String)
  /// A `tokenizer.json` uses a component that is not supported.
  case unsupported(path: String, component: String, reason: String)
  /// A document holds the text of a special token, which the caller asked to refuse.
  case specialText(String, offset: Int)
  /// The vocabulary lacks something that was asked for.
  case missing(what: String, hint: String)
  /// More of something than was allowed or can be held.
  case beyondLimit(what: String, limit: Int, hint: String)
  /// A chat template is wrong, refuses a conversation, or uses what is not supported there.
  case template(name: String, line: Int, reason: String)
  /// A conversation or one of its messages is not what a chat needs.
  case conversation(reason: String)

  /// The place, what was found there, and what to do.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .malformed(let path, let place, let reason): "\(path): \(place): \(reason)"
    case .unsupported(let path, let component, let reason):
      "\(path): \(component) is not supported: \(reason)"
    case .specialText(let text, let offset):
      "byte \(offset) of the document: the text \(text) is a special token"
    case .missing(let what, let hint): "\(what): \(hint)"
    case .beyondLimit(let what, let limit, let hint):
      "\(what) is beyond the limit of \(limit): \(hint)"
    case .template(let name, let line, let reason): "\(name): line \(line): \(reason)"
    case .conversation(let reason): "conversation: \(reason)"
    }
  }
}
