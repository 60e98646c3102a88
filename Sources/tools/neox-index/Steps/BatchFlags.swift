import CommandLineKit
import IndexedData
import Machine
import Preprocess
import Tokenize
import Train

/// How batches are printed.
struct BatchFlags: Sendable {
  var showsIDs = false
  var showsLabels = false
  var showsSources = false
  var isJSON = false

  static let group = ArgumentGroup<BatchFlags>(
    "output",
    [
      .flag("--ids", \.showsIDs, "print ids, not text"),
      .flag("--labels", \.showsLabels, "print a token a line, with its label"),
      .flag("--source", \.showsSources, "print only where the rows come from"),
      .flag("--json", \.isJSON, "print JSON, an object for each micro batch and rank"),
    ])

  static let textNote = """
    A row is printed in runs of tokens that are alike. Each names what training does: `trained` is \
    what the model is trained to say after the tokens before it, `masked` what it only reads, as the \
    first token of every row, and `padding` what no document has. The documents come as \
    PREFIX DOCUMENT:FIRST-END, which neox-index show understands, and with what PREFIX.src tells of \
    where they came from. On a terminal what is trained is \
    green and the rest gray (NO_COLOR turns that off). With --labels each token is a line as in \
    neox-index show --labels: its id, its label (-100 where it is not trained), the log-probability \
    that the reference model gives it, and its text.
    """
  static let jsonNote = """
    With --json each line has the members split, step, micro_step, rank, tokens, labels, loss_mask \
    and position_ids, a list for each row, as they enter the model; rewards and ref_logp where the \
    objective has them; and samples, with the row, the sample, the prefix it comes from as source, \
    the number of the sample there, and its documents: document, offset, length, the column of the \
    first token, and source as neox-index where tells it, where PREFIX.src does. Column seq_length is the last label, and no input. Of pairs the first half of \
    the rows is preferred, the second rejected.
    """

  /// Refuses what does not go together.
  func check() throws(UsageError) {
    let given = [
      ("--ids", showsIDs), ("--labels", showsLabels), ("--source", showsSources),
      ("--json", isJSON),
    ].filter(\.1)
    if given.count > 1 {
      throw UsageError("argument \(given[1].0): not allowed with argument \(given[0].0)")
    }
  }

  /// Prints a micro batch.
  func print(_ view: BatchView, _ data: StepData, _ tokenizer: (any Tokenizer)?) throws {
    guard !isJSON else {
      StandardOutput.shared.write(try view.json(data).bytes() + [0x0A])
      return
    }
    let place = data.step(ofMicroStep: view.microStep)
    StandardOutput.shared.line(
      "=== \(data.source.split.rawValue), \(StepFlags.title(place.step, data)), micro batch"
        + " \(place.microBatch) of \(data.settings.accumulationSteps), rank \(view.rank) of"
        + " \(data.settings.rankCount): \(counted(view.batch.rowCount, "row")) of"
        + " \(counted(view.batch.columnCount, "token"))")
    for row in view.rows { try print(row, view, tokenizer) }
  }

  private func print(
    _ row: BatchView.Row, _ view: BatchView, _ tokenizer: (any Tokenizer)?
  ) throws {
    StandardOutput.shared.line(
      "--- row \(row.number)\(row.side.map { ", \($0)" } ?? ""): sample \(row.sample),"
        + " \(grouped(view.trainedCount(row.number))) of \(grouped(view.batch.columnCount))"
        + " predictions trained")
    let runs = view.runs(row)
    for (number, piece) in row.pieces.enumerated() {
      var line = "\(row.tracks.text.prefix) \(piece.document):\(piece.offset)-"
      line += "\(piece.offset + piece.columns.count)"
      if let reward = view.reward(row.number, piece) { line += ", reward \(reward)" }
      if let sources = view.origins(of: row) {
        let (entry, id) = try sources.entry(piece.document)
        if let entry { line += ", from \(SourceFlags.text(of: entry, id, sources))" }
      }
      StandardOutput.shared.line(line)
      guard !showsSources else { continue }
      for run in runs where run.piece == number { print(run, row.number, view, tokenizer) }
    }
    guard !showsSources else { return }
    for run in runs where run.piece == nil { print(run, row.number, view, tokenizer) }
  }

