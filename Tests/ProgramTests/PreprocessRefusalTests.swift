import Foundation
import TestSupport
import Testing

@Suite("neox-preprocess, what is refused before work")
struct PreprocessRefusalTests {
  let fixture: PreprocessFixture

  init() throws { fixture = try PreprocessFixture() }

  @Test("the environment of a job that makes no sense is wrong usage, where it is asked")
  func environment() throws {
    let input = try fixture.writeTexts("i.jsonl", ["a"])
    let cases = [
      (["RANK": "5", "WORLD_SIZE": "2"], "RANK/WORLD_SIZE say 5/2"),
      (["RANK": "1"], "RANK is set, but WORLD_SIZE is not"),
      (["WORLD_SIZE": "2"], "WORLD_SIZE is set, but RANK is not"),
    ]
    for (environment, part) in cases {
      let run = try fixture.run(input, ["--shard", "auto"], environment: environment)
      #expect(run.status == 2 && run.errors.contains(part), "\(run.all)")
    }
    #expect(try fixture.run(input, environment: cases[0].0).status == 0)
  }

  @Test("what cannot work is said before work")
  func refused() throws {
    let input = try fixture.writeTexts("i.jsonl", ["a"])
    let prefix = fixture.folder.file("o")
    let (vocabulary, merges) = (
      fixture.folder.file("vocab.json"), fixture.folder.file("merges.txt")
    )
    let character = [
      "--input", input, "--tokenizer-type", "CharLevelTokenizer", "--output-prefix", prefix,
    ]
    let train = ["train-tokenizer", "--input", input, "--output-dir", prefix]
    let cases: [([String], Int32, String)] = [
      (fixture.arguments(input, ["--ftfy"]), 2, "ftfy"),
      (
        ["--input", input, "--tokenizer-type", "SPMTokenizer", "--output-prefix", prefix], 2,
        "SentencePiece"
      ),
      (Array(fixture.arguments(input).dropLast(2)), 2, "--merge-file: GPT2BPETokenizer needs"),
      (
        [
          "--input", input, "--tokenizer-type", "HFTokenizer", "--vocab-file", vocabulary,
          "--merge-file", merges, "--output-prefix", prefix,
        ], 2, "--merge-file: HFTokenizer reads no such file"
      ),
      (
        [
          "--input", input, "--tokenizer-type", "HFTokenizer", "--vocab-file", vocabulary,
          "--output-prefix", prefix,
        ], 1, "this is a vocab.json (tokens and their ids), not a tokenizer.json"
      ),
      (
        [
          "--input", input, "--tokenizer-type", "GPT2BPETokenizer", "--vocab-file", merges,
          "--merge-file", vocabulary, "--output-prefix", prefix,
        ], 1, "swapped"
      ),
      (fixture.arguments(input, prefix: "o/"), 2, "ends without a name"),
      (
        fixture.arguments(input, ["--jsonl-keys", "text,other"]), 1,
        "with spaces between, not commas"
      ),
      (fixture.arguments(input, ["--jsonl-keys", "meta.a"]), 1, "not of objects inside it"),
      (
        fixture.arguments(input, ["--jsonl-keys", "content"]), 1,
        "i.jsonl:1:0: the object has no member \"content\"; it has \"text\"; name the members that hold "
          + "the texts with --jsonl-keys\n"
      ),
      (
        fixture.arguments(input, ["--preference", "chosen,rejected"]), 1,
        "the object has no member \"chosen\"; it has \"text\"; go on"
      ),
      (["--input", input], 2, "--output-prefix"),
      (["--input", input, "--output-prefix", prefix], 2, "required: --tokenizer-type"),
      (fixture.arguments(input, ["--frobnicate"]), 2, "--frobnicate"),
      (
        fixture.arguments(fixture.folder.file("absent")), 1,
        "error: --input: \(fixture.folder.file("absent")): no such file"
      ),
      (
        [
          "--input", input, "--output-prefix", prefix, "--tokenizer-path", "/no", "--chat",
          "--chat-template", "plain",
        ], 1, "error: --tokenizer-path: /no/tokenizer.json: No such file"
      ),
      (
        [
          "--input", input, "--output-prefix", prefix, "--tokenizer-type", "GPT2BPETokenizer",
          "--vocab-file", vocabulary, "--merge-file", "/no.txt",
        ], 1, "error: --merge-file: /no.txt: No such file"
      ),
      (
        [
          "--input", input, "--output-prefix", prefix, "--tokenizer-type", "HFTokenizer",
          "--vocab-file", "/no.json",
        ], 1, "error: --vocab-file: /no.json: No such file"
      ),
      (fixture.arguments(input, prefix: "no/such/folder"), 1, "--output-prefix: there is no"),
      (fixture.arguments(input, prefix: "i.jsonl/o"), 1, "i.jsonl is a file, where a folder was"),
      (
        ["train-tokenizer", "--input", input, "--output-dir", prefix + "/no"], 1,
        "error: --output-dir: there is no folder \(prefix); make it first"
      ),
      (
        ["train-tokenizer", "--input", input, "--output-dir", input], 1,
        "error: --output-dir: \(input) is a file, where a folder was expected"
      ),
      (
        ["train-tokenizer", "--input", input + "x", "--output-dir", prefix], 1,
        "error: --input: \(input)x: no such file"
      ),
      (
        fixture.arguments(input, ["--memory", "1MiB", "--workers", "1"]), 2,
        "--memory: a worker needs"
      ),
      (fixture.arguments(input, ["--jsonl-keys", "a", "a"]), 2, "named twice"),
      (fixture.arguments(input, ["--jsonl-keys", "a/b"]), 2, "file's name"),
      (fixture.arguments(input, ["--memory", "1MiB"]), 2, "--memory"),
      (fixture.arguments(input, ["--shard", "2/2"]), 2, "--shard"),
      (fixture.arguments(input, ["--append-eod", "--eod-token", "<eos>"]), 1, "<eos>"),
      (character + ["--special-in-text", "literal"], 2, "CharLevelTokenizer knows no text"),
      (character + ["--special-in-text", "quarantine"], 2, "CharLevelTokenizer knows no text"),
      (
        ["--input", input, "--tokenizer-type", "GPT2BPETokenizer", "--output-prefix", prefix], 2,
        "--vocab-file"
      ),
      (train + ["--vocab-size", "10"], 2, "--vocab-size 10"),
      (train + ["--special-tokens", ""], 2, "cannot be empty"),
    ]
    for (words, status, part) in cases {
      let run = try PreprocessFixture.program.run(words)
      #expect(run.status == status && run.errors.contains(part), "\(words)\n\(run.all)")
    }
    #expect(try fixture.names() == [])
  }

