import CommandLineKit
import IndexedData

/// The whole page.
struct ReportPage {
  let title: String
  let subtitle: String
  let sections: [Markup]

  /// The file: HTML that is XML as well, which loads nothing and runs nothing.
  var bytes: [UInt8] {
    let page: Markup = """
      <!DOCTYPE html>
      <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
      <head>
      <meta charset="utf-8"/>
      <meta http-equiv="Content-Security-Policy" \
      content="default-src 'none'; style-src 'unsafe-inline'"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <meta name="color-scheme" content="light dark"/>
      <title>\(title)</title>
      <style>
      \(reportStyle)
      </style>
      </head>
      <body>
      <main>
      <header>
      <h1>\(title)</h1>
      <p class="lead">\(subtitle)</p>
      </header>
      \(Markup(sections))
      <footer><p>Made by neox-index report. Percentiles are lengths that occur; the same data give \
      the same file.</p></footer>
      </main>
      </body>
      </html>

      """
    return Array(page.text.utf8)
  }
}

/// What the page shows, whatever it is of.
struct ReportOptions: Sendable {
  /// Documents, or rows of a batch, that are shown.
  var documents = 4
  /// Tokens of each.
  var tokens = 320
  /// Tokens in the table of frequent ones.
  var listed = 25
}

/// The datasets of a page side by side.
struct DatasetOverview {
  let names: [String]
  let figures: [DatasetFigures]

  var markup: Markup {
    let rows = zip(names, figures).map { name, figures -> Markup in
      """
      <tr><th scope="row" class="text"><bdi>\(name)</bdi></th>\
      <td>\(grouped(figures.documentCount))</td><td>\(grouped(figures.tokens.total))</td>\
      <td>\(figures.meanLength)</td><td>\(grouped(figures.percentiles[3]))</td>\
      <td>\(grouped(figures.tokens.distinct))</td></tr>
      """
    }
    return """
      <section>
      <h2>Side by side</h2>
      \(ShareBar(title: "documents", parts: parts { $0.documentCount }).markup)
      \(ShareBar(title: "tokens", parts: parts { $0.tokens.total }).markup)
      \(ShareBar.legend(names))
      <div class="scroll"><table><thead><tr><th scope="col" class="text">dataset</th>\
      <th scope="col">documents</th><th scope="col">tokens</th><th scope="col">mean length</th>\
      <th scope="col">median</th><th scope="col">different tokens</th></tr></thead>
      <tbody>
      \(Markup(rows))
      </tbody></table></div>
      </section>
      """
  }

  private func parts(_ value: (DatasetFigures) -> Int) -> [ShareBar.Part] {
    zip(names, figures).map { ShareBar.Part(name: $0, value: value($1)) }
  }

  /// The last parts of paths that tell them apart.
  static func names(of prefixes: [String]) -> [String] {
    let parts = prefixes.map { $0.split(separator: "/").map(String.init) }
    return parts.map { own in
      var length = 1
      while length < own.count,
        parts.count(where: { $0.suffix(length) == own.suffix(length) }) > 1
      {
        length += 1
      }
      return own.suffix(length).joined(separator: "/")
    }
  }
}
