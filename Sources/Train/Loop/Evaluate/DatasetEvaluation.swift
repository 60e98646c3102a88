internal import Glibc
internal import IndexedData
package import Machine
package import Tokenize

/// How well a model predicts text.
package struct EvaluationResult: Sendable, Equatable {
  /// Tokens that were predicted.
  package var tokenCount = 0
  /// The mean of −log p.
  package var loss = 0.0
  /// Bytes that the predicted tokens stand for; `nil` where no tokenizer is known.
  package var byteCount: Int?
  /// Whether it was interrupted: the figures are those of the tokens before.
  package var isInterrupted = false

  /// exp(``loss``): the perplexity.
  package var perplexity: Double { exp(loss) }

  /// Bits that a byte of text takes on average, which models with different tokenizers can be
  /// compared by; `nil` where the bytes are not known.
  package var bitsPerByte: Double? {
    byteCount.flatMap { $0 > 0 ? loss * Double(tokenCount) / log(2) / Double($0) : nil }
  }
}

/// Evaluates a model on all documents of a dataset.
package struct DatasetEvaluation {
  /// Tokens by which a window moves on; `nil` is its length, so that windows do not overlap.
  package var stride: Int?
  /// Windows that are computed together; `nil` is the configuration's micro batch.
  package var batchSize: Int?
  /// Whether every document is a text of its own; else they follow each other as in training.
  package var separatesDocuments = false
  /// Raised when the work shall stop.
  package var interruption = Interruption.process
  /// Is told how many tokens are done, and how many the dataset has.
  package var progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }

  /// The defaults.
  package init() {}

  /// Predicts every token of a dataset from those before it.
  ///
  /// The tokenizer counts bytes; `nil` counts none.
  ///
  /// - Returns: the mean loss, and of how many tokens and bytes.
  /// - Throws: ``TrainError`` for a dataset that cannot be read or has tokens that the model does not
  ///   know, and for a model that predicts none.
  package func run(
    _ trained: TrainedModel, dataset prefix: String, tokenizer: (any Tokenizer)? = nil
  ) throws(TrainError) -> EvaluationResult {
    let model = trained.model
    let length = model.settings.sequenceLength
    let stride = stride ?? length
    guard (1...length).contains(stride) else {
      throw .unsupported(
        what: "a stride of \(stride)", reason: "windows have \(length) tokens (seq_length)")
    }
    guard model.settings.head != .reward else {
      throw .unsupported(what: "train_impl rm", reason: "a reward model predicts no tokens")
    }
    let dataset: IndexedDataset
    do throws(IndexedDataError) { dataset = try IndexedDataset(prefix: prefix) } catch {
      throw .dataset(error)
    }
    let rows = batchSize ?? trained.configuration.batch.micro
    let space = try model.makeWorkspace(batch: rows, length: length, training: false)
    var batch = Batch(rowCount: rows, columnCount: length)
    var windows = try EvaluationWindows(
      dataset, length: length, stride: stride, vocabularySize: model.settings.vocabularySize,
      separatesDocuments: separatesDocuments)
    var bytes = tokenizer.map { TokenBytes($0) }
    var result = EvaluationResult()
    var sum = 0.0
    while true {
      if interruption.isRaised {
        result.isInterrupted = true
        break
      }
      var count = 0
      for row in 0..<rows {
        let fresh = try windows.next(into: &batch, row: row)
        if fresh == 0 { EvaluationWindows.clear(&batch, row: row) }
        count += fresh
      }
      guard count > 0 else { break }
      let loss = try CrossEntropy().run(
        batch, on: model, in: space, gradientScale: nil, dropout: nil)
      sum += loss.loss * Double(count)
      result.tokenCount += count
      bytes?.add(batch)
      progress(result.tokenCount, dataset.tokenCount)
    }
    guard result.tokenCount > 0 || result.isInterrupted else {
      throw .unsupported(what: prefix, reason: "it has no token that follows another")
    }
    result.loss = sum / Double(max(result.tokenCount, 1))
    result.byteCount = bytes?.count
    return result
  }
}
