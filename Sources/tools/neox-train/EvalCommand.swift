import CommandLineKit
import ConfigurationKit
import IndexedData
import Machine
import Tokenize
import Train

/// `neox-train eval`: the loss and the perplexity of a model.
struct EvalCommand: Command {
  var model = TrainedModelFlags()
  var data: String?
  var split: EvaluatedSplit?
  var stride: Int?
  var batchSize: Int?
  var separatesDocuments = false
  var isJSON = false
  var progress = ProgressStyle.auto

  static let page = CommandPage(
    name: "eval", summary: "compute the loss and the perplexity of a trained model",
    description: [
      """
      With --data, every token of a dataset is predicted once, from the tokens before it in a window \
      of seq_length. Windows follow each other without overlap, over the ends of documents as in \
      training; --stride lets them overlap, so that every token but the first ones has at least \
      seq_length − stride tokens before it, and --per-document keeps documents apart. The first \
      token of a text has nothing before it and is not predicted.
      """,
      """
      Without --data, the model is evaluated on the validation or test data of the configuration as \
      GPT-NeoX does it: eval_iters batches in the order that the seed gives.
      """,
      """
      The loss is the mean of −log p, the perplexity exp(loss). Where the configuration's vocab_file \
      is there, bits_per_byte compares models with different tokenizers; tokens that end documents \
      count no bytes. The same command prints the same figures each time.
      """,
    ],
    examples: [
      .init("On a dataset:", "neox-train eval c.yml --data data/books_text_document"),
      .init(
        "Each token with at least half a window before it:",
        "neox-train eval c.yml --data data/books_text_document --stride 1024"),
      .init("On the configuration's test data:", "neox-train eval c.yml --split test --json"),
    ],
    exitStatus: [
      .init("0", "The figures are printed."),
      .init("1", "It failed, or was interrupted; how far it came is on standard error."),
      .init("2", "The command line is wrong."),
      .init("75", "A signal ended it while it made index maps; the same command makes the others."),
    ])

  static let groups: [ArgumentGroup<Self>] =
    TrainedModelFlags.groups.map { $0.lifted(to: \.model) } + [
      .init(
        "evaluation",
        [
          .option(
            "--data", \.data, placeholder: "PREFIX", "a dataset: PREFIX.bin and PREFIX.idx"),
          .option(
            "--split", \.split, shownDefault: "valid",
            "the configuration's data to use, without --data"),
          .option(
            "--stride", \.stride, placeholder: "N", shownDefault: "seq_length",
            rule: .atLeast(1), "tokens by which a window moves on"),
          .flag("--per-document", \.separatesDocuments, "let no window reach over a document"),
          .option(
            "--batch-size", \.batchSize, placeholder: "N", shownDefault: "micro batch",
            rule: .within(1...65536), "windows that are computed together"),
          .flag("--json", \.isJSON, "print the result as JSON"),
          .option("--progress", \.progress, "how progress is shown on standard error"),
        ])
    ]

  func run() throws {
    guard data != nil || (stride == nil && batchSize == nil && !separatesDocuments) else {
      throw UsageError("--stride, --batch-size and --per-document need --data")
    }
    guard data == nil || split == nil else {
      throw UsageError("--split is a part of the configuration's data, and --data another dataset")
    }
    _ = try model.load()
    Interruption.listen()
    let trained = try model.model(model.configuration.load(for: Main.program.name))
    let line = ProgressLine(style: progress)
    var extent = (done: 0, count: 0)
    let tell = { (done: Int, count: Int) in
      extent = (done, count)
      line.update(Progress(activity: "evaluating", tokens: done, measure: .tokens(of: count)))
    }
    let result: EvaluationResult
    do {
      defer { line.interrupt() }
      result =
        if let data { try evaluate(trained, data, progress: tell) } else {
          try SplitEvaluation.run(
            trained, split: (split ?? .valid).split, progress: tell, note: writeNote)
        }
    }
    guard !result.isInterrupted else { throw interrupted(result, extent) }
    show(result, trained)
  }

  /// Says how far the work came; there is nothing that could go on.
  private func interrupted(
    _ result: EvaluationResult, _ extent: (done: Int, count: Int)
  ) -> Interrupted {
    let loss = extent.done > 0 ? ", whose lm_loss is \(result.loss)" : ""
    let all = extent.done > 0 ? " of \(grouped(extent.count))" : ""
    return Interrupted(
      description: "interrupted after \(grouped(extent.done))\(all) tokens\(loss); the same command"
        + " begins anew", exitStatus: 1)
  }

  private func evaluate(
    _ trained: TrainedModel, _ data: String, progress: @escaping (Int, Int) -> Void
  ) throws -> EvaluationResult {
    var evaluation = DatasetEvaluation()
    evaluation.stride = stride
    evaluation.batchSize = batchSize
    evaluation.separatesDocuments = separatesDocuments
    evaluation.progress = progress
    let tokenizer = try tokenizer(trained)
    let configured = trained.configuration.tokenizer
    let vocabulary = tokenizer.map {
      RunVocabulary($0, divisibleBy: configured.vocabularyMultiple)
    }
    if let note = RunTokenizer(configured, vocabulary).note(ofDataset: data) { writeNote(note) }
    do throws(TrainError) {
      return try evaluation.run(trained, dataset: data, tokenizer: tokenizer)
    } catch {
      guard case .dataset(let cause) = error else { throw error }
      throw TrainError.data(key: "--data", cause)
    }
  }

  /// The tokenizer, where its files are there; without, bytes are not counted.
  private func tokenizer(_ trained: TrainedModel) throws -> (any Tokenizer)? {
    let tokenizer = trained.configuration.tokenizer
    if TokenizerKind(name: tokenizer.kind) == .characterLevel { return try tokenizer.load() }
    guard let path = tokenizer.vocabularyFile else {
      writeNote("the configuration names no vocab_file: bits_per_byte is left out")
      return nil
    }
    guard DurableFile.exists(path) else {
      writeNote("there is no \(path), the vocab_file: bits_per_byte is left out")
      return nil
    }
    return try tokenizer.load()
  }

  private func show(_ result: EvaluationResult, _ trained: TrainedModel) {
    let name = data ?? (split ?? .valid).rawValue
    guard !isJSON else {
      let json: JSONText = [
        "model": .string(trained.path), "data": .string(name),
        "tokens": JSONText(result.tokenCount), "lm_loss": .number(result.loss),
        "lm_loss_ppl": .number(result.perplexity),
        "bits_per_byte": result.bitsPerByte.map { .number($0) } ?? .null,
      ]
      StandardOutput.shared.write(json.bytes(.pretty) + [0x0A])
      return
    }
    var table = TextTable([.left(""), .left("")])
    table.add(["model", trained.path])
    table.add(["data", name])
    table.add(["tokens", grouped(result.tokenCount)])
    table.add(["lm_loss", "\(result.loss)"])
    table.add(["lm_loss_ppl", "\(result.perplexity)"])
    if let bits = result.bitsPerByte { table.add(["bits_per_byte", "\(bits)"]) }
    StandardOutput.shared.write(table.text)
  }
}

/// The data of a configuration that a model can be evaluated on.
enum EvaluatedSplit: String, CaseIterable, ArgumentValue {
  case valid
  case test

  var split: DataSplit { self == .valid ? .valid : .test }
}
