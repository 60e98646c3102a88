import CommandLineKit
import Preprocess

@main
struct Main {
  static func main() { runProgram(program) }

  /// The program and its commands.
  static let program = Program(
    page: CommandPage(
      name: "neox-index", summary: "look at, check, cut and join token datasets",
      description: [
        """
        Works on the datasets that neox-preprocess, GPT-NeoX and Megatron-LM write: a PREFIX.bin \
        with tokens and a PREFIX.idx that says where sequences and documents begin, in the format \
        MMIDIDX or the older TNTIDX.
        """,
        """
        A dataset is named by its prefix; PREFIX.bin and PREFIX.idx are understood as well. Inputs \
        are never changed. Outputs appear under their names when they are whole and on the disk, \
        and replace nothing unless --overwrite is given.
        """,
        """
        show, sample, grep, where and verify take an archive that neox-index pack wrote in the place \
        of a prefix.
        """,
        "Every command has a page of its own: neox-index COMMAND --help.",
      ],
      examples: [
        .init("What is in it?", "neox-index info data/books_text_document"),
        .init("Is it sound?", "neox-index verify --deep data/books_text_document"),
        .init(
          "Join what many machines wrote:",
          "neox-index merge parts/ --output-prefix data/books_text_document"),
      ]),
    version: toolVersion,
    commands: [
      .init(InfoCommand.self), .init(StatsCommand.self), .init(ReportCommand.self),
      .init(ShowCommand.self), .init(SampleCommand.self),
      .init(BuildMapsCommand.self), .init(BatchCommand.self), .init(SeenCommand.self),
      .init(VerifyCommand.self), .init(RepairCommand.self), .init(SplitCommand.self),
      .init(MergeCommand.self), .init(ConvertCommand.self), .init(ExportCommand.self),
      .init(DiffCommand.self), .init(GrepCommand.self), .init(DedupeCommand.self),
      .init(WhereCommand.self), .init(PackCommand.self), .init(UnpackCommand.self),
    ])
}
