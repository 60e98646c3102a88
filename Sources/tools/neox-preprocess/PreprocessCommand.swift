import CommandLineKit
import Machine
import Preprocess
import Tokenize

/// The main form: documents to datasets, with the flags of GPT-NeoX's `preprocess_data.py`.
struct PreprocessCommand: Command {
  var inputs: [String] = []
  var keys: [String] = []
  var format = InputFormat.auto
  var documentCount: Int?
  var tokenizer: TokenizerKind?
  var vocabularyFile: String?
  var mergeFile: String?
  var appendsEndOfDocument = false
  var wantsFtfy = false
  var outputPrefix = ""
  var implementation = DatasetImplementation.mmap
  var supervision = SupervisionArguments()
  var common = RunArguments()

  static let page = CommandPage(
    name: "neox-preprocess",
    summary: "turn texts into the indexed datasets that GPT-NeoX and Megatron train on",
    description: [
      "Reads documents, turns each into the ids of its tokens and writes PREFIX_KEY_document.bin "
        + "and .idx, byte for byte what GPT-NeoX's preprocess_data.py writes. The output does not "
        + "depend on the number of workers or on interruptions, nor on how the input is compressed, "
        + "but that a .gz of text that is not JSON gives a document a line, as in GPT-NeoX.",
      "SIGINT (Ctrl-C), SIGTERM and SIGHUP save the work done and exit with 75; a second Ctrl-C or "
        + "SIGTERM ends the run at once, like a kill. A run that was interrupted, killed or stopped by "
        + "a full disk is continued by the same command; what it had read of standard input or a pipe must then come again, byte "
        + "for byte, and is compared. Files appear under their names when they are whole. Finished "
        + "output is never replaced unasked; the same command on finished output of the same sizes does nothing.",
      "Inputs are JSON lines, JSON arrays, texts, archives (.zip, .tar) and any of these compressed "
        + "(.gz, .zst, .lz4, .xz, .bz2), recognised by content. Several compressed streams or tar "
        + "archives in one file are read through; other bytes after them are an error, but for zeros "
        + "after .gz and, as many as divide by four, after .xz.",
    ],
    examples: [
      .init(
        "GPT-2's tokenizer, each document ended:",
        "neox-preprocess --input books.jsonl.zst --tokenizer-type GPT2BPETokenizer "
          + "--vocab-file gpt2-vocab.json --merge-file gpt2-merges.txt --append-eod "
          + "--output-prefix data/books"),
      .init(
        "The tokenizer of the Pythia models, two fields, bad lines kept aside:",
        "neox-preprocess --input 'part-*.jsonl' --jsonl-keys title body --tokenizer-type "
          + "HFTokenizer --vocab-file 20B_tokenizer.json --on-error quarantine --output-prefix p"),
      .init(
        "Conversations, the assistant's turns trained on, and a look at three before:",
        "neox-preprocess --chat --input chats.jsonl --tokenizer-path model/ --output-prefix d/chat "
          + "--dry-run 3"),
      .init(
        "Pairs of answers for DPO:",
        "neox-preprocess --preference chosen,rejected --input pairs.jsonl.zst --tokenizer-path "
          + "model/ --seq-length 2048 --output-prefix data/pairs"),
      .init("Fetch and prepare a small public corpus:", "neox-preprocess enwik8 -d data"),
      .init(
        "One of sixteen machines of a job:",
        "srun neox-preprocess --shard auto --input data/ --tokenizer-type HFTokenizer "
          + "--vocab-file 20B_tokenizer.json --append-eod --output-prefix out/pile"),
    ],
    files: [
      .init("PREFIX_KEY_document.bin, .idx", "the tokens and their index"),
      .init(
        "PREFIX_KEY_label_document.bin, .idx",
        "with labels: for each token itself where it is trained on, else -100"),
      .init("PREFIX_KEY_reward_document.bin, .idx", "with --reward-key: rewards of documents"),
      .init("PREFIX_KEY_document.src", "with --source: where each document came from"),
      .init(
        "PREFIX_manifest.json",
        "inputs, tokenizer, options, counts and hashes of the output; nothing in it differs between "
          + "two runs of the same command"),
      .init("PREFIX_quarantine.jsonl", "records that could not become documents"),
      .init("PREFIX.journal, *.partial", "unfinished work"),
    ],
    exitStatus: CommandPage.usualExitStatus + [
      .init("75", "Interrupted, or the disk is full; the same command continues.")
    ])

