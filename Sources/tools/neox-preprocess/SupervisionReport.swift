import CommandLineKit
import Preprocess
import Tokenize

/// What a run tells of labels, rewards and pairs when it is done.
struct SupervisionReport {
  let manifest: Manifest
  let recipe: Recipe

  /// The line below a dataset of labels.
  func line(of labels: Manifest.Output) -> String? {
    guard let counts = labels.supervision else { return nil }
    let share = Double(counts.supervised) / Double(max(labels.tokens, 1)) * 100
    var line = "  trained on: \(counted(counts.supervised, "token")), "
    if case .chat(let chat) = recipe.supervision, chat.options.layout == .rewardModel {
      line += "the last of each document"
    } else {
      line += Self.percent(share)
      if let spread = counts.spread { line += Self.words(spread, counts) }
    }
    if counts.unsupervised > 0 {
      line += "; nothing of \(counted(counts.unsupervised, "document"))"
    }
    if let length = recipe.sequenceLength {
      line += "; \(counted(counts.tooLong, "document")) longer than \(length + 1) tokens are cut"
      if counts.cutToNothing > 0 {
        line += ", \(grouped(counts.cutToNothing)) of them to nothing to train on"
      }
    }
    return line
  }

  /// The shares of documents.
  private static func words(
    _ spread: (smallest: Int, median: Int, largest: Int), _ counts: SupervisionCounts
  ) -> String {
    // Shares are cut to whole percent.
    guard spread.largest > 0 else {
      return counts.supervised > 0 ? "; less than 1% of each document" : ""
    }
    return "; of a document \(spread.smallest)% to \(spread.largest)%, half of them "
      + "\(spread.median)% or less"
  }

  /// The lines about pairs; none where there are none.
  var pairLines: [String] {
    guard let pairs = manifest.pairs, case .preference(let choice) = recipe.supervision else {
      return []
    }
    var lines = [
      "pairs: \(grouped(pairs.identical)) identical, \(grouped(pairs.emptyChosen)) with an empty "
        + "\(choice.chosen), \(grouped(pairs.emptyRejected)) with an empty \(choice.rejected), "
        + "\(grouped(pairs.differingPrompts)) with differing prompts"
    ]
    if let chosen = mean(choice.chosen), let rejected = mean(choice.rejected) {
      lines.append(
        "answers: \(choice.chosen) have \(Self.number(chosen)) tokens on average, "
          + "\(choice.rejected) \(Self.number(rejected)); a model may learn the difference of "
          + "\(Self.number(chosen - rejected)) itself")
    }
    return lines
  }

  private func mean(_ key: String) -> Double? {
    guard let labels = manifest.outputs.first(where: { $0.key == key + "_label" }),
      let counts = labels.supervision, labels.documents > 0
    else { return nil }
    return Double(counts.supervised) / Double(labels.documents)
  }

  private static func percent(_ value: Double) -> String { number(value) + "%" }

  private static func number(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
