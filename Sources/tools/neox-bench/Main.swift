import CommandLineKit

@main
struct Main {
  static let program = Program(
    page: CommandPage(
      name: "neox-bench", summary: "measure parts of neox-swift inside one process",
      description: [
        """
        Each command measures one part, with input in memory and without start-up. For whole \
        processes see script/bench.
        """
      ]),
    version: "0.1.0",
    commands: [
      .init(EncodeCommand.self), .init(ReadCommand.self), .init(OpenCommand.self),
      .init(MutateIndexCommand.self), .init(MultiplyCommand.self),
    ])

  static func main() { runProgram(program) }
}
