import CommandLineKit
import Glibc
import IndexedData

/// How long documents are: a histogram with a logarithmic axis, and the percentiles.
struct LengthFigure {
  private static let binCount = 44

  private let figures: DatasetFigures
  private let edges: [Int]
  private let bins: [Int]

  init(_ figures: DatasetFigures) throws {
    self.figures = figures
    edges = Self.edges(max(1, figures.lengths.shortest), max(1, figures.lengths.longest))
    bins = try figures.lengths.histogram(edges: edges)
  }

  /// Edges of bins that are equally wide on the axis, as far as whole numbers can be.
  static func edges(_ shortest: Int, _ longest: Int) -> [Int] {
    let (end, overflow) = longest.addingReportingOverflow(1)
    guard !overflow, longest - shortest >= binCount else {
      return Array(shortest...(overflow ? longest : end))
    }
    var edges = [shortest]
    let ratio = Double(end) / Double(shortest)
    for place in 1..<binCount {
      let edge = Int(
        (Double(shortest) * pow(ratio, Double(place) / Double(binCount))).rounded())
      if edge > edges[edges.count - 1], edge < end { edges.append(edge) }
    }
    return edges + [end]
  }

  var markup: Markup {
    guard figures.lengths.longest > 0 else {
      return "<p class=\"quiet\">There is no document with tokens.</p>"
    }
    guard figures.lengths.longest > figures.lengths.shortest else {
      return """
        <h3>How long documents are</h3>
        <p class="lead">Each document has \(counted(figures.lengths.longest, "token")).</p>
        """
    }
    return """
      <h3>How long documents are</h3>
      <p class="lead">\(lead)</p>
      \(Plot.figure(summary, draw))
      \(percentileTable)
      \(binTable)
      """
  }

  private var lead: String {
    let middle = figures.percentiles
    var text =
      "Half of the documents have from \(grouped(middle[2])) to \(grouped(middle[4])) tokens; the"
      + " median is \(grouped(middle[3])), the longest has \(grouped(figures.lengths.longest))."
    if figures.marks.emptyDocuments > 0 {
      text +=
        " \(counted(figures.marks.emptyDocuments, "document")) without tokens"
        + " \(figures.marks.emptyDocuments == 1 ? "is" : "are") not drawn."
    }
    return text
  }

  private var summary: String {
    "Histogram of \(counted(figures.documentCount, "document")) by length in tokens on a"
      + " logarithmic axis. Shortest \(grouped(figures.lengths.shortest)), median"
      + " \(grouped(figures.percentiles[3])), longest \(grouped(figures.lengths.longest))."
  }

  // MARK: - Picture

  private func draw(_ plot: Plot) -> [Markup] {
    let axis = LogAxis(edges[0], edges[edges.count - 1])
    let most = bins.max() ?? 0
    let top = Double(max(most, 1)) * 1.08
    var parts = countTicks(upTo: most, limit: 5).map {
      plot.gridLine(LogAxis.label($0), at: Double($0) / top)
    }
    parts.append(band(plot, axis))
    for (place, count) in bins.enumerated() where count > 0 {
      let start = plot.x(axis.position(Double(edges[place])))
      let end = plot.x(axis.position(Double(edges[place + 1])))
      let gap = min(1.5, (end - start) / 5)
      let height = max(1, Double(plot.plotHeight) * Double(count) / top)
      parts.append(
        """
        <rect class="bar" x="\(Plot.number(start + gap / 2))" \
        y="\(Plot.number(Double(plot.baseline) - height))" \
        width="\(Plot.number(end - start - gap))" height="\(Plot.number(height))" rx="1.5">\
        <title>\(Self.range(edges[place], edges[place + 1])) tokens: \
        \(counted(count, "document"))</title></rect>
        """)
    }
    parts.append(plot.bottomAxis(axis, "tokens in a document"))
    parts.append(plot.leftAxisName("documents"))
    parts += median(plot, axis)
    return parts
  }

  /// The middle half of all documents.
  private func band(_ plot: Plot, _ axis: LogAxis) -> Markup {
    let ends = [figures.percentiles[2], figures.percentiles[4]]
      .map { plot.x(axis.position(Double(max($0, 1)))) }
    return """
      <rect class="band" x="\(Plot.number(ends[0]))" y="\(plot.topline)" \
      width="\(Plot.number(max(1, ends[1] - ends[0])))" height="\(plot.plotHeight)"/>
      """
  }

  private func median(_ plot: Plot, _ axis: LogAxis) -> [Markup] {
    let value = figures.percentiles[3]
    guard value > 0 else { return [] }
    let place = plot.x(axis.position(Double(value)))
    // Beside the line, on the side with more room.
    let isRight = place < Double(plot.left + plot.plotWidth / 2)
    return [
      plot.line("median", place, Double(plot.topline) - 6, place, Double(plot.baseline)),
      plot.label(
        "median \(grouped(value))", place + (isRight ? 6 : -6), Double(plot.topline) + 2,
        isRight ? "start" : "end", kind: "note"),
    ]
  }

  private static func range(_ start: Int, _ end: Int) -> String {
    end - start == 1 ? grouped(start) : "\(grouped(start))–\(grouped(end - 1))"
  }

  // MARK: - Tables

  private var percentileTable: Markup {
    let heads = ["min"] + DatasetFigures.percentages.map { "\($0)%" } + ["max", "mean"]
    let values =
      ([figures.lengths.shortest] + figures.percentiles + [figures.lengths.longest]).map(grouped)
      + [figures.meanLength]
    return """
      <dl class="strip" aria-label="percentiles of lengths in tokens">
      \(Markup(zip(heads, values).map { "<div><dt>\($0)</dt><dd>\($1)</dd></div>" }))
      </dl>
      """
  }

  private var binTable: Markup {
    let rows = bins.indices.filter { bins[$0] > 0 }.map { place -> Markup in
      """
      <tr><td>\(Self.range(edges[place], edges[place + 1]))</td><td>\(grouped(bins[place]))</td>\
      <td>\(percentage(DatasetFigures.share(bins[place], of: figures.documentCount)))</td></tr>
      """
    }
    return """
      <details><summary>The histogram as a table</summary>
      <table><thead><tr><th scope="col">tokens</th><th scope="col">documents</th>\
      <th scope="col">share</th></tr></thead>
      <tbody>
      \(Markup(rows))
      </tbody></table></details>
      """
  }
}
