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
        "CONFIG", \.files, "YAML or JSON files; .yml may be left out, keys may not be repeated"),
      .option(
        "--conf-dir", \.folder, aliases: ["-d"], hidden: ["--conf_dir"], placeholder: "DIR",
        "folder of the files"),
      .each(
        "--set", \.settings, placeholder: "KEY=VALUE",
        "a value that wins over the files, such as optimizer.params.lr=1e-4; may be repeated"),
      .flag("--lenient", \.isLenient, "unknown keys are warnings"),
    ])

  /// The request for the library.
  var request: ConfigurationRequest {
    ConfigurationRequest(
      files: files, folder: folder, settings: settings, isLenient: isLenient)
  }
}
