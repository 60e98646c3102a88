/// Direct preference optimisation.
///
/// It is that of Rafailov et al. 2023, as `megatron/training.py: forward_step` computes it. With P the sum of the log-probabilities of an answer's trained labels and R the reference's, the
/// loss is the mean over pairs of −log σ(β·[(P₊ − P₋) − (R₊ − R₋)]). In a packed workspace, what the
/// answers of a pair begin with is computed once.
package struct DirectPreference: Objective {
  /// β: how strongly the policy is held to the reference.
  package var beta: Double
  /// The reference; `nil` leaves it out of the loss.
  package var reference: ReferenceScores?

  /// Names β and the reference.
  package init(beta: Double, reference: ReferenceScores?) {
    self.beta = beta
    self.reference = reference
  }

  package func run(
    _ batch: Batch, on model: GPTNeoX, in space: ModelWorkspace, gradientScale: Float?,
    dropout: DropoutSeed?
  ) throws(TrainError) -> ObjectiveResult {
    let references = try reference?.logProbabilities(batch)
    let scores = try LabelScores(pairs: batch, on: model, in: space)
    let policy = batch.maskedSums(scores.run(dropout: dropout))
    let pairs = PreferencePairs(
      beta: beta, policy: policy, reference: references.map(batch.maskedSums))
    if let gradientScale {
      scores.backward(batch.maskedFactors(pairs.slopes.map { $0 * Double(gradientScale) }))
    }
    return pairs.result
  }
}

/// The mathematics of ``DirectPreference``, once the answers' sums are known: the preferred answers
/// first, then the others in the same order.
struct PreferencePairs {
  let beta: Double
  let policy: [Double]
  let reference: [Double]?

  private var count: Int { policy.count / 2 }

  private func margin(_ pair: Int) -> Double {
    func difference(_ sums: [Double]) -> Double { sums[pair] - sums[count + pair] }
    return beta * (difference(policy) - (reference.map(difference) ?? 0))
  }

  /// −∂loss/∂P of each row.
  var slopes: [Double] {
    let slopes = (0..<count).map { beta * sigmoid(-margin($0)) / Double(count) }
    return slopes + slopes.map { -$0 }
  }

  /// The loss and the reference's metrics, in its order.
  var result: ObjectiveResult {
    var result = ObjectiveResult(loss: (0..<count).map { negativeLogSigmoid(margin($0)) }.mean)
    func add(_ name: String, _ values: some Sequence<Double>) {
      result.metrics.append((name, Array(values).mean))
    }
    if let reference {
      add("ref_neg", reference[count...])
      add("ref_pos", reference[..<count])
    }
    // Both names say "chosen" in the reference.
    add("chosen_neg", policy[count...])
    add("chosen_pos", policy[..<count])
    guard let reference else { return result }
    let rewards = zip(policy, reference).map { beta * ($0 - $1) }
    let (chosen, rejected) = (rewards[..<count], rewards[count...])
    add("chosen_rewards", chosen)
    add("rejected_rewards", rejected)
    add("reward_acc", zip(chosen, rejected).map { $0 > $1 ? 1 : 0 })
    add("margins", zip(chosen, rejected).map { $0 - $1 })
    return result
  }
}