  @Test("inputs that hold nothing are named")
  func emptyInputs() throws {
    let input = try fixture.writeTexts("i.jsonl", ["a"])
    let empty = try fixture.folder.write("empty.jsonl", [])
    let folder = fixture.folder.file("nothing")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let warning = "neox-preprocess: warning: \(empty): is empty and gives no document\n"
    let beside = try fixture.run("\(input),\(empty)")
    #expect(beside.status == 0 && beside.errors == warning, "\(beside.all)")
    let alone = try fixture.run(empty, prefix: "p")
    #expect(alone.status == 1 && alone.errors.hasPrefix(warning), "\(alone.all)")
    let none = try fixture.run("\(input),\(folder)", prefix: "p")
    #expect(
      none.status == 1
        && none.errors.hasSuffix(
          "--input: \(folder): the folder is empty; name one with "
            + "documents\n"),
      "\(none.all)")
    let bench = try BuiltProgram("neox-bench").run(
      ["encode", "/no.jsonl"] + fixture.vocabulary)
    #expect(
      bench.status == 1 && bench.errors.hasSuffix("error: /no.jsonl: no such file\n"),
      "\(bench.all)")
  }

  @Test(
    "an input under an output's name is never changed",
    arguments: ["o_quarantine.jsonl", "o_manifest.json", "o_text_document.idx", "o.journal"])
  func inputIsOutput(name: String) throws {
    let input = try fixture.folder.write(name, Array("{\"text\":\"a\"}\n".utf8))
    let before = try fixture.folder.read(name)
    for flags in [["--overwrite"], ["--restart"], []] {
      let run = try fixture.run(input, ["--input-format", "jsonl"] + flags)
      #expect(run.status == 1 && run.errors.contains("inputs are never changed"), "\(run.all)")
      #expect(try fixture.names() == [name] && fixture.folder.read(name) == before)
    }
    try FileManager.default.linkItem(
      atPath: input, toPath: fixture.folder.file("p_text_document.bin"))
    let linked = try fixture.run(
      input, prefix: "p", ["--input-format", "jsonl", "--overwrite"])
    #expect(linked.errors.contains("inputs are never changed"), "\(linked.all)")
  }

  @Test("somebody else's manifest is not replaced, and the message says what to do")
  func otherManifest() throws {
    let input = try fixture.writeTexts("i.jsonl", ["a"])
    try fixture.folder.write("o_manifest.json", Array("{\"a\":1}".utf8))
    let run = try fixture.run(input)
    #expect(run.status == 1 && run.errors.contains("no manifest of neox-preprocess"), "\(run.all)")
    #expect(run.errors.contains("--overwrite") && run.errors.contains("--output-prefix"))
    #expect(try fixture.names() == ["o_manifest.json"])
    #expect(try fixture.run(input, ["--overwrite"]).status == 0)
  }

  @Test("an output folder that cannot be written to is named")
  func readOnlyFolder() throws {
    let input = try fixture.writeTexts("i.jsonl", ["a"])
    let folder = fixture.folder.file("locked")
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o555])
    defer { chmod(folder, 0o755) }
    // Root may write anywhere, unless it is taken from it.
    let asOwner = "exec setpriv --bounding-set=-dac_override --inh-caps=-dac_override \"$0\" \"$@\""
    let run = try fixture.run(
      input, prefix: "locked/o", shellSetup: getuid() == 0 ? asOwner : nil)
    #expect(
      run.status == 1 && run.errors.contains("--output-prefix: files cannot be made in the folder"),
      "\(run.all)")
    #expect(!run.errors.contains("journal"))
  }

  @Test("a folder that takes no new files is named with what cannot be made", arguments: ["/proc"])
  func strangeFolder(folder: String) throws {
    let input = try fixture.writeTexts("i.jsonl", ["a"])
    let run = try PreprocessFixture.program.run(
      fixture.byteArguments(input, []).map {
        $0 == fixture.folder.file("o") ? "\(folder)/x" : $0
      })
    #expect(run.status == 1, "\(run.all)")
    #expect(
      run.errors.contains("--output-prefix: ") && run.errors.contains("folder \(folder) ("),
      "\(run.all)")
  }
}
