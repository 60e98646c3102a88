import CommandLineKit
import IndexedData
import Machine

/// `neox-index sample`: the beginnings of documents drawn by chance.
struct SampleCommand: Command {
  var prefix = DatasetPrefix("")
  var count = 5
  var seed: UInt64 = 0
  var tokens = 64
  var tokenizer = TokenizerFlags()
  var output = DocumentFlags()

  static let page = CommandPage(
    name: "sample", summary: "print the beginnings of documents drawn by chance",
    description: [
      """
      Draws different documents, prints them in their order, and draws the same ones for the same \
      seed on every machine.
      """, DocumentFlags.textNote, DocumentFlags.jsonNote,
    ],
    examples: [
      .init("Five documents:", "neox-index sample data/books_text_document"),
      .init(
        "Twenty others, 200 tokens each:",
        "neox-index sample -n 20 --seed 7 --tokens 200 data/books_text_document"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "documents",
      [
        .positional("PREFIX", \.prefix, "the dataset"),
        .option(
          "--number", \.count, aliases: ["-n"], placeholder: "N", rule: .atLeast(1),
          "how many documents"),
        .option("--seed", \.seed, placeholder: "N", "which ones"),
        .option(
          "--tokens", \.tokens, placeholder: "N", rule: .atLeast(1),
          "tokens that are shown of each"),
      ]), TokenizerFlags.group.lifted(to: \.tokenizer), DocumentFlags.group.lifted(to: \.output),
  ]

  func run() throws {
    let dataset = try openDataset(prefix.path)
    let text = DocumentText(
      dataset: dataset, tokenizer: output.showsIDs ? nil : try tokenizer.load(forText: prefix.path))
    let parts = draw(text.documentCount).map { DocumentPart(document: $0, start: 0, end: tokens) }
    try output.print(parts, text)
  }

  /// Different numbers below `total`, sorted, by Floyd's method.
  private func draw(_ total: Int) -> [Int] {
    var random = SplitMix(state: seed)
    var drawn: Set<Int> = []
    for top in max(0, total - count)..<total {
      let pick = Int(random.next(below: UInt64(top + 1)))
      if !drawn.insert(pick).inserted { drawn.insert(top) }
    }
    return drawn.sorted()
  }
}

/// SplitMix64.
private struct SplitMix {
  var state: UInt64

  mutating func next(below bound: UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return (z ^ (z >> 31)).multipliedFullWidth(by: bound).high
  }
}
