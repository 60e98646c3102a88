import CommandLineKit
import IndexedData
import Machine

/// The options of every command that writes a dataset.
struct WriteFlags: Sendable {
  var overwrites = false
  var isHasty = false
  var progress = ProgressStyle.auto
  var isJSON = false

  /// What Ctrl-C does to every command that writes a dataset.
  static let signalNote = """
    Ctrl-C leaves nothing of the outputs, and what they were to replace as it was.
    """

  static let group = ArgumentGroup<WriteFlags>(
    "writing",
    [
      .flag("--overwrite", \.overwrites, "replace finished files with the output's names"),
      .flag(
        "--no-sync", \.isHasty,
        """
        leave it to the system when the output goes to the disk; faster, but a loss of power soon \
        after can lose it
        """),
      .option("--progress", \.progress, "how progress is shown on standard error"),
      .flag("--json", \.isJSON, "print the result as JSON"),
    ])

  /// Refuses an output whose folder is not there.
  ///
  /// - Throws: `MissingPath`.
  static func requireFolder(of output: String, _ argument: String) throws {
    let folder = DurableFile.folder(of: output)
    guard DurableFile.isFolder(folder) else {
      throw MissingPath(folder: folder, of: argument)
    }
  }

  /// Runs `work` with options that show progress and write manifests, and ends the progress line.
  ///
  /// Without `keepsDocuments`, documents of the output may end elsewhere than those of the inputs.
  func run<Outcome>(
    _ command: String, _ activity: String, inputs: [String], keepsDocuments: Bool = true,
    _ work: (TendOptions) throws -> Outcome
  ) throws -> Outcome {
    let manifests = try DerivedManifests(
      command: command, inputs: inputs, overwrites: overwrites,
      keepsDocuments: keepsDocuments)
    return try run(activity) { options in
      var options = options
      options.records = manifests.records
      options.manifest = { prefix throws(IndexedDataError) in try manifests.manifest(for: prefix) }
      return try work(options)
    }
  }

  /// Runs `work` that makes outputs of inputs in several groups; the first is the one of the dataset,
  /// the others are those of its companions.
  func run<Outcome>(
    _ command: String, _ activity: String, groups: [(inputs: [String], outputs: [String])],
    _ work: (TendOptions) throws -> Outcome
  ) throws -> Outcome {
    var ofOutput: [String: DerivedManifests] = [:]
    var records: [String: DatasetRecord] = [:]
    for (place, group) in groups.enumerated() {
      let manifests = try DerivedManifests(
        command: command, inputs: group.inputs, overwrites: overwrites, keepsDocuments: true,
        isQuiet: place > 0)
      records.merge(manifests.records) { first, _ in first }
      for output in group.outputs { ofOutput[output] = manifests }
    }
    let known = ofOutput
    let recorded = records
    return try run(activity) { options in
      var options = options
      options.records = recorded
      options.manifest = { prefix throws(IndexedDataError) in
        try known[prefix]?.manifest(for: prefix)
      }
      return try work(options)
    }
  }

  /// Runs `work` with options that show progress, and ends the progress line.
  ///
  /// A signal ends the work until all outputs are whole: then nothing is left of them, and what they
  /// were to replace stays as it was. A later one comes too late, and the outputs get their names.
  func run<Outcome>(
    _ activity: String, _ work: (TendOptions) throws -> Outcome
  ) throws -> Outcome {
    let line = ProgressLine(style: progress)
    defer { line.interrupt() }
    Interruption.listen()
    var options = TendOptions()
    options.interruption = .process
    options.overwrite = overwrites
    options.isDurable = !isHasty
    options.progress = { done, total in
      line.update(Progress(activity: activity, bytes: done, totalBytes: total))
    }
    do {
      return try work(options)
    } catch IndexedDataError.interrupted {
      throw Interrupted(
        description: "interrupted; nothing was written; the same command begins anew",
        exitStatus: 1)
    }
  }

  /// Prints what was written: a line a dataset, or JSON with the member `outputs` and `more` of them.
  func report(_ datasets: [TendedDataset], _ more: [JSONText.Member] = []) {
    for warning in datasets.flatMap(\.warnings) {
      writeError("neox-index: warning: \(warning)\n")
    }
    for note in Set(datasets.flatMap(\.notes)).sorted() { note.isEmpty ? () : writeNote(note) }
    guard !isJSON else {
      let outputs = datasets.map { dataset -> JSONText in
        [
          "prefix": .string(dataset.prefix), "element_type": .string(dataset.elementType.rawValue),
          "sequences": JSONText(dataset.sequences), "documents": JSONText(dataset.documents),
          "tokens": JSONText(dataset.tokens), "notes": .array(dataset.notes.map { .string($0) }),
          "warnings": .array(dataset.warnings.map { .string($0) }),
        ]
      }
      printJSON(.object([.init("outputs", .array(outputs))] + more))
      return
    }
    for dataset in datasets {
      StandardOutput.shared.line(
        "\(dataset.prefix): \(counted(dataset.documents, "document")),"
          + " \(counted(dataset.tokens, "token")), \(dataset.elementType.rawValue)")
    }
  }
}

/// Prints a JSON value, a member a line.
func printJSON(_ value: JSONText) {
  StandardOutput.shared.write(value.bytes(.pretty) + [0x0A])
}

/// Says something on standard error that is worth knowing but stops nothing.
func writeNote(_ text: String) {
  writeError("neox-index: note: \(text)\n")
}
