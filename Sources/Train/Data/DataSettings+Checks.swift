internal import IndexedData

extension DataSettings {
  /// The most samples that are ordered.
  static let sampleLimit = 1 << 40

  /// Samples wanted of a split over all processes; `nil` by epochs.
  ///
  /// - Throws: `unsupported` for numbers too large or too small.
  package func sampleCount(of split: DataSplit) throws(TrainError) -> Int? {
    try checkNumbers()
    guard let iterations = trainIterations else { return nil }
    var count: (partialValue: Int, overflow: Bool)
    switch split {
    case .train:
      count = iterations.multipliedReportingOverflow(by: trainBatchSize)
    case .valid:
      // GPT-NeoX counts one evaluation more than intervals, for the end of the run.
      let evaluations = evaluationInterval.map { iterations / $0 + 1 } ?? 1
      count = evaluations.multipliedReportingOverflow(by: evaluationIterations)
      let all = count.partialValue.multipliedReportingOverflow(by: trainBatchSize)
      count = (all.partialValue, count.overflow || all.overflow)
    case .test:
      count = evaluationIterations.multipliedReportingOverflow(by: trainBatchSize)
    }
    guard !count.overflow, count.partialValue <= Self.sampleLimit else {
      throw .unsupported(
        what: "the \(split.rawValue) data",
        reason: "more than \(Self.sampleLimit) samples would be drawn")
    }
    return count.partialValue
  }

  /// Checks what does not need the files.
  func check() throws(TrainError) {
    try checkNumbers()
    try require(
      !masksEndOfDocument || endOfDocument != nil, "eod_mask_loss",
      "the tokenizer has no end-of-document id")
    if trainEpochs != nil { try checkEpochs() }
    try checkPaths()
  }

  private func checkNumbers() throws(TrainError) {
    try require(
      (1...(1 << 30)).contains(sequenceLength), "seq_length", "\(sequenceLength) cannot be")
    for (name, value) in [
      ("train_micro_batch_size_per_gpu", microBatchSize),
      ("gradient_accumulation_steps", accumulationSteps),
      ("number of data-parallel processes", rankCount),
    ] {
      try require(
        (1...(1 << 20)).contains(value), name, "must be from 1 to \(1 << 20), not \(value)")
    }
    try require((0..<rankCount).contains(rank), "data-parallel rank", "\(rank) of \(rankCount)")
    for (name, value, range) in [
      ("train_iters", trainIterations ?? 0, 0...Self.sampleLimit),
      ("train_epochs", trainEpochs ?? 1, 1...(1 << 20)),
      ("eval_interval", evaluationInterval ?? 1, 1...Int.max),
      ("eval_iters", evaluationIterations, 0...Self.sampleLimit),
    ] {
      try require(
        range.contains(value), name,
        "must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
    }
    try require(
      (trainIterations == nil) != (trainEpochs == nil), "train_iters and train_epochs",
      "give exactly one of them")
  }

  private func checkEpochs() throws(TrainError) {
    try require(
      packing == .packed && !hasPairs, "train_epochs",
      "needs pack_impl packed and no pairs; give train_iters")
    try require(
      !weighsByDocumentCount, "train_epochs", "cannot be used with weight_by_num_documents")
    for split in DataSplit.allCases {
      try require(
        self[split].weights.allSatisfy { $0 == 1 }, "\(split.rawValue)_data_weights",
        "must be left out or all 1 with train_epochs")
    }
  }

  private func checkPaths() throws(TrainError) {
    let hasLists = DataSplit.allCases.contains { !self[$0].paths.isEmpty }
    try require(
      (dataPath != nil) != hasLists, "data_path and train_data_paths", "give exactly one of them")
    try require(
      !hasPairs || packing != .packed, "pack_impl",
      "pairs cannot be packed; give unpacked or pack_until_overflow")
    try require(
      !hasPairs || dataPath == nil, "data_path", "pairs need pos_train_data_paths")
    try require(
      referenceName == nil || packing == .unpacked, "precompute_model_name",
      "reference log-probabilities fit pack_impl unpacked only")
    guard dataPath == nil else { return }
    try require(
      !train.paths.isEmpty, "train_data_paths", "is empty while there are paths of other splits")
    for split in DataSplit.allCases { try checkList(of: split) }
  }

  private func checkList(of split: DataSplit) throws(TrainError) {
    let list = self[split]
    let name = split.rawValue
    let sign = hasPairs ? "pos_" : ""
    for (key, count, isNeeded) in [
      ("\(sign)\(name)_label_data_paths", list.labels.count, false),
      ("\(name)_reward_data_paths", list.rewards.count, false),
      ("neg_\(name)_data_paths", list.negatives.count, hasPairs),
      ("neg_\(name)_label_data_paths", list.negativeLabels.count, false),
      ("\(name)_data_weights", list.weights.count, false),
    ] {
      try require(
        count == list.paths.count || (count == 0 && !isNeeded), key,
        "has \(count) entries for \(list.paths.count) of \(sign)\(name)_data_paths")
    }
    try require(
      list.rewards.isEmpty || packing == .unpacked, "\(name)_reward_data_paths",
      "rewards need pack_impl unpacked")
    try require(
      list.rewards.isEmpty || !hasPairs, "\(name)_reward_data_paths", "pairs have no rewards")
    try require(
      hasPairs || (list.negatives.isEmpty && list.negativeLabels.isEmpty),
      "neg_\(name)_data_paths", "needs dataset_impl pairwise")
    try require(
      list.negativeLabels.isEmpty == list.labels.isEmpty || !hasPairs,
      "neg_\(name)_label_data_paths", "give labels for both answers of pairs or for none")
    try require(
      list.paths.count <= Blend.datasetLimit, "\(name)_data_paths",
      "at most \(Blend.datasetLimit) datasets can be blended, found \(list.paths.count)")
    try require(
      list.weights.allSatisfy { $0 >= 0 }
        && (list.weights.isEmpty || list.weights.contains { $0 > 0 })
        && list.weights.reduce(0, +).isFinite,
      "\(name)_data_weights", "must be 0 or more, not all 0, and have a finite sum")
  }

  private func require(
    _ condition: Bool, _ what: String, _ reason: String
  ) throws(TrainError) {
    guard condition else { throw .unsupported(what: what, reason: reason) }
  }
}
