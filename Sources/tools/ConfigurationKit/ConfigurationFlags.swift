package import CommandLineKit
package import Train

/// Which files make up a configuration; the same for all commands.
package struct ConfigurationFlags: Sendable {
  /// The files, as they were named.
  package var files: [String] = []
  /// The folder of the files.
  package var folder: String?
  /// Values that win over the files.
  package var settings: [String] = []
  /// Whether unknown keys are warnings.
  package var isLenient = false

  /// No files.
  package init() {}

  /// The files as words of the command line, and how they are read.
  package static let group = ArgumentGroup<Self>(
    "configuration",
    [
      .positionals(
        "CONFIG", \.files, "YAML or JSON files; .yml may be left out, keys may not be repeated")
    ] + options)

  /// The files as an option, and how they are read.
  package static let namedGroup = ArgumentGroup<Self>(
    "configuration",
    [
      .list(
        "--config", \.files, placeholder: "FILE", required: true,
        "the run's YAML or JSON files; .yml may be left out, keys may not be repeated")
    ] + options)

  /// How the files are read.
  package static let options: [Argument<Self>] = [
    .option(
      "--conf-dir", \.folder, aliases: ["-d"], hidden: ["--conf_dir"], placeholder: "DIR",
      "folder of the files"),
    .each(
      "--set", \.settings, placeholder: "KEY=VALUE",
      "a value that wins over the files, such as optimizer.params.lr=1e-4; may be repeated"),
    .flag("--lenient", \.isLenient, "unknown keys are warnings"),
  ]

  /// The request for the library.
  package var request: ConfigurationRequest {
    ConfigurationRequest(
      files: files, folder: folder, settings: settings, isLenient: isLenient)
  }

  /// Reads the configuration, tells what is worth knowing, and refuses one with problems; with
  /// `isForTraining` also one that only describes a model.
  ///
  /// - Throws: `QuietExit` when `program` has told the problems.
  package func load(
    for program: String, isForTraining: Bool = false, processCount: Int = 1
  ) throws(QuietExit) -> TrainingConfiguration {
    var request = request
    request.processCount = processCount
    let outcome = TrainingConfiguration.load(request)
    let report = outcome.report
    let problems = report.problems + (isForTraining ? report.trainingProblems : [])
    for problem in problems { writeError("error: \(problem)\n") }
    let warnings = report.warnings + (isForTraining ? report.trainingWarnings : [])
    for warning in warnings { writeError("warning: \(warning)\n") }
    guard let configuration = outcome.configuration, problems.isEmpty else {
      writeError("\(program): \(counted(problems.count, "problem"))\n")
      throw QuietExit(report.exitStatus)
    }
    return configuration
  }
}
