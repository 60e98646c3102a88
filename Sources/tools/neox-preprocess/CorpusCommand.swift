import CommandLineKit
import Machine
import Preprocess
import Tokenize

/// Fetches a corpus and prepares it, as GPT-NeoX's `prepare_data.py` does.
struct CorpusCommand: Command {
  /// The corpus; set by the table of commands.
  var name = "enwik8"
  var tokenizer = TokenizerKind.gpt2BPE
  var folder: String?
  var vocabularyFile: String?
  var mergeFile: String?
  var mirror: String?
  var forcesDownload = false
  var downloadsOnly = false
  var common = RunArguments()

  static let page = CommandPage(name: "enwik8", summary: "", description: [])

  static let groups: [ArgumentGroup<CorpusCommand>] =
    [
      ArgumentGroup(
        "corpus",
        [
          .option(
            "--tokenizer", \.tokenizer, aliases: ["-t"], placeholder: "TYPE",
            "the kind of tokenizer"),
          .option(
            "--data-dir", \.folder, aliases: ["-d"], placeholder: "DIR",
            shownDefault: "$DATA_DIR, else ./data",
            "where files are fetched to and datasets written; made if absent"),
          .option(
            "--vocab-file", \.vocabularyFile, aliases: ["-v"], placeholder: "FILE",
            shownDefault: "DIR/gpt2-vocab.json",
            "the vocabulary; that of GPT2BPETokenizer is fetched when it is not there"),
          .option(
            "--merge-file", \.mergeFile, aliases: ["-m"], placeholder: "FILE",
            shownDefault: "DIR/gpt2-merges.txt",
            "the merges of GPT2BPETokenizer; fetched when they are not there"),
          .flag(
            "--force-redownload", \.forcesDownload, aliases: ["-f"],
            "fetch files again that are there already"),
          .option(
            "--mirror", \.mirror, placeholder: "URL",
            "fetch from here instead: URL/NAME/FILE for the files of a corpus and URL/FILE for "
              + "GPT-2's vocabulary, so that any data folder behind a web server, or behind "
              + "file://, is a mirror"),
          .flag("--download-only", \.downloadsOnly, "fetch and check the files and stop there"),
        ])
    ] + RunArguments.groups.map { $0.lifted(to: \.common) }

  /// The command of a corpus.
  static func entry(_ corpus: Corpus) -> Program.Entry {
    Program.Entry(CorpusCommand.self, page: page(of: corpus)) { $0.name = corpus.name }
  }

  private static func page(of corpus: Corpus) -> CommandPage {
    CommandPage(
      name: corpus.name, summary: "fetch and prepare: \(corpus.summary)",
      description: [
        "Fetches the corpus into DIR/\(corpus.folder) and writes the dataset "
          + "DIR/\(corpus.folder)/\(corpus.folder)_text_document, each document ended with the "
          + "end-of-document token. A broken transfer goes on where it stopped. Files that are there "
          + "already are checked by size and SHA-256 where these are known, and not fetched; so "
          + "everything works without a network when the files lie in place.",
        corpus.files.count == 1
          ? "The file is \(corpus.files[0].url)."
          : "There are \(corpus.files.count) files, the first is \(corpus.files[0].url).",
      ],
      examples: [
        .init(
          "With GPT-2's tokenizer, which is fetched too:", "neox-preprocess \(corpus.name) -d data"),
        .init(
          "From a mirror, with another tokenizer:",
          "neox-preprocess \(corpus.name) --mirror http://mirror.example/data -t HFTokenizer "
            + "-v 20B_tokenizer.json"),
      ],
      exitStatus: CommandPage.usualExitStatus + [
        .init("75", "Interrupted, or the disk is full; the same command continues.")
      ])
  }

  func run() throws {
    guard let corpus = Corpus.named(name) else { throw UsageError("no corpus '\(name)'") }
    Interruption.listen()
    let folder = folder ?? DataFolder.standard
    try DataFolder.make(folder)
    try DataFolder.make(folder + "/" + corpus.folder)
    let fetcher = Fetcher(
      mirror: mirror, forces: forcesDownload, progress: ProgressLine(style: common.progress))
    var vocabulary = vocabularyFile
    var merges = mergeFile
    if tokenizer == .gpt2BPE {
      vocabulary =
        try vocabulary ?? fetcher.fetch(GPT2Files.vocabulary, as: "gpt2-vocab.json", in: folder)
      merges = try merges ?? fetcher.fetch(GPT2Files.merges, as: "gpt2-merges.txt", in: folder)
    }
    var inputs: [String] = []
    for file in corpus.files {
      inputs.append(try fetcher.fetch(file, as: corpus.path(of: file), in: folder))
    }
    guard !downloadsOnly else { return }
    if name == "enwik8" {
      writeError(
        "neox-preprocess: note: enwik8 is one single document, so no part of it can be split off for "
          + "validation\n")
    }
    let choice = TokenizerChoice(
      kind: tokenizer, vocabularyFile: vocabulary, mergeFile: merges)
    var recipe = Recipe(
      inputs: inputs, tokenizer: choice,
      outputPrefix: "\(folder)/\(corpus.folder)/\(corpus.folder)")
    recipe.appendsEndOfDocument = true
    try common.apply(to: &recipe)
    try perform(recipe, common, documentCount: corpus.documentCount)
  }
}