  static let groups: [ArgumentGroup<PreprocessCommand>] =
    [
      ArgumentGroup(
        "input",
        [
          .list(
            "--input", \.inputs, placeholder: "PATH", required: true,
            "files, folders, patterns, or - for standard input, separated by commas or spaces; a "
              + "file whose name has a comma must be a word of its own. Of folders and patterns the "
              + "files in order of their names; folders inside folders are not entered, but ** in a "
              + "pattern stands for folders of any depth, as in 'data/**/*.jsonl'"),
          .list(
            "--jsonl-keys", \.keys, placeholder: "KEY",
            shownDefault: "text; conversation with --chat",
            "members of the records to tokenise, each into a dataset of its own. A list of strings is "
              + "joined with blank lines. Records whose texts are all empty, null, false, 0, [] or {} "
              + "are counted as empty and left out, as in GPT-NeoX; any other value that is not text "
              + "makes a record faulty"),
          .option(
            "--input-format", \.format,
            "how documents lie in the inputs, where names and content do not tell: text is one "
              + "document a file, lines one a line, of which its line end is a part"),
          .option(
            "--num-docs", \.documentCount, placeholder: "N", rule: .atLeast(1),
            "documents there are, if known; shown in progress only"),
        ]),
      ArgumentGroup(
        "tokenizer",
        [
          .option(
            "--tokenizer-type", \.tokenizer, placeholder: "TYPE",
            "the kind of tokenizer; required, but with --tokenizer-path"),
          .option(
            "--vocab-file", \.vocabularyFile, placeholder: "FILE",
            "vocab.json (GPT2BPETokenizer), tokenizer.json (HFTokenizer), a folder "
              + "(HFGPT2Tokenizer) or ranks (TiktokenTokenizer); CharLevelTokenizer needs none"),
          .option(
            "--merge-file", \.mergeFile, placeholder: "FILE", "merges.txt (GPT2BPETokenizer)"),
          .flag(
            "--append-eod", \.appendsEndOfDocument, "end each document with the token for that"),
          .flag(
            "--ftfy", \.wantsFtfy,
            "not supported: mend the text before (ftfy is a Python package with a command line)"),
        ]),
      ArgumentGroup(
        "output",
        [
          .option(
            "--output-prefix", \.outputPrefix, placeholder: "PREFIX", required: true,
            shownDefault: "", "path of the output without _KEY_document.bin"),
          .option(
            "--dataset-impl", \.implementation,
            "mmap is the current format; lazy and cached both write the old one (TNTIDX)"),
        ]),
      SupervisionArguments.group.lifted(to: \.supervision),
    ] + RunArguments.groups.map { $0.lifted(to: \.common) }

  func run() throws {
    guard !wantsFtfy else {
      throw UsageError(
        "--ftfy is not supported: its repairs depend on tables of the Python package. Mend the text "
          + "before, for instance with `ftfy` on each file, and run this without --ftfy")
    }
    if implementation == .lazy {
      writeError(
        "neox-preprocess: note: --dataset-impl lazy writes what cached writes; GPT-NeoX can read "
          + "neither while training\n")
    }
    var recipe = Recipe(
      inputs: inputs,
      tokenizer: try tokenizerChoice(), outputPrefix: outputPrefix)
    if vocabularyFile == nil { recipe.vocabularyOption = "--tokenizer-path" }
    recipe.keys = keys.isEmpty ? supervision.standardKeys : keys
    recipe.format = format
    recipe.appendsEndOfDocument = appendsEndOfDocument
    recipe.implementation = implementation
    try supervision.apply(to: &recipe, keysAreGiven: !keys.isEmpty)
    try common.apply(to: &recipe)
    try perform(recipe, common, documentCount: documentCount)
  }

  private func tokenizerChoice() throws -> TokenizerChoice {
    let folder = supervision.tokenizerFolder
    guard let kind = tokenizer ?? (folder == nil ? nil : .huggingFace) else {
      throw UsageError("the following arguments are required: --tokenizer-type")
    }
    guard vocabularyFile == nil, kind == .huggingFace, let folder else {
      return TokenizerChoice(kind: kind, vocabularyFile: vocabularyFile, mergeFile: mergeFile)
    }
    let base = folder.hasSuffix("/") ? folder : folder + "/"
    let (vocabulary, merges) = (base + "vocab.json", base + "merges.txt")
    // As `neox-train export` writes GPT-2's vocabulary.
    if tokenizer == nil, !DurableFile.exists(base + "tokenizer.json"),
      DurableFile.exists(vocabulary), DurableFile.exists(merges)
    {
      return TokenizerChoice(kind: .gpt2BPE, vocabularyFile: vocabulary, mergeFile: merges)
    }
    return TokenizerChoice(
      kind: kind, vocabularyFile: base + "tokenizer.json", mergeFile: mergeFile)
  }
}
