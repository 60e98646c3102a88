import Foundation
import TestSupport
import Testing

/// `neox-index batch`.
@Suite("neox-index batch")
struct BatchProgramTests {
  let fixture: StepFixture

  init() throws {
    fixture = try StepFixture()
  }

  /// Two questions with answers, of which the answers are trained.
  private func supervised(_ more: [String: Any] = [:]) throws -> String {
    let texts = ["Q? Yes", "How are you? Ok"]
    let text = try fixture.write("chat", texts)
    let labels = try fixture.write(
      "labels",
      ids: zip(texts, [3, 13]).map { text, start in
        let ids = text.utf8.map { Int64($0) } + [0]
        return ids.enumerated().map { $0 < start ? -100 : $1 }
      })
    var keys: [String: Any] = [
      "pack_impl": "unpacked", "train_iters": 1, "eval_iters": 0,
      "train_micro_batch_size_per_gpu": 1,
    ]
    keys.merge(StepFixture.lists("*_data_paths", [text])) { $1 }
    keys.merge(StepFixture.lists("*_label_data_paths", [labels])) { $1 }
    return try fixture.configuration(keys.merging(more) { $1 })
  }

  @Test("a row is printed by what training does, with its documents")
  func text() throws {
    let file = try supervised()
    let prefix = fixture.folder.file("chat")
    let run = try fixture.run(["batch", "--config", file, "--step", "1"])
    #expect(run.status == 0 && run.errors == "", "\(run.all)")
    let rows = [
      """
      --- row 0: sample 0, 4 of 16 predictions trained
      \(prefix) 0:0-7
      [masked 0-3]
      Q? \("")
      [trained 3-7]
      Yes\\x00
      \(prefix) 1:0-1
      [masked 7-8]
      H
      [padding 8-16]

      """,
      """
      --- row 0: sample 1, 3 of 16 predictions trained
      \(prefix) 1:0-16
      [masked 0-13]
      How are you? \("")
      [trained 13-16]
      Ok\\x00

      """,
    ]
    for row in rows {
      let one = row.replacing("sample 0", with: "sample 1")
      let other = row.replacing("sample 1", with: "sample 0")
      #expect(run.output.contains(one) || run.output.contains(other), "\(run.output)")
    }
    let heads = run.output.split(separator: "\n").filter { $0.hasPrefix("=== ") }
    #expect(
      heads == [
        "=== train, step 1 of 1, micro batch 1 of 2, rank 0 of 1: 1 row of 16 tokens",
        "=== train, step 1 of 1, micro batch 2 of 2, rank 0 of 1: 1 row of 16 tokens",
      ])
    let lines = try fixture.run(["batch", "--config", file, "--step", "1", "--labels"]).output
    #expect(lines.contains("[trained 3-7]\n      89       89  \"Y\"\n"), "\(lines)")
    #expect(lines.contains("[masked 7-8]\n      72     -100  \"H\"\n[padding 8-16]\n"))
    let ids = try fixture.run(["batch", "--config", file, "--step", "1", "--ids"]).output
    #expect(ids.contains("[trained 3-7]\n89 101 115 0\n"))
    let sources = try fixture.run(["batch", "--config", file, "--step", "1", "--source"]).output
    #expect(sources.contains("\(prefix) 1:0-16\n") && !sources.contains("["))
  }

  @Test("ranks share a batch out, and micro batches follow each other")
  func ranks() throws {
    let text = try fixture.writeWords("text", 60, seed: 3)
    let file = try fixture.configuration(["data_path": text, "split": "8,1,1"])
    let words = ["batch", "--config", file, "--step", "2"]
    // Four rows at once of one process are two of each of two.
    let one = try fixture.json(words + ["--set", "train_micro_batch_size_per_gpu=4"])
    let two = try fixture.json(words + ["--world-size", "2"])
    #expect(one.count == 2 && two.count == 4)
    for array in ["tokens", "labels", "loss_mask", "position_ids"] {
      let rows = try one.map { try #require($0.numbers(array)) }
      let parts = try two.map { try #require($0.numbers(array)) }
      #expect(rows[0].count == 64 && rows == [parts[0] + parts[1], parts[2] + parts[3]])
    }
    #expect(two.map { $0.integer("rank") } == [0, 1, 0, 1])
    #expect(two.map { $0.integer("micro_step") } == [1, 1, 2, 2])
    let last = try fixture.json(
      words + ["--world-size", "2", "--rank", "1", "--micro-step", "2"])
    #expect(last.count == 1 && last[0].numbers("tokens") == two[3].numbers("tokens"))
    // The number of processes is part of the batch's equation.
    let size = ["--set", "train_batch_size=8", "--set", "gradient_accumulation_steps=null"]
    let solved = try fixture.json(words + size + ["--world-size", "2"])
    #expect(solved.map { $0.numbers("tokens") } == two.map { $0.numbers("tokens") })
  }

  @Test("samples tell where each token comes from", arguments: ["train", "valid", "test"])
  func samples(split: String) throws {
    let a = try fixture.writeWords("a", 40, seed: 1)
    let b = try fixture.writeWords("b", 30, seed: 2)
    let lists = StepFixture.lists("*_data_paths", [a, b])
    let file = try fixture.configuration(lists.merging(["train_data_weights": [1, 2]]) { $1 })
    for batch in try fixture.json(["batch", "--config", file, "--step", "1", "--split", split]) {
      let tokens = try #require(batch.numbers("tokens"))
      let labels = try #require(batch.numbers("labels"))
      let samples = try #require(batch["samples"] as? [[String: Any]])
      #expect(samples.count == 2 && batch["split"] as? String == split)
      for sample in samples {
        let row = sample.integer("row")
        let seen = Array(tokens[row * 16..<(row + 1) * 16]) + [labels[row * 16 + 15]]
        let text = try #require(sample["source"] as? String)
        let ids = try fixture.json(["export", text, "--ids", "-o", "-"])
          .map { ($0["tokens"] as? [Double]) ?? [] }
        var column = 0
        for piece in try #require(sample["documents"] as? [[String: Any]]) {
          #expect(piece.integer("column") == column)
          let length = piece.integer("length")
          let part = ids[piece.integer("document")].dropFirst(piece.integer("offset"))
          #expect(Array(part.prefix(length)) == Array(seen[column..<column + length]))
          column += length
        }
        #expect(column == 17)
      }
    }
  }

  @Test("what cannot be is explained")
  func errors() throws {
    let file = try supervised()
    func refuse(_ words: [String], _ message: String, status: Int32 = 2) throws {
      let run = try fixture.run(["batch", "--config", file] + words)
      #expect(run.status == status && run.output == "", "\(run.all)")
      #expect(run.errors.contains(message), "\(run.all)")
    }
    try refuse(["--step", "0"], "argument --step: must be at least 1, not 0")
    try refuse([], "the following arguments are required: --step")
    try refuse(["--step", "2"], "step 2: the run takes 1 steps", status: 1)
    try refuse(["--step", "1", "--rank", "1"], "there is no rank 1 among 1")
    try refuse(["--step", "1", "--micro-step", "3"], "no micro batch 3 in a step of 2")
    try refuse(["--step", "1", "--ids", "--json"], "--json: not allowed with argument --ids")
    try refuse(["--step", "1", "--split", "test"], "eval_iters is 0", status: 1)
    try refuse(["--step", "1", "--set", "num_layer=2"], "did you mean num_layers?")
  }

  @Test("without the vocabulary ids are shown, and only maps are written")
  func withoutVocabulary() throws {
    let file = try supervised([
      "tokenizer_type": "HFTokenizer", "vocab_file": fixture.folder.file("none.json"),
    ])
    let run = try fixture.run(["batch", "--config", file, "--step", "1"])
    #expect(run.status == 0 && run.output.contains("[trained 3-7]\n89 101 115 0\n"), "\(run.all)")
    #expect(run.errors.contains("none.json, the vocabulary: ids are shown instead of text"))
    let names = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path)
    let written = names.filter { !["c.yml", "chat", "labels"].contains($0.prefix { $0 != "." }) }
    let others = written.filter {
      !$0.hasPrefix("chat_train_0_indexmap_")
        && !["chat", "labels", "c"].contains(
          String($0.prefix { $0 != "." }))
    }
    #expect(written.count >= 4 && others.isEmpty, "\(names)")
  }
}
