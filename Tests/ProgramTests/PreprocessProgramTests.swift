import Foundation
import IndexedData
import TestSupport
import Testing

@Suite("neox-preprocess")
struct PreprocessProgramTests {
  let fixture: PreprocessFixture

  init() throws {
    fixture = try PreprocessFixture()
  }

  private func ids(_ prefix: String = "o", key: String = "text") throws -> [[Int64]] {
    let dataset = try IndexedDataset(prefix: fixture.folder.file("\(prefix)_\(key)_document"))
    return try (0..<dataset.sequenceCount).map { try dataset.tokens(of: $0) }
  }

  @Test("records become what GPT-NeoX's reader makes of them")
  func records() throws {
    let lines = [
      #"{"text":"Hello"}"#, #"{"text":""}"#, #"{"text":"hé\n"}"#, #"{"text":["a","b"]}"#,
      #""bare""#, #"{"text":null}"#,
    ]
    let input = try fixture.folder.write("i.jsonl", Array(lines.joined(separator: "\n").utf8))
    let run = try PreprocessFixture.program.run([
      "--input", input, "--tokenizer-type", "CharLevelTokenizer", "--output-prefix",
      fixture.folder.file("o"),
    ])
    #expect(run.status == 0, "\(run.all)")
    #expect(
      try ids() == ["Hello", "hé\n", "a\n\nb", "bare"].map { $0.utf8.map { Int64($0) } })
    #expect(run.output.contains("Vocab size: 512\nOutput prefix: \(fixture.folder.file("o"))\n"))
    #expect(
      run.output.contains("read 6 = written 4 + empty 2 + skipped 0 + quarantined 0"))
    #expect(
      try fixture.names() == ["o_manifest.json", "o_text_document.bin", "o_text_document.idx"])
  }

  @Test("GPT-2's vocabulary gives GPT-NeoX's files", .enabled(if: SharedMaterial.isPresent))
  func golden() throws {
    let texts = [
      "Hello, world!", "The quick brown fox\njumps over  the lazy dog.\n", "naïve café — 日本語 😀",
      "a<|endoftext|>b", "",
    ]
    let lines =
      try texts.map { String(decoding: try JSONEncoder().encode(["text": $0]), as: UTF8.self) }
      + [#"{"text":["para one","para two"]}"#]
    let input = try fixture.folder.write(
      "i.jsonl", Array((lines.joined(separator: "\n") + "\n").utf8))
    let gpt2 = [
      "--tokenizer-type", "GPT2BPETokenizer", "--vocab",
      SharedMaterial.path("data/gpt2-vocab.json"),
      "--merge", SharedMaterial.path("data/gpt2-merges.txt"),
    ]
    let cases = [
      (
        gpt2, "b880ac877629adbeeb0357cea391398457dcfbe5da5b5fb81e30d373b39e2b35",
        "5d194a89c666890aefc33e412367fc2049c0659bee4896f1c1cb270206566a59"
      ),
      (
        gpt2 + ["--append-eod", "--workers", "2"],
        "9ed45826d005efd1c1e30067d7869da4210a3f7a86d3067fa002d1e8e75414c4",
        "b799180869d60096b32b29f63da09bd3f85b3d6c597fd9af15152307b3d87583"
      ),
      (
        ["--tokenizer-type", "CharLevelTokenizer", "--append-eod"],
        "80568ca4f40e31153ebc35ca5d90e14ecc92c074a983bbb3632736effb6e4d25",
        "9cc7060c14b4d49f7983a76a190ee4381fc4f264e81605c7f967146f5896495e"
      ),
    ]
    for (number, (flags, bin, idx)) in cases.enumerated() {
      let prefix = fixture.folder.file("g\(number)")
      let run = try PreprocessFixture.program.run(
        ["--input", input, "--output-prefix", prefix] + flags)
      #expect(run.status == 0, "\(run.all)")
      #expect(try sha256(prefix + "_text_document.bin") == bin)
      #expect(try sha256(prefix + "_text_document.idx") == idx)
    }
  }

  @Test(
    "whole corpora give GPT-NeoX's files, straight from their compressed form",
    .enabled(if: SharedMaterial.isPresent && isRelease), arguments: ["gpt2", "20B"],
    ["books", "multi"])
  func corpora(vocabulary: String, corpus: String) throws {
    let expected = try String(
      contentsOfFile: SharedMaterial.path("golden/preprocess.sha256"), encoding: .utf8)
    let flags =
      vocabulary == "20B"
      ? [
        "--tokenizer-type", "HFTokenizer", "--vocab-file",
        SharedMaterial.path("data/20B_tokenizer.json"),
      ]
      : [
        "--tokenizer-type", "GPT2BPETokenizer", "--vocab-file",
        SharedMaterial.path("data/gpt2-vocab.json"), "--merge-file",
        SharedMaterial.path("data/gpt2-merges.txt"),
      ]
    let name = "\(vocabulary)_\(corpus)"
    let run = try PreprocessFixture.program.run(
      [
        "--input", SharedMaterial.path("corpus/\(corpus).jsonl.zst"), "--append-eod",
        "--output-prefix", fixture.folder.file(name),
      ] + flags)
    #expect(run.status == 0, "\(run.all)")
    for ending in ["bin", "idx"] {
      let file = "\(name)_text_document.\(ending)"
      let line = try "\(sha256(fixture.folder.file(file)))  \(file)"
      #expect(expected.contains(line), "\(file)")
    }
  }

  /// Whole corpora take too long in a debug build.
  private static var isRelease: Bool {
    var isDebug = false
    assert(
      {
        isDebug = true
        return true
      }())
    return !isDebug
  }

  private func sha256(_ path: String) throws -> String {
    let sum = Process()
    let pipe = Pipe()
    sum.executableURL = URL(filePath: "/usr/bin/sha256sum")
    sum.arguments = [path]
    sum.standardOutput = pipe
    try sum.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    return String(text.prefix(64))
  }

  @Test("the output does not depend on workers, memory or savings")
  func sameBytes() throws {
    let input = try fixture.writeTexts("i.jsonl", PreprocessFixture.texts(8000, seed: 3))
    var expected: [[UInt8]] = []
    for (number, flags) in [
      ["--workers", "1"], ["--workers", "2"], ["--workers", "3", "--checkpoint-seconds", "0"],
      ["--workers", "2", "--memory", "160MiB", "--checkpoint-seconds", "1ms"],
    ].enumerated() {
      let run = try fixture.run(input, prefix: "s\(number)", ["--append-eod"] + flags)
      #expect(run.status == 0, "\(run.all)")
      let bytes = try fixture.outputBytes("s\(number)")
      if expected.isEmpty { expected = bytes }
      #expect(bytes == expected, "\(flags)")
    }
  }

  @Test("several keys are really read, each into a dataset of its own")
  func keys() throws {
    let lines = #"{"a":"xx","b":"y"}"# + "\n" + #"{"b":"zz","a":""}"# + "\n" + #"{"a":"","b":""}"#
    let input = try fixture.folder.write("i.jsonl", Array(lines.utf8))
    let run = try fixture.run(input, ["--jsonl-keys", "a", "b", "--append-eod"])
    #expect(run.status == 0, "\(run.all)")
    let end = Int64(PreprocessFixture.endOfDocument)
    let x = try ids(key: "a")
    #expect(x.map(\.count) == [3] && x[0].last == end)
    #expect(try ids(key: "b").map(\.count) == [2, 3])
    let first = try IndexedDataset(prefix: fixture.folder.file("o_a_document"))
    #expect(first.documentCount == 2 && first.sequenceCount == 1)
  }

  @Test("parts put together are the whole", arguments: [1, 2, 3, 7])
  func shards(count: Int) throws {
    let a = try fixture.writeTexts("a.jsonl", PreprocessFixture.texts(300, seed: 4))
    let b = try fixture.writeTexts("b.jsonl", PreprocessFixture.texts(20, seed: 5))
    let input = a + "," + b
    #expect(try fixture.run(input, prefix: "w").status == 0)
    var parts: [String] = []
    for index in 0..<count {
      let run = try fixture.run(input, prefix: "p", ["--shard", "\(index)/\(count)"])
      #expect(run.status == 0, "\(run.all)")
      let prefix = count == 1 ? "p" : "p_0000\(index)-of-0000\(count)"
      parts.append(fixture.folder.file(prefix + "_text_document"))
    }
    let merge = try BuiltProgram("neox-index").run(
      ["merge", "--output-prefix", fixture.folder.file("m_text_document")] + parts)
    #expect(merge.status == 0, "\(merge.all)")
    #expect(try fixture.outputBytes("w") == fixture.outputBytes("m"))
  }

  @Test("a job's environment gives a part only when asked")
  func environment() throws {
    let input = try fixture.writeTexts("i.jsonl", PreprocessFixture.texts(50, seed: 6))
    let job = ["SLURM_PROCID": "1", "SLURM_NTASKS": "2"]
    let whole = try fixture.run(input, prefix: "w", environment: job)
    #expect(whole.status == 0 && whole.errors.contains("--shard auto prepares its part"))
    let part = try fixture.run(input, prefix: "p", ["--shard", "auto"], environment: job)
    #expect(part.status == 0 && part.errors.contains("part 1/2"), "\(part.all)")
    #expect(try fixture.names("p_").contains("p_00001-of-00002_text_document.bin"))
    let lost = try fixture.run(input, prefix: "q", ["--shard", "auto"])
    #expect(lost.status == 2 && lost.errors.contains("--shard i/n"))
  }

  @Test("the old format is written, the same for lazy and cached")
  func legacy() throws {
    let input = try fixture.writeTexts("i.jsonl", ["the hat", "and"])
    let lazy = try fixture.run(input, prefix: "l", ["--dataset-impl", "lazy"])
    #expect(lazy.status == 0 && lazy.errors.contains("writes what cached writes"))
    #expect(try fixture.run(input, prefix: "c", ["--dataset-impl", "cached"]).status == 0)
    #expect(try fixture.outputBytes("l") == fixture.outputBytes("c"))
    #expect(try fixture.outputBytes("l")[1].starts(with: Array("TNTIDX\0\0".utf8)))
  }

  @Test("a dry run shows tokens and writes nothing")
  func dryRun() throws {
    let input = try fixture.writeTexts("i.jsonl", ["the é\n", "and"])
    let run = try fixture.run(input, ["--dry-run", "1"])
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("document 1, text: "), "\(run.all)")
    #expect(run.output.contains(#""the""#) && run.output.contains(#""\xC3""#))
    #expect(!run.output.contains("document 2"))
    #expect(try fixture.names() == [])
  }

  @Test("standard input, folders and patterns are inputs")
  func otherInputs() throws {
    let a = try fixture.writeTexts("a.jsonl", ["one"])
    _ = try fixture.writeTexts("b.jsonl", ["two"])
    _ = try fixture.folder.write("z.md", [1])
    let stdin = try PreprocessFixture.program.run(fixture.arguments("-", prefix: "s"), input: a)
    #expect(stdin.status == 0, "\(stdin.all)")
    #expect(try ids("s").count == 1)
    let pattern = try fixture.run(fixture.folder.file("?.jsonl"), prefix: "p")
    #expect(pattern.status == 0)
    #expect(try ids("p").count == 2)
  }

  @Test("progress is JSON for schedulers, or lines every N documents")
  func progress() throws {
    let input = try fixture.writeTexts("i.jsonl", PreprocessFixture.texts(400, seed: 8))
    let json = try fixture.run(input, prefix: "j", ["--progress", "json"])
    let last = try #require(json.errors.split(separator: "\n").last)
    let object = try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any]
    #expect(object?["documents"] as? Int == 400)
    let lines = try fixture.run(
      input, prefix: "l", ["--progress", "plain", "--log-interval", "100", "--num-docs", "400"])
    #expect(lines.errors.contains("about 400 documents"), "\(lines.all)")
  }

  @Test("a vocabulary may come from a pipe, which is read once and has no hash")
  func pipedVocabulary() throws {
    let input = try fixture.writeTexts("i.jsonl", PreprocessFixture.texts(20, seed: 3))
    let plain = try fixture.run(input, prefix: "p")
    #expect(plain.status == 0, "\(plain.all)")
    let piped = try PreprocessFixture.program.run(
      [
        "--input", input, "--output-prefix", fixture.folder.file("o"), "--progress", "off",
        "--tokenizer-type", "GPT2BPETokenizer", "--vocab-file", "/dev/stdin", "--merge-file",
        fixture.folder.file("merges.txt"),
      ], shellSetup: "cat '\(fixture.folder.file("vocab.json"))' | \"$0\" \"$@\"; exit")
    #expect(piped.status == 0, "\(piped.all)")
    #expect(try fixture.outputBytes() == fixture.outputBytes("p"))
    let manifest = String(decoding: try fixture.folder.read("o_manifest.json"), as: UTF8.self)
    #expect(manifest.components(separatedBy: "sha256:").count == 2, "\(manifest)")
  }
}
