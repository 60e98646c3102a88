import CommandLineKit
import Tokenize

/// Tokens in runs that training treats alike, as colored text.
struct MarkedText {
  /// What training does with tokens.
  enum Mark: String {
    /// Nothing is known of labels.
    case plain
    /// The model is trained to say them.
    case trained
    /// The model only reads them.
    case masked
    /// Their labels are other ids, which no program here writes.
    case strange
    /// No document has them.
    case padding
  }

  /// Tokens that are alike.
  private struct Run {
    let mark: Mark
    var ids: [Int64]
  }

  private var runs: [Run] = []
  private let tokenizer: (any Tokenizer)?
  private let endOfDocument: Int64?

  init(_ tokenizer: (any Tokenizer)?, endOfDocument: Int64?) {
    self.tokenizer = tokenizer
    self.endOfDocument = endOfDocument
  }

  /// Adds a token behind the others.
  mutating func append(_ id: Int64, _ mark: Mark) {
    if runs.last?.mark == mark {
      runs[runs.count - 1].ids.append(id)
    } else {
      runs.append(Run(mark: mark, ids: [id]))
    }
  }

  /// The tokens; what follows them that is not shown is `rest` many.
  func markup(rest: Int = 0) -> Markup {
    var parts = runs.map(markup)
    if rest > 0 {
      parts.append("<span class=\"rest\"> … \(counted(rest, "token")) more</span>")
    }
    // No line may come between runs that the data do not have.
    return "<div class=\"doc-text\" dir=\"auto\">\(parts.reduce(.none, +))</div>"
  }

  private func markup(_ run: Run) -> Markup {
    guard run.mark != .padding else {
      return "<span class=\"padding\">padding × \(grouped(run.ids.count))</span>"
    }
    let pieces = run.ids.split(omittingEmptySubsequences: false) { $0 == endOfDocument }
    var content = Markup.none
    for (place, ids) in pieces.enumerated() {
      if place > 0, let endOfDocument {
        content = content + "<span class=\"end\">\(text([endOfDocument]))</span>"
      }
      let text = text(Array(ids))
      content = content + "\(text)"
    }
    return "<span class=\"\(run.mark.rawValue)\" title=\"\(title(run))\">\(content)</span>"
  }

  private func text(_ ids: [Int64]) -> String {
    tokenizer?.words(ids).text ?? ids.map { "\($0) " }.joined()
  }

  private func title(_ run: Run) -> String {
    (run.mark == .plain ? "" : run.mark.rawValue + ": ") + counted(run.ids.count, "token")
  }

  /// What the colors mean.
  static func legend(_ marks: [Mark]) -> Markup {
    let words: [Mark: String] = [
      .trained: "trained: the model learns to say it", .masked: "masked: the model only reads it",
      .strange: "strange: the label is another token", .padding: "padding: no document has it",
    ]
    let items = marks.map { mark -> Markup in
      "<li><span class=\"\(mark.rawValue)\">\(mark.rawValue)</span>"
        + "\(String((words[mark] ?? "").dropFirst(mark.rawValue.count)))</li>"
    }
    return "<ul class=\"legend\">\(items.reduce(.none, +))</ul>"
  }
}
