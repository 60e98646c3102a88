import Foundation
import IndexedData
import Machine
import TestSupport
import Testing

@testable import Train

@Suite("Reference logits")
struct ReferenceLogitsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(
    "the largest logits of rows are those of a full sort",
    arguments: [ScalarType.float32, .bfloat16])
  func selection(type: ScalarType) throws {
    var generator = SeededGenerator(seed: 11)
    let engine = CPUEngine(threads: 2)
    let (rows, width, vocabulary) = (13, 4, 1300)
    try engine.reserve([.rows(width: width, type: type)])
    // Few different numbers, so that many logits are equal; all sums are exact.
    let hidden = (0..<rows * width).map { _ in Float(Int.random(in: -2...2, using: &generator)) }
    let weight = (0..<vocabulary * width).map { _ in
      Float(Int.random(in: -3...3, using: &generator))
    }
    for count in [1, 2, 7, 64, 1024, 1300] {
      let (tensors, memory) = try engine.place { plan in
        (
          hidden: plan.place([rows, width], type), weight: plan.place([vocabulary, width], type),
          workspace: plan.place([5, vocabulary]),
          top: TopLogits(rows: rows, count: count, &plan)
        )
      }
      engine.write(hidden.span, to: tensors.hidden)
      engine.write(weight.span, to: tensors.weight)
      engine.topLogits(
        hidden: tensors.hidden, weight: tensors.weight, workspace: tensors.workspace,
        into: tensors.top)
      var ids = [Int32](repeating: 0, count: rows * count)
      var span = ids.mutableSpan
      engine.read(tensors.top.ids, into: &span)
      let logits = engine.numbers(of: tensors.top.logits)
      let sums = engine.numbers(of: tensors.top.logSums)
      withExtendedLifetime(memory) {}
      for row in 0..<rows {
        let all = (0..<vocabulary).map { id in
          (0..<width).reduce(Float(0)) { $0 + hidden[row * width + $1] * weight[id * width + $1] }
        }
        let order = all.indices.sorted { (all[$0], -$0) > (all[$1], -$1) }.prefix(count)
        let range = row * count..<(row + 1) * count
        #expect(ids[range].map { Int($0) } == Array(order))
        #expect(Array(logits[range]) == order.map { all[$0] })
        let sum = log(all.reduce(0.0) { $0 + exp(Double($1)) })
        #expect(abs(Double(sums[row]) - sum) < 2e-6 * max(1, abs(sum)))
      }
    }
  }

  private func trained(documents: Int) throws -> (TrainedModel, String) {
    let data = try RunFixture.makeText(in: folder, documents: documents)
    let config = try RunFixture.makeConfiguration(
      in: folder, data: data,
      [
        "save": folder.file("run"), "checkpoint_factor": 100, "precompute_model_name": "base",
      ])
    _ = try RunFixture.run(
      files: [config], changes: ["precompute_model_name=null"], metrics: folder.file("m.jsonl"))
    let configuration = try TrainingConfiguration(ConfigurationRequest(files: [config]))
    return (try TrainedModel(configuration, threads: 2), data)
  }

  private func work(_ topCount: Int?) -> ReferencePrecompute {
    var work = ReferencePrecompute()
    work.topCount = topCount
    work.interruption = Interruption()
    return work
  }

  @Test("logits less the log-sum-exp are the log-probabilities, for any threads, after any stop")
  func precompute() throws {
    let (model, data) = try trained(documents: 600)
    // All of the vocabulary, so that every label is among the best.
    let all = model.model.settings.vocabularySize
    let name = "\(data)_base_top\(all)"
    let path = name + ".logits"
    let outcome = try work(all).run(model, threads: 2)
    #expect(outcome.written == [path])
    let bytes = try folder.read("text_base_top\(all).logits")
    #expect(try work(all).run(model, threads: 1).kept == [path])
    _ = try work(nil).run(model, threads: 2)
    let dataset = try IndexedDataset(prefix: data)
    let scores = try IndexedDataset(prefix: data + "_base")
    let logits = try TokenDistributions(path: path)
    #expect(logits.documentCount == dataset.sequenceCount && logits.topCount == all)
    for number in stride(from: 0, to: dataset.sequenceCount, by: 29) {
      let tokens = try dataset.tokens(of: number)
      let document = try logits.document(number)
      #expect(document.positionCount == min(tokens.count, 32))
      let expected = try scores.values(of: number)
      for position in 0..<min(document.positionCount, tokens.count - 1) {
        let found = try #require(
          document.logProbability(of: Int32(tokens[position + 1]), at: position))
        #expect(abs(Double(found) - expected[position]) < 1e-5)
        let total = document.range(of: position).reduce(0.0) {
          $0 + exp(Double(document.logits[$1] - document.logSumExp[position]))
        }
        #expect(abs(total - 1) < 1e-5)
      }
    }
    // Stopped in the middle, and made on one thread.
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.removeItem(atPath: name + "_key.json")
    var stopped = work(all)
    let interruption = stopped.interruption
    stopped.progress = { if $0.done > 0 { interruption.raise() } }
    #expect(try stopped.run(model, threads: 1).isInterrupted)
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(try work(all).run(model, threads: 1).written == [path])
    #expect(try folder.read("text_base_top\(all).logits") == bytes)
  }

  @Test("logits of other weights are refused, and so is a K that cannot be")
  func refused() throws {
    let (model, _) = try trained(documents: 40)
    for count in [0, 1025, model.model.settings.vocabularySize + 1] {
      #expect(throws: TrainError.self) { try work(count).run(model, threads: 1) }
    }
    _ = try work(5).run(model, threads: 1)
    // One number of the weights.
    let tensor = model.model.parameters.masters[0]
    var numbers = model.model.engine.numbers(of: tensor)
    numbers[0] += 1
    model.model.engine.write(numbers.span, to: tensor)
    let error = #expect(throws: TrainError.self) { try work(5).run(model, threads: 1) }
    #expect(
      error?.description.contains("stale reference logits") == true, "\(String(describing: error))")
    var again = work(5)
    again.overwrites = true
    #expect(try again.run(model, threads: 1).written.count == 1)
    #expect(try work(5).run(model, threads: 1).kept.count == 1)
  }
}
