/// How progress is shown.
package enum ProgressStyle: String, CaseIterable, ArgumentValue {
  /// A line that rewrites itself on a terminal, plain lines elsewhere.
  case auto
  /// A plain line every ten seconds.
  case plain
  /// A JSON object a line, every second.
  case json
  /// Nothing.
  case off
}

/// How far a piece of work has come.
package struct Progress: Equatable, Sendable {
  /// What is going on, in a word or two.
  package var activity: String
  /// Bytes done.
  package var bytes: Int
  /// Bytes to do, where that is known.
  package var totalBytes: Int?
  /// Documents done, where there are any.
  package var documents: Int?
  /// Tokens done, where there are any.
  package var tokens: Int?

  package init(
    activity: String, bytes: Int = 0, totalBytes: Int? = nil, documents: Int? = nil,
    tokens: Int? = nil
  ) {
    self.activity = activity
    self.bytes = bytes
    self.totalBytes = totalBytes
    self.documents = documents
    self.tokens = tokens
  }
}
