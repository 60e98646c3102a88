import CommandLineKit
import IndexedData
import Machine

/// A dataset on the page: its numbers, figures and some documents.
struct DatasetSection {
  let figures: DatasetFigures
  let endOfDocument: Int64?
  /// How the dataset is told from others of the page.
  let title: String
  let options: ReportOptions

  func markup() throws -> Markup {
    let samples = SampleDocuments(
      figures: figures, endOfDocument: endOfDocument, count: options.documents,
      tokens: options.tokens)
    return """
      <section class="dataset">
      <h2><bdi>\(title)</bdi></h2>
      <p class="path"><bdi>\(figures.dataset.prefix)</bdi></p>
      \(tiles)
      \(try LengthFigure(figures).markup)
      \(FrequencyFigure(figures, listed: options.listed).markup)
      \(try samples.markup())
      </section>
      """
  }

  // MARK: - Numbers

  private var tiles: Markup {
    var tiles: [Markup] = [
      Self.tile("documents", grouped(figures.documentCount), emptyNote),
      Self.tile("tokens", grouped(figures.tokens.total), typeNote),
    ]
    if let supervision = figures.marks.supervision {
      let all = supervision.trained + supervision.masked
      let without = supervision.untrainedDocuments
      tiles.append(
        Self.tile(
          "trained", percentage(DatasetFigures.share(supervision.trained, of: all)),
          without == 0
            ? "\(grouped(supervision.trained)) of the tokens"
            : "\(counted(without, "document")) without any", isBad: without > 0))
    }
    if let endings = figures.marks.endings {
      let all = endings.ended + endings.lacking
      tiles.append(
        Self.tile(
          "end with id \(endings.id)",
          endings.lacking == 0 && all > 0
            ? "all" : percentage(DatasetFigures.share(endings.ended, of: all)),
          endings.lacking == 0
            ? "it occurs \(counted(figures.tokens.watchedCount, "time"))"
            : "\(counted(endings.lacking, "document")) without", isBad: endings.lacking > 0))
    }
    tiles.append(Self.tile("on disk", humanBytes(byteCount), "index and tokens"))
    return "<dl class=\"tiles\">\(Markup(tiles))</dl>"
  }

  private var byteCount: Int { figures.dataset.elementsByteCount + figures.dataset.indexByteCount }

  private var emptyNote: String {
    let empty = figures.marks.emptyDocuments
    return empty == 0 ? "none is empty" : "\(grouped(empty)) of them empty"
  }

  private var typeNote: String {
    "\(figures.dataset.elementType.rawValue), \(grouped(figures.tokens.distinct)) different"
  }

  static func tile(
    _ name: String, _ value: String, _ note: String, isBad: Bool = false
  ) -> Markup {
    """
    <div\(isBad ? " class=\"bad\"" : Markup.none)><dt>\(name)</dt>\
    <dd>\(value)<small>\(note)</small></dd></div>
    """
  }
}
