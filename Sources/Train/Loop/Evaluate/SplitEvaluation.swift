package import IndexedData
package import Machine

/// Evaluates a model on the validation or test data of its configuration, as training does at its end
/// (`megatron/training.py: evaluate`): `eval_iters` batches, in the order that the seed gives.
package enum SplitEvaluation {
  /// Runs the model over the batches of a split.
  ///
  /// Index maps are kept where `storage` says. `progress` is told how many predictions are done, and
  /// how many there are, those that count nothing included; `interruption` ends the work.
  ///
  /// - Returns: the mean loss of the micro batches, and their tokens and bytes.
  /// - Throws: ``TrainError`` where the configuration has no such data, it cannot be read, or
  ///   `interruption` ends the making of index maps.
  package static func run(
    _ trained: TrainedModel, split: DataSplit, storage: MapStorage = .besideData,
    interruption: Interruption = .process,
    progress: (_ done: Int, _ count: Int) -> Void = { _, _ in },
    note: (String) -> Void
  ) throws(TrainError) -> EvaluationResult {
    let configuration = trained.configuration
    guard case .languageModel = configuration.objective else {
      throw .unsupported(
        what: "train_impl",
        reason: "only normal is evaluated on the configuration's data; --data names a dataset")
    }
    let tokenizer = try configuration.tokenizer.load()
    var settings = try DataSettings(
      configuration,
      vocabulary: RunVocabulary(
        tokenizer, divisibleBy: configuration.tokenizer.vocabularyMultiple))
    settings.mapStorage = storage
    settings.interruption = interruption
    let data = try TrainingData(settings)
    for text in data.warnings + data.notes { note(text) }
    guard let source = split == .valid ? data.valid : split == .test ? data.test : data.train else {
      throw .unsupported(
        what: "the \(split.rawValue) data",
        reason: "the configuration has none, or eval_iters is 0; --data names a dataset")
    }
    let count = configuration.length.evaluationIterations * configuration.batch.accumulation
    let space = try trained.model.makeWorkspace(
      batch: configuration.batch.micro, length: configuration.model.sequenceLength,
      training: false)
    let loader = try BatchLoader(source)
    var batch = source.makeBatch()
    var bytes = TokenBytes(tokenizer)
    var result = EvaluationResult()
    var done = 0
    while done < count, !interruption.isRaised {
      try loader.next(&batch)
      result.tokenCount += batch.lossMask.count { $0 != 0 }
      bytes.add(batch)
      result.loss += try CrossEntropy().run(
        batch, on: trained.model, in: space, gradientScale: nil, dropout: nil
      ).loss
      done += 1
      progress(done * batch.labels.count, count * batch.labels.count)
    }
    result.isInterrupted = done < count
    result.loss /= Double(max(done, 1))
    result.byteCount = bytes.count
    return result
  }
}
