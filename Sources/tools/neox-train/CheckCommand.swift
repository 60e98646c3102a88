import CommandLineKit
import ConfigurationKit
import Machine
import Tokenize
import Train

/// `neox-train check`: says whether a configuration is right, and all that is wrong.
struct CheckCommand: Command {
  var configuration = ConfigurationFlags()
  var isWithoutData = false

  static let page = CommandPage(
    name: "check", summary: "say whether a configuration is right",
    description: [
      """
      Reads the files as a run would and lists everything that is wrong, in all files at once: \
      unknown and misspelled keys, values of the wrong kind, keys that contradict each other, batch \
      sizes that do not multiply, and what is not supported, with the reason. Keys that are accepted \
      and mean nothing here are listed too.
      """,
      """
      Files that the configuration names and a run would read have to be there: the tokenizer's, the \
      datasets with their labels, rewards and precomputed companions, and what finetune loads. They \
      are not opened, but for the tokenizer's; where the manifest beside a dataset tells of another \
      tokenizer than the configuration's, a warning says so. Before they are made, --without-data checks the configuration alone.
      """,
    ],
    examples: [
      .init("One file:", "neox-train check configs/125M.yml"),
      .init("Several, from a folder:", "neox-train check -d configs 125M local_setup"),
      .init("Before there is any data:", "neox-train check configs/125M.yml --without-data"),
      .init(
        "With a change:", "neox-train check configs/125M.yml --set train_micro_batch_size_per_gpu=8"
      ),
    ],
    exitStatus: [
      .init("0", "The configuration is right, and its files are there."),
      .init("1", "It has problems, or files are missing; all are listed on standard error."),
      .init("2", "The command line is wrong."),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    ConfigurationFlags.group.lifted(to: \.configuration),
    .init(
      "check",
      [
        .flag(
          "--without-data", \.isWithoutData,
          "missing files are warnings: check the configuration alone")
      ]),
  ]

  func run() throws {
    let outcome = TrainingConfiguration.load(configuration.request)
    show(outcome.report)
    let count = outcome.report.problems.count + outcome.report.trainingProblems.count
    guard let configuration = outcome.configuration, count == 0 else {
      let problems = counted(count, "problem")
      StandardOutput.shared.flush()
      writeError("neox-train: \(problems)\n")
      throw QuietExit(outcome.report.exitStatus)
    }
    StandardOutput.shared.write(ConfigurationSummary(configuration).text)
    StandardOutput.shared.flush()
    var missing = MissingFiles(configuration).sentences
    do {
      try tellOfTokenizer(configuration)
    } catch {
      missing.append("\(error)")
    }
    for sentence in missing {
      writeError("\(isWithoutData ? "warning" : "error"): \(sentence)\n")
    }
    guard missing.isEmpty || isWithoutData else {
      writeError(
        "neox-train: the configuration is right, but not its files; --without-data checks it"
          + " alone\n")
      throw QuietExit(1)
    }
  }

  /// Warns of data that another tokenizer made, where the tokenizer's files are there.
  private func tellOfTokenizer(_ configuration: TrainingConfiguration) throws {
    let tokenizer = configuration.tokenizer
    let files = [tokenizer.vocabularyFile, tokenizer.mergesFile].compactMap(\.self)
    let isNamed = !files.isEmpty || TokenizerKind(name: tokenizer.kind) == .characterLevel
    guard isNamed, files.allSatisfy(DurableFile.exists) else { return }
    let vocabulary = try RunVocabulary(tokenizer)
    let settings = try? DataSettings(configuration, vocabulary: vocabulary)
    for note in settings?.tokenizerNotes ?? [] { writeError("warning: \(note)\n") }
  }

  private func show(_ report: ConfigurationReport) {
    for problem in report.problems + report.trainingProblems { writeError("error: \(problem)\n") }
    for warning in report.warnings + report.trainingWarnings {
      writeError("warning: \(warning)\n")
    }
    for (reason, keys) in report.unusedByReason {
      StandardOutput.shared.line("no effect: \(keys.joined(separator: ", ")): \(reason)")
    }
  }
}
