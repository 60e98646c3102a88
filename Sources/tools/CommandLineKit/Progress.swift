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
  /// What the share, the speed and the time left are told of.
  package var measure: Measure

  /// What work is measured by.
  package enum Measure: Equatable, Sendable {
    /// Bytes read or written.
    case bytes
    /// Tokens computed, of so many documents to do.
    case documents(of: Int)
    /// Tokens computed, of so many.
    case tokens(of: Int)
  }

  package init(
    activity: String, bytes: Int = 0, totalBytes: Int? = nil, documents: Int? = nil,
    tokens: Int? = nil, measure: Measure = .bytes
  ) {
    self.activity = activity
    self.bytes = bytes
    self.totalBytes = totalBytes
    self.documents = documents
    self.tokens = tokens
    self.measure = measure
  }

  /// How much is done, and of how much where that is known: what shares are told of.
  var extent: (done: Int, total: Int?) {
    switch measure {
    case .bytes: (bytes, totalBytes)
    case .documents(let total): (documents ?? 0, total)
    case .tokens(let total): (tokens ?? 0, total)
    }
  }

  /// What speed is told of: bytes, or tokens.
  var amount: Int { measure == .bytes ? bytes : tokens ?? 0 }
}
