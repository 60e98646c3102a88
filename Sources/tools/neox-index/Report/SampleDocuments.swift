import CommandLineKit
import IndexedData
import Machine

/// Some documents of a dataset, evenly spread over it, with what is trained and where they come from.
struct SampleDocuments {
  let figures: DatasetFigures
  let endOfDocument: Int64?
  let count: Int
  /// Tokens that are shown of each.
  let tokens: Int

  func markup() throws -> Markup {
    let text = DocumentText(dataset: figures.dataset, tokenizer: figures.tokenizer)
    guard text.documentCount > 0, count > 0 else { return .none }
    let sources = try DocumentSources(besideDataset: figures.dataset.prefix)
    // Sources of another number of documents belong to another dataset.
    let fitting = sources?.documentCount == text.documentCount ? sources : nil
    let cards = try numbers.map { try card($0, text, fitting) }
    let lead =
      cards.count == text.documentCount
      ? "All of them." : "\(counted(cards.count, "document")), evenly spread over the dataset."
    let legend: Markup =
      figures.labels == nil ? .none : MarkedText.legend([.trained, .masked])
    return """
      <h3>Sample documents</h3>
      <p class="lead">\(lead)</p>
      \(legend)
      \(Markup(cards))
      """
  }

  /// The middles of equal parts.
  private var numbers: [Int] {
    let all = figures.documentCount
    guard all > count else { return Array(0..<all) }
    return (0..<count).map { place in
      let (high, low) = all.multipliedFullWidth(by: 2 * place + 1)
      return (2 * count).dividingFullWidth((high, low)).quotient
    }
  }

  private func card(
    _ document: Int, _ text: DocumentText, _ sources: DocumentSources?
  ) throws -> Markup {
    let length = try text.length(of: document)
    let part = DocumentPart(document: document, start: 0, end: tokens)
    let ids = try text.ids(part)
    let labels = try figures.labels.map {
      try DocumentText(dataset: $0, tokenizer: nil).ids(part)
    }
    var marked = MarkedText(figures.tokenizer, endOfDocument: endOfDocument)
    for (place, id) in ids.enumerated() {
      marked.append(id, labels.map { Self.mark($0[place], of: id) } ?? .plain)
    }
    return """
      <article class="card">
      <h4>Document \(grouped(document))<span>\(counted(length, "token"))</span></h4>
      \(try source(of: document, sources))
      \(marked.markup(rest: length - ids.count))
      </article>
      """
  }

  private static func mark(_ label: Int64, of id: Int64) -> MarkedText.Mark {
    label < 0 ? .masked : label == id ? .trained : .strange
  }

  private static func short(_ text: String) -> String {
    text.count <= 120 ? text : text.prefix(119) + "…"
  }

  private func source(of document: Int, _ sources: DocumentSources?) throws -> Markup {
    guard let sources else { return .none }
    let (place, id) = try sources.entry(document)
    guard let place else { return .none }
    let member = place.member.map { "!\($0)" } ?? ""
    let name = id.map { ", id \(Self.short(visibleText($0).text))" } ?? ""
    return """
      <p class="origin"><bdi>\(sources.files[place.file].path + member)</bdi>, \
      line \(grouped(place.line)), byte \(grouped(place.byte))\(name)</p>
      """
  }
}
