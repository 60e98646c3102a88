import CommandLineKit
import Machine
import Preprocess
import Tokenize

extension TokenizerKind: ArgumentValue {}

/// `neox-bench encode`: how fast text in memory becomes ids.
struct EncodeCommand: Command {
  var input: [String] = []
  var key = "text"
  var readsBytes = false
  var kind = TokenizerKind.gpt2BPE
  var vocabularyFile: String?
  var mergeFile: String?
  var threads = [1, WorkerPool.processorCount]
  var rounds = 5
  var cacheBytes = ByteSize(bytes: 64 << 20)
  var writesJSON = false

  static let page = CommandPage(
    name: "encode",
    summary: "measure how fast text in memory becomes token ids",
    description: [
      """
      Reads all documents into memory, then encodes them again and again: cold with empty word \
      caches, whose making is timed, too, and warm with the caches of the cold pass. Rounds of all \
      thread counts alternate, and medians are shown with the fastest and the slowest round.
      """,
      """
      Every pass sums up its ids; a pass whose sum differs from the first one's ends the program \
      with an error, for a wrong result has no speed.
      """,
    ],
    examples: [
      .init(
        "GPT-2's vocabulary with one thread and with two:",
        "neox-bench encode books.jsonl --vocab-file gpt2-vocab.json --merge-file gpt2-merges.txt "
          + "--threads 1 2")
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "input",
      [
        .positionals("FILE", \.input, "files of documents, as neox-preprocess reads them"),
        .option("--jsonl-key", \.key, placeholder: "KEY", "member of JSON records with the text"),
        .flag(
          "--bytes", \.readsBytes, "take each file as one document, whatever its bytes"),
      ]),
    .init(
      "tokenizer",
      [
        .option("--tokenizer-type", \.kind, placeholder: "TYPE", "kind of tokenizer"),
        .option(
          "--vocab-file", \.vocabularyFile, placeholder: "FILE", "vocabulary, or tokenizer.json"),
        .option("--merge-file", \.mergeFile, placeholder: "FILE", "merges of GPT2BPETokenizer"),
        .option(
          "--cache", \.cacheBytes, placeholder: "SIZE",
          "most memory that a thread's word cache takes"),
      ]),
    .init(
      "measuring",
      [
        .list(
          "--threads", \.threads, placeholder: "N", shownDefault: "1 and one a processor",
          rule: .workers, "thread counts to measure"),
        .option("--rounds", \.rounds, placeholder: "N", rule: .atLeast(1), "rounds to run"),
        .flag("--json", \.writesJSON, "write one JSON object a thread count instead of a table"),
      ]),
  ]

  func run() throws {
    let tokenizer = try loadTokenizer(
      TokenizerChoice(kind: kind, vocabularyFile: vocabularyFile, mergeFile: mergeFile))
    let corpus = readsBytes ? try Corpus(ofBytes: input) : try Corpus(reading: input, key: key)
    let counts = Set(threads).sorted()
    var results = counts.map { EncodeResult(threads: $0) }
    var expected: EncodePass?
    for _ in 0..<rounds {
      for index in results.indices {
        let encoding = Encoding(
          tokenizer, corpus, threads: results[index].threads, cacheBytes: cacheBytes.bytes)
        for isCold in [true, false] {
          let pass = try encoding.pass()
          if let expected, !expected.hasResult(of: pass) { throw WrongChecksum() }
          expected = pass
          results[index].add(pass, isCold: isCold)
        }
      }
    }
    if let expected { show(results, corpus, expected) }
  }

  private func show(_ results: [EncodeResult], _ corpus: Corpus, _ pass: EncodePass) {
    let tokens = pass.tokens
    let out = StandardOutput.shared
    guard !writesJSON else {
      for result in results { out.line(result.json(bytes: corpus.bytes.count, pass)) }
      return
    }
    out.line(
      "\(corpus.ends.count) documents, \(corpus.bytes.count) bytes, \(tokens) tokens, "
        + "\(rounds) rounds")
    var table = TextTable([
      .right("threads"), .right("cold MB/s"), .right("(range)"), .right("warm MB/s"),
      .right("(range)"), .right("warm Mtokens/s"),
    ])
    for result in results { table.add(result.cells(bytes: corpus.bytes.count, tokens: tokens)) }
    out.write(table.text)
  }
}

/// Two passes gave different ids.
struct WrongChecksum: Error, CustomStringConvertible {
  var description: String { "two passes gave different ids, so their times mean nothing" }
}
