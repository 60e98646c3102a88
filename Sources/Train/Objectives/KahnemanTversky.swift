/// Kahneman–Tversky optimisation as GPT-NeoX computes it (`megatron/training.py: forward_step`).
///
/// The micro batch is cut into halves A and B, the first the larger where it is odd. With P and R the
/// sums of the trained labels' log-probabilities under policy and reference, KL_A the mean over A of
/// max(P − R, 0), w_A the mean weight of A's rows, and ρ the mean of a row's rewards over all places,
/// padding included, the loss is
///
///     ½ · mean over A of w_A · (1 − σ(β·ρ·(P − R − KL_B))) + ½ · the same with A and B exchanged.
///
/// So a padded row is held less, and weights are those of a half; ``PublishedKahnemanTversky`` is
/// without both. With one row there is no B: its KL is 0 and its term is left out.
package struct KahnemanTversky: Objective {
  /// β, and the weights of rows.
  package var settings: KahnemanTverskySettings
  /// The reference.
  package var reference: ReferenceScores

  /// Names settings and the reference.
  package init(_ settings: KahnemanTverskySettings, reference: ReferenceScores) {
    self.settings = settings
    self.reference = reference
  }

  package func run(
    _ batch: Batch, on model: GPTNeoX, in space: ModelWorkspace, gradientScale: Float?,
    dropout: DropoutSeed?
  ) throws(TrainError) -> ObjectiveResult {
    let references = try reference.logProbabilities(batch)
    try model.load(batch, into: space)
    let scores = LabelScores(model: model, space: space)
    let policy = scores.run(dropout: dropout)
    let figures = KahnemanTverskyFigures(
      batch, rewards: batch.rewardSums, policy: policy, reference: references,
      settings: settings)
    let halves = figures.halves(settings)
    if let gradientScale {
      let factors = halves.slopes.map { $0 * Double(gradientScale) }
      scores.backward(batch.maskedFactors(factors))
    }
    return ObjectiveResult(loss: halves.loss, metrics: figures.metrics)
  }
}

extension Batch {
  /// The sum of each row's rewards, one a token: behind a document's end that of the next one, too.
  var rewardSums: [Double] {
    (0..<rowCount).map { row in
      rewards[row * columnCount..<(row + 1) * columnCount].reduce(0) { $0 + Double($1) }
    }
  }

  /// The sign of the reward of the document that each row begins with: 1, 0 or −1.
  var rewardSigns: [Double] {
    (0..<rowCount).map { row in
      let reward = rewards[row * columnCount]
      return reward > 0 ? 1 : reward < 0 ? -1 : 0
    }
  }

  /// Rows whose document has no reward.
  var unrewardedCount: Int { rewardSigns.count { $0 == 0 } }
}

/// What the two forms of KTO are told.
package struct KahnemanTverskySettings: Sendable {
  /// `kto_beta`: how strongly the policy is held to the reference.
  package var beta: Double
  /// `kto_desirable_weight`: the weight of rows with a reward above zero.
  package var desirableWeight: Double
  /// `kto_undesirable_weight`: the weight of rows with a reward below zero.
  package var undesirableWeight: Double

  /// Names β and the weights.
  package init(beta: Double, desirableWeight: Double, undesirableWeight: Double) {
    self.beta = beta
    self.desirableWeight = desirableWeight
    self.undesirableWeight = undesirableWeight
  }
}

/// Sums of a micro batch's rows, and the reference's metrics of them.
struct KahnemanTverskyFigures {
  /// P − R of each row.
  var ratios: [Double]
  /// Of each row ``Batch/rewardSums`` or ``Batch/rewardSigns``, as the form of KTO has it.
  let rewards: [Double]
  /// `ref_logp`, `policy_logp` and the others, in the reference's order.
  let metrics: [(name: String, value: Double)]
  private let columnCount: Int

  init(
    _ batch: Batch, rewards: [Double], policy: [Float], reference: [Float],
    settings: KahnemanTverskySettings
  ) {
    let policySums = batch.maskedSums(policy)
    let referenceSums = batch.maskedSums(reference)
    ratios = zip(policySums, referenceSums).map { $0 - $1 }
    columnCount = batch.columnCount
    self.rewards = rewards
    var gains: [Double] = []
    for row in 0..<batch.rowCount {
      var gain = 0.0
      for place in row * batch.columnCount..<(row + 1) * batch.columnCount
      where batch.lossMask[place] != 0 {
        gain += Double(batch.rewards[place]) * Double(policy[place] - reference[place])
      }
      gains.append(settings.beta * gain)
    }
    func mean(_ sums: [Double], _ isMeant: (Double) -> Bool) -> Double {
      zip(sums, rewards).map { isMeant($1) ? $0 : 0 }.mean
    }
    let trained = batch.trainedCounts.reduce(0, +)
    metrics = [
      ("ref_logp", referenceSums.mean), ("policy_logp", policySums.mean),
      ("pos_ref_logp", mean(referenceSums, Self.isDesirable)),
      ("neg_ref_logp", mean(referenceSums, Self.isUndesirable)),
      ("pos_policy_logp", mean(policySums, Self.isDesirable)),
      ("neg_policy_logp", mean(policySums, Self.isUndesirable)),
      ("kl", trained > 0 ? ratios.reduce(0, +) / Double(trained) : 0),
      ("reward_acc", gains.map { $0 > 0 ? 1 : 0 }.mean),
      ("policy_rewards", gains.reduce(0, +)),
    ]
  }

  // GPT-NeoX's bounds.
  static func isDesirable(_ rewardSum: Double) -> Bool { rewardSum > 0.001 }
  static func isUndesirable(_ rewardSum: Double) -> Bool { rewardSum < -0.001 }

  func weight(_ row: Int, _ settings: KahnemanTverskySettings) -> Double {
    Self.isDesirable(rewards[row])
      ? settings.desirableWeight
      : Self.isUndesirable(rewards[row]) ? settings.undesirableWeight : 0
  }

  /// The loss of ``KahnemanTversky``, and −∂loss/∂P of each row.
  func halves(_ settings: KahnemanTverskySettings) -> (loss: Double, slopes: [Double]) {
    let count = ratios.count
    let halves = [0..<(count + 1) / 2, (count + 1) / 2..<count]
    let divergences = halves.map { half in half.map { max(ratios[$0], 0) }.mean }
    var loss = 0.0
    var slopes = [Double](repeating: 0, count: count)
    for (index, half) in halves.enumerated() where !half.isEmpty {
      let weight = half.map { self.weight($0, settings) }.mean
      let share = 0.5 * weight / Double(half.count)
      for row in half {
        let steepness = settings.beta * rewards[row] / Double(columnCount)
        let value = sigmoid(steepness * (ratios[row] - divergences[1 - index]))
        loss += share * (1 - value)
        slopes[row] = share * steepness * value * (1 - value)
      }
    }
    return (loss, slopes)
  }
}
