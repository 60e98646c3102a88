import CommandLineKit
import Machine
import Preprocess
import Tokenize

/// `neox-preprocess train-tokenizer`: learns a vocabulary from documents.
struct TrainTokenizerCommand: Command {
  var input: [String] = []
  var keys = ["text"]
  var format = InputFormat.auto
  var faults = VocabularyTraining.Faults.stop
  var vocabularySize = 52_000
  var minimumFrequency: UInt64 = 2
  var specialTokens = ["<|endoftext|>", "<|padding|>"]
  var hasNoSpecialTokens = false
  var alphabet = LearnSettings.Alphabet.all
  var maximumTokenLength: Int?
  var form = TextForm.none
  var addsPrefixSpace = false
  var wordLimit = 10_000_000
  var folder = ""
  var overwrites = false
  var workers = WorkerPool.processorCount
  var progress = ProgressStyle.auto

  static let page = CommandPage(
    name: "train-tokenizer",
    summary: "learn a byte-level vocabulary from documents",
    description: [
      """
      Reads the inputs that preprocessing reads, cuts every document into words as GPT-2 does, and \
      makes tokens of the pairs of neighbours that occur most often, until the vocabulary is full \
      or no pair is frequent enough.
      """,
      """
      The result is that of the byte-level trainer of Hugging Face's tokenizers 0.23 for the same \
      texts and settings, file for file, and does not depend on --workers. Its ids are: the special \
      tokens, then the single bytes, then merges in the order in which they were learned.
      """,
      """
      Use the files with --tokenizer-type HFTokenizer --vocab-file DIR/tokenizer.json, or with \
      --tokenizer-type GPT2BPETokenizer --vocab-file DIR/vocab.json --merge-file DIR/merges.txt. \
      The latter knows nothing of --normalization and --prefix-space.
      """,
      """
      Memory grows with the distinct words, some 150 bytes each and as much again while threads' \
      counts are added up; --max-words is the bound. Nothing is left out silently: one word too \
      many is an error.
      """,
    ],
    examples: [
      .init(
        "A vocabulary of GPT-2's size from two corpora:",
        "neox-preprocess train-tokenizer --input a.jsonl.zst,b.jsonl --vocab-size 50257 "
          + "--output-dir vocabulary"),
      .init(
        "What Hugging Face's ByteLevelBPETokenizer().train learns from text files:",
        "neox-preprocess train-tokenizer --input 'texts/*.txt' --input-format lines "
          + "--no-special-tokens --vocab-size 30000 --output-dir vocabulary"),
      .init(
        "What GPT-NeoX's train_tokenizer.py learns from a folder of JSON lines:",
        "neox-preprocess train-tokenizer --input texts --vocab-size 52000 --min-frequency 0 "
          + "--alphabet seen --normalization nfkc --prefix-space --output-dir vocabulary"),
    ],
    files: [
      .init("DIR/vocab.json", "Tokens and their ids, in GPT-2's visible bytes."),
      .init("DIR/merges.txt", "Pairs that become tokens, the most important first."),
      .init("DIR/tokenizer.json", "Both, with the special tokens, for HFTokenizer."),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "input",
      [
        .list(
          "--input", \.input, placeholder: "PATH", required: true,
          """
          files, folders, patterns, or - for standard input, separated by commas or spaces; JSON \
          lines, text, and their compressed and archived forms
          """),
        .list(
          "--jsonl-keys", \.keys, placeholder: "KEY",
          "members of JSON records whose texts are learned from"),
        .option("--input-format", \.format, "how documents lie in the inputs"),
        .option(
          "--on-error", \.faults, "what becomes of a record that is no document: end, or pass over"
        ),
      ]),
    .init(
      "vocabulary",
      [
        .option(
          "--vocab-size", \.vocabularySize, aliases: ["-v"], hidden: ["--vocab_size"],
          placeholder: "N", rule: .atLeast(1),
          "tokens to end with, special tokens and single bytes included"),
        .option(
          "--min-frequency", \.minimumFrequency, placeholder: "N",
          "how often a pair must occur to become a token"),
        .list(
          "--special-tokens", \.specialTokens, placeholder: "TOKEN",
          "tokens that come first, each found whole wherever its text occurs"),
        .flag("--no-special-tokens", \.hasNoSpecialTokens, "learn without special tokens"),
        .option(
          "--alphabet", \.alphabet,
          """
          single bytes that are tokens: all 256, or those seen in the inputs, in which case other \
          bytes cannot be encoded
          """),
        .option(
          "--max-token-length", \.maximumTokenLength, placeholder: "N", rule: .atLeast(1),
          "refuse pairs whose token would have N bytes or more, those of two bytes excepted"),
      ]),
    .init(
      "words",
      [
        .option(
          "--normalization", \.form,
          "bring text into this form of Unicode first; tokenizer.json says so, too"),
        .flag(
          "--prefix-space", \.addsPrefixSpace,
          "put a space before each document that does not begin with one"),
        .option(
          "--max-words", \.wordLimit, placeholder: "N", rule: .atLeast(1),
          "distinct words to hold; more are an error"),
      ]),
    .init(
      "output",
      [
        .option(
          "--output-dir", \.folder, placeholder: "DIR", required: true,
          "folder for the three files; it is made if it is missing"),
        .flag("--overwrite", \.overwrites, "replace files that are there"),
      ]),
    .init(
      "running",
      [
        .option(
          "--workers", \.workers, placeholder: "N", shownDefault: "one a processor",
          rule: .workers, "threads that read and count"),
        .option("--progress", \.progress, "how progress is shown on standard error"),
      ]),
  ]

