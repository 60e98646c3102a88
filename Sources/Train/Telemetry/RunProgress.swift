/// The line that a person watches: how far, how good, how fast, how long still.
package struct RunProgress: Sendable {
  /// The step.
  package var iteration: Int
  /// The last step.
  package var lastIteration: Int
  /// The loss of the last step.
  package var loss: Double
  /// Tokens a second, over the last steps.
  package var tokensPerSecond: Double
  /// The share of the fastest matrix products of this machine; `nil` where that is not known.
  package var peakShare: Double?
  /// Seconds until the last step, at this speed.
  package var secondsLeft: Double

  /// Gathers the numbers of a line.
  package init(
    iteration: Int, lastIteration: Int, loss: Double, tokensPerSecond: Double,
    peakShare: Double? = nil, secondsLeft: Double
  ) {
    self.iteration = iteration
    self.lastIteration = lastIteration
    self.loss = loss
    self.tokensPerSecond = tokensPerSecond
    self.peakShare = peakShare
    self.secondsLeft = secondsLeft
  }

  /// Reckons the numbers of a line.
  ///
  /// `meanSeconds` are those of a step, over the last ones; `operationsPerStep` are what the model
  /// needs; `peak` is the operations a second of the fastest matrix products, where they are known.
  init(
    iteration: Int, lastIteration: Int, loss: Double, meanSeconds: Double, tokensPerStep: Int,
    operationsPerStep: Double, peak: Double?
  ) {
    self.init(
      iteration: iteration, lastIteration: lastIteration, loss: loss,
      tokensPerSecond: Double(tokensPerStep) / meanSeconds,
      peakShare: peak.map { operationsPerStep / meanSeconds / $0 },
      secondsLeft: meanSeconds * Double(lastIteration - iteration))
  }

  /// The mean of a step's seconds with those before, whose weight falls by a tenth each step.
  static func mean(_ before: Double?, _ seconds: Double) -> Double {
    before.map { 0.9 * $0 + 0.1 * seconds } ?? seconds
  }

  /// `120/1000  loss 3.214  1,234 tokens/s  41 % of peak  12 min 5 s left`.
  package var text: String {
    var parts = [
      "\(iteration)/\(lastIteration)", "loss \(FormattedNumber.fixed(loss, digits: 3))",
      "\(Self.grouped(tokensPerSecond)) tokens/s",
    ]
    if let peakShare {
      parts.append("\(FormattedNumber.fixed(peakShare * 100, digits: 0)) % of peak")
    }
    parts.append("\(Self.duration(secondsLeft)) left")
    return parts.joined(separator: "  ")
  }

  static func grouped(_ number: Double) -> String {
    guard let whole = Int(exactly: number.rounded()) else { return "–" }
    let digits = Array(String(abs(whole)))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (whole < 0 ? "-" : "") + text
  }

  static func duration(_ seconds: Double) -> String {
    guard let whole = Int(exactly: seconds.rounded()), whole >= 0 else { return "–" }
    switch whole {
    case ..<60: return "\(whole) s"
    case ..<3600: return "\(whole / 60) min \(whole % 60) s"
    case ..<86_400: return "\(whole / 3600) h \(whole % 3600 / 60) min"
    default: return "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
    }
  }
}
