import CommandLineKit
import ConfigurationKit

/// Which run a configuration describes: its files, how they are read, and how many processes it has.
struct RunFlags: Sendable {
  var configuration = ConfigurationFlags()
  var worldSize = 1

  /// Whether files were named.
  var isGiven: Bool { !configuration.files.isEmpty }

  /// Rows for commands that work without a configuration as well.
  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "configuration",
      [
        .list(
          "--config", \.configuration.files, placeholder: "FILE",
          "the run's YAML or JSON files; .yml may be left out, keys may not be repeated"),
        worldSizeRow,
      ]),
    ArgumentGroup<ConfigurationFlags>("reading the configuration", ConfigurationFlags.options)
      .lifted(to: \.configuration),
  ]

  /// The row of the number of processes.
  static let worldSizeRow = Argument<Self>.option(
    "--world-size", \.worldSize, placeholder: "N", rule: .within(1...(1 << 20)),
    "data-parallel processes of the run: its GPUs over model_parallel_size × pipe_parallel_size")

  /// The first option that was given though it means nothing without files; `nil` where none was.
  var strayOption: String? {
    let given = [
      ("--world-size", worldSize != 1), ("--conf-dir", configuration.folder != nil),
      ("--set", !configuration.settings.isEmpty), ("--lenient", configuration.isLenient),
    ]
    return isGiven ? nil : given.first(where: \.1)?.0
  }
}
