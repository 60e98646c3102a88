import CommandLineKit
import ConfigurationKit
import Glibc
import Machine
import Train

/// `neox-train generate`: lets a trained model write text.
struct GenerateCommand: Command {
  var model = TrainedModelFlags()
  var prompts: [String] = []
  var output: String?
  var overwrites = false

  static let page = CommandPage(
    name: "generate", summary: "let a trained model write text",
    description: [
      """
      text_gen_type says from what: unconditional (num_samples texts from nothing), input-file (one \
      for each prompt in sample_input_file, cut at prompt_end), or interactive (prompts from the \
      terminal, each up to prompt_end; the end of the input ends it); precompute does what \
      neox-train precompute does. --prompt gives prompts here \
      instead.
      """,
      """
      At most maximum_tokens tokens follow a prompt, up to seq_length in all. With temperature, \
      top_k and top_p 0 the likeliest token is taken each time; else one is drawn, and seed decides \
      which: the same command writes the same text. recompute computes everything anew for each \
      token. All of these are keys of the configuration: --set temperature=0.8.
      """,
      """
      Texts are printed, and written as JSON lines to sample_output_file, with GPT-NeoX's members \
      context, text, length (tokens), finished, message, duration_seconds, and with return_logits \
      logits. Texts for --prompt and interactive ones are only printed unless --output is given.
      """,
    ],
    examples: [
      .init("A prompt:", "neox-train generate c.yml --prompt 'Once upon a time'"),
      .init(
        "Ten texts from nothing:",
        "neox-train generate c.yml --set num_samples=10 --set temperature=0.8 --set top_p=0.95"),
      .init(
        "The prompts of a file:",
        "neox-train generate c.yml --set sample_input_file=prompts.txt --output texts.jsonl"),
    ])

  static let groups: [ArgumentGroup<Self>] =
    TrainedModelFlags.groups.map { $0.lifted(to: \.model) } + [
      .init(
        "text",
        [
          .each(
            "--prompt", \.prompts, placeholder: "TEXT", "a text to continue; may be repeated"),
          .option(
            "--output", \.output, aliases: ["-o"], placeholder: "FILE",
            shownDefault: "sample_output_file",
            "where JSON lines go; - is standard output, and prints nothing else"),
          .flag("--overwrite", \.overwrites, "replace a file that is there"),
        ])
    ]

  func run() throws {
    _ = try model.load()
    let configuration = try model.configuration.load(for: Main.program.name)
    if prompts.isEmpty, configuration.generation.mode == .precompute {
      return try PrecomputeCommand(model: model, overwrites: overwrites).run()
    }
    let generation = configuration.generation
    let isInteractive = prompts.isEmpty && generation.mode == .interactive
    let path = output ?? (prompts.isEmpty && !isInteractive ? generation.outputFile : nil)
    // Before the model is loaded and texts are made in vain.
    if let path, path != "-", !overwrites, DurableFile.exists(path) {
      throw TrainError.unsupported(
        what: path, reason: "it is there already; name another with --output, or give --overwrite")
    }
    if generation.isModeGiven, !prompts.isEmpty {
      writeNote("--prompt wins over text_gen_type \(generation.mode.rawValue)")
    }
    let prompts = try isInteractive ? [] : contexts(generation)
    var record = try GenerationRecord(path: path)
    let generator = try TextGenerator(model.model(configuration))
    if isInteractive {
      try InteractivePrompts(end: generation.promptEnd, generator: generator).run(&record)
    } else {
      for (number, prompt) in prompts.enumerated() {
        try record.add(try generator.text(after: prompt, number: number))
      }
    }
    try record.finish()
  }

  private func contexts(_ generation: TrainingConfiguration.Generation) throws -> [String] {
    guard prompts.isEmpty else { return prompts }
    switch generation.mode {
    case .unconditional: return Array(repeating: "", count: generation.sampleCount)
    case .inputFile:
      guard let path = generation.inputFile else {
        throw UsageError("text_gen_type input-file needs sample_input_file")
      }
      let bytes = try InputFile(path: path).readAll(limit: 1 << 30)
      let text = unsafe bytes.bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
      let prompts = generation.prompts(in: text)
      guard !prompts.isEmpty else {
        throw TrainError.malformed(path: path, place: "sample_input_file", reason: "has no prompt")
      }
      return prompts
    case .interactive, .precompute: return []
    }
  }
}
