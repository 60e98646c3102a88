import CommandLineKit
import Preprocess

@main
struct Main {
  /// The program: a main form with GPT-NeoX's flags, and a command for each corpus.
  static let program = Program(
    root: Program.Entry(PreprocessCommand.self), version: toolVersion,
    commands: [
      Program.Entry(TrainTokenizerCommand.self), Program.Entry(VocabularyCommand.self),
      Program.Entry(CorporaCommand.self),
    ]
      + Corpus.table.map(CorpusCommand.entry))

  static func main() {
    runProgram(program)
  }
}
