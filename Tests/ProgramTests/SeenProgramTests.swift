import Foundation
import TestSupport
import Testing

/// `neox-index seen`.
@Suite("neox-index seen")
struct SeenProgramTests {
  let fixture: StepFixture

  init() throws {
    fixture = try StepFixture()
  }

  /// A place where a document is seen.
  private struct Place: Hashable {
    var step: Int
    var microStep: Int
    var rank: Int
    var row: Int
    var column: Int
    var document: Int
    var offset: Int
    var length: Int

    init(_ batch: [String: Any], row: Int, _ piece: [String: Any]) {
      step = batch.integer("step")
      microStep = batch.integer("micro_step")
      rank = batch.integer("rank")
      self.row = row
      column = piece.integer("column")
      document = piece.integer("document")
      offset = piece.integer("offset")
      length = piece.integer("length")
    }
  }

  private func seen(_ document: Int, _ words: [String]) throws -> [Place] {
    try fixture.json(["seen", "--doc", "\(document)"] + words).map {
      Place($0, row: $0.integer("row"), $0)
    }
  }

  /// Every place of every document of a dataset, from the batches.
  private func places(
    _ dataset: String, steps: ClosedRange<Int>, _ words: [String]
  ) throws -> Set<Place> {
    var places: Set<Place> = []
    for step in steps {
      for batch in try fixture.json(["batch", "--step", "\(step)"] + words) {
        for sample in batch["samples"] as? [[String: Any]] ?? []
        where sample["source"] as? String == dataset {
          for piece in sample["documents"] as? [[String: Any]] ?? [] {
            places.insert(Place(batch, row: sample.integer("row"), piece))
          }
        }
      }
    }
    return places
  }

  @Test("it finds what the batches of a blend have")
  func blend() throws {
    let a = try fixture.writeWords("a", 12, seed: 1)
    let b = try fixture.writeWords("b", 9, seed: 2)
    let lists = StepFixture.lists("*_data_paths", [a, b])
    let file = try fixture.configuration(
      lists.merging(["train_data_weights": [1, 2], "eval_iters": 0]) { $1 })
    let words = ["--config", file, "--world-size", "2"]
    let expected = try places(b, steps: 1...6, words)
    var found: Set<Place> = []
    for document in 0..<9 {
      let places = try seen(document, words + ["--dataset", b])
      #expect(Set(places).count == places.count)
      found.formUnion(places)
    }
    #expect(found == expected && found.count > 20)
    let some = try seen(0, words + ["--dataset", b + ".idx", "--from", "2", "--to", "4"])
    #expect(Set(some) == expected.filter { $0.document == 0 && (2...4).contains($0.step) })
    let near = try fixture.json(
      ["seen", "--doc", "0", "--dataset", "./b"] + words, in: fixture.folder.path)
    #expect(near.count == expected.count { $0.document == 0 })
    let text = try fixture.run(["seen", "--doc", "0", "--dataset", b] + words)
    let count = expected.count { $0.document == 0 }
    #expect(
      text.output.hasSuffix(
        "document 0 is seen \(count) times in steps 1 to 6 of the train data\n"),
      "\(text.all)")
    #expect(text.output.split(separator: "\n").count == count + 2)
  }

  @Test("of pairs it finds both answers, or the one of the dataset that is named")
  func pairs() throws {
    let good = try fixture.writeWords("good", 7, seed: 1)
    let bad = try fixture.writeWords("bad", 7, seed: 2)
    var keys: [String: Any] = [
      "train_impl": "dpo", "dataset_impl": "pairwise", "pack_impl": "unpacked", "eval_iters": 0,
      "dpo_reference_free": true,
    ]
    keys.merge(StepFixture.lists("pos_*_data_paths", [good])) { $1 }
    keys.merge(StepFixture.lists("neg_*_data_paths", [bad])) { $1 }
    let file = try fixture.configuration(keys)
    let words = ["--config", file]
    let expected = try places(good, steps: 1...6, words).union(places(bad, steps: 1...6, words))
    let both = try seen(3, words)
    #expect(Set(both) == expected.filter { $0.document == 3 } && both.contains { $0.row >= 2 })
    let rejected = try seen(3, words + ["--dataset", bad])
    #expect(rejected == both.filter { $0.row >= 2 })
  }

  @Test("validation data are counted through all evaluations")
  func validation() throws {
    let text = try fixture.writeWords("text", 60, seed: 5)
    let file = try fixture.configuration(["data_path": text, "split": "5,4,1"])
    let words = ["--config", file, "--split", "valid"]
    // Three on the way, and one at the end.
    let expected = try places(text, steps: 1...4, words)
    let document = try #require(expected.map(\.document).min())
    #expect(try Set(seen(document, words)) == expected.filter { $0.document == document })
    let head = try fixture.run(["batch", "--step", "3", "--source"] + words).output
    #expect(
      head.hasPrefix("=== valid, step 3 of 4: 1 of 1 of the evaluation after step 6,"), "\(head)")
    let end = try fixture.run(["batch", "--step", "4", "--source"] + words).output
    #expect(end.contains("of the evaluation at the end of training,"))
    let none = try fixture.run(["seen", "--doc", "0"] + words)
    #expect(none.output == "document 0 is seen 0 times in steps 1 to 4 of the valid data\n")
    #expect(
      none.errors.contains("note: the valid data has documents 30 to 53 of that dataset"),
      "\(none.all)")
    let own = try fixture.run(["seen", "--doc", "\(document)"] + words)
    #expect(!own.errors.contains("note: "), "\(own.all)")
  }

  @Test("what cannot be is explained")
  func errors() throws {
    let a = try fixture.writeWords("a", 12, seed: 1)
    let b = try fixture.writeWords("b", 9, seed: 2)
    let lists = StepFixture.lists("*_data_paths", [a, b])
    let file = try fixture.configuration(lists.merging(["eval_iters": 0]) { $1 })
    func refuse(_ words: [String], _ message: String, status: Int32 = 2) throws {
      let run = try fixture.run(["seen", "--config", file] + words)
      #expect(run.status == status && run.output == "", "\(run.all)")
      #expect(run.errors.contains(message), "\(run.all)")
    }
    try refuse(["--doc", "1"], "several datasets; name one of \(a), \(b)")
    try refuse(["--doc", "1", "--dataset", "x"], "does not draw from x, but from \(a), \(b)")
    try refuse(["--doc", "9", "--dataset", b], "document", status: 1)
    try refuse(["--doc", "1", "--dataset", a, "--to", "7"], "step 7: the run takes 6", status: 1)
    try refuse(["--doc", "1", "--dataset", a, "--from", "3", "--to", "2"], "before the first")
  }
}
