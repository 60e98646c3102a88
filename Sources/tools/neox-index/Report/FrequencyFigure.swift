import CommandLineKit
import Glibc
import IndexedData

/// How often tokens occur: counts by rank on logarithmic axes, and the most frequent tokens.
struct FrequencyFigure {
  private static let pointCount = 96
  /// Tokens that are named along the line.
  private static let namedRanks = [1, 10, 100, 1_000, 10_000]
  /// Entries that the figure wants of ``TokenCounts/mostFrequent``.
  static let keptCount = 10_000

  private let figures: DatasetFigures
  private let listed: Int
  private let ranks: [Int]
  private let counts: [Int]

  /// Takes `listed` tokens into the table.
  init(_ figures: DatasetFigures, listed: Int) {
    self.figures = figures
    self.listed = listed
    let distinct = figures.tokens.distinct
    var ranks: [Int] = []
    for place in 0..<Self.pointCount {
      let rank = Int(
        pow(Double(max(distinct, 1)), Double(place) / Double(Self.pointCount - 1)).rounded())
      if rank <= distinct, rank > ranks.last ?? 0 { ranks.append(rank) }
    }
    self.ranks = ranks
    counts = figures.tokens.counts(atRanks: ranks)
  }

  var markup: Markup {
    guard !ranks.isEmpty else { return .none }
    return """
      <h3>How often tokens occur</h3>
      <p class="lead">\(lead)</p>
      \(Plot.figure(summary, draw))
      \(tokenTable)
      \(rankTable)
      """
  }

  private var lead: String {
    let tokens = figures.tokens
    var text = "\(grouped(tokens.distinct)) different tokens occur"
    if let size = figures.vocabularySize {
      text +=
        ", \(percentage(DatasetFigures.share(tokens.distinct, of: size))) of the vocabulary's"
        + " \(grouped(size))"
    }
    let once = tokens.frequencies.last.map { $0.count == 1 ? $0.ids : 0 } ?? 0
    text += once == 0 ? "." : ", \(grouped(once)) of them once."
    let first = tokens.mostFrequent.prefix(10).reduce(0) { $0 + $1.count }
    if tokens.distinct > 10 {
      text += " The ten most frequent ones make up \(percentage(figures.share(first))) of the text."
    }
    return text
  }

  private var summary: String {
    "Line of how often tokens occur by their rank, both axes logarithmic: from"
      + " \(grouped(counts[0])) times for the most frequent one to"
      + " \(grouped(counts[counts.count - 1])) for rank \(grouped(ranks[ranks.count - 1]))."
  }

  // MARK: - Picture

  private func draw(_ plot: Plot) -> [Markup] {
    let across = LogAxis(1, ranks[ranks.count - 1])
    let up = LogAxis(1, counts[0])
    func place(_ rank: Double, _ count: Double) -> (x: Double, y: Double) {
      (plot.x(across.position(rank)), plot.y(up.position(count)))
    }
    let points = zip(ranks, counts).map { place(Double($0), Double($1)) }
    var parts = up.ticks(limit: 6).map {
      plot.gridLine(LogAxis.label($0), at: up.position(Double($0)))
    }
    let path = points.enumerated().map { number, point in
      (number == 0 ? "M" : "L") + Plot.number(point.x) + " " + Plot.number(point.y)
    }.joined(separator: " ")
    let area =
      path + " L\(Plot.number(points[points.count - 1].x)) \(plot.baseline)"
      + " L\(Plot.number(points[0].x)) \(plot.baseline) Z"
    parts.append("<path class=\"area\" d=\"\(area)\"/>")
    parts += guide(plot, across, up)
    parts.append("<path class=\"curve\" d=\"\(path)\"/>")
    parts.append(plot.bottomAxis(across, "rank"))
    parts.append(plot.leftAxisName("times it occurs"))
    for rank in Self.namedRanks { parts += name(rank, plot, place) }
    return parts
  }

