import CommandLineKit
import Machine
import Train

/// Which model is used, and with how many threads; the same for commands that use one.
struct TrainedModelFlags: Sendable {
  var configuration = ConfigurationFlags()
  var load: String?
  var threads = WorkerPool.processorCount

  static let groups: [ArgumentGroup<Self>] = [
    ConfigurationFlags.group.lifted(to: \.configuration),
    .init(
      "model",
      [
        .option(
          "--load", \.load, placeholder: "PATH", shownDefault: "load, else save",
          """
          the weights: a run's folder, a checkpoint, a safetensors file with GPT-NeoX's names, or a \
          folder of transformers
          """),
        .option(
          "--threads", \.threads, placeholder: "N", shownDefault: "one a processor",
          rule: .workers, "threads that compute"),
      ]),
  ]

  /// Loads the model, and says what is worth knowing.
  func model() throws -> TrainedModel {
    let model = try TrainedModel(configuration.load(), load: load, threads: threads)
    for notice in model.notices { writeNote(notice) }
    return model
  }
}

/// Says something on standard error that is worth knowing but stops nothing.
func writeNote(_ text: String) {
  writeError("neox-train: note: \(text)\n")
}
