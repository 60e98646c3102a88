/// A token as people look at it: its id, what it is trained on, and its text.
package struct TokenRow: Sendable {
  /// The id.
  package var id: Int64
  /// The bytes it stands for; `nil` where no tokenizer is known.
  package var bytes: [UInt8]?
  /// Its label, where there are labels; less than 0 where it is not trained on.
  package var label: Int64?
  /// The log-probability that a reference model gives it, where that is known.
  package var reference: Float?

  /// Makes a row.
  package init(id: Int64, bytes: [UInt8]?) {
    self.id = id
    self.bytes = bytes
  }

  /// The text, in which nothing is hidden.
  package var text: String? { bytes.map(PreprocessRun.visible) }

  /// One line: the id, the label, the log-probability, and the text in quotation marks.
  ///
  /// With color what is trained on is green, and what is not is gray; a label that is neither
  /// negative nor the id, which no program writes, is red.
  package func line(hasColor: Bool) -> String {
    var line = Self.padded("\(id)", to: 8)
    if let label { line += Self.padded("\(label)", to: 9) }
    if let reference { line += Self.padded("\((reference * 10_000).rounded() / 10_000)", to: 11) }
    if let text { line += "  \"\(text)\"" }
    guard hasColor, let label else { return line }
    let mark: TokenMark = label < 0 ? .masked : label == id ? .trained : .strange
    return mark.colored(line)
  }

  private static func padded(_ text: String, to width: Int) -> String {
    String(repeating: " ", count: max(width - text.count, 0)) + text
  }
}

/// What training does with a token, as a color.
package enum TokenMark: Sendable {
  /// It is trained on.
  case trained
  /// It is not trained on.
  case masked
  /// Its label is neither negative nor its id.
  case strange

  /// The text in the mark's color, for a terminal: green, gray or red.
  package func colored(_ text: String) -> String {
    let color =
      switch self {
      case .trained: "32"
      case .masked: "90"
      case .strange: "31"
      }
    return "\u{1B}[\(color)m\(text)\u{1B}[0m"
  }
}
