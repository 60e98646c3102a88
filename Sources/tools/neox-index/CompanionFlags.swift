import CommandLineKit

/// Datasets that say something of the documents of another one, and are cut or cleared along with it.
struct CompanionFlags: Sendable {
  var named: [DatasetAndOutput] = []

  /// The row `--with`; `target` says what the outputs are.
  static func row(_ target: String) -> Argument<Self> {
    .each(
      "--with", \.named, placeholder: "PREFIX=OUTPUT",
      "another dataset of the same documents, and \(target); may be used several times")
  }

  /// Refuses datasets, the one of the command first, of which two are the same, two have one output,
  /// or whose outputs lie in no folder.
  static func check(_ all: [DatasetAndOutput]) throws {
    for one in all.dropFirst() { try WriteFlags.requireFolder(of: one.output.path, "--with") }
    guard Set(all.map(\.output.path)).count == all.count,
      Set(all.map(\.dataset.path)).count == all.count
    else { throw UsageError("argument --with: a dataset or an output is named twice") }
  }
}