  /// The line of 1/rank through the tenth token, or the first of fewer.
  private func guide(_ plot: Plot, _ across: LogAxis, _ up: LogAxis) -> [Markup] {
    let place = ranks.lastIndex { $0 <= 10 } ?? 0
    let product = Double(ranks[place]) * Double(counts[place])
    // Where the line enters and leaves the plot.
    let start = max(across.low, product / up.high)
    let end = min(across.high, product / up.low)
    guard start < end, ranks.count > 10 else { return [] }
    let (x1, y1) = (plot.x(across.position(start)), plot.y(up.position(product / start)))
    let (x2, y2) = (plot.x(across.position(end)), plot.y(up.position(product / end)))
    // At the top where the line comes from there, or else above its end: tokens are named between.
    let label =
      start > across.low
      ? plot.label("1 / rank", x1 + 8, y1 + 4, "start", kind: "halo")
      : plot.label("1 / rank", x2 - 4, y2 - 10, "end", kind: "halo")
    return [plot.line("guide", x1, y1, x2, y2), label]
  }

  private func name(
    _ rank: Int, _ plot: Plot, _ place: (Double, Double) -> (x: Double, y: Double)
  ) -> [Markup] {
    guard rank <= figures.tokens.mostFrequent.count else { return [] }
    let entry = figures.tokens.mostFrequent[rank - 1]
    let point = place(Double(rank), Double(entry.count))
    let label = figures.text(of: entry.id).map { "“\(Self.short($0, plot.isNarrow ? 8 : 16))”" }
    // Near the right edge there is no room behind the point.
    let isLast = point.x > Double(plot.rightEdge - (plot.isNarrow ? 80 : 150))
    return [
      """
      <circle class="dot" cx="\(Plot.number(point.x))" cy="\(Plot.number(point.y))" r="3.5">\
      <title>rank \(grouped(rank)), id \(String(entry.id)): \(counted(entry.count, "time"))\
      </title></circle>
      """,
      plot.label(
        label ?? "\(entry.id)", point.x + (isLast ? -8 : 8), point.y - 7,
        isLast ? "end" : "start", kind: "token"),
    ]
  }

  private static func short(_ text: String, _ limit: Int) -> String {
    text.count <= limit ? text : text.prefix(limit - 1) + "…"
  }

  // MARK: - Tables

  private var tokenTable: Markup {
    let entries = figures.tokens.mostFrequent.prefix(listed)
    guard let most = entries.first?.count else { return .none }
    let hasText = figures.tokenizer != nil
    let rows = entries.enumerated().map { place, entry -> Markup in
      let text = figures.text(of: entry.id)
      let cell: Markup =
        !hasText
        ? .none
        : text.map { "<td class=\"text\"><code><bdi>\($0)</bdi></code></td>" }
          ?? "<td class=\"text quiet\">no such id</td>"
      let length = fixed(Double(entry.count) / Double(most), 4)
      return """
        <tr><td>\(grouped(place + 1))</td><td>\(String(entry.id))</td>\(cell)\
        <td>\(grouped(entry.count))</td>\
        <td class="meter"><i style="--length:\(length)"></i><b>\
        \(percentage(figures.share(entry.count), 2))</b></td></tr>
        """
    }
    let head: Markup = hasText ? "<th scope=\"col\" class=\"text\">token</th>" : .none
    return """
      <div class="scroll"><table class="tokens">
      <caption>The most frequent tokens</caption>
      <thead><tr><th scope="col">rank</th><th scope="col">id</th>\(head)\
      <th scope="col">times</th><th scope="col" class="meter">share of all tokens</th></tr></thead>
      <tbody>
      \(Markup(rows))
      </tbody></table></div>
      """
  }

  private var rankTable: Markup {
    let shown = ranks.indices.filter {
      $0 % 4 == 0 || $0 == ranks.count - 1
    }
    let rows = shown.map { place -> Markup in
      "<tr><td>\(grouped(ranks[place]))</td><td>\(grouped(counts[place]))</td></tr>"
    }
    return """
      <details><summary>The line as a table</summary>
      <table><thead><tr><th scope="col">rank</th><th scope="col">times</th></tr></thead>
      <tbody>
      \(Markup(rows))
      </tbody></table></details>
      """
  }
}
