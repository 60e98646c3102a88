import CommandLineKit
import ConfigurationKit
import Machine
import Train

/// Which model is used, and with how many threads; the same for commands that use one.
struct TrainedModelFlags: Sendable {
  var configuration = ConfigurationFlags()
  var loads: [String] = []
  var threads = WorkerPool.processorCount

  static let groups: [ArgumentGroup<Self>] = [
    ConfigurationFlags.group.lifted(to: \.configuration),
    .init(
      "model",
      [
        .each(
          "--load", \.loads, placeholder: "PATH",
          """
          the weights: a run's folder, a checkpoint, a safetensors file with GPT-NeoX's names, or a \
          folder of transformers (default: load, else save)
          """),
        .option(
          "--threads", \.threads, placeholder: "N", shownDefault: "one a processor",
          rule: .workers, "threads that compute"),
      ]),
  ]

  /// The path of the weights, where the command line names one.
  func load() throws(UsageError) -> String? {
    guard loads.count < 2 else {
      throw UsageError("argument --load: one model is used, and \(loads.count) are named")
    }
    return loads.first
  }

  /// Loads the model of a configuration, and says what is worth knowing.
  func model(_ configuration: TrainingConfiguration) throws -> TrainedModel {
    let model = try TrainedModel(configuration, load: load(), threads: threads)
    for notice in model.notices { writeNote(notice) }
    return model
  }
}

/// Says something on standard error that is worth knowing but stops nothing.
@Sendable func writeNote(_ text: String) {
  writeError("neox-train: note: \(text)\n")
}
