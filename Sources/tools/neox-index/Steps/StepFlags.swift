import CommandLineKit
import ConfigurationKit
import IndexedData
import Machine
import Tokenize
import Train

/// Which run's data are looked at; the same for commands that ask what a step is made of.
struct StepFlags: Sendable {
  var run = RunFlags()
  var split = DataSplit.train

  static let groups: [ArgumentGroup<Self>] = [
    ConfigurationFlags.namedGroup.lifted(to: \.run.configuration),
    .init(
      "run",
      [
        .option("--split", \.split, "which of the run's data"),
        RunFlags.worldSizeRow.lifted(to: \.run),
      ]),
  ]

  static let countingNote = """
    Steps are the iterations of log lines, and micro batches those of a step: both are counted from \
    1. Ranks, rows, samples, documents and tokens are counted from 0. Step N has the micro batches \
    that follow those of the step before, as many as gradient_accumulation_steps, and each rank has train_\
    micro_batch_size_per_gpu rows of each. The steps of --split valid are those of all evaluations \
    of the run one after another, eval_iters each.
    """
  static let filesNote = """
    The configuration is read as neox-train reads it. No model is needed; index maps are read, or \
    made and kept beside the data as a run would. Ctrl-C leaves none that is not whole.
    """

  static let exitStatus: [CommandPage.Entry] = [
    .init("0", "The work is done."),
    .init("1", "It failed; the reason is on standard error."),
    .init("2", "The command line is wrong."), mapsEntry,
  ]
  /// What the status is of who was ended while maps were made.
  static let mapsEntry = CommandPage.Entry(
    "75", "A signal ended it while it made index maps; the same command makes the others.")

  /// A configuration's data, and the tokenizer where its files are there.
  func open() throws -> (data: StepData, tokenizer: (any Tokenizer)?) {
    let (settings, tokenizer) = try settings()
    return (try data(settings), tokenizer)
  }

  /// What a configuration's data are made from, and the tokenizer where its files are there.
  func settings() throws -> (settings: DataSettings, tokenizer: (any Tokenizer)?) {
    let configuration = try load()
    let tokenizer = try Self.tokenizer(configuration)
    let vocabulary = tokenizer.map {
      RunVocabulary($0, divisibleBy: configuration.tokenizer.vocabularyMultiple)
    }
    var settings = try DataSettings(
      configuration, vocabulary: vocabulary, rankCount: run.worldSize)
    settings.interruption = .process
    return (settings, tokenizer)
  }

  /// A configuration's data, of which only the order is looked at.
  func openOrder() throws -> StepData {
    var settings = try DataSettings(load(), vocabulary: nil, rankCount: run.worldSize)
    // What is trained has no part in the order.
    settings.masksEndOfDocument = false
    settings.interruption = .process
    return try data(settings)
  }

  private func load() throws -> TrainingConfiguration {
    try run.configuration.load(
      for: Main.program.name, isForTraining: true, processCount: run.worldSize)
  }

  private func data(_ settings: DataSettings) throws -> StepData {
    let data = try Interruption.listeningForMaps { try StepData(split, settings) }
    for note in data.notes { writeNote(note) }
    return data
  }

  private static func tokenizer(
    _ configuration: TrainingConfiguration
  ) throws -> (any Tokenizer)? {
    let files = [
      configuration.tokenizer.vocabularyFile, configuration.tokenizer.mergesFile,
    ].compactMap(\.self)
    let missing = files.first { !DurableFile.exists($0) }
    let isNamed =
      !files.isEmpty || TokenizerKind(name: configuration.tokenizer.kind) == .characterLevel
    // Which predictions are trained depends on the end-of-document id.
    guard !configuration.data.masksEndOfDocument, missing != nil || !isNamed else {
      return try configuration.tokenizer.load()
    }
    writeNote(
      (missing.map { "there is no \($0), the vocabulary" }
        ?? "the configuration names no vocab_file") + ": ids are shown instead of text")
    return nil
  }

  /// What a step of the split is called.
  static func title(_ step: Int, _ data: StepData) -> String {
    let evaluation = data.settings.evaluationIterations
    switch data.source.split {
    case .train: return "step \(grouped(step)) of \(grouped(data.stepCount))"
    case .test: return "step \(grouped(step)) of \(grouped(evaluation)) of the test"
    case .valid:
      let (number, place) = (step - 1).quotientAndRemainder(dividingBy: evaluation)
      var when = "at the end of training"
      if let interval = data.settings.evaluationInterval,
        (number + 1) * evaluation < data.stepCount
      {
        when = "after step \(grouped((number + 1) * interval))"
      }
      return "step \(grouped(step)) of \(grouped(data.stepCount)): \(grouped(place + 1)) of"
        + " \(grouped(evaluation)) of the evaluation \(when)"
    }
  }
}

extension DataSplit: ArgumentValue {}

extension Interruption {
  /// Calls a body that may make index maps; a signal ends that, and else does what it did before.
  static func listeningForMaps<Outcome>(_ body: () throws -> Outcome) throws -> Outcome {
    try listening(
      endedBy: { error in
        if case .interrupted? = error as? TrainError { return true }
        return error as? IndexedDataError == .interrupted
      }, body)
  }
}
