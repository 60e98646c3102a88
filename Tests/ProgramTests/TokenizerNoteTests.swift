import TestSupport
import Testing

/// Datasets of another tokenizer than the configuration's.
@Suite("tokenizers of data and configuration")
struct TokenizerNoteTests {
  private let data: PreprocessFixture
  private let steps: StepFixture

  init() throws {
    data = try PreprocessFixture()
    steps = try StepFixture()
    let made = try data.run(
      data.writeTexts("i.jsonl", PreprocessFixture.texts(30, seed: 1)), ["--append-eod"])
    try #require(made.status == 0, "\(made.all)")
  }

  private var prefix: String { data.folder.file("o_text_document") }

  private func configuration(_ tokenizer: [String: Any]) throws -> String {
    try steps.configuration(
      StepFixture.lists("*_data_paths", [prefix]).merging(tokenizer) { $1 })
  }

  private var own: [String: Any] {
    [
      "tokenizer_type": "GPT2BPETokenizer", "vocab_file": data.folder.file("vocab.json"),
      "merge_file": data.folder.file("merges.txt"),
    ]
  }

  @Test("the same one, and data without a manifest, are not spoken of")
  func same() throws {
    let file = try configuration(own)
    let batch = try steps.run(["batch", "--config", file, "--step", "1"])
    #expect(batch.status == 0 && batch.errors.isEmpty, "\(batch.all)")
    let check = try TrainProgramTests.program.run(["check", file])
    #expect(check.status == 0 && check.errors.isEmpty, "\(check.all)")
    let other = try configuration([:])
    let name = "o_manifest.json"
    let manifest = try data.folder.read(name)
    for bytes in [Array("{}".utf8), Array("no JSON".utf8), Array(#"{"outputs":[1,{}]}"#.utf8)] {
      try data.folder.write(name, bytes)
      let run = try steps.run(["batch", "--config", other, "--step", "1", "--ids"])
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.all)")
    }
    try data.folder.write(name, manifest)
    let told = try steps.run(["batch", "--config", other, "--step", "1", "--ids"])
    #expect(told.errors.contains("another tokenizer"), "\(told.all)")
  }

  @Test("one that was loaded is compared by what it holds, once a dataset")
  func loaded() throws {
    let run = try steps.run(["batch", "--config", configuration([:]), "--step", "1", "--ids"])
    #expect(run.status == 0)
    #expect(
      run.errors.contains(
        "note: \(prefix): made with another tokenizer than the configuration's"), "\(run.all)")
    #expect(run.errors.contains("entries, that one has 512"), "\(run.all)")
    #expect(run.errors.contains("(by \(data.folder.file("o_manifest.json")))"), "\(run.all)")
    #expect(run.errors.split(separator: "another tokenizer").count == 2, "\(run.all)")
  }

  @Test("check looks at the tokenizer too, and says where its files are no vocabulary")
  func checked() throws {
    let char = try TrainProgramTests.program.run(["check", configuration([:])])
    #expect(char.status == 0)
    #expect(char.errors.contains("warning: \(prefix): made with another tokenizer"), "\(char.all)")
    var broken = own
    broken["merge_file"] = try data.folder.write("broken.txt", Array("a b c\n".utf8))
    let run = try TrainProgramTests.program.run(["check", configuration(broken)])
    #expect(run.status == 1 && run.errors.contains("broken.txt: line 1"), "\(run.all)")
  }

  @Test("files of the same sizes with other bytes are another tokenizer, wherever it is asked")
  func otherBytes() throws {
    var other = own
    var lines = String(decoding: try data.folder.read("merges.txt"), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
    lines.swapAt(lines.count - 2, lines.count - 3)
    other["merge_file"] = try data.folder.write(
      "other.txt", Array(lines.joined(separator: "\n").utf8))
    let file = try configuration(other)
    let says = "merges.txt had other bytes than \(data.folder.file("other.txt"))"
    let check = try TrainProgramTests.program.run(["check", file])
    #expect(check.status == 0 && check.errors.contains(says), "\(check.all)")
    let batch = try steps.run(["batch", "--config", file, "--step", "1"])
    #expect(batch.status == 0 && batch.errors.contains(says), "\(batch.all)")
    let train = try TrainProgramTests.program.run([
      file, "--set", "train_iters=1", "--progress", "off", "--metrics", data.folder.file("m.jsonl"),
    ])
    #expect(
      train.errors.contains("neox-train: warning: \(prefix): made with another tokenizer"),
      "\(train.all)")
    #expect(
      train.errors.contains(
        "as they made it (GPT2BPETokenizer, \(data.folder.file("vocab.json")), "
          + "\(data.folder.file("merges.txt")))"), "\(train.all)")
  }

  @Test("data that only end their documents otherwise are the tokenizer's own")
  func otherEnd() throws {
    let made = try data.run(
      data.writeTexts("e.jsonl", ["a", "b"]), prefix: "e", ["--append-eod", "--eod-token", "a"])
    try #require(made.status == 0, "\(made.all)")
    let file = try steps.configuration(
      StepFixture.lists("*_data_paths", [data.folder.file("e_text_document")])
        .merging(own) { $1 })
    let run = try steps.run(["batch", "--config", file, "--step", "1"])
    #expect(run.errors.contains("documents end with id "), "\(run.all)")
    #expect(!run.errors.contains("another tokenizer"), "\(run.all)")
  }
}
