import Foundation
import IndexedData
import Machine
import TestSupport
import Testing

@testable import Train

@Suite("Evaluation")
struct EvaluationTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A dataset whose tokens count up, so that each tells its place; returns its prefix.
  private func dataset(_ sizes: [[Int]]) throws -> String {
    let prefix = folder.file("counted")
    let builder = try DatasetBuilder(
      DatasetOutput(prefix: prefix, elementType: .uint16), overwrite: true)
    var next: Int64 = 0
    for document in sizes {
      var sequences: [[Int64]] = []
      for size in document {
        sequences.append(Array(next..<next + Int64(size)))
        next += Int64(size)
      }
      try builder.append(sequences: sequences)
    }
    try builder.finish()
    return prefix
  }

  /// The counted predictions of all windows: each with its label and the first token of its window.
  private func predictions(
    _ sizes: [[Int]], length: Int, stride: Int, separatesDocuments: Bool
  ) throws -> [(label: Int, first: Int)] {
    var windows = try EvaluationWindows(
      IndexedDataset(prefix: dataset(sizes)), length: length, stride: stride,
      vocabularySize: 1000, separatesDocuments: separatesDocuments)
    var batch = Batch(rowCount: 2, columnCount: length)
    var found: [(label: Int, first: Int)] = []
    while true {
      let count = try windows.next(into: &batch, row: 1)
      let counted = (length..<2 * length).filter { batch.lossMask[$0] != 0 }
      guard count > 0 else { return found }
      #expect(counted.count == count)
      for place in counted {
        // What stands before a label is the token before it.
        #expect(batch.tokens[place] == batch.labels[place] - 1)
        found.append((Int(batch.labels[place]), Int(batch.tokens[length])))
      }
    }
  }

  static let documents: [[[Int]]] = [
    [[1]], [[2]], [[5, 3], [1], [], [9, 0, 4]], [[8]], [[9]], [[16, 1]], [[0], [3], [0]],
    [[40], [1], [2], [17]],
  ]

  @Test("every token but the first is predicted once, with as much before it as asked for")
  func packed() throws {
    for sizes in Self.documents {
      let count = sizes.joined().reduce(0, +)
      for stride in [1, 3, 7, 8] {
        let found = try predictions(sizes, length: 8, stride: stride, separatesDocuments: false)
        #expect(found.map(\.label) == Array(1..<max(count, 1)), "\(sizes), stride \(stride)")
        for prediction in found {
          let before = prediction.label - prediction.first
          #expect(before <= 8 && before >= min(prediction.label, 8 - stride + 1))
        }
      }
    }
  }

  @Test("documents are kept apart when asked for")
  func separate() throws {
    for sizes in Self.documents {
      var starts: [Int] = []
      var labels: [Int] = []
      var next = 0
      for document in sizes {
        let count = document.reduce(0, +)
        labels += (next..<next + count).dropFirst()
        starts += (next..<next + count).dropFirst().map { _ in next }
        next += count
      }
      for stride in [2, 8] {
        let found = try predictions(sizes, length: 8, stride: stride, separatesDocuments: true)
        #expect(found.map(\.label) == labels)
        #expect(zip(found, starts).allSatisfy { $0.first >= $1 })
      }
    }
  }

  // MARK: - Losses

  private func trained(_ more: [String: Any] = [:]) throws -> (TrainedModel, RunFixture, String) {
    let data = try RunFixture.makeText(in: folder, documents: 30)
    var keys: [String: Any] = ["save": folder.file("run"), "checkpoint_factor": 100]
    keys.merge(more) { $1 }
    let config = try RunFixture.makeConfiguration(in: folder, data: data, keys)
    let run = try RunFixture.run(files: [config], metrics: folder.file("m.jsonl"))
    let configuration = try TrainingConfiguration(ConfigurationRequest(files: [config]))
    return (try TrainedModel(configuration, threads: 2), run, data)
  }

  @Test("the loss is that of each token after those before it")
  func loss() throws {
    let (model, _, data) = try trained()
    // A short dataset, and every token's logits from a pass of its own.
    let small = folder.file("small")
    let ids = try Array(IndexedDataset(prefix: data).tokens(of: 0).prefix(50))
    let builder = try DatasetBuilder(DatasetOutput(prefix: small, elementType: .int32))
    try builder.append(sequences: [ids])
    try builder.finish()
    var settings = TokenGenerator.Settings()
    settings.maximumTokens = 1
    settings.keepsLogits = true
    let generator = try TokenGenerator(model.model, settings)
    for stride in [32, 5] {
      var sum = 0.0
      for place in 1..<ids.count {
        // The window that predicts a token: the first that reaches it.
        let window = place <= 32 ? 0 : (place - 32 + stride - 1) / stride
        let context = ids[window * stride..<place].map { Int32($0) }
        let prompt = context.count < 32 ? context : Array(context.suffix(32))
        let logits = try logits(generator, model, prompt)
        let total = logits.reduce(0) { $0 + exp(Double($1)) }
        sum += log(total) - Double(logits[Int(ids[place])])
      }
      var evaluation = DatasetEvaluation()
      evaluation.stride = stride
      let result = try evaluation.run(model, dataset: small)
      #expect(result.tokenCount == ids.count - 1)
      #expect(abs(result.loss - sum / Double(ids.count - 1)) < 1e-5)
      #expect(result.byteCount == nil && result.bitsPerByte == nil)
    }
  }

  /// The logits after a prompt, which may fill the model's sequence.
  private func logits(
    _ generator: TokenGenerator, _ model: TrainedModel, _ prompt: [Int32]
  ) throws -> [Float] {
    guard prompt.count == 32 else { return try generator.answer(prompt, number: 0).logits[0] }
    let space = try model.model.makeWorkspace(batch: 1, length: 32, training: false)
    model.model.engine.write(prompt.span, to: space.tokens)
    model.model.forward(space)
    let (row, memory) = try model.model.engine.place {
      $0.place([1, model.model.settings.vocabularySize])
    }
    model.model.engine.linear(
      space.output.rows(31..<32), weight: model.model.head.value, bias: nil, into: row)
    return withExtendedLifetime(memory) { model.model.engine.numbers(of: row) }
  }

  @Test("the batch size changes nothing, and bytes are counted without ends of documents")
  func batches() throws {
    let (model, _, data) = try trained()
    var evaluation = DatasetEvaluation()
    let tokenizer = try model.configuration.tokenizer.load()
    let one = try evaluation.run(model, dataset: data, tokenizer: tokenizer)
    evaluation.batchSize = 7
    let other = try evaluation.run(model, dataset: data, tokenizer: tokenizer)
    #expect(abs(one.loss - other.loss) < 1e-6 && one.tokenCount == other.tokenCount)
    // A token is a byte; the ends of 30 documents are none, and the first byte is not predicted.
    let all = try IndexedDataset(prefix: data).tokenCount
    #expect(one.tokenCount == all - 1)
    let ends = tokenizer.endOfDocument == 0 ? 30 : 0
    #expect(one.byteCount == all - 1 - ends)
    let bits = try #require(one.bitsPerByte)
    #expect(abs(bits - one.loss / log(2) * Double(all - 1) / Double(all - 1 - ends)) < 1e-9)
    #expect(one.perplexity == exp(one.loss))
  }

  @Test("the configuration's data give the loss that training found at its end")
  func splits() throws {
    let (model, run, _) = try trained(["hidden_dropout": 0])
    let result = try SplitEvaluation.run(model, split: .test, storage: .memory) { _ in }
    let wanted = try #require(run.evaluations.last)
    #expect(wanted["split"] as? String == "test")
    #expect(result.loss == wanted["lm_loss"] as? Double)
    #expect(result.tokenCount == 2 * 2 * 2 * 32)
    // Tokens are bytes, but for those that end documents.
    let byteCount = try #require(result.byteCount)
    #expect(byteCount <= result.tokenCount && byteCount > result.tokenCount * 9 / 10)
    try FileManager.default.removeItem(atPath: folder.file("run"))
    let (other, _, _) = try trained(["eval_iters": 0])
    #expect(throws: TrainError.self) {
      try SplitEvaluation.run(other, split: .valid, storage: .memory) { _ in }
    }
  }

  @Test("an interrupted evaluation says so, and what it found by then")
  func interrupted() throws {
    let (model, _, data) = try trained()
    let interruption = Interruption()
    var told: [Int] = []
    var evaluation = DatasetEvaluation()
    evaluation.interruption = interruption
    evaluation.progress = { done, count in
      told = [done, count]
      if done > count / 2 { interruption.raise() }
    }
    let result = try evaluation.run(model, dataset: data)
    #expect(result.isInterrupted && result.loss > 0 && result.loss < 6)
    #expect(try told == [result.tokenCount, IndexedDataset(prefix: data).tokenCount])
    #expect(told[0] > told[1] / 2 && told[0] < told[1] / 2 + 3 * 2 * 32)
    let split = try SplitEvaluation.run(
      model, split: .test, storage: .memory, interruption: interruption
    ) { _ in }
    #expect(split.isInterrupted && split.tokenCount == 0)
    interruption.clear()
    let stopped = try SplitEvaluation.run(
      model, split: .test, storage: .memory, interruption: interruption,
      progress: { done, count in
        told = [done, count]
        interruption.raise()
      }, note: { _ in })
    // The first of two times two micro batches.
    #expect(stopped.isInterrupted && told == [64, 256] && stopped.tokenCount == 64)
  }

  @Test("what cannot be evaluated is an error")
  func refused() throws {
    let (model, _, data) = try trained()
    var evaluation = DatasetEvaluation()
    #expect(throws: TrainError.self) {
      try evaluation.run(model, dataset: folder.file("nothing"))
    }
    evaluation.stride = 33
    #expect(throws: TrainError.self) { try evaluation.run(model, dataset: data) }
    evaluation.stride = nil
    let large = try dataset([[500], [100]])
    let error = #expect(throws: TrainError.self) { try evaluation.run(model, dataset: large) }
    #expect(error?.description.contains("sequence 1: it has the token 512") == true)
    let single = try dataset([[1]])
    #expect(throws: TrainError.self) { try evaluation.run(model, dataset: single) }
  }
}
