import CommandLineKit
import Machine
import Preprocess

/// Fetches GPT-2's vocabulary and merges.
struct VocabularyCommand: Command {
  var folder: String?
  var mirror: String?
  var forcesDownload = false
  var progress = ProgressStyle.auto

  static let page = CommandPage(
    name: "gpt2-vocabulary", summary: "fetch GPT-2's vocabulary and merges",
    description: [
      "Fetches gpt2-vocab.json and gpt2-merges.txt, from where GPT-NeoX fetches them, into DIR and "
        + "checks their SHA-256. A broken transfer goes on where it stopped; files that are there "
        + "already are checked and not fetched again."
    ],
    examples: [
      .init("Into ./data:", "neox-preprocess gpt2-vocabulary -d data"),
      .init(
        "From a mirror that has both files at its top:",
        "neox-preprocess gpt2-vocabulary -d data --mirror http://mirror.example"),
    ],
    exitStatus: CommandPage.usualExitStatus)

  static let groups: [ArgumentGroup<VocabularyCommand>] = [
    ArgumentGroup(
      "options",
      [
        .option(
          "--data-dir", \.folder, aliases: ["-d"], placeholder: "DIR",
          shownDefault: "$DATA_DIR, else ./data", "where the files go; made if absent"),
        .flag(
          "--force-redownload", \.forcesDownload, aliases: ["-f"],
          "fetch files again that are there already"),
        .option("--mirror", \.mirror, placeholder: "URL", "fetch URL/FILE instead"),
        .option("--progress", \.progress, "how progress is shown on standard error"),
      ])
  ]

  func run() throws {
    Interruption.listen()
    let folder = folder ?? DataFolder.standard
    try DataFolder.make(folder)
    let fetcher = Fetcher(
      mirror: mirror, forces: forcesDownload, progress: ProgressLine(style: progress))
    _ = try fetcher.fetch(GPT2Files.vocabulary, as: "gpt2-vocab.json", in: folder)
    _ = try fetcher.fetch(GPT2Files.merges, as: "gpt2-merges.txt", in: folder)
  }
}
