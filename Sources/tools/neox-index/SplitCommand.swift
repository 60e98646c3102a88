import CommandLineKit
import IndexedData
import Machine

/// `neox-index split`: cuts a dataset at document ends.
struct SplitCommand: Command {
  enum Measure: String, CaseIterable, ArgumentValue { case documents, tokens }

  var prefix = DatasetPrefix("")
  var output: DatasetPrefix?
  var companions = CompanionFlags()
  var weights: String?
  var parts: Int?
  var measure = Measure.documents
  var writing = WriteFlags()

  static let page = CommandPage(
    name: "split", summary: "cut a dataset into parts",
    description: [
      """
      --weights cuts into training, validation and test data, written as PREFIX_train, \
      PREFIX_valid and PREFIX_test. By documents, the boundaries are those that GPT-NeoX finds \
      when it trains with the same weights as its `split`, rounding included. By tokens, each cut \
      is at the document end nearest to its share.
      """,
      """
      --parts cuts into N parts of about the same number of documents, or of tokens, written as \
      PREFIX_0, PREFIX_1 and so on with as many digits as they need; neox-index merge joins them \
      to the same bytes. A part without documents is not written.
      """,
      """
      No document is ever cut. Memory does not grow with the dataset. Where the dataset has a \
      manifest, it must be what that says, and each part gets one of its own, \
      PREFIX_train_manifest.json and so on, which names the tokenizer.
      """,
      """
      Labels and rewards beside the dataset are cut at the same documents. Their parts are named as \
      they are; where --output-prefix ends in _document, as its labels and rewards would be; with \
      another one, OUT, as OUT_label and OUT_reward, which a note says, since these are not found \
      again by their names. --with cuts anything else that has the same documents, such \
      as the rejected side of pairs, with its labels and rewards.
      """, WriteFlags.signalNote,
    ],
    examples: [
      .init(
        "As GPT-NeoX would, once and for all:",
        "neox-index split data/books_text_document --weights 949,50,1"),
      .init(
        "Sixteen parts of equal weight:",
        "neox-index split data/books_text_document --parts 16 --by tokens "
          + "--output-prefix parts/books"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "datasets",
      [
        .positional("PREFIX", \.prefix, "the dataset"),
        .option(
          "--output-prefix", \.output, aliases: ["-o"], placeholder: "PREFIX",
          shownDefault: "that of the dataset", "what the names of the parts begin with"),
        CompanionFlags.row("what the names of its parts begin with").lifted(to: \.companions),
      ]),
    .init(
      "split",
      [
        .option(
          "--weights", \.weights, placeholder: "A,B,C",
          "shares of training, validation and test data"),
        .option(
          "--parts", \.parts, placeholder: "N", rule: .within(1...1_000_000),
          "number of equal parts"),
        .option("--by", \.measure, "what shares are shares of"),
      ]), WriteFlags.group.lifted(to: \.writing),
  ]

  func run() throws {
    let plan = try plan()
    if let output { try WriteFlags.requireFolder(of: output.path, "--output-prefix") }
    let all = try allDatasets()
    try CompanionFlags.check(all)
    let dataset = try IndexedDataset(prefix: prefix.path, mode: .pread)
    let suffixes = try splitParts(dataset, plan).filter { !$0.documents.isEmpty }.map(\.suffix)
    for one in all { try refuseStaleParts(suffixes, beside: one.output.path) }
    let groups = all.map { one in
      (inputs: [one.dataset.path], outputs: suffixes.map { one.output.path + $0 })
    }
    try Companions.refuseStale(beside: groups.flatMap(\.outputs))
    let results = try writing.run("split", "splitting", groups: groups) { options in
      try splitDataset(
        prefix.path, to: all[0].output.path,
        with: all.dropFirst().map { ($0.dataset.path, $0.output.path) }, plan, options)
    }
    writing.report(results)
  }

  /// How the options say that the dataset is to be cut.
  private func plan() throws -> SplitPlan {
    switch (weights, parts) {
    case (let weights?, nil):
      guard weights.split(separator: weights.contains(",") ? "," : "/").count <= 3 else {
        throw UsageError(
          "argument --weights: GPT-NeoX knows three shares, found '\(weights)';"
            + " --parts cuts into more")
      }
      do {
        _ = try splitBoundaries(weights, count: 1)
      } catch .unsuitable(_, let reason) {
        throw UsageError("argument --weights: '\(weights)': \(reason)")
      }
      return measure == .documents ? .documents(weights: weights) : .tokens(weights: weights)
    case (nil, let parts?): return measure == .documents ? .parts(parts) : .partsByTokens(parts)
    case (nil, nil):
      throw UsageError("one of the arguments --weights --parts is required")
    case (.some, .some):
      throw UsageError("argument --parts: not allowed with argument --weights")
    }
  }

  /// The dataset, what `--with` names, and labels and rewards of these.
  private func allDatasets() throws -> [DatasetAndOutput] {
    let own = DatasetAndOutput(dataset: prefix, output: output ?? prefix)
    let named = [own] + companions.named
    let all = try CarriedCompanions.adding(to: named) { path, word, target in
      // Parts that keep the name of their dataset are found beside it.
      if named.contains(where: { $0.output.path == target && $0.dataset.path == target }) {
        return path
      }
      return Companions.name(word, for: target) ?? target + word
    }
    let lost = all.dropFirst(named.count).map(\.output.path)
      .filter { !$0.hasSuffix(Companions.end) }
    if !lost.isEmpty {
      writeNote(
        "parts of labels or rewards are written as \(lost.map { $0 + "_…" }.joined(separator: ", ")),"
          + " and no command finds those by their names; end --output-prefix, and OUTPUT of --with, in"
          + " \(Companions.end), and they are found")
    }
    return all
  }

  /// Refuses to leave parts of an earlier split, under names of the same kind, beside the new ones.
  private func refuseStaleParts(_ parts: [String], beside output: String) throws {
    let folder = DurableFile.folder(of: output)
    guard let found = try DatasetFolder(folder) else { return }
    let name =
      output.utf8.lastIndex(of: UInt8(ascii: "/"))
      .map { output[output.index(after: $0)...] } ?? output[...]
    let suffixes = found.names.filter { $0.hasPrefix(name) }.map { $0.dropFirst(name.count) }
    let stale = suffixes.filter { suffix in
      guard !parts.contains(String(suffix)) else { return false }
      if weights != nil { return ["_train", "_valid", "_test"].contains(suffix) }
      // Numbers are those of an earlier split only where its first part is there as well, so that
      // `books_2020` stands in nobody's way.
      let digits = suffix.dropFirst()
      let isNumber = suffix.first == "_" && !digits.isEmpty && digits.allSatisfy(\.isASCIIDigit)
      return isNumber
        && suffixes.contains { $0 == "_" + String(repeating: "0", count: digits.count) }
    }
    guard let first = stale.first else { return }
    let others = stale.dropFirst().map { "\(name)\($0)" }.joined(separator: ", ")
    throw IndexedDataError.unsuitable(
      path: output + first,
      reason: "a part of an earlier split that this one does not write"
        + (others.isEmpty ? "" : ", like \(others)")
        + "; remove it, or give another --output-prefix")
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
