import CommandLineKit

@main
struct Main {
  static func main() { runProgram(program) }

  /// The program and its commands.
  static let program = Program(
    page: CommandPage(
      name: "neox-train", summary: "train language models from GPT-NeoX configurations",
      description: [
        """
        Reads configurations as GPT-NeoX does: one or several YAML or JSON files, whose keys are put \
        together. Every command has a page of its own: neox-train COMMAND --help.
        """
      ],
      examples: [
        .init("Is a configuration right?", "neox-train check configs/125M.yml"),
        .init("What would it cost?", "neox-train plan configs/125M.yml --vocab-size 50257"),
      ]),
    version: "0.1.0",
    commands: [
      .init(CheckCommand.self), .init(PlanCommand.self),
      .init(ArgumentsCommand.self, isHidden: true),
    ])
}
