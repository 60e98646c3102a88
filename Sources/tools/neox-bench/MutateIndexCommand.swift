import CommandLineKit
import IndexedData
import Machine

/// `neox-bench mutate-index`: damages small indexes and looks whether readers and checks notice.
struct MutateIndexCommand: Command {
  var cases = 100_000
  var seed: UInt64 = 1
  var folder = "/tmp"

  static let page = CommandPage(
    name: "mutate-index", summary: "damage index files and see whether verify notices",
    description: [
      """
      Makes small sound datasets in both formats, changes their index by one byte, one field, one \
      number of an array, a cut or an addition, and opens, reads and verifies the result. Nothing \
      may crash, and verify must find every change that leaves a dataset which could not have \
      been written so.
      """,
      """
      Changes that cannot be found are counted apart: inner entries of a document index whose \
      documents have several sequences, as long as they do not fall, and modes of sequences.
      """,
    ],
    examples: [.init("As in the project's records:", "neox-bench mutate-index --cases 100000")],
    exitStatus: [
      .init("0", "Nothing was accepted that should not be."),
      .init("1", "Something was; the cases are listed."),
      .init("2", "The command line is wrong."),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "cases",
      [
        .option("--cases", \.cases, placeholder: "N", rule: .atLeast(1), "how many changes"),
        .option("--seed", \.seed, placeholder: "N", "which ones"),
        .option("--folder", \.folder, placeholder: "PATH", "where the files are made"),
      ])
  ]

  func run() throws {
    var random = MutationRandom(state: seed)
    let prefix = "\(folder)/neox-mutate-\(seed)-\(cases)"
    defer {
      try? DurableFile.remove(prefix + ".bin")
      try? DurableFile.remove(prefix + ".idx")
    }
    var refused = 0
    var undetectable = 0
    var same = 0
    var accepted = 0
    var victim = IndexVictim(&random)
    for number in 0..<cases {
      if number % 100 == 0 {
        victim = IndexVictim(&random)
        try write(victim.bin, to: prefix + ".bin")
      }
      let mutation = victim.mutation(&random)
      guard mutation.bytes != victim.index else {
        same += 1
        continue
      }
      try write(mutation.bytes, to: prefix + ".idx")
      readEverything(prefix)
      let report = try verifyDataset(prefix)
      if !report.isSound || !report.warnings.isEmpty {
        refused += 1
      } else if victim.cannotShow(mutation.bytes) {
        undetectable += 1
      } else {
        accepted += 1
        StandardOutput.shared.line("accepted: case \(number): \(mutation.what) of \(victim.what)")
      }
    }
    StandardOutput.shared.line(
      "\(cases) changes: \(refused) found, \(undetectable) cannot be found, \(same) changed"
        + " nothing, \(accepted) accepted")
    if accepted > 0 { throw QuietExit(1) }
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    var file = try AppendFile(path: path)
    try unsafe file.append(bytes.span.bytes)
    try file.flush()
  }

  /// Opens and reads all that the index names; errors are right, crashes are not.
  private func readEverything(_ prefix: String) {
    for mode in ReadingMode.allCases {
      guard let dataset = try? IndexedDataset(prefix: prefix, mode: mode) else { continue }
      for sequence in 0..<dataset.sequenceCount {
        _ = try? dataset.values(of: sequence)
        _ = try? dataset.firstToken(after: sequence)
        _ = try? dataset.mode(of: sequence)
      }
      for document in 0..<dataset.documentCount { _ = try? dataset.sequences(ofDocument: document) }
      _ = try? DatasetStatistics(dataset)
      _ = try? LengthCounts(dataset, of: .documents).percentiles([1, 50, 99])
      _ = try? DocumentMarks(dataset, endOfDocument: 0, labels: dataset, workers: 1)
    }
  }
}