  private func print(
    _ run: BatchView.Run, _ row: Int, _ view: BatchView, _ tokenizer: (any Tokenizer)?
  ) {
    let hasColor = StandardOutput.shared.isTerminal
    let mark: TokenMark = run.isTrained ? .trained : .masked
    func write(_ text: String) {
      StandardOutput.shared.line(hasColor ? mark.colored(text) : text)
    }
    var title = run.piece == nil ? "padding" : run.isTrained ? "trained" : "masked"
    if run.piece == nil, run.isTrained { title += ", trained" }
    write("[\(title) \(run.columns.lowerBound)-\(run.columns.upperBound)]")
    guard run.piece != nil else { return }
    if showsLabels {
      for column in run.columns {
        var line = TokenRow(id: view.id(row, column), tokenizer: tokenizer)
        line.label = view.label(row, column)
        line.reference = view.reference(row, column)
        StandardOutput.shared.line(line.line(hasColor: hasColor))
      }
      return
    }
    let ids = run.columns.map { view.id(row, $0) }
    let text = showsIDs ? nil : tokenizer?.words(ids).text
    write(text ?? ids.map(String.init).joined(separator: " "))
  }
}

extension BatchView {
  /// Everything about the batch.
  func json(_ data: StepData) throws -> JSONText {
    let place = data.step(ofMicroStep: microStep)
    var members: [JSONText.Member] = [
      .init("split", .string(data.source.split.rawValue)), .init("step", JSONText(place.step)),
      .init("micro_step", JSONText(place.microBatch)), .init("rank", JSONText(rank)),
      .init("tokens", rows(batch.tokens) { .integer(Int64($0)) }),
      .init("labels", rows(batch.labels) { .integer(Int64($0)) }),
      .init("loss_mask", rows(batch.lossMask) { .integer(Int64($0)) }),
      .init("position_ids", rows(batch.positions) { .integer(Int64($0)) }),
    ]
    if !batch.rewards.isEmpty {
      members.append(.init("rewards", rows(batch.rewards) { .number(Double($0)) }))
    }
    if !batch.references.isEmpty {
      members.append(.init("ref_logp", rows(batch.references) { .number(Double($0)) }))
    }
    members.append(.init("samples", .array(try rows.map(json))))
    return .object(members)
  }

  private func rows<Number>(_ numbers: [Number], _ json: (Number) -> JSONText) -> JSONText {
    .array((0..<batch.rowCount).map { .array(numbers[columns($0)].map(json)) })
  }

  private func json(_ row: Row) throws -> JSONText {
    var members: [JSONText.Member] = [.init("row", JSONText(row.number))]
    if let side = row.side { members.append(.init("side", .string(side))) }
    let sources = origins(of: row)
    members += [
      .init("sample", JSONText(row.sample)), .init("source", .string(row.tracks.text.prefix)),
      .init("source_sample", JSONText(row.datasetSample)),
      .init("documents", .array(try row.pieces.map { try Self.json($0, sources) })),
    ]
    return .object(members)
  }

  private static func json(_ piece: RowPiece, _ sources: DocumentSources?) throws -> JSONText {
    var members: [JSONText.Member] = [
      .init("document", JSONText(piece.document)), .init("offset", JSONText(piece.offset)),
      .init("length", JSONText(piece.columns.count)),
      .init("column", JSONText(piece.columns.lowerBound)),
    ]
    if let sources {
      members.append(.init("source", try SourceFlags.json(of: piece.document, sources)))
    }
    return .object(members)
  }
}
