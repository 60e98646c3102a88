import CommandLineKit
import ConfigurationKit
import Machine
import Train

/// `neox-train export`: a trained model for other programs.
struct ExportCommand: Command {
  var checkpoint = ""
  var configuration = ConfigurationFlags()
  var iteration: Int?
  var form: ExportForm?
  var output = ""
  var precision = ExportPrecision.fp32
  var hasTokenizer = true
  var overwrites = false

  static let page = CommandPage(
    name: "export", summary: "write a trained model for other programs",
    description: [
      """
      --to hf writes a folder that transformers loads (GPTNeoXForCausalLM, GPT2LMHeadModel, \
      LlamaForCausalLM or MistralForCausalLM, whichever computes the same), with the tokenizer. \
      --to safetensors writes one file with GPT-NeoX's names. A model that no class of transformers \
      computes is an error that names the key.
      """,
      """
      What the model is made of comes from the configuration that the checkpoint keeps, or from the \
      files that are named behind it; a safetensors file needs them for --to hf. Relative paths in \
      a configuration, such as vocab_file, begin at the working directory. Ctrl-C leaves nothing of --output.
      """,
    ],
    examples: [
      .init("For transformers:", "neox-train export checkpoints --to hf --output model"),
      .init(
        "One file, in bfloat16:",
        "neox-train export checkpoints/global_step1000 --to safetensors --output m.safetensors "
          + "--dtype bf16"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "model",
      [
        .positional(
          "CHECKPOINT", \.checkpoint,
          "a run's folder, a checkpoint, a safetensors file, or a folder of transformers"),
        .positionals(
          "CONFIG", \.configuration.files, required: false,
          "configuration files, in place of the checkpoint's"),
      ]),
    .init(
      "configuration", ConfigurationFlags.options.map { $0.lifted(to: \.configuration) }),
    .init(
      "export",
      [
        .option("--to", \.form, required: true, "what to write"),
        .option(
          "--output", \.output, aliases: ["-o"], placeholder: "PATH", required: true,
          "the folder or the file to write"),
        .option("--dtype", \.precision, "the type of the weights"),
        .option(
          "--iteration", \.iteration, placeholder: "N", shownDefault: "the newest",
          rule: .atLeast(0), "the checkpoint of a run's folder"),
        .flag(
          "--no-tokenizer", \.hasTokenizer, value: false, "leave the tokenizer's files out"),
        .flag("--overwrite", \.overwrites, "replace what an earlier export has written"),
      ]),
  ]

  func run() throws {
    guard !output.isEmpty else { throw UsageError("argument --output: expected a path") }
    let source = try ModelExport.Source(
      checkpoint, iteration: iteration, configuration: configuration.request)
    for notice in source.notices { writeNote(notice) }
    Interruption.listen()
    switch form {
    case .hf:
      let notices = try ModelExport.writeHuggingFace(
        source, to: output, precision: precision.precision, hasTokenizer: hasTokenizer,
        overwrites: overwrites, interruption: .process)
      for notice in notices { writeNote(notice) }
    case .safetensors, nil:
      try ModelExport.writeFile(
        source, to: output, precision: precision.precision, overwrites: overwrites,
        interruption: .process)
    }
    StandardOutput.shared.line("\(source.weights.path) → \(output)")
  }
}

/// What a model is exported as.
enum ExportForm: String, CaseIterable, ArgumentValue {
  case hf
  case safetensors
}

/// The types of exported weights, by GPT-NeoX's names.
enum ExportPrecision: String, CaseIterable, ArgumentValue {
  case fp32
  case bf16
  case fp16

  var precision: WeightExport.Precision {
    switch self {
    case .fp32: .float32
    case .bf16: .bfloat16
    case .fp16: .float16
    }
  }
}