  func run() throws {
    if Set(keys).count != keys.count { throw UsageError("argument --jsonl-keys: a key twice") }
    Interruption.listen()
    let training = try training()
    let line = ProgressLine(style: progress)
    var last = Progress(activity: "reading")
    let outcome: VocabularyTraining.Outcome
    do {
      outcome = try training.run(interruption: .process) { stage in
        switch stage {
        case .reading(let bytes, let total, let documents):
          last = Progress(
            activity: "reading", bytes: bytes, totalBytes: total, documents: documents)
        case .learning(let tokens, _):
          last.activity = "learning"
          last.tokens = tokens
        }
        line.update(last)
      }
    } catch {
      line.interrupt()
      throw error
    }
    last.tokens = outcome.tokens
    line.finish(last)
    show(outcome)
  }

  private func training() throws -> VocabularyTraining {
    var settings = LearnSettings(vocabularySize: vocabularySize)
    settings.minimumFrequency = minimumFrequency
    settings.specialTokens = hasNoSpecialTokens ? [] : specialTokens
    settings.alphabet = alphabet
    settings.maximumTokenLength = maximumTokenLength
    let inputs: InputList
    do throws(PreprocessError) { inputs = try InputList(input, format: format) } catch {
      throw TrainTokenizerError.inputs(error)
    }
    var training = VocabularyTraining(inputs: inputs, settings: settings, folder: folder)
    training.keys = keys
    training.format = format
    training.note = { writeError("neox-preprocess: note: \($0)\n") }
    training.faults = faults
    training.form = form
    training.addsPrefixSpace = addsPrefixSpace
    training.wordLimit = wordLimit
    training.workers = workers
    training.overwrites = overwrites
    return training
  }

  private func show(_ outcome: VocabularyTraining.Outcome) {
    let out = StandardOutput.shared
    let documents = outcome.records - outcome.empty - outcome.skipped
    out.line(
      "read \(counted(outcome.records, "record")): \(counted(documents, "document")), \(outcome.empty) empty, "
        + "\(outcome.skipped) skipped")
    out.line("words: \(outcome.words), \(outcome.distinctWords) distinct")
    out.line("vocabulary: \(outcome.tokens) tokens, \(outcome.merges) merges")
    if outcome.tokens < vocabularySize {
      out.line(
        "the vocabulary is smaller than --vocab-size: no other pair occurs "
          + "\(max(1, minimumFrequency)) times")
    }
    for name in VocabularyTraining.fileNames { out.line("\(folder)/\(name)") }
  }
}
