import CommandLineKit
import IndexedData
import Machine
import Preprocess
import Tokenize

/// How `neox-index show` shows what of a document is trained on.
struct LabelFlags: Sendable {
  var isShown = false
  var labels: DatasetPrefix?
  var rewards: DatasetPrefix?
  var references: DatasetPrefix?

  static let note = """
    With --labels each token is a line: its id, its label (-100 where it is not trained on), the \
    log-probability that a reference model gives it, and its text; the reward of a document comes \
    first. On a terminal what is trained on is green, what is not gray, and a label that is neither \
    red (NO_COLOR turns that off). With --json each token is an object of id, label, reference and \
    text in the member tokens, and reward a list.
    """

  static let group = ArgumentGroup<LabelFlags>(
    "labels",
    [
      .flag("--labels", \.isShown, "show labels and rewards, a token a line"),
      .option(
        "--label-dataset", \.labels, placeholder: "PREFIX",
        shownDefault: "PREFIX_KEY_label_document", "the labels"),
      .option(
        "--reward-dataset", \.rewards, placeholder: "PREFIX",
        shownDefault: "PREFIX_KEY_reward_document", "the rewards"),
      .option(
        "--reference-dataset", \.references, placeholder: "PREFIX",
        "log-probabilities that a reference model gives each next token, as float32"),
    ])

  /// Refuses options that would have no effect.
  func checkUnused() throws {
    let given = [
      ("--label-dataset", labels), ("--reward-dataset", rewards),
      ("--reference-dataset", references),
    ]
    for (name, prefix) in given where prefix != nil {
      throw UsageError("argument \(name): it needs --labels")
    }
  }

  /// Prints parts of documents with what belongs to them.
  func print(
    _ parts: [DocumentPart], _ text: DocumentText, beside prefix: String, _ output: DocumentFlags
  ) throws {
    let beside = try Companions(
      besideDataset: prefix, manifest: try DatasetManifest(besideDataset: prefix))
    let companions = LabelledText(
      text: text,
      labels: try Self.open(labels, "--label-dataset", else: beside.labels?.prefix)
        ?? openCompanion("label", ofArchive: prefix),
      rewards: try Self.open(rewards, "--reward-dataset", else: beside.rewards?.prefix)
        ?? openCompanion("reward", ofArchive: prefix),
      references: try Self.open(references, "--reference-dataset", else: nil))
    guard companions.hasAny else {
      throw UsageError(
        "--labels: there are none beside \(prefix); name them with --label-dataset")
    }
    try companions.check()
    let hasColor = StandardOutput.shared.isTerminal
    for part in parts {
      let rows = try companions.rows(part)
      let reward = try companions.reward(of: part.document)
      if output.isJSON {
        Self.printJSON(part, rows, reward)
        continue
      }
      let count = rows.count { ($0.label ?? 0) >= 0 }
      var head = "--- document \(part.document): \(counted(rows.count, "token"))"
      if companions.labels != nil { head += ", \(grouped(count)) trained on" }
      if let reward { head += ", reward \(reward.map(\.text).joined(separator: " "))" }
      StandardOutput.shared.line(head)
      for row in rows { StandardOutput.shared.line(row.line(hasColor: hasColor)) }
    }
  }

  /// Opens the dataset that an option names, else the one that lies beside the text.
  private static func open(
    _ named: DatasetPrefix?, _ option: String, else found: String?
  ) throws -> IndexedDataset? {
    guard let named else { return try found.map { try IndexedDataset(prefix: $0) } }
    return try naming(option) { try IndexedDataset(prefix: named.path) }
  }

  private static func printJSON(
    _ part: DocumentPart, _ rows: [TokenRow], _ reward: [LabelledText.Number]?
  ) {
    let tokens = rows.map { row -> JSONText in
      var members: [JSONText.Member] = [.init("id", .integer(row.id))]
      if let label = row.label { members.append(.init("label", .integer(label))) }
      if let reference = row.reference {
        members.append(.init("reference", .number(Double(reference))))
      }
      if let bytes = row.bytes {
        members.append(.init("text", .string(visibleText(bytes).text)))
      }
      return .object(members)
    }
    var members: [JSONText.Member] = [
      .init("document", JSONText(part.document)), .init("first", JSONText(part.start)),
    ]
    if let reward { members.append(.init("reward", .array(reward.map(\.json)))) }
    members.append(.init("tokens", .array(tokens)))
    StandardOutput.shared.write(JSONText.object(members).bytes() + [0x0A])
  }
}
