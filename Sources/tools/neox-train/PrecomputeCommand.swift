import CommandLineKit
import ConfigurationKit
import Machine
import Train

/// `neox-train precompute`: the reference's log-probabilities for DPO and KTO.
struct PrecomputeCommand: Command {
  var model = TrainedModelFlags()
  var topCount: Int?
  var overwrites = false
  var progress = ProgressStyle.auto

  static let page = CommandPage(
    name: "precompute",
    summary: "compute the reference's log-probabilities before dpo or kto is trained",
    description: [
      """
      Reads the documents of all datasets that a configuration names and writes beside each, as \
      PREFIX_NAME with NAME from precompute_model_name, the log-probability that the model gives \
      every next token: float32, seq_length values a document, as GPT-NeoX's own training reads it. \
      Training with the same precompute_model_name then needs no reference model in memory.
      """,
      """
      The model is reference_load, else load. PREFIX_NAME_key.json says what the values were computed \
      from; training refuses them once the weights, the text, seq_length or the tokenizer are others. \
      Documents of like length are computed together, and the values do not depend on the number of \
      threads. A signal stops the work; the same command goes on to the same bytes.
      """,
      """
      With --top-k K it writes PREFIX_NAME_topK.logits instead: for each token of each document the K \
      largest logits of the next one, their ids, and the logarithm of the sum over all of the \
      vocabulary, compressed, for distillation. neox-index show --top-logits prints it and \
      Documentation/reference-logits.md describes it.
      """,
    ],
    examples: [
      .init("Before training:", "neox-train precompute dpo.yml"),
      .init("The 64 largest logits of each token:", "neox-train precompute c.yml --top-k 64"),
      .init("With another model:", "neox-train precompute dpo.yml --load base/global_step1000"),
    ],
    exitStatus: [
      .init("0", "All companions are there."), .init("1", "It failed."),
      .init("2", "The command line is wrong."),
      .init("75", "Interrupted; the same command goes on."),
    ])

  static let groups: [ArgumentGroup<Self>] =
    TrainedModelFlags.groups.map { $0.lifted(to: \.model) } + [
      .init(
        "companions",
        [
          .option(
            "--top-k", \.topCount, placeholder: "K", rule: .within(1...1024),
            "keep the K largest logits of each token, up to 1024"),
          .flag("--overwrite", \.overwrites, "make companions anew that are there"),
          .option("--progress", \.progress, "how progress is shown on standard error"),
        ])
    ]

  func run() throws {
    Interruption.listen()
    let configuration = try model.configuration.load(for: Main.program.name)
    let trained = try TrainedModel(
      configuration, load: model.load() ?? configuration.checkpoints.referenceLoad,
      threads: model.threads,
      paddedVocabularySize: RunVocabulary(configuration.tokenizer).paddedSize)
    for notice in trained.notices { writeNote(notice) }
    if try model.load() == nil, configuration.checkpoints.referenceLoad == nil,
      !configuration.checkpoints.isFinetuning, let reference = trained.reference
    {
      throw TrainError.unsupported(
        what: "load \(trained.path)",
        reason:
          "is a policy that is held to \(reference.path ?? "the weights of its seed"); name the"
          + " reference with reference_load or --load")
    }
    let line = ProgressLine(style: progress)
    defer { line.interrupt() }
    var work = ReferencePrecompute()
    work.overwrites = overwrites
    work.topCount = topCount
    work.note = writeNote
    work.progress = { state in
      line.update(
        Progress(
          activity: "precomputing \(state.path)", documents: state.done, tokens: state.tokens,
          measure: .documents(of: state.count)))
    }
    let outcome = try work.run(trained, threads: model.threads)
    for path in outcome.written { StandardOutput.shared.line("written \(path)") }
    for path in outcome.kept { StandardOutput.shared.line("there already \(path)") }
    guard !outcome.isInterrupted else {
      throw Interrupted(
        description: "interrupted; the same command goes on where it stopped", exitStatus: 75)
    }
  }
}
