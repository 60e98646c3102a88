import CommandLineKit

@main
struct Main {
  static func main() {
    runProgram(
      Program(
        page: CommandPage(
          name: "neox-preprocess", summary: "turn documents into token datasets",
          description: ["Reads documents and writes what GPT-NeoX trains from."]),
        version: "0.1.0", commands: [.init(TrainTokenizerCommand.self)]))
  }
}
