import CommandLineKit
import Train

/// Which files make up a configuration; the same for all commands.
struct ConfigurationFlags: Sendable {
  var files: [String] = []
  var folder: String?
  var settings: [String] = []
  var isLenient = false

  static let group = ArgumentGroup<Self>(
    "configuration",
    [
      .positionals(
        "CONFIG", \.files, "YAML or JSON files; .yml may be left out, keys may not be repeated")
    ] + options)

  /// How the files are read.
  static let options: [Argument<Self>] = [
    .option(
      "--conf-dir", \.folder, aliases: ["-d"], hidden: ["--conf_dir"], placeholder: "DIR",
      "folder of the files"),
    .each(
      "--set", \.settings, placeholder: "KEY=VALUE",
      "a value that wins over the files, such as optimizer.params.lr=1e-4; may be repeated"),
    .flag("--lenient", \.isLenient, "unknown keys are warnings"),
  ]

  /// The request for the library.
  var request: ConfigurationRequest {
    ConfigurationRequest(
      files: files, folder: folder, settings: settings, isLenient: isLenient)
  }

  /// Reads the configuration, tells what is worth knowing, and refuses one with problems; with
  /// `isForTraining` also one that only describes a model.
  func load(isForTraining: Bool = false) throws -> TrainingConfiguration {
    let outcome = TrainingConfiguration.load(request)
    let report = outcome.report
    let problems = report.problems + (isForTraining ? report.trainingProblems : [])
    for problem in problems { writeError("error: \(problem)\n") }
    for warning in report.warnings { writeError("warning: \(warning)\n") }
    guard let configuration = outcome.configuration, problems.isEmpty else {
      writeError("neox-train: \(counted(problems.count, "problem"))\n")
      throw QuietExit(1)
    }
    return configuration
  }
}
