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

  @Test("files that are only named are compared by their sizes")
  func named() throws {
    var other = own
    other["merge_file"] = try data.folder.write("other.txt", Array("#version: 0.2\n".utf8))
    let check = try TrainProgramTests.program.run(["check", configuration(other)])
    #expect(check.status == 0)
    #expect(
      check.errors.contains("merges.txt had ")
        && check.errors.contains(" bytes, \(data.folder.file("other.txt")) has 14 (by "),
      "\(check.all)")
  }
}
