internal import Glibc

/// How the next token is chosen by the logits of all.
///
/// The rules are GPT-NeoX's (`megatron/text_generation_utils.py: generate`): with temperature, top k
/// and top p all 0 the likeliest token is taken. Else logits are divided by the temperature, unless
/// it is 0; then tokens below the k-th are left out; then those that come after a sum of
/// probabilities above p; and one of the rest is drawn.
package struct Sampling: Sendable, Equatable {
  /// Divides logits; 0 leaves them alone.
  package var temperature: Double
  /// Tokens to draw from, with all that are as likely as the last of them; 0 is all.
  package var topK: Int
  /// The sum of probabilities to draw from; 0 is all.
  package var topP: Double

  /// Names the rules; all 0 takes the likeliest token.
  package init(temperature: Double = 0, topK: Int = 0, topP: Double = 0) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
  }

  /// Whether nothing is left to chance.
  package var isGreedy: Bool { temperature == 0 && topK == 0 && topP == 0 }

  /// Chooses a token.
  ///
  /// - Parameters:
  ///   - logits: one a token, at least one, none of them NaN.
  ///   - chance: from 0 to below 1; decides where several tokens can be drawn.
  /// - Returns: the token.
  package func choose(_ logits: [Float], chance: Double) -> Int {
    guard !isGreedy else {
      var best = 0
      for index in logits.indices where logits[index] > logits[best] { best = index }
      return best
    }
    let candidates = candidates(logits)
    var rest = chance * candidates.reduce(0) { $0 + $1.weight }
    for candidate in candidates {
      if rest < candidate.weight { return candidate.token }
      rest -= candidate.weight
    }
    return candidates.last { $0.weight > 0 }?.token ?? 0
  }

  /// The tokens that can be drawn, with numbers in proportion to their probabilities.
  private func candidates(_ logits: [Float]) -> [(token: Int, weight: Double)] {
    let divisor = temperature > 0 ? Float(temperature) : 1
    let scaled = logits.map { $0 / divisor }
    let highest = scaled.max() ?? 0
    func weight(_ token: Int) -> (token: Int, weight: Double) {
      (token, exp(Double(scaled[token] - highest)))
    }
    guard topK > 0 || topP > 0 else { return scaled.indices.map(weight) }
    var order = scaled.indices.sorted { (scaled[$1], $0) < (scaled[$0], $1) }
    if topK > 0, topK < order.count {
      let bound = scaled[order[topK - 1]]
      order = Array(order.prefix { scaled[$0] >= bound })
    }
    let ordered = order.map(weight)
    guard topP > 0 else { return ordered }
    let total = ordered.reduce(0) { $0 + $1.weight }
    var sum = 0.0
    var count = 0
    for candidate in ordered {
      // What counts is the sum before a token: the first always stays.
      if count > 0, sum / total > topP { break }
      sum += candidate.weight
      count += 1
    }
    return Array(ordered.prefix(count))
  }
}
