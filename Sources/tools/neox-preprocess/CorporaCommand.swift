import CommandLineKit
import Preprocess

/// Lists the corpora that can be fetched.
struct CorporaCommand: Command {
  static let page = CommandPage(
    name: "corpora", summary: "list the public corpora that can be fetched, with their addresses",
    description: [
      "One line a corpus: its name, the number of its files, the address of the first, and what it "
        + "is. Many of these servers are gone; --mirror names another one."
    ],
    examples: [.init("All of them:", "neox-preprocess corpora")])

  static let groups: [ArgumentGroup<CorporaCommand>] = []

  func run() throws {
    var table = TextTable([
      .left("name"), .right("files"), .left("first file"), .left("what it is"),
    ])
    for corpus in Corpus.table {
      table.add([corpus.name, "\(corpus.files.count)", corpus.files[0].url, corpus.summary])
    }
    StandardOutput.shared.write(table.text)
  }
}
