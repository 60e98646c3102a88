import CommandLineKit

@main
struct Main {
  static func main() { runProgram(program) }

  /// The program: a main form that trains, and its commands.
  static let program = Program(
    root: .init(TrainCommand.self), version: "0.1.0",
    commands: [
      .init(CheckCommand.self), .init(PlanCommand.self), .init(EvalCommand.self),
      .init(GenerateCommand.self), .init(ExportCommand.self),
      .init(PrecomputeCommand.self),
      .init(ArgumentsCommand.self),
    ], rootTakesWords: true)
}
