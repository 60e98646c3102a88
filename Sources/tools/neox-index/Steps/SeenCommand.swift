import CommandLineKit
import IndexedData
import Machine
import Train

/// `neox-index seen`: the steps at which a run sees a document.
struct SeenCommand: Command {
  var source = StepFlags()
  var document: Int?
  var dataset: DatasetPrefix?
  var first: Int?
  var last: Int?
  var isJSON = false

  static let page = CommandPage(
    name: "seen", summary: "print when a run sees a document",
    description: [
      """
      Prints each place where a run sees tokens of a document: the step, its micro batch, the rank, \
      the row of the batch, the tokens of the row (columns) and those of the document. \
      neox-index batch prints what is there.
      """, StepFlags.countingNote,
      """
      Column seq_length is the last label of a row, and no input: where documents are packed, the \
      first token of a row has been the last label of another one.
      """,
      """
      With --json each place is a line with the members split, step, micro_step, rank, row, side (of \
      pairs), sample, source, document, offset, length and column.
      """, StepFlags.filesNote,
    ],
    examples: [
      .init("Document 17:", "neox-index seen --doc 17 --config 125M.yml local.yml"),
      .init(
        "Of one of several datasets, in the first thousand steps:",
        "neox-index seen --doc 17 --dataset data/code_text_document --to 1000 --config blend.yml"),
    ],
    exitStatus: StepFlags.exitStatus)

  static let groups: [ArgumentGroup<Self>] =
    StepFlags.groups.map { $0.lifted(to: \.source) } + [
      .init(
        "document",
        [
          .option(
            "--doc", \.document, placeholder: "D", required: true, rule: .atLeast(0),
            "which document, counted from 0"),
          .option(
            "--dataset", \.dataset, placeholder: "PREFIX",
            shownDefault: "the only one", "the dataset of the document"),
          .option(
            "--from", \.first, placeholder: "STEP", shownDefault: "1", rule: .atLeast(1),
            "the first step to look at"),
          .option(
            "--to", \.last, placeholder: "STEP", shownDefault: "the last of the run",
            rule: .atLeast(1), "the last step to look at"),
        ]),
      .init("output", [.flag("--json", \.isJSON, "print JSON, an object a line")]),
    ]

  func run() throws {
    guard let document else { return }
    let data = try source.openOrder()
    let first = first ?? 1
    let last = last ?? data.stepCount
    guard first <= last else {
      throw UsageError("argument --to: \(last) is before the first step, \(first)")
    }
    let microSteps = try data.microSteps(of: first...last)
    var count = 0
    var table = TextTable([
      .right("step"), .right("micro batch"), .right("rank"), .right("row"), .right("columns"),
      .left("document"),
    ])
    let places = try places(data)
    for place in places {
      let sides = data.source.dataset.members[place.member].sides
      for side in place.sides where document >= sides[side].text.sequenceCount {
        throw IndexedDataError.outOfRange(
          path: sides[side].text.prefix, what: "document", asked: document,
          limit: sides[side].text.sequenceCount)
      }
      let sightings = try data.source.sightings(
        of: document, inDataset: place.member, sides: place.sides, microSteps: microSteps)
      count += sightings.count
      for sighting in sightings {
        let text = sides[sighting.row / data.source.rowsPerSide].text
        if isJSON {
          StandardOutput.shared.write(json(sighting, text, data).bytes() + [0x0A])
        } else {
          table.add(cells(sighting, text, data))
        }
      }
    }
    Interruption.listening { data.source.dataset.keepBlend() }
    noteForeign(document, places.map { data.source.dataset.members[$0.member].documents }, data)
    guard !isJSON else { return }
    if count > 0 { StandardOutput.shared.write(table.text) }
    StandardOutput.shared.line(
      "document \(document) is seen \(counted(count, "time")) in steps \(grouped(first)) to"
        + " \(grouped(last)) of the \(data.source.split.rawValue) data")
  }

  /// Says where a document is of another split: then it is not seen, however long a run is.
  private func noteForeign(_ document: Int, _ drawn: [Range<Int>], _ data: StepData) {
    guard !drawn.contains(where: { $0.contains(document) }), let documents = drawn.first else {
      return
    }
    let range =
      documents.isEmpty
      ? "none" : "\(grouped(documents.lowerBound)) to \(grouped(documents.upperBound - 1))"
    writeNote(
      "the \(data.source.split.rawValue) data has documents \(range) of that dataset; look into another"
        + " with --split")
  }

  /// The datasets of the split to look at, and of pairs the sides.
  private func places(_ data: StepData) throws -> [(member: Int, sides: [Int])] {
    let members = data.source.dataset.members
    guard let dataset else {
      let prefixes = members.map(\.sides[0].text.prefix)
      guard Set(prefixes).count == 1 else {
        throw UsageError(
          "argument --dataset: the split draws from several datasets; name one of "
            + Set(prefixes).sorted().joined(separator: ", "))
      }
      return members.indices.map { ($0, Array(members[$0].sides.indices)) }
    }
    let found = members.indices.map { member in
      let sides = members[member].sides
      return (member, sides.indices.filter { Self.isSame(sides[$0].text.prefix, dataset.path) })
    }.filter { !$0.1.isEmpty }
    guard !found.isEmpty else {
      let prefixes = Set(members.flatMap(\.sides).map(\.text.prefix))
      throw UsageError(
        "argument --dataset: the split does not draw from \(dataset.path), but from "
          + prefixes.sorted().joined(separator: ", "))
    }
    return found
  }

  /// Whether two prefixes name one dataset, as `./data/a` and `data/a` do.
  private static func isSame(_ prefix: String, _ other: String) -> Bool {
    if prefix == other { return true }
    guard let file = FileIdentity(prefix + ".idx") else { return false }
    return file == FileIdentity(other + ".idx")
  }

  private func cells(
    _ sighting: Sighting, _ text: IndexedDataset, _ data: StepData
  ) -> [String] {
    let step = data.step(ofMicroStep: sighting.microStep)
    let piece = sighting.piece
    return [
      grouped(step.step), "\(step.microBatch)", "\(sighting.rank)", "\(sighting.row)",
      "\(piece.columns.lowerBound)-\(piece.columns.upperBound)",
      "\(text.prefix) \(piece.document):\(piece.offset)-\(piece.offset + piece.columns.count)",
    ]
  }

  private func json(
    _ sighting: Sighting, _ text: IndexedDataset, _ data: StepData
  ) -> JSONText {
    let step = data.step(ofMicroStep: sighting.microStep)
    let piece = sighting.piece
    var members: [JSONText.Member] = [
      .init("split", .string(data.source.split.rawValue)), .init("step", JSONText(step.step)),
      .init("micro_step", JSONText(step.microBatch)), .init("rank", JSONText(sighting.rank)),
      .init("row", JSONText(sighting.row)),
    ]
    if data.settings.hasPairs {
      let side = BatchView.sideNames[sighting.row / data.source.rowsPerSide]
      members.append(.init("side", .string(side)))
    }
    members += [
      .init("sample", JSONText(sighting.sample)), .init("source", .string(text.prefix)),
      .init("document", JSONText(piece.document)), .init("offset", JSONText(piece.offset)),
      .init("length", JSONText(piece.columns.count)),
      .init("column", JSONText(piece.columns.lowerBound)),
    ]
    return .object(members)
  }
}
