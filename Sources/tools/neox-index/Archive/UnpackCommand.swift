import CommandLineKit
import IndexedData
import Machine
import Preprocess

/// `neox-index unpack`: the files of an archive, or some documents.
struct UnpackCommand: Command {
  var path = ""
  var output: DatasetPrefix?
  var documents: DocumentSpan?
  var isList = false
  var workers = WorkerPool.processorCount
  var writing = WriteFlags()

  static let page = CommandPage(
    name: "unpack", summary: "write the files of an archive, or some of its documents",
    description: [
      """
      Writes what neox-index pack put into an archive, byte for byte, and compares every hash on the \
      way. With a folder as --output-prefix files get the names they had; another prefix gives the \
      dataset another name, and its companions those that follow from it; the manifest names them so \
      then, and is the only file that is not what it was.
      """,
      """
      Files appear under their names when all are whole. A manifest that is there with the same bytes, \
      as that of a run with several datasets may be, stays.
      """,
      """
      --documents writes some documents, and what labels, rewards and reference log-probabilities have \
      of them, as a dataset of their own, and reads little else of the archive. To look at a document, \
      neox-index show FILE DOC. --list tells what is in the archive.
      """, WriteFlags.signalNote,
    ],
    examples: [
      .init("All, under the names they had:", "neox-index unpack books\(archiveEnding) -o data/"),
      .init(
        "A thousand documents:",
        "neox-index unpack books\(archiveEnding) --documents 5000-6000 -o some_text_document"),
      .init("What is in it?", "neox-index unpack books\(archiveEnding) --list"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "archive",
      [
        .positional("FILE", \.path, "the archive"),
        .option(
          "--output-prefix", \.output, aliases: ["-o"], placeholder: "PREFIX",
          "where the dataset goes, or the folder for it"),
        .option(
          "--documents", \.documents, placeholder: "FIRST-END", shownDefault: "all",
          "write only document FIRST up to, but without, document END; or a single one"),
        .flag("--list", \.isList, "write nothing, and print what is in the archive"),
      ]),
    .init(
      "work",
      [
        .option(
          "--workers", \.workers, placeholder: "N", shownDefault: "one a processor",
          rule: .workers,
          "threads that decompress all of it; --documents takes one")
      ]), WriteFlags.group.lifted(to: \.writing),
  ]

  func run() throws {
    if isList {
      guard output == nil, documents == nil else {
        throw UsageError(
          "argument --list: writes nothing, so that --output-prefix and --documents make no sense"
            + " with it")
      }
      return try ArchiveListing(path: path).print(isJSON: writing.isJSON, showsMembers: true)
    }
    guard let output else {
      throw UsageError("the argument --output-prefix is required without --list")
    }
    let archive = try Archive(path: path)
    let isFolder = output.path.hasSuffix("/") || DurableFile.isFolder(output.path)
    let slash = output.path.hasSuffix("/") ? "" : "/"
    let prefix = isFolder ? output.path + slash + archive.datasetName : output.path
    try WriteFlags.requireFolder(of: prefix, "--output-prefix")
    try Companions.refuseStale(beside: archive.datasets.compactMap { $0.prefix(for: prefix) })
    if let documents { return try extract(documents, archive, prefix) }
    var settings = UnpackOptions()
    settings.workers = workers
    settings.interruption = .process
    let (name, newName) = (archive.datasetName, DurableFile.name(of: prefix))
    settings.renamesManifest = { bytes in
      // What is no manifest in spite of its name stays as it is.
      let manifest = try? Manifest(parsing: bytes, path: path)
      return manifest?.renamed(from: name, to: newName).fileBytes ?? bytes
    }
    let paths = try writing.run("unpack", "unpacking", inputs: [path]) { options in
      try archive.unpack(to: prefix, settings, options)
    }
    guard let paths else {
      throw Interrupted(description: "interrupted; nothing was unpacked", exitStatus: 1)
    }
    guard !writing.isJSON else {
      return printJSON(["files": .array(paths.map { .string($0) })])
    }
    for path in paths { StandardOutput.shared.line(path) }
  }

  private func extract(_ documents: DocumentSpan, _ archive: Archive, _ prefix: String) throws {
    let count = try IndexedDataset(archive: archive).tendedDocumentCount
    guard documents.end <= count else {
      throw UsageError(
        "argument --documents: '\(documents)': the archive has \(counted(count, "document"))")
    }
    let results = try writing.run("unpack", "unpacking", inputs: [path]) { options in
      try archive.extract(documents.start..<documents.end, to: prefix, options)
    }
    writing.report(results)
  }
}

/// Some documents in a row: `12`, or `12-20`, which is up to, but without, 20.
struct DocumentSpan: ArgumentValue, CustomStringConvertible {
  let start: Int
  let end: Int

  init?(argument word: String) {
    let halves = word.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard halves.count <= 2, let start = halves[0], start >= 0, start < Int.max else { return nil }
    self.start = start
    if halves.count == 1 {
      end = start + 1
      return
    }
    guard let end = halves[1], end > start else { return nil }
    self.end = end
  }

  static let kind = "documents"
  static let form = "a number, or FIRST-END"

  var description: String { end == start + 1 ? "\(start)" : "\(start)-\(end)" }
}
