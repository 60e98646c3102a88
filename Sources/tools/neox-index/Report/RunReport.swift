import CommandLineKit
import IndexedData
import Machine
import Tokenize
import Train

/// How a run shares out its data, and what its first step sees.
struct RunReport {
  /// A split, and what is drawn from each of its datasets.
  private struct Split {
    let data: StepData
    let members: [Member]

    var documents: Int { members.reduce(0) { $0 + $1.documents } }
    var tokens: Int { members.reduce(0) { $0 + $1.tokens } }
    var drawn: Int {
      members.reduce(0) { sum, member in
        let (next, overflow) = sum.addingReportingOverflow(member.drawn)
        return overflow ? .max : next
      }
    }
    var name: String { data.source.split.rawValue }
  }

  /// A dataset in a split.
  private struct Member {
    let prefix: String
    let weight: Double
    /// Documents and tokens that the split has of it; of pairs, those of both sides.
    let documents: Int
    let tokens: Int
    /// Samples that the run draws.
    let drawn: Int
  }

  private let settings: DataSettings
  private let tokenizer: (any Tokenizer)?
  private let options: ReportOptions
  private let splits: [Split]

  /// Opens all data of a run.
  init(_ settings: DataSettings, _ tokenizer: (any Tokenizer)?, _ options: ReportOptions) throws {
    self.settings = settings
    self.tokenizer = tokenizer
    self.options = options
    splits = try Interruption.listeningForMaps {
      var splits = [try Self.split(StepData(.train, settings))]
      for split in [DataSplit.valid, .test] {
        if let data = try StepData.find(split, settings) { splits.append(try Self.split(data)) }
      }
      return splits
    }
  }

  private static func split(_ data: StepData) throws -> Split {
    let dataset = data.source.dataset
    let members = try dataset.members.enumerated().map { place, member in
      var tokens = 0
      for side in member.sides {
        for size in try side.text.sizes(of: member.documents) { tokens += Int(size) }
      }
      return Member(
        prefix: member.sides[0].text.prefix, weight: dataset.weights[place],
        documents: member.documents.count * member.sides.count, tokens: tokens,
        drawn: data.drawnCount(from: place))
    }
    return Split(data: data, members: members)
  }

  /// What the user should know.
  var notes: [String] {
    var seen: Set<String> = []
    return splits.flatMap(\.data.notes).filter { seen.insert($0).inserted }
  }

  /// Every text of the run once, with the labels it is first used with.
  var tracks: [DocumentTracks] {
    var seen: Set<String> = []
    return splits.flatMap(\.data.source.tracks).filter { seen.insert($0.text.prefix).inserted }
  }

  /// The sections; `names` are those of ``tracks``.
  func markup(names: [String]) throws -> Markup {
    let known = Dictionary(
      zip(tracks.map(\.text.prefix), names), uniquingKeysWith: { one, _ in one })
    return Markup(
      [overview] + splits.filter { $0.members.count > 1 }.map { blend($0, known) }
        + [try firstRows()])
  }

  // MARK: - Splits

  private var overview: Markup {
    let train = splits[0]
    let (places, overflow) = train.drawn.multipliedReportingOverflow(by: settings.sequenceLength)
    let what = settings.packing == .packed ? "tokens" : "tokens and padding"
    let tiles: [Markup] = [
      DatasetSection.tile(
        "steps", grouped(train.data.stepCount), "of \(grouped(settings.trainBatchSize)) samples"),
      DatasetSection.tile(
        "sample", grouped(settings.sequenceLength), "tokens, \(settings.packing.rawValue)"),
      DatasetSection.tile(
        "samples to train on", grouped(train.drawn),
        overflow ? "without end" : "\(humanCount(places)) \(what)"),
      DatasetSection.tile("order", settings.order.rawValue, "seed \(settings.seed)"),
    ]
    let names = splits.map(\.name)
    return """
      <section>
      <h2>How the data are shared out</h2>
      <dl class="tiles">\(Markup(tiles))</dl>
      \(ShareBar(title: "documents", parts: parts(\.documents)).markup)
      \(ShareBar(title: "tokens", parts: parts(\.tokens)).markup)
      \(ShareBar(title: "samples drawn", parts: parts(\.drawn)).markup)
      \(ShareBar.legend(names))
      \(splitTable)
      </section>
      """
  }

  private func parts(_ value: (Split) -> Int) -> [ShareBar.Part] {
    // Sums of shares must stay numbers.
    splits.map { ShareBar.Part(name: $0.name, value: min(value($0), .max / 4)) }
  }

  private var splitTable: Markup {
    let rows = splits.map { split -> Markup in
      """
      <tr><th scope="row" class="text">\(split.name)</th><td>\(grouped(split.members.count))</td>\
      <td>\(grouped(split.documents))</td><td>\(grouped(split.tokens))</td>\
      <td>\(grouped(split.drawn))</td><td>\(passes(split.drawn, split.tokens))</td></tr>
      """
    }
    return """
      <div class="scroll"><table><thead><tr><th scope="col" class="text">split</th>\
      <th scope="col">datasets</th><th scope="col">documents</th><th scope="col">tokens</th>\
      <th scope="col">samples drawn</th><th scope="col">passes</th></tr></thead>
      <tbody>
      \(Markup(rows))
      </tbody></table></div>
      """
  }

