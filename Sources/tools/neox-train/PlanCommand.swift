import CommandLineKit
import ConfigurationKit
import Machine
import Tokenize
import Train

/// `neox-train plan`: what a run would need.
struct PlanCommand: Command {
  var configuration = ConfigurationFlags()
  var vocabularySize: Int?
  var teraflops: Double?

  static let page = CommandPage(
    name: "plan", summary: "say what a run would need",
    description: [
      """
      Counts parameters, memory, tokens, steps and operations of a configuration, the data that it \
      needs against the data that is there, and the size of its checkpoints. Nothing is trained. \
      Memory for activations is an estimate; the other figures follow from the configuration.
      """,
      """
      The vocabulary comes from vocab_file, or from --vocab-size. The time of the run follows from \
      --teraflops: what the machine computes in a second, which a few steps of training show. \
      Without, the least time is told, at the speed of this machine's fastest matrix products.
      """,
    ],
    examples: [
      .init("A model:", "neox-train plan configs/125M.yml --vocab-size 50257"),
      .init("With its time:", "neox-train plan c.yml --teraflops 0.15"),
    ],
    exitStatus: [
      .init("0", "The plan is printed."),
      .init("1", "The configuration has problems, or a file cannot be read."),
      .init("2", "The command line is wrong."),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    ConfigurationFlags.group.lifted(to: \.configuration),
    .init(
      "plan",
      [
        .option(
          "--vocab-size", \.vocabularySize, placeholder: "N", rule: .within(1...1 << 30),
          "tokens of the vocabulary, in place of vocab_file"),
        .option(
          "--teraflops", \.teraflops, placeholder: "N",
          rule: ValueRule { $0 > 0 ? nil : "must be above 0, not \($0)" },
          "operations a second in training, in 10^12"),
      ]),
  ]

  func run() throws {
    let outcome = TrainingConfiguration.load(configuration.request)
    guard let configuration = outcome.configuration else {
      for problem in outcome.report.problems { writeError("error: \(problem)\n") }
      throw QuietExit(outcome.report.exitStatus)
    }
    let plan = try TrainingPlan(
      configuration, vocabularySize: try paddedVocabularySize(configuration.tokenizer),
      stock: DataStock(configuration.data.source), speed: speed(configuration))
    StandardOutput.shared.write(plan.text)
  }

  /// How fast the run is taken to be.
  private func speed(_ configuration: TrainingConfiguration) throws -> TrainingPlan.Speed {
    if let teraflops { return .given(teraflops) }
    let peak = try MatrixPeak.measure(configuration, threads: WorkerPool.processorCount)
    return .peak(peak / 1e12)
  }

  /// The rows of the embedding.
  private func paddedVocabularySize(_ tokenizer: TrainingConfiguration.Tokenizer) throws -> Int {
    let size = try vocabularySize ?? sizeOfTokenizer(tokenizer)
    let (sum, overflow) = size.addingReportingOverflow(tokenizer.vocabularyMultiple - 1)
    guard !overflow else {
      throw TrainError.unsupported(
        what: "make_vocab_size_divisible_by \(tokenizer.vocabularyMultiple)",
        reason: "no embedding has so many rows")
    }
    return sum / tokenizer.vocabularyMultiple * tokenizer.vocabularyMultiple
  }

  private func sizeOfTokenizer(_ tokenizer: TrainingConfiguration.Tokenizer) throws -> Int {
    let isCharacterLevel = TokenizerKind(name: tokenizer.kind) == .characterLevel
    guard tokenizer.vocabularyFile != nil || isCharacterLevel else {
      throw UsageError("the configuration names no vocab_file; --vocab-size says its size without")
    }
    return try tokenizer.load().vocabularySize
  }
}
