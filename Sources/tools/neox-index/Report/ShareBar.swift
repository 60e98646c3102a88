import CommandLineKit

/// Parts of a whole as one bar, with a legend that names each.
struct ShareBar {
  /// A part.
  struct Part {
    let name: String
    let value: Int
  }

  let title: String
  let parts: [Part]

  private var total: Int { parts.reduce(0) { $0 + $1.value } }

  /// The bar; of many parts the colors come again.
  var markup: Markup {
    let total = total
    let shown = parts.enumerated().filter { $1.value > 0 }
    let segments = shown.map { place, part -> Markup in
      let share = DatasetFigures.share(part.value, of: total)
      // What is too narrow for its number has none; the table has it.
      let label: Markup = share < 0.1 ? .none : "\(percentage(share))"
      return """
        <i class="c\(place % ShareBar.colorCount)" style="flex-grow:\(fixed(share * 1000, 3))" \
        title="\(part.name): \(grouped(part.value)), \(percentage(share, 2))">\(label)</i>
        """
    }
    let words = parts.map {
      "\($0.name) \(percentage(DatasetFigures.share($0.value, of: total)))"
    }.joined(separator: ", ")
    return """
      <div class="share"><span class="share-name">\(title)</span>
      <div class="stack" role="img" aria-label="\(title): \(words)">\
      \(segments.reduce(.none, +))</div></div>
      """
  }

  static let colorCount = 6

  /// The names of parts with their colors.
  static func legend(_ names: [String]) -> Markup {
    let items = names.enumerated().map { place, name -> Markup in
      "<li><i class=\"key c\(place % colorCount)\"></i><bdi>\(name)</bdi></li>"
    }
    return "<ul class=\"legend\">\(items.reduce(.none, +))</ul>"
  }
}
