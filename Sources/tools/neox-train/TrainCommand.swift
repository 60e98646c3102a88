import CommandLineKit
import ConfigurationKit
import Machine
import Train

/// `neox-train CONFIG`: trains a model.
struct TrainCommand: Command {
  var configuration = ConfigurationFlags()
  var threads = WorkerPool.processorCount
  var metrics: String?
  var progress = ProgressStyle.auto
  var overwrites = false

  static let page = CommandPage(
    name: "neox-train", summary: "train language models from GPT-NeoX configurations",
    description: [
      """
      Trains the model that one or several GPT-NeoX configurations describe, unchanged, on this \
      machine's processors. The losses, gradient norms and learning rates are GPT-NeoX's own.
      """,
      """
      Checkpoints go to the folder `save`; `load` continues from the newest sound one, bit for bit \
      as if the run had never stopped. SIGINT (Ctrl-C), SIGTERM and SIGHUP save and exit with 75: the \
      same command continues where `load` names that folder. A second Ctrl-C or SIGTERM ends the run at \
      once, like a kill.
      """,
      """
      A reader of the output that goes away, as head does, does not end the run. \
      Every step adds a line to metrics.jsonl in `log_dir`, else in `save`, else in the working \
      directory. Documentation/arguments.md lists all keys of configurations.
      """,
    ],
    examples: [
      .init("Is a configuration right?", "neox-train check configs/125M.yml"),
      .init("Train:", "neox-train configs/125M.yml configs/local_setup.yml"),
      .init(
        "With a change:",
        "neox-train configs/125M.yml --set train_iters=1000 --set optimizer.params.lr=3e-4"),
    ],
    exitStatus: [
      .init("0", "The run is done."),
      .init("1", "It failed; the reason is on standard error."),
      .init("2", "The command line is wrong."),
      .init(
        "75",
        "Interrupted; a checkpoint was saved, from which the same command continues, or index maps were"
          + " being made, and it makes the others."),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    ConfigurationFlags.group.lifted(to: \.configuration),
    .init(
      "run",
      [
        .option(
          "--threads", \.threads, placeholder: "N", shownDefault: "one a processor",
          rule: .workers, "threads that compute"),
        .option(
          "--metrics", \.metrics, placeholder: "FILE", "where metrics.jsonl goes instead"),
        .option("--progress", \.progress, placeholder: "STYLE", "how progress is shown"),
        .flag(
          "--overwrite", \.overwrites,
          "replace checkpoints in the folder save of a run that this one does not continue"),
      ]),
  ]

  func run() throws {
    try refuseMisspelledCommand()
    if let metrics {
      let folder = DurableFile.folder(of: metrics)
      guard DurableFile.isFolder(folder) else { throw MissingPath(folder: folder, of: "--metrics") }
    }
    let configuration = try configuration.load(for: Main.program.name, isForTraining: true)
    var options = TrainingRun.Options(
      output: {
        StandardOutput.shared.line($0)
        StandardOutput.shared.flush()
      }, note: writeNote)
    options.warn = { writeError("neox-train: warning: \($0)\n") }
    options.threads = threads
    options.metricsPath = metrics
    options.overwrites = overwrites
    let report = StepProgress(progress)
    options.progress = { report.show($0) }
    options.measuresPeak = report.isShown
    Interruption.listen()
    StandardOutput.shared.goOnWithoutReader {
      writeNote(
        "nobody reads standard output any more; the run goes on, and metrics.jsonl has its steps")
    }
    let run = try TrainingRun(configuration, options)
    let ending = try run.run()
    report.close()
    guard case .interrupted(let iteration, let checkpoint) = ending else {
      guard run.hasLoss || configuration.usesQuirks else {
        throw TrainError.unsupported(
          what: "training",
          reason: "it is over, and the last loss is no number: lower the learning rate, or look at"
            + " the data" + (run.soundPath.map { "; \($0) is from before" } ?? ""))
      }
      return
    }
    guard let checkpoint else {
      throw Interrupted(
        description: "interrupted after step \(iteration); nothing was saved, since the"
          + " configuration names no folder `save`", exitStatus: 1)
    }
    throw Interrupted(
      description: "interrupted after step \(iteration), which \(checkpoint) holds;"
        + " \(configuration.checkpoints.wayToGoOn)", exitStatus: 75)
  }
}

extension TrainCommand {
  /// Takes a first word that is no file for what it is meant to be.
  private func refuseMisspelledCommand() throws(UsageError) {
    guard let word = configuration.files.first, configuration.folder == nil,
      !["", ".yml", ".yaml", ".json"].contains(where: { DurableFile.exists(word + $0) })
    else { return }
    if word == "train" {
      throw UsageError(
        "there is no command 'train', and no file train.yml; 'neox-train CONFIG' trains")
    }
    guard let command = closestName(to: word, among: Main.program.commandNames) else { return }
    throw UsageError(
      "there is no command '\(word)', and no file \(word).yml; did you mean '\(command)'?")
  }
}
