/// Kahneman–Tversky optimisation as it was published.
///
/// The source is Ethayarajh et al. 2024, arXiv:2402.01306. With P and R the sums of the trained labels' log-probabilities under policy and reference, and z
/// the policy's divergence from the reference, the loss is the mean over rows of
///
///     desirable:   w₊ · (1 − σ(β·(P − R − z)))
///     undesirable: w₋ · (1 − σ(β·(z − (P − R))))
///
/// z is estimated from answers to other prompts: each row's prompt with the answer of the next row
/// that has another one, max(mean of P − R, 0), without a gradient. Where no row has another answer,
/// as in a micro batch of one, z is 0. A row whose document has no reward takes no part.
package struct PublishedKahnemanTversky: Objective {
  /// β, and the weights of rows.
  package var settings: KahnemanTverskySettings
  /// The reference, which has to be in memory: the mismatched pairs are in no dataset.
  package var reference: ReferenceModel
  /// The policy without dropout, over the same weights.
  private let estimator: ModelWorkspace

  /// Makes room for micro batches of one shape.
  ///
  /// - Throws: ``TrainError`` when there is too little memory.
  package init(
    _ settings: KahnemanTverskySettings, reference: ReferenceModel, policy: GPTNeoX, rows: Int
  ) throws(TrainError) {
    self.settings = settings
    self.reference = reference
    estimator = try policy.makeWorkspace(
      batch: rows, length: policy.settings.sequenceLength, training: false)
  }

  package func run(
    _ batch: Batch, on model: GPTNeoX, in space: ModelWorkspace, gradientScale: Float?,
    dropout: DropoutSeed?
  ) throws(TrainError) -> ObjectiveResult {
    let divergence = try self.divergence(batch, model)
    let references = try reference.logProbabilities(batch)
    try model.load(batch, into: space)
    let scores = LabelScores(model: model, space: space)
    let policy = scores.run(dropout: dropout)
    let figures = KahnemanTverskyFigures(
      batch, rewards: batch.rewardSigns, policy: policy, reference: references,
      settings: settings)
    let rows = figures.published(settings, divergence: divergence)
    if let gradientScale {
      let factors = rows.slopes.map { $0 * Double(gradientScale) }
      scores.backward(batch.maskedFactors(factors))
    }
    return ObjectiveResult(
      loss: rows.loss, metrics: figures.metrics + [("kl_estimate", divergence)])
  }

  private func divergence(_ batch: Batch, _ model: GPTNeoX) throws(TrainError) -> Double {
    guard let (mismatched, rows) = batch.mismatched() else { return 0 }
    try model.load(mismatched, into: estimator)
    let policy = mismatched.maskedSums(
      LabelScores(model: model, space: estimator).run(dropout: nil))
    let reference = mismatched.maskedSums(try self.reference.logProbabilities(mismatched))
    return max(rows.map { policy[$0] - reference[$0] }.mean, 0)
  }
}

extension KahnemanTverskyFigures {
  /// The loss of ``PublishedKahnemanTversky``, and −∂loss/∂P of each row.
  func published(
    _ settings: KahnemanTverskySettings, divergence: Double
  ) -> (loss: Double, slopes: [Double]) {
    let count = Double(ratios.count)
    var loss = 0.0
    var slopes = [Double](repeating: 0, count: ratios.count)
    for row in ratios.indices {
      let share = weight(row, settings) / count
      let sign = Self.isDesirable(rewards[row]) ? 1.0 : -1.0
      let value = sigmoid(sign * settings.beta * (ratios[row] - divergence))
      loss += share * (1 - value)
      slopes[row] = share * sign * settings.beta * value * (1 - value)
    }
    return (loss, slopes)
  }
}

extension Batch {
  /// Every prompt with the answer of another row, and the rows for which there is one; `nil` where
  /// there is none at all.
  ///
  /// An answer is what stands from the first trained label to the last one.
  func mismatched() -> (batch: Batch, rows: [Int])? {
    let answers = (0..<rowCount).map { answer(of: $0) }
    var batch = Batch(rowCount: rowCount, columnCount: columnCount)
    var rows: [Int] = []
    for row in 0..<rowCount {
      let others = (1..<max(rowCount, 1)).lazy.map { (row + $0) % self.rowCount }
      guard !answers[row].isEmpty,
        let other = others.first(where: { !answers[$0].isEmpty && !hasSameAnswer($0, row, answers) }
        )
      else { continue }
      batch.join(self, prompt: row, until: answers[row].lowerBound, other, answers[other])
      if batch.lossMask[row * columnCount..<(row + 1) * columnCount].contains(where: { $0 != 0 }) {
        rows.append(row)
      }
    }
    return rows.isEmpty ? nil : (batch, rows)
  }

  // Columns of the labels from the first that is trained to the last.
  private func answer(of row: Int) -> Range<Int> {
    let mask = lossMask[row * columnCount..<(row + 1) * columnCount]
    guard let first = mask.firstIndex(where: { $0 != 0 }),
      let last = mask.lastIndex(where: { $0 != 0 })
    else { return 0..<0 }
    return first - row * columnCount..<last + 1 - row * columnCount
  }

  private func hasSameAnswer(_ a: Int, _ b: Int, _ answers: [Range<Int>]) -> Bool {
    func ids(_ row: Int) -> ArraySlice<Int32> {
      labels[
        row * columnCount + answers[row].lowerBound..<row * columnCount + answers[row].upperBound]
    }
    return ids(a).elementsEqual(ids(b))
  }

  // Column c of the labels is what follows column c of the tokens, so a prompt ends with the token in
  // the first trained column.
  private mutating func join(
    _ source: Batch, prompt row: Int, until end: Int, _ other: Int, _ answer: Range<Int>
  ) {
    let start = row * columnCount
    for column in 0...end { tokens[start + column] = source.tokens[start + column] }
    for (offset, place) in answer.enumerated() where end + offset < columnCount {
      let from = other * columnCount + place
      labels[start + end + offset] = source.labels[from]
      lossMask[start + end + offset] = source.lossMask[from]
      if end + offset + 1 < columnCount {
        // Masked labels are 0; the token itself stands one column on.
        tokens[start + end + offset + 1] =
          place + 1 < columnCount ? source.tokens[from + 1] : source.labels[from]
      }
    }
  }
}