  /// How often the tokens are gone through; of whole documents that is not told by samples.
  private func passes(_ samples: Int, _ tokens: Int) -> String {
    guard settings.packing == .packed, tokens > 0 else { return "–" }
    return fixed(Double(samples) * Double(settings.sequenceLength) / Double(tokens), 2)
  }

  // MARK: - Blends

  private func blend(_ split: Split, _ names: [String: String]) -> Markup {
    let drawn = split.drawn
    let rows = split.members.map { member -> Markup in
      let name = names[member.prefix] ?? member.prefix
      let share = DatasetFigures.share(member.drawn, of: drawn)
      let words =
        "\(name): asked \(percentage(member.weight, 2)), drawn \(percentage(share, 2))"
      return """
        <div class="blend-row"><p><bdi>\(name)</bdi>\
        <small>asked \(percentage(member.weight, 2)), drawn \(percentage(share, 2))</small></p>
        <div class="track" role="img" aria-label="\(words)">\
        <i style="width:\(fixed(100 * share, 2))%"></i>\
        <b style="left:\(fixed(100 * member.weight, 2))%"></b></div></div>
        """
    }
    return """
      <section>
      <h2>The blend of \(split.name)</h2>
      <ul class="legend"><li><i class="key c0"></i>share of the samples that the run draws</li>\
      <li><i class="tick-key"></i>weight that was asked for</li></ul>
      <div class="blend">
      \(Markup(rows))
      </div>
      \(blendTable(split, names))
      </section>
      """
  }

  private func blendTable(_ split: Split, _ names: [String: String]) -> Markup {
    let rows = split.members.map { member -> Markup in
      """
      <tr><th scope="row" class="text"><bdi>\(names[member.prefix] ?? member.prefix)</bdi></th>\
      <td>\(percentage(member.weight, 2))</td>\
      <td>\(percentage(DatasetFigures.share(member.drawn, of: split.drawn), 2))</td>\
      <td>\(percentage(DatasetFigures.share(member.tokens, of: split.tokens), 2))</td>\
      <td>\(grouped(member.documents))</td><td>\(grouped(member.tokens))</td>\
      <td>\(grouped(member.drawn))</td><td>\(passes(member.drawn, member.tokens))</td></tr>
      """
    }
    return """
      <div class="scroll"><table><thead><tr><th scope="col" class="text">dataset</th>\
      <th scope="col">asked</th><th scope="col">drawn</th><th scope="col">of the tokens</th>\
      <th scope="col">documents</th><th scope="col">tokens</th><th scope="col">samples</th>\
      <th scope="col">passes</th></tr></thead>
      <tbody>
      \(Markup(rows))
      </tbody></table></div>
      """
  }

  // MARK: - The first step

  /// The first rows of the first step.
  private func firstRows() throws -> Markup {
    let data = splits[0].data
    guard options.documents > 0, data.stepCount > 0 else { return .none }
    var cards: [Markup] = []
    var microStep = 0
    while cards.count < options.documents, microStep < settings.accumulationSteps {
      let view = try BatchView(data, microStep: microStep, rank: 0)
      for row in view.rows.prefix(options.documents - cards.count) { cards.append(card(row, view)) }
      microStep += 1
    }
    return """
      <section>
      <h2>What the first step sees</h2>
      <p class="lead">The first rows of step 1 of rank 0, as they enter the model; neox-index batch \
      prints all of them.</p>
      \(MarkedText.legend([.trained, .masked, .padding]))
      \(Markup(cards))
      </section>
      """
  }

  private func card(_ row: BatchView.Row, _ view: BatchView) -> Markup {
    var marked = MarkedText(tokenizer, endOfDocument: settings.endOfDocument.map { Int64($0) })
    let all = view.shownCount(row.number)
    let documents = row.pieces.last?.columns.upperBound ?? 0
    // Padding takes no room, so that it is shown whatever follows what is cut.
    let shown = min(documents, options.tokens)
    for column in 0..<min(shown, all) {
      marked.append(
        view.id(row.number, column), view.isTrained(row.number, column) ? .trained : .masked)
    }
    if shown == documents {
      for column in min(documents, all)..<all {
        marked.append(view.id(row.number, column), .padding)
      }
    }
    let pieces = row.pieces.prefix(12).map {
      "\(grouped($0.document)):\($0.offset)–\($0.offset + $0.columns.count)"
    }.joined(separator: ", ")
    let more = row.pieces.count > 12 ? " and \(row.pieces.count - 12) more" : ""
    let side = row.side.map { ", \($0)" } ?? ""
    return """
      <article class="card">
      <h4>Row \(row.number)\(side)<span>\(grouped(view.trainedCount(row.number))) of \
      \(grouped(view.batch.columnCount)) predictions trained</span></h4>
      <p class="origin"><bdi>\(row.tracks.text.prefix)</bdi>, \
      \(row.pieces.count == 1 ? "document" : "documents") \(pieces)\(more)</p>
      \(marked.markup(rest: shown == documents ? 0 : documents - shown))
      </article>
      """
  }
}
